// Folders of HDFS that hold no file, found by a walk: what an agent leaves that dies after the last file of a folder
// and before the folder. Held in memory: a page of each folder on the way.
import type { HdfsFiles } from "./hdfs-files.ts";
import type { Purpose } from "./hdfs-client.ts";

/**
 * Removes the folder, and those below, that have no file under them, the deepest first. A file being written is a
 * file. One that somebody writes into meanwhile stays: HDFS looks and removes in one step. Whether the folder is gone.
 */
export async function removeFoldersWithoutFiles(
  files: HdfsFiles,
  purpose: Purpose,
  folder: string,
): Promise<boolean> {
  const path = files.path(folder);
  let isEmpty = true;
  let startAfter = "";
  for (;;) {
    const { rows, isLast } = await files.page(purpose, path, startAfter);
    for (const { isFile, name } of rows) {
      const isGone =
        !isFile && (await removeFoldersWithoutFiles(files, purpose, `${folder}/${name}`));
      isEmpty &&= isGone;
    }
    const last = rows.at(-1);
    if (isLast || last === undefined) break;
    startAfter = last.name;
  }
  return isEmpty && (await files.removeFolder(purpose, path));
}
