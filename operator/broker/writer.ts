// One file being written through the broker, from openWriter to its rename.
//
//   open ──close──▶ closed ──rename──▶ published          (content: `….part` below __ss_content)
//   open ──close──▶ published                             (frontend: staged; direct: final name)
//   any of them ──error, expiry, second open──▶ aborted
//
// A writer that failed publishes nothing, though the BE's destructor still closes it (fs_broker.cpp).
import { crc32 } from "node:zlib";
import { describeError } from "../errors.ts";
import type { Log } from "../log.ts";
import { BrokerError } from "./broker-error.ts";
import type { PartStream } from "./part-stream.ts";
import type { FileRole } from "./place.ts";
import { BROKER_STATUS } from "./protocol.ts";

/** `discard`: a write of `__repo_info`, which is accepted and forgotten; the agent answers that file itself. */
export type WriterRole = FileRole | "discard";

export interface WriterOptions {
  readonly role: WriterRole;
  /** Storage key of the asked path, `.part` included. */
  readonly key: string;
  readonly clientId: string;
  /** Names the staged object, should one become necessary. */
  readonly dataId: string;
  readonly stream: PartStream;
  readonly log: Log;
}

export interface IncomingWrite {
  readonly offset: number;
  readonly length: number;
  readonly chunks: AsyncIterable<Buffer>;
}

export class Writer {
  readonly role: WriterRole;
  readonly key: string;
  readonly clientId: string;
  readonly dataId: string;
  readonly stream: PartStream;
  readonly #log: Log;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: WriterOptions) {
    this.role = options.role;
    this.key = options.key;
    this.clientId = options.clientId;
    this.dataId = options.dataId;
    this.stream = options.stream;
    this.#log = options.log;
  }

  /** Runs `work` when every call on this writer that came before has ended. */
  serially<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(work);
    this.#tail = run.catch(() => {});
    return run;
  }

  /**
   * Takes one pwrite. The offset must be the position, or the call an exact repeat of the last one (the
   * FE repeats after a socket timeout, BlobStorage.java). Anything else poisons the writer, as does every
   * failure that the caller is told of: the close that follows it must not publish what is there.
   */
  async write(incoming: IncomingWrite, signal: AbortSignal): Promise<void> {
    if (this.role === "discard") return;
    if (signal.aborted) throw this.stream.fail(signal.reason);
    if (incoming.offset === this.stream.position && this.stream.failure === undefined) {
      await this.stream.append(incoming.chunks, signal);
      return;
    }
    if (await this.#isRepeat(incoming)) return;
    throw this.stream.fail(wrongOffset(this.stream.position, incoming.offset));
  }

  /**
   * Gives the file up: its memory at once, what was stored of it in the background. That may take as long
   * as the storage likes, and no caller should wait for it.
   */
  giveUp(reason: unknown): void {
    const error = reason instanceof Error ? reason : new Error(String(reason));
    this.stream.abort(error).catch((failure: unknown) => {
      // What stays is under the attempt's staging, which the seal sweeps.
      this.#log.warn("an unfinished upload could not be aborted", {
        key: this.key,
        error: describeError(failure),
      });
    });
  }

  async #isRepeat(incoming: IncomingWrite): Promise<boolean> {
    const { last, failure } = this.stream;
    if (failure !== undefined || last === undefined) return false;
    if (incoming.offset !== last.offset || incoming.length !== last.length) return false;
    let crc = 0;
    for await (const chunk of incoming.chunks) crc = crc32(chunk, crc);
    return crc === last.crc;
  }
}

function wrongOffset(position: number, asked: number): BrokerError {
  return new BrokerError(
    BROKER_STATUS.INVALID_INPUT_OFFSET,
    `current outputstream offset is ${position} not equal to request ${asked}`,
  );
}
