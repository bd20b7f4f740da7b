// A storage with one snapshot of any number of tablets that exists nowhere: listings and `__info` are
// made up while they are read. What a command writes (the manifest) goes into files of a folder, so
// that the memory of the process is the command's own. Ids have as many digits as each other, so that
// counting up is the order of keys.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { appendFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RepositoryLayout } from "../../../broker/layout.ts";
import { StorageError } from "../../../storage/errors.ts";
import type {
  Capabilities,
  ListEntry,
  ListOptions,
  ObjectInfo,
  ObjectReader,
  ReadOptions,
  Storage,
  Upload,
  UploadRef,
} from "../../../storage/storage.ts";

export const LABEL = "synthetic";
export const SYNTHETIC_UID = "6d7f5c0e-0000-4000-8000-00000000cafe";
export const SYNTHETIC_ATTEMPT = "attempt-1";
export const layout = new RepositoryLayout("__starrocks_repository_synthetic");

const DB = 10001;
const TABLETS_PER_PARTITION = 100;
const PARTITIONS_PER_TABLE = 500;
const FIRST_TABLET = 20_000_000;
const FIRST_PARTITION = 5_000_000;
const FIRST_TABLE = 100_000;
const SEGMENTS = 4;
const TIMESTAMP = "2026-01-31-04-05-06-789";
const META = Buffer.from("meta");
const CHUNK_CHARS = 64 * 1024;

export interface SyntheticOptions {
  readonly tablets: number;
  /** Fill the lists of `__info`, as up to 3.3. */
  readonly lists: boolean;
  /** Where written objects go. */
  readonly folder: string;
}

export class SyntheticStorage implements Storage {
  readonly location = "synthetic://snapshot";
  readonly capabilities: Capabilities = {
    atomicMove: false,
    conditionalPut: true,
    partBytesMin: 5 * 1024 * 1024,
    partsMax: 10_000,
    partsInOrder: false,
    uploadsListed: true,
  };
  readonly #options: SyntheticOptions;
  readonly #snapshot = layout.snapshot(LABEL);
  readonly #info: ObjectInfo;
  readonly #meta: ObjectInfo;
  readonly #note = layout.staging(SYNTHETIC_ATTEMPT).note();

  constructor(options: SyntheticOptions) {
    this.#options = options;
    const hash = createHash("md5");
    let size = 0;
    for (const chunk of infoChunks(options)) {
      hash.update(chunk);
      size += chunk.length;
    }
    this.#info = object(`${this.#snapshot.infos()}${TIMESTAMP}.${hash.digest("hex")}`, size);
    const metaMd5 = createHash("md5").update(META).digest("hex");
    this.#meta = object(`${this.#snapshot.metas()}${metaMd5}`, META.length);
  }

  get infoBytes(): number {
    return this.#info.size;
  }

