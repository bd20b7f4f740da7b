// The tablets of one BE, as real files below a folder of its own:
//
//   data/<tablet>/<rowset>_<n>.dat      segments, written once and never changed (hard links are safe)
//   meta/<tablet>.json                  what a real BE keeps in RocksDB: version and rowsets
//   snapshot/<name>/<tablet>/<hash>/    hard links, <tablet>.hdr, <tablet>.dcgs_snapshot (empty)
//
// Contents follow from a seed, so that two clusters of one seed hold the same bytes.
import { createCipheriv, createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  access,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { RowsetSpec, TabletStat } from "./messages.ts";

interface Segment {
  readonly name: string;
  readonly sizeBytes: number;
}

interface Rowset {
  /** 48 hex digits; a header holds it as text, as RowsetMetaPB does. */
  readonly id: string;
  /** The last one that it holds. */
  readonly version: number;
  /** The first one, where compaction has merged several. */
  readonly fromVersion?: number;
  readonly segments: readonly Segment[];
}

export interface TabletHeader {
  readonly tabletId: number;
  readonly schemaHash: number;
  readonly version: number;
  readonly rowsets: readonly Rowset[];
}

const CHUNK_BYTES = 1 << 20;

/** OLAP_VERSION_ALREADY_MERGED. */
export class AlreadyMerged extends Error {
  constructor() {
    super("make snapshot failed, version already merged");
  }
}

export class TabletStore {
  readonly #dir: string;
  #snapshots = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async create(tabletId: number): Promise<void> {
    if (await exists(this.#metaPath(tabletId))) return;
    await mkdir(this.#dataPath(tabletId), { recursive: true });
    await mkdir(join(this.#dir, "meta"), { recursive: true });
    await this.#writeMeta({ tabletId, schemaHash: 0, version: 1, rowsets: [] });
  }

  /** Adds a rowset of new segments: what a load does. */
  async load(tabletId: number, seed: string, spec: RowsetSpec): Promise<void> {
    const before = await this.header(tabletId);
    const version = before.version + 1;
    const id = rowsetId(seed, version);
    const segments: Segment[] = [];
    for (const [i, sizeBytes] of spec.segmentBytes.entries()) {
      const name = `${id}_${i}.dat`;
      await writeSegment(join(this.#dataPath(tabletId), name), `${seed}/${name}`, sizeBytes);
      segments.push({ name, sizeBytes });
    }
    const rowsets = [...before.rowsets, { id, version, segments }];
    await this.#writeMeta({ ...before, version, rowsets });
  }

  /** Merges all rowsets into one of the same content: what compaction does. The old segments go. */
  async compact(tabletId: number, seed: string): Promise<void> {
    const before = await this.header(tabletId);
    const segments = before.rowsets.flatMap((r) => r.segments);
    const sizeBytes = segments.reduce((n, s) => n + s.sizeBytes, 0);
    // Of the one before: a second compaction of a version makes other files than the first.
    const last = before.rowsets.at(-1)?.id ?? "";
    const id = rowsetId(`${seed}/compaction of ${last}`, before.version);
    const name = `${id}_0.dat`;
    const paths = segments.map((s) => join(this.#dataPath(tabletId), s.name));
    await writeFile(join(this.#dataPath(tabletId), name), Readable.from(bytesOf(paths)));
    const fromVersion = before.rowsets[0]?.fromVersion ?? before.rowsets[0]?.version ?? 1;
    const rowset = { id, version: before.version, fromVersion, segments: [{ name, sizeBytes }] };
    await this.#writeMeta({ ...before, rowsets: [rowset] });
    for (const path of paths) await rm(path);
  }

  /** Makes this store's tablet the same as another's, without copying bytes. */
  async cloneFrom(other: TabletStore, tabletId: number): Promise<void> {
    await this.drop([tabletId]);
    await this.create(tabletId);
    for (const file of await readdir(other.#dataPath(tabletId))) {
      await link(join(other.#dataPath(tabletId), file), join(this.#dataPath(tabletId), file));
    }
    await this.#writeMeta(await other.header(tabletId));
  }

  async drop(tabletIds: readonly number[]): Promise<void> {
    for (const tabletId of tabletIds) {
      await rm(this.#dataPath(tabletId), { recursive: true, force: true });
      await rm(this.#metaPath(tabletId), { force: true });
    }
  }

  async has(tabletId: number): Promise<boolean> {
    return exists(this.#metaPath(tabletId));
  }

  async header(tabletId: number): Promise<TabletHeader> {
    return JSON.parse(await readFile(this.#metaPath(tabletId), "utf8")) as TabletHeader;
  }

  /**
   * Hard links of the files of a version with their header; without one an empty folder, for a restore.
   * Rejects with {@link AlreadyMerged} when compaction has merged the version with later ones.
   */
  async snapshot(tabletId: number, schemaHash: number, version?: number): Promise<string> {
    this.#snapshots += 1;
    const name = `${process.pid}.${process.hrtime.bigint()}.${this.#snapshots}`;
    const path = join(this.#dir, "snapshot", name, String(tabletId), String(schemaHash));
    await mkdir(path, { recursive: true });
    if (version === undefined) return path;
    const header = await this.#linkVersion(tabletId, version, path);
    await writeFile(join(path, `${tabletId}.hdr`), JSON.stringify({ ...header, schemaHash }));
    await writeFile(join(path, `${tabletId}.dcgs_snapshot`), "");
    return path;
  }

  /** Once more when compaction came between the header and its files: a BE holds a lock for that. */
  async #linkVersion(tabletId: number, version: number, path: string): Promise<TabletHeader> {
    const header = await this.header(tabletId);
    const rowsets = header.rowsets.filter((r) => (r.fromVersion ?? r.version) <= version);
    if (rowsets.some((r) => r.version > version)) throw new AlreadyMerged();
    const names = rowsets.flatMap((r) => r.segments).map((s) => s.name);
    try {
      for (const name of names) {
        await link(join(this.#dataPath(tabletId), name), join(path, name));
      }
    } catch (error) {
      const now = await this.header(tabletId);
      if (JSON.stringify(now.rowsets) === JSON.stringify(header.rowsets)) throw error;
      for (const file of await readdir(path)) await rm(join(path, file));
      return await this.#linkVersion(tabletId, version, path);
    }
    return { ...header, version, rowsets };
  }

  async snapshotFiles(path: string): Promise<readonly string[]> {
    return readdir(path);
  }

  async releaseSnapshot(path: string): Promise<void> {
    await rm(join(path, "..", ".."), { recursive: true, force: true });
  }

  /**
   * Replaces the tablet by a downloaded snapshot (SnapshotLoader::move). Files the header does not
   * know are linked too: they waste space and do no other harm. Segments that are missing are not
   * noticed (#77732): the table is half restored.
   */
  async move(tabletId: number, path: string): Promise<void> {
    const headerPath = join(path, `${tabletId}.hdr`);
    if (!(await exists(headerPath))) throw new Error(`failed to load header file: ${headerPath}`);
    const header = parseHeader(await readFile(headerPath, "utf8"), headerPath);
    const missing = await missingSegments(path, header);
    const next = `${this.#dataPath(tabletId)}.next`;
    await rm(next, { recursive: true, force: true });
    await mkdir(next, { recursive: true });
    for (const file of await readdir(path)) {
      if (file.endsWith(".dat")) await link(join(path, file), join(next, file));
    }
    const rowsets = header.rowsets.map((r) => ({
      ...r,
      segments: r.segments.filter((s) => !missing.includes(s.name)),
    }));
    await rm(this.#dataPath(tabletId), { recursive: true, force: true });
    await rename(next, this.#dataPath(tabletId));
    await this.#writeMeta({ ...header, tabletId, rowsets });
  }

  async stats(): Promise<readonly TabletStat[]> {
    const found: TabletStat[] = [];
    for (const file of await readdirOrNone(join(this.#dir, "meta"))) {
      const header = await this.header(Number(file.slice(0, -".json".length)));
      const segments = header.rowsets.flatMap((r) => r.segments);
      found.push({
        tabletId: header.tabletId,
        version: header.version,
        rowsets: header.rowsets.length,
        segments: segments.length,
        dataBytes: segments.reduce((n, s) => n + s.sizeBytes, 0),
      });
    }
    return found;
  }

  /** A hash of what the tablet holds, whatever its id and however its bytes are in files. */
  async digest(tabletId: number): Promise<string> {
    const hash = createHash("sha256");
    const header = await this.header(tabletId);
    const segments = header.rowsets.flatMap((r) => r.segments);
    const paths = segments.map((s) => join(this.#dataPath(tabletId), s.name));
    for await (const chunk of bytesOf(paths)) hash.update(chunk);
    return hash.digest("hex");
  }

  #dataPath(tabletId: number): string {
    return join(this.#dir, "data", String(tabletId));
  }

  #metaPath(tabletId: number): string {
    return join(this.#dir, "meta", `${tabletId}.json`);
  }

  async #writeMeta(header: TabletHeader): Promise<void> {
    const path = this.#metaPath(header.tabletId);
    await writeFile(`${path}.tmp`, JSON.stringify(header));
    await rename(`${path}.tmp`, path);
  }
}

function parseHeader(text: string, path: string): TabletHeader {
  try {
    return JSON.parse(text) as TabletHeader;
  } catch {
    throw new Error(`fail to parse header file: ${path}`);
  }
}

async function missingSegments(path: string, header: TabletHeader): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const segment of header.rowsets.flatMap((r) => r.segments)) {
    const found = await stat(join(path, segment.name)).catch(() => undefined);
    if (found?.size !== segment.sizeBytes) missing.push(segment.name);
  }
  return missing;
}

/** Of all files, one after the other. */
async function* bytesOf(paths: readonly string[]): AsyncGenerator<Buffer> {
  for (const path of paths) {
    for await (const chunk of createReadStream(path)) yield chunk as Buffer;
  }
}

function rowsetId(seed: string, version: number): string {
  return `0200${createHash("sha256").update(`${seed}/${version}`).digest("hex").slice(0, 44)}`;
}

/** Bytes of a stream cipher keyed by the seed: fast, and never compressible or equal by accident. */
async function writeSegment(path: string, seed: string, sizeBytes: number): Promise<void> {
  const key = createHash("sha256").update(seed).digest();
  const cipher = createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16));
  const zeros = Buffer.alloc(Math.min(CHUNK_BYTES, sizeBytes));
  const file = await open(path, "w");
  try {
    for (let left = sizeBytes; left > 0; left -= zeros.length) {
      await file.write(cipher.update(left < zeros.length ? zeros.subarray(0, left) : zeros));
    }
  } finally {
    await file.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function readdirOrNone(path: string): Promise<readonly string[]> {
  return readdir(path).catch(() => []);
}
