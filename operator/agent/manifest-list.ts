// The list of a manifest, written and read as a stream. The gzip file is a sequence of members, one per
// block of lines (RFC 1952 allows it, gunzip and Node read it): each block is compressed on its own, so
// that no stream has to be held open between a listing and an upload. Memory: a block and a part.
import { createHash } from "node:crypto";
import { StringDecoder } from "node:string_decoder";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip, gzip } from "node:zlib";
import type { CallOptions, Storage, Upload } from "../storage/storage.ts";
import { ManifestError, parseObject } from "./manifest.ts";

/** One file of a snapshot. Its md5 is in its name. */
export interface ManifestFile {
  /** Below the snapshot's folder. */
  readonly path: string;
  readonly size: number;
  readonly etag: string;
}

export interface WrittenList {
  readonly size: number;
  /** Of the compressed content. */
  readonly md5: string;
}

const BLOCK_CHARS = 512 * 1024;
const PART_BYTES = 8 * 1024 * 1024;
/** A line is a path of some 200 characters; one that does not end is not ours. */
const LINE_CHARS_MAX = 1024 * 1024;

const compress = promisify(gzip);

/** Writes one list. Call `finish` or `abort` at the end; nothing is visible before `finish`. */
export class ManifestListWriter {
  readonly #storage: Storage;
  readonly #key: string;
  readonly #options: CallOptions;
  readonly #hash = createHash("md5");
  #upload: Upload | undefined;
  #lines: string[] = [];
  #chars = 0;
  #packed: Buffer[] = [];
  #packedBytes = 0;
  #size = 0;

  constructor(storage: Storage, key: string, options: CallOptions = {}) {
    this.#storage = storage;
    this.#key = key;
    this.#options = options;
  }

  /** Adds the next file, in listing order. Await the promise, when there is one, before the next. */
  add(file: ManifestFile): Promise<void> | undefined {
    const line = `${JSON.stringify({ path: file.path, size: file.size, etag: file.etag })}\n`;
    this.#lines.push(line);
    this.#chars += line.length;
    return this.#chars >= BLOCK_CHARS ? this.#pack() : undefined;
  }

  /** Sends the rest and makes the list visible. */
  async finish(): Promise<WrittenList> {
    await this.#pack();
    const rest = Buffer.concat(this.#packed);
    if (this.#upload === undefined) {
      await this.#storage.put(this.#key, rest, this.#options);
    } else {
      if (rest.length > 0) await this.#upload.part(rest, this.#options);
      await this.#upload.complete(this.#options);
    }
    return { size: this.#size, md5: this.#hash.digest("hex") };
  }

  /** Gives the list up; nothing of it stays. */
  async abort(): Promise<void> {
    await this.#upload?.abort();
  }

  async #pack(): Promise<void> {
    // A list of nothing is still a gzip file: one empty member.
    if (this.#lines.length === 0 && this.#size > 0) return;
    const block = Buffer.from(this.#lines.join(""));
    this.#lines = [];
    this.#chars = 0;
    const member = await compress(block);
    this.#hash.update(member);
    this.#size += member.length;
    this.#packed.push(member);
    this.#packedBytes += member.length;
    if (this.#packedBytes >= this.#partBytes()) await this.#send();
  }

  async #send(): Promise<void> {
    const body = Buffer.concat(this.#packed);
    this.#packed = [];
    this.#packedBytes = 0;
    this.#upload ??= await this.#storage.upload(this.#key, this.#options);
    await this.#upload.part(body, this.#options);
  }

  #partBytes(): number {
    return Math.max(PART_BYTES, this.#storage.capabilities.partBytesMin);
  }
}

/**
 * The files of a list, in its order. The md5 can only be known at the end: after the last file,
 * {@link ManifestError} is thrown when it is not `expected`, and on the way when the content breaks.
 */
export async function* readManifestList(
  storage: Storage,
  key: string,
  expected: WrittenList,
  options: CallOptions = {},
): AsyncGenerator<ManifestFile> {
  const reader = await storage.read(key, options);
  const hash = createHash("md5");
  let size = 0;
  const gunzip = createGunzip();
  const fed = pipeline(async function* () {
    for await (const chunk of reader.body) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }, gunzip);
  // Its failure is met below, through the stream that it destroys.
  fed.catch(() => {});
  try {
    for await (const line of lines(gunzip)) yield parseLine(line);
    await fed;
  } catch (error) {
    throw isZlibError(error) ? brokenList(error) : error;
  } finally {
    gunzip.destroy();
    reader.destroy();
  }
  if (size !== expected.size || hash.digest("hex") !== expected.md5) {
    throw new ManifestError("the manifest's list is not the one that its summary names");
  }
}

async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of chunks) {
    const parts = (rest + decoder.write(chunk)).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > LINE_CHARS_MAX)
      throw new ManifestError("a line of the manifest's list does not end");
    yield* parts;
  }
  if (rest !== "") throw new ManifestError("the last line of the manifest's list is cut off");
}

function parseLine(line: string): ManifestFile {
  const { path, size, etag } = parseObject(line);
  if (typeof path !== "string" || typeof size !== "number" || typeof etag !== "string") {
    throw new ManifestError("a line of the manifest's list names no file");
  }
  return { path, size, etag };
}

// Damage is told from a failed read by the code that zlib alone uses.
function isZlibError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}

function brokenList(cause: unknown): ManifestError {
  return new ManifestError("the manifest's list cannot be unpacked", { cause });
}