  async put(key: string, body: Buffer): Promise<ObjectInfo> {
    await writeFile(this.#file(key), body);
    return object(key, body.length);
  }

  async upload(key: string): Promise<Upload> {
    const file = this.#file(key);
    await rm(file, { force: true });
    return {
      key,
      part: (body) => appendFile(file, body),
      state: () => ({ key, uploadId: "1", parts: [] }),
      complete: async () => object(key, (await stat(file)).size),
      abort: () => rm(file, { force: true }),
    };
  }

  resumeUpload(): Upload {
    throw new Error("no command resumes an upload here");
  }

  async read(key: string, _options: ReadOptions = {}): Promise<ObjectReader> {
    if (key === this.#info.key) return reader(this.#info, infoChunks(this.#options));
    if (key === this.#meta.key) return reader(this.#meta, [META]);
    if (key === this.#note) return this.#readNote();
    const info = await this.stat(key);
    if (info === undefined) throw notFound(key);
    return reader(info, createReadStream(this.#file(key)));
  }

  async stat(key: string): Promise<ObjectInfo | undefined> {
    try {
      return object(key, (await stat(this.#file(key))).size);
    } catch {
      return undefined;
    }
  }

  async *list(prefix: string, _options: ListOptions = {}): AsyncIterable<ListEntry> {
    if (prefix === this.#snapshot.infos()) yield { kind: "object", ...this.#info };
    else if (prefix === this.#snapshot.metas()) yield { kind: "object", ...this.#meta };
    else if (prefix === `${this.#snapshot.root}/`) yield* this.#everything();
  }

  async copy(): Promise<ObjectInfo> {
    throw new Error("no command copies here");
  }

  async move(): Promise<ObjectInfo> {
    throw new Error("no command moves here");
  }

  async delete(key: string): Promise<void> {
    await rm(this.#file(key), { force: true });
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.delete(key);
  }

  async *listUploads(): AsyncIterable<UploadRef> {}

  async abortUpload(): Promise<void> {}

  async removeEmptyFolders(): Promise<void> {}

  #file(key: string): string {
    return join(this.#options.folder, key.replaceAll("/", "+"));
  }

  #readNote(): ObjectReader {
    const note = {
      version: 1,
      backupUid: SYNTHETIC_UID,
      label: LABEL,
      attempt: SYNTHETIC_ATTEMPT,
      createdAt: "2026-01-31T04:05:06.789Z",
    };
    const body = Buffer.from(JSON.stringify(note));
    return reader(object(this.#note, body.length), [body]);
  }

  /** Page by page, as a driver does it. */
  async *#everything(): AsyncIterable<ListEntry> {
    yield { kind: "object", ...this.#info };
    yield { kind: "object", ...this.#meta };
    for (let ordinal = 0; ordinal < this.#options.tablets; ordinal += 200) {
      await Promise.resolve();
      yield* this.#page(ordinal, Math.min(ordinal + 200, this.#options.tablets));
    }
  }

  #page(from: number, to: number): ListEntry[] {
    const rows: ListEntry[] = [];
    for (let ordinal = from; ordinal < to; ordinal += 1) {
      const place = placeOf(ordinal);
      const folder =
        `${this.#snapshot.content()}__db_${DB}/__tbl_${place.table}/__part_${place.partition}` +
        `/__idx_${place.table + 1}/__${place.tablet}`;
      for (const [i, name] of namesOf(place.tablet).entries()) {
        const key = `${folder}/${name}.${noise(place.tablet * 8 + i)}`;
        rows.push({ kind: "object", ...object(key, 1000 + ordinal, noise(i - place.tablet * 8)) });
      }
    }
    return rows;
  }
}

function object(key: string, size: number, etag = `"${size}"`): ObjectInfo {
  return { key, size, etag };
}

function reader(info: ObjectInfo, chunks: Iterable<Buffer> | AsyncIterable<Buffer>): ObjectReader {
  async function* body(): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  return { info, body: body(), destroy: () => {} };
}

function notFound(key: string): StorageError {
  return new StorageError("notFound", `${key} is not there`, { operation: "read", key });
}

interface Place {
  readonly table: number;
  readonly partition: number;
  readonly tablet: number;
}

function placeOf(ordinal: number): Place {
  const partition = Math.floor(ordinal / TABLETS_PER_PARTITION);
  return {
    table: FIRST_TABLE + 2 * Math.floor(partition / PARTITIONS_PER_TABLE),
    partition: FIRST_PARTITION + partition,
    tablet: FIRST_TABLET + ordinal,
  };
}

function namesOf(tablet: number): string[] {
  const rowset = `02000000${tablet}${"c".repeat(32)}`;
  const names = Array.from({ length: SEGMENTS }, (_, i) => `${rowset}_${i}.dat`);
  return [...names, `${tablet}.hdr`];
}

/** 32 hex digits that do not compress, the same for the same number. */
function noise(seed: number): string {
  let text = "";
  let state = seed | 0;
  for (let i = 0; i < 4; i += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    const word = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    text += ((word ^ (word >>> 15)) >>> 0).toString(16).padStart(8, "0");
  }
  return text;
}

/** `__info` in the order of the FE, in chunks. */
function* infoChunks(options: SyntheticOptions): Generator<Buffer> {
  let text = "";
  for (const piece of infoPieces(options)) {
    text += piece;
    if (text.length < CHUNK_CHARS) continue;
    yield Buffer.from(text);
    text = "";
  }
  yield Buffer.from(text);
}

function* infoPieces(options: SyntheticOptions): Generator<string> {
  yield `{"database":"shop","meta_version":92,"backup_time":1767225600123,"name":"${LABEL}",`;
  yield `"starrocks_meta_version":4,"backup_result":"succeed","id":${DB},"backup_objects":{`;
  const perTable = PARTITIONS_PER_TABLE * TABLETS_PER_PARTITION;
  for (let first = 0; first < options.tablets; first += perTable) {
    const { table } = placeOf(first);
    yield `${first === 0 ? "" : ","}"table_${table}":{"partitions":{`;
    yield* partitionPieces(options, first, Math.min(first + perTable, options.tablets));
    yield `},"id":${table}}`;
  }
  yield "}}";
}

function* partitionPieces(
  { lists }: SyntheticOptions,
  from: number,
  to: number,
): Generator<string> {
  for (let first = from; first < to; first += TABLETS_PER_PARTITION) {
    const { table, partition } = placeOf(first);
    const last = Math.min(first + TABLETS_PER_PARTITION, to);
    const ids = Array.from({ length: last - first }, (_, i) => FIRST_TABLET + first + i);
    const order = ids.map((id) => `"${id}"`).join(",");
    const tablets = ids
      .map((id) => `"${id}":${lists ? JSON.stringify(namesOf(id)) : "[]"}`)
      .join(",");
    yield `${first === from ? "" : ","}"p${partition}":{"indexes":{"i":{"schema_hash":1,`;
    yield `"tablets_order":[${order}],"id":${table + 1},"tablets":{${tablets}}}},`;
    yield `"id":${partition},"version_hash":0,"version":7,"subPartitions":{}}`;
  }
}
