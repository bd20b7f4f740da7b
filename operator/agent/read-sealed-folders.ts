// The manifest of the snapshot that is being restored, as a restore's agent keeps it: numbers, not names.
import type { SnapshotLayout } from "../broker/layout.ts";
import { isHidden } from "../broker/place.ts";
import { SealedFolders } from "../broker/sealed-folders.ts";
import { TerminalError } from "../errors.ts";
import type { CallOptions, Storage } from "../storage/storage.ts";
import { readManifestList } from "./manifest-list.ts";
import { ManifestError, readManifest } from "./manifest.ts";

/** Undefined: the snapshot has no manifest, because StarRocks itself made it. */
export async function readSealedFolders(
  storage: Storage,
  snapshot: SnapshotLayout,
  options: CallOptions,
): Promise<SealedFolders | undefined> {
  try {
    const summary = await readManifest(storage, snapshot, options);
    if (summary === undefined) return undefined;
    const folders = new SealedFolders();
    const files = readManifestList(storage, snapshot.manifestFiles(), summary.list, options);
    for await (const { path, size } of files) {
      if (!isHidden(path.slice(path.lastIndexOf("/") + 1))) folders.add(path, size);
    }
    return folders;
  } catch (error) {
    // It was whole when the Restore was checked, a moment ago.
    if (!(error instanceof ManifestError)) throw error;
    const what = `${storage.location}/${snapshot.manifest()}: ${error.message}`;
    throw new TerminalError("SnapshotDamaged", `${what}; restore another snapshot`);
  }
}
