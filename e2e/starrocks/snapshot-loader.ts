// How a BE carries tablets to a broker and back (snapshot_loader.cpp). One task has one broker address
// and holds one connection for listings and renames; everything on files goes over the others.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { BackendStatus, type BrokerFiles, type WritableFile } from "./backend-files.ts";
import type { DownloadTask, LoaderProgress, UploadTask } from "./messages.ts";
import type { FileStatus } from "./wire/broker-structs.ts";
import type { CachedClient } from "./wire/client-cache.ts";

/** A task reports to the FE only after more than this many files (_report_every). */
const REPORT_EVERY_FILES = 10;

/** 4.2+: the plain names of a tablet's files, one in a line. */
const TABLET_MANIFEST = "__starrocks_snapshot_manifest";

export interface LoaderOptions {
  readonly files: BrokerFiles;
  readonly tabletManifest: boolean;
  readonly bufferSizeBytes: number;
  readonly signal: AbortSignal;
  /** False: the job is gone. */
  readonly report: (progress: LoaderProgress) => Promise<boolean>;
  /** Throws when this read of a local file is meant to fail. */
  readonly beforeLocalRead: (tabletId: number, file: string, offset: number) => void;
  /** What may still be written here. */
  readonly capacityLeftBytes: () => number;
}

interface RemoteFile {
  readonly md5: string;
  readonly size: number;
}

class Reporter {
  readonly #task: UploadTask | DownloadTask;
  readonly #report: LoaderOptions["report"];
  #counter = 0;
  finished = 0;

  constructor(task: UploadTask | DownloadTask, report: LoaderOptions["report"]) {
    this.#task = task;
    this.#report = report;
  }

  async every(threshold: number, total: number): Promise<void> {
    this.#counter += 1;
    if (this.#counter <= threshold) return;
    this.#counter = 0;
    const { jobId, signature } = this.#task;
    // An FE that cannot be reached is no reason to stop.
    const goOn = await this.#report({ jobId, signature, finished: this.finished, total }).catch(
      () => true,
    );
    if (!goOn) throw new BackendStatus("Cancelled: Cancelled");
  }
}

/** Uploads every tablet of a task; answers their files' names with md5. */
export async function upload(
  task: UploadTask,
  options: LoaderOptions,
): Promise<Record<string, readonly string[]>> {
  const { files } = options;
  const held = await files.options.cache.get(task.broker);
  const uploaded: Record<string, readonly string[]> = {};
  const reporter = new Reporter(task, options.report);
  try {
    await reporter.every(0, 0);
    for (const source of task.sources) {
      const names = await uploadTablet(source, { task, held, reporter, options });
      uploaded[String(source.tabletId)] = names;
      reporter.finished += 1;
    }
  } finally {
    files.options.cache.release(held);
  }
  return uploaded;
}

/** What the tablets of one task share. */
interface Run<Task> {
  readonly task: Task;
  readonly held: CachedClient;
  readonly reporter: Reporter;
  readonly options: LoaderOptions;
}

async function uploadTablet(
  source: UploadTask["sources"][number],
  run: Run<UploadTask>,
): Promise<readonly string[]> {
  const { held, options, reporter, task } = run;
  const remote = remoteFiles(await options.files.listDirectory(held, source.remotePath));
  const names: string[] = [];
  for (const file of await localFiles(source.localPath)) {
    await reporter.every(REPORT_EVERY_FILES, task.sources.length);
    const md5 = await md5Of(join(source.localPath, file), options.signal);
    const target = `${source.remotePath}/${file}`;
    if (remote.get(file)?.md5 !== md5) {
      await uploadFile({ tabletId: source.tabletId, dir: source.localPath, file, target }, options);
      await options.files.rename(held, `${target}.part`, `${target}.${md5}`);
    }
    names.push(`${file}.${md5}`);
  }
  if (options.tabletManifest) await uploadManifest(source, names, options);
  return names;
}

/** Under its own name at once; that one from an earlier try is met here is the broker's to prevent. */
async function uploadManifest(
  source: UploadTask["sources"][number],
  names: readonly string[],
  options: LoaderOptions,
): Promise<void> {
  const lines = names.map((name) => `${name.slice(0, name.lastIndexOf("."))}\n`);
  const output = await options.files.openWritable(`${source.remotePath}/${TABLET_MANIFEST}`);
  try {
    await output.append(Buffer.from(lines.join("")));
    await output.close();
  } finally {
    if (!options.signal.aborted) await output.dispose();
  }
}

interface LocalFile {
  readonly tabletId: number;
  readonly dir: string;
  readonly file: string;
  readonly target: string;
}

async function uploadFile(local: LocalFile, options: LoaderOptions): Promise<void> {
  const input = await open(join(local.dir, local.file), "r");
  try {
    const output = await options.files.openWritable(`${local.target}.part`);
    try {
      await copyIn(input, output, local, options);
      await output.close();
    } finally {
      if (!options.signal.aborted) await output.dispose();
    }
  } finally {
    await input.close();
  }
}

async function copyIn(
  input: FileHandle,
  output: WritableFile,
  local: LocalFile,
  options: LoaderOptions,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(options.bufferSizeBytes);
  for (let offset = 0; ;) {
    options.signal.throwIfAborted();
    options.beforeLocalRead(local.tabletId, local.file, offset);
    const length = await fill(input, buffer, offset);
    if (length === 0) return;
    await output.append(buffer.subarray(0, length));
    offset += length;
    if (length < buffer.length) return;
  }
}

