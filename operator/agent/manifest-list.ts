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

const BLOCK_BYTES = 256 * 1024;
const PART_BYTES = 5 * 1024 * 1024;
/** Half of a line is md5 and ETag, which nothing compresses; more effort only costs time. */
const LEVEL = 1;
/** A line is a path of some 200 characters; one that does not end is not ours. */
const LINE_CHARS_MAX = 1024 * 1024;

const compress = promisify(gzip);

/** Writes one list. Call `finish` or `abort` at the end; nothing is visible before `finish`. */
export class ManifestListWriter {
  readonly #storage: Storage;
  readonly #key: string;
  readonly #options: CallOptions;
  readonly #hash = createHash("md5");
  /** The part being filled. Used again for the next one when the storage has taken it. */
  readonly #part: Buffer;
  #filled = 0;
  /** Lines not yet compressed, as bytes: strings that wait would only feed the garbage collector. */
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #blockFilled = 0;
  #upload: Upload | undefined;
  #size = 0;

  constructor(storage: Storage, key: string, options: CallOptions = {}) {
    this.#storage = storage;
    this.#key = key;
    this.#options = options;
    this.#part = Buffer.allocUnsafe(Math.max(PART_BYTES, storage.capabilities.partBytesMin));
  }

  /** Adds the next file, in listing order. Await the promise, when there is one, before the next. */
  add(file: ManifestFile): Promise<void> | undefined {
    const line = `${JSON.stringify({ path: file.path, size: file.size, etag: file.etag })}\n`;
    const bytes = Buffer.byteLength(line);
    if (bytes > BLOCK_BYTES - this.#blockFilled) return this.#addToNext(line, bytes);
    this.#blockFilled += this.#block.write(line, this.#blockFilled);
    return undefined;
  }

  /** Sends the rest and makes the list visible. */
  async finish(): Promise<WrittenList> {
    // A list of nothing is still a gzip file: one empty member.
    if (this.#blockFilled > 0 || this.#size === 0) await this.#packBlock();
    const rest = this.#part.subarray(0, this.#filled);
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

  async #addToNext(line: string, bytes: number): Promise<void> {
    await this.#packBlock();
    if (bytes > BLOCK_BYTES) await this.#pack(Buffer.from(line));
    else this.#blockFilled = this.#block.write(line);
  }

  async #packBlock(): Promise<void> {
    await this.#pack(this.#block.subarray(0, this.#blockFilled));
    this.#blockFilled = 0;
  }

  async #pack(block: Buffer): Promise<void> {
    const member = await compress(block, { level: LEVEL });
    this.#hash.update(member);
    this.#size += member.length;
    for (let at = 0; at < member.length;) {
      const copied = member.copy(this.#part, this.#filled, at);
      at += copied;
      this.#filled += copied;
      if (this.#filled === this.#part.length) await this.#send();
    }
  }

  async #send(): Promise<void> {
    this.#upload ??= await this.#storage.upload(this.#key, this.#options);
    await this.#upload.part(this.#part, this.#options);
    this.#filled = 0;
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
