// Listings of HDFS: a walk through folders that gives keys in the byte order of UTF-8, page by page. Held in
// memory: a page of each folder on the way, and the rows whose turn has not come.
//
// What would surprise: HDFS orders names by signed bytes, so `ü` comes before `a`; and a folder sorts here as
// its name with a slash, after `name-x`. Such rows wait until no smaller one can come. For the same reason
// nothing can be skipped by asking from the middle of a folder on.
import type { FileStatus, HdfsFiles } from "./hdfs-files.ts";
import type { Purpose } from "./hdfs-client.ts";
import { TEMPORARY_PREFIX, readTemporaryName } from "./hdfs-temporary.ts";
import { compareKeys, requireKey } from "./key.ts";
import type { ListEntry, ListOptions, UploadRef } from "./storage.ts";

/** A folder's row on its way into a listing. A folder's key ends with a slash. */
interface Row {
  readonly key: string;
  readonly status: FileStatus;
  readonly uploadId?: string | undefined;
}

/** Which rows a listing is of. */
interface View {
  /** The row of a file or folder, `undefined` for one that is left out. */
  readonly row: (folder: string, status: FileStatus) => Row | undefined;
  /** What all keys that are still to come in this folder begin with or come after, once the server is at `name`. */
  readonly floor: (name: string) => string;
}

const OBJECTS: View = {
  row: (folder, status) => {
    if (!status.isFile) return { key: `${folder}${status.name}/`, status };
    if (readTemporaryName(status.name) !== undefined) return undefined;
    return { key: folder + status.name, status };
  },
  floor: asciiStart,
};

const UPLOADS: View = {
  row: (folder, status) => {
    if (!status.isFile) return { key: `${folder}${status.name}/`, status };
    const written = readTemporaryName(status.name);
    return written && { key: folder + written.name, status, uploadId: written.id };
  },
  // The names of temporary files say nothing of the order of their keys; they stand together.
  floor: (name) => {
    const start = asciiStart(name);
    const isPast = start > TEMPORARY_PREFIX && !start.startsWith(TEMPORARY_PREFIX);
    return isPast ? start : "";
  },
};

/** Everything whose key begins with the purpose's. Folders without an object under them have no row. */
export async function* listHdfs(
  files: HdfsFiles,
  purpose: Purpose,
  options: ListOptions,
): AsyncGenerator<ListEntry, undefined> {
  yield* entriesOf(files, purpose, { folder: folderOf(purpose.key), options });
}

/** Files being written whose key begins with the purpose's, in key order. */
export async function* listHdfsUploads(
  files: HdfsFiles,
  purpose: Purpose,
  folder = folderOf(purpose.key),
): AsyncGenerator<UploadRef, undefined> {
  for await (const { key, status, uploadId } of rowsOf(files, purpose, { folder, view: UPLOADS })) {
    if (uploadId === undefined) yield* listHdfsUploads(files, purpose, key);
    else yield { key, uploadId, initiatedMs: status.modifiedMs };
  }
}

async function* entriesOf(
  files: HdfsFiles,
  purpose: Purpose,
  { folder, options }: { readonly folder: string; readonly options: ListOptions },
): AsyncGenerator<ListEntry, undefined> {
  for await (const row of rowsOf(files, purpose, { folder, view: OBJECTS })) {
    const way = wayOf(row, options);
    if (way === "into") yield* entriesOf(files, purpose, { folder: row.key, options });
    if (way === "show" && (await standsForObjects(files, purpose, row))) yield entryOf(files, row);
    options.signal?.throwIfAborted();
  }
}

/** What becomes of a row: what is under it, or itself, or nothing. */
function wayOf({ key, status }: Row, { folded, startAfter = "" }: ListOptions) {
  const isAfter = compareKeys(key, startAfter) > 0;
  if (status.isFile || folded === true) return isAfter ? "show" : "pass";
  // In a folder that comes before, there may be what comes after.
  return isAfter || startAfter.startsWith(key) ? "into" : "pass";
}

function entryOf(files: HdfsFiles, { key, status }: Row): ListEntry {
  if (status.isFile) return { kind: "object", ...files.info(key, status) };
  return { kind: "prefix", prefix: key };
}

/** A folder's rows in key order that begin with the purpose's key. A folder that is not there, or is gone meanwhile, has none. */
async function* rowsOf(
  files: HdfsFiles,
  purpose: Purpose,
  { folder, view }: { readonly folder: string; readonly view: View },
): AsyncGenerator<Row, undefined> {
  const waiting: Row[] = [];
  for await (const page of pagesOf(files, purpose, folder)) {
    for (const status of page) {
      yield* takeBelow(waiting, folder + view.floor(status.name));
      const row = view.row(folder, status);
      if (row?.key.startsWith(purpose.key) === true) insert(waiting, row);
    }
  }
  yield* waiting;
}

async function* pagesOf(
  files: HdfsFiles,
  purpose: Purpose,
  folder: string,
): AsyncGenerator<readonly FileStatus[], undefined> {
  let startAfter = "";
  for (;;) {
    const { rows, isLast } = await files.page(purpose, files.path(folder), startAfter);
    yield rows;
    const last = rows.at(-1);
    if (isLast || last === undefined) return;
    startAfter = last.name;
  }
}

async function standsForObjects(
  files: HdfsFiles,
  purpose: Purpose,
  { key, status }: Row,
): Promise<boolean> {
  return status.isFile || (await holdsObject(files, purpose, key));
}

/**
 * Whether an object is anywhere below. Looks at files first, then as deep as it must: the driver removes
 * folders that become empty, so there is mostly one near. Ends at the first.
 */
async function holdsObject(files: HdfsFiles, purpose: Purpose, folder: string): Promise<boolean> {
  for await (const page of pagesOf(files, purpose, folder)) {
    const rows = page
      .map((status) => OBJECTS.row(folder, status))
      .filter((row) => row !== undefined);
    if (rows.some((row) => row.status.isFile)) return true;
    for (const { key } of rows) {
      if (await holdsObject(files, purpose, key)) return true;
    }
  }
  return false;
}

/** Where to begin: the last folder that the prefix names whole. */
function folderOf(prefix: string): string {
  const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  if (folder !== "") requireKey(folder.slice(0, -1));
  return folder;
}

function asciiStart(name: string): string {
  return /^[\0-\x7f]*/.exec(name)?.[0] ?? "";
}

function* takeBelow(waiting: Row[], floor: string): Generator<Row, undefined> {
  const end = waiting.findIndex(({ key }) => compareKeys(key, floor) >= 0);
  yield* waiting.splice(0, end < 0 ? waiting.length : end);
}

function insert(waiting: Row[], row: Row): void {
  const before = waiting.findLastIndex(({ key }) => compareKeys(key, row.key) < 0);
  waiting.splice(before + 1, 0, row);
}