async function fill(input: FileHandle, buffer: Buffer, offset: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await input.read(buffer, filled, buffer.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Downloads every tablet of a task into its snapshot folder, replacing what differs there. */
export async function download(task: DownloadTask, options: LoaderOptions): Promise<void> {
  const { files } = options;
  const held = await files.options.cache.get(task.broker);
  const reporter = new Reporter(task, options.report);
  try {
    await reporter.every(0, 0);
    for (const source of task.sources) {
      await downloadTablet(source, { task, held, reporter, options });
      reporter.finished += 1;
    }
  } finally {
    files.options.cache.release(held);
  }
}

async function downloadTablet(
  source: DownloadTask["sources"][number],
  run: Run<DownloadTask>,
): Promise<void> {
  const { held, options, reporter, task } = run;
  const listed = remoteFiles(await options.files.listDirectory(held, source.remotePath));
  if (listed.size === 0) {
    throw new BackendStatus(`Internal error: get nothing from remote path: ${source.remotePath}`);
  }
  if (options.tabletManifest) await requireManifest(source, listed, options);
  const kept = new Set<string>();
  for (const [name, remote] of [...listed].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await reporter.every(REPORT_EVERY_FILES, task.sources.length);
    const localName = localNameOf(name, source.tabletId);
    kept.add(localName);
    const path = `${source.remotePath}/${name}.${remote.md5}`;
    await downloadFile({ path, remote, local: join(source.localPath, localName) }, options);
  }
  for (const file of await readdir(source.localPath)) {
    if (!kept.has(file)) await rm(join(source.localPath, file));
  }
}

/** Fails for a file that the manifest names and nobody lists; without a manifest nothing is looked for. */
async function requireManifest(
  source: DownloadTask["sources"][number],
  listed: ReadonlyMap<string, RemoteFile>,
  options: LoaderOptions,
): Promise<void> {
  const path = `${source.remotePath}/${TABLET_MANIFEST}`;
  const input = await options.files.openIfThere(path);
  if (input === undefined) return;
  try {
    const content = Buffer.alloc(await options.files.sizeOf(path));
    await input.read(content);
    const missing = content
      .toString("utf8")
      .split("\n")
      .filter((name) => name !== "" && !listed.has(name));
    if (missing.length === 0) return;
    throw new BackendStatus(
      `Not found: files of the snapshot manifest are missing in remote path: ${source.remotePath}: ${missing.join(", ")}`,
    );
  } finally {
    await input.close();
  }
}

interface Wanted {
  readonly path: string;
  readonly remote: RemoteFile;
  readonly local: string;
}

async function downloadFile(wanted: Wanted, options: LoaderOptions): Promise<void> {
  const { path, remote, local } = wanted;
  // Headers are always fetched again: they are rewritten in place after a download.
  if (
    !local.endsWith(".hdr") &&
    (await md5Of(local, options.signal).catch(() => "")) === remote.md5
  ) {
    return;
  }
  const input = await options.files.openReadable(path);
  try {
    const size = await options.files.sizeOf(path);
    if (size > options.capacityLeftBytes()) {
      throw new BackendStatus(`Internal error: capacity limit reached, file: ${local}`);
    }
    const md5 = await copyOut(input, local, options);
    if (md5 !== remote.md5) {
      throw new BackendStatus(
        `Internal error: invalid md5 of downloaded file: ${local}, expected: ${remote.md5}, get: ${md5}`,
      );
    }
  } finally {
    await input.close();
  }
}

async function copyOut(
  input: { read(buffer: Buffer): Promise<number> },
  local: string,
  options: LoaderOptions,
): Promise<string> {
  const hash = createHash("md5");
  const buffer = Buffer.allocUnsafe(options.bufferSizeBytes);
  // A former snapshot's file may be a hard link of live data: never write into it.
  await rm(local, { force: true });
  const output = await open(local, "w");
  try {
    for (;;) {
      const length = await input.read(buffer);
      options.signal.throwIfAborted();
      if (length === 0) break;
      hash.update(buffer.subarray(0, length));
      await output.write(buffer, 0, length);
    }
  } finally {
    await output.close();
  }
  return hash.digest("hex");
}

/** Directories and names without a dot are passed over; the md5 stands after the last dot. */
function remoteFiles(listed: readonly FileStatus[]): Map<string, RemoteFile> {
  const found = new Map<string, RemoteFile>();
  for (const { path, isDir, size } of listed) {
    const dot = path.lastIndexOf(".");
    if (isDir || dot < 0) continue;
    const name = path.slice(0, dot);
    // Two variants of one name: the first listed is taken.
    if (!found.has(name)) found.set(name, { md5: path.slice(dot + 1), size });
  }
  return found;
}

const KEPT_SUFFIXES = [".dat", ".idx", ".del", ".cols", ".upt"];

/** `_replace_tablet_id`: header and delta column groups are called after the tablet. */
function localNameOf(name: string, tabletId: number): string {
  for (const suffix of [".hdr", ".dcgs_snapshot"]) {
    if (name.endsWith(suffix)) return `${tabletId}${suffix}`;
  }
  if (name === "meta" || KEPT_SUFFIXES.some((s) => name.endsWith(s))) return name;
  throw new BackendStatus(`Internal error: invalid tablet file name: ${name}`);
}

/** In the order a directory gives them: by no order that means anything, yet always the same. */
async function localFiles(dir: string): Promise<readonly string[]> {
  const rank = (name: string) => createHash("md5").update(name).digest("hex");
  return (await readdir(dir)).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

async function md5Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}
