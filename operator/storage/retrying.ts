// Tries again what may heal. Capped exponential backoff with full jitter; a store that says how long to
// wait is obeyed; permanent kinds, aborted calls and our own bugs are never tried again. The deadline is
// the caller's signal. Tries are counted from the last progress: a body of many hours may be taken up
// any number of times as long as bytes come in between.
//
// What would surprise: a lost answer looks like a failure. So a second `put` with `ifAbsent` that meets
// an object compares it with what it wanted to write, and a `complete` that finds its upload gone asks
// again for a while: the first one may still be at work.
import type { Clock, Random } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { Log } from "../log.ts";
import { StorageError, isNotFound, isPermanent, isStorageError } from "./errors.ts";
import type { Call, Layer } from "./layer.ts";
import { withLayer } from "./layer.ts";
import type {
  ListEntry,
  ListOptions,
  ObjectInfo,
  ObjectReader,
  ReadOptions,
  Storage,
  UploadRef,
} from "./storage.ts";

export interface RetryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface RetryOptions {
  /** How often a call is made without any progress. Default 8: about half a minute at the most. */
  readonly tries?: number;
  /** The same for failures of kind `unknown`. Default 3. */
  readonly triesOfUnknown?: number;
  /** The first pause is a random part of this; it doubles with every try. Default 200 ms. */
  readonly firstDelayMs?: number;
  /** Default 10 s. */
  readonly delayMaxMs?: number;
  /** A store that asks for more is asked again after this. Default 60 s. */
  readonly retryAfterMaxMs?: number;
}

const DEFAULTS: Required<RetryOptions> = {
  tries: 8,
  triesOfUnknown: 3,
  firstDelayMs: 200,
  delayMaxMs: 10_000,
  retryAfterMaxMs: 60_000,
};
/** From this try on a person may want to know. */
const WARN_FROM_TRY = 3;

/** The policy itself: also for the single requests of calls that take many (`S3StorageOptions.steps`). */
export class Retrier {
  readonly #deps: RetryDeps;
  readonly #options: Required<RetryOptions>;

  constructor(deps: RetryDeps, options: RetryOptions = {}) {
    this.#deps = deps;
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Runs `next` until it resolves, or rejects with what its last run rejected with. */
  async call<T>(call: Call, next: () => Promise<T>): Promise<T> {
    const patience = this.patience(call);
    for (;;) {
      try {
        return await next();
      } catch (error) {
        await patience.pause(error);
      }
    }
  }

  patience(call: Call): Patience {
    return new Patience(call, this.#deps, this.#options);
  }
}

/** What is left of a call's tries. */
class Patience {
  readonly #call: Call;
  readonly #deps: RetryDeps;
  readonly #options: Required<RetryOptions>;
  #failures = 0;
  #ended = false;

  constructor(call: Call, deps: RetryDeps, options: Required<RetryOptions>) {
    this.#call = call;
    this.#deps = deps;
    this.#options = options;
  }

  /** Something came: the tries begin anew. */
  progressed(): void {
    this.#failures = 0;
  }

  /** No further try, also for whoever waits for one. */
  end(): void {
    this.#ended = true;
  }

  /** Waits before the next try; throws `error` when there is none, the signal's reason when aborted. */
  async pause(error: unknown): Promise<void> {
    const { signal } = this.#call;
    signal?.throwIfAborted();
    if (!isStorageError(error) || isPermanent(error) || this.#ended) throw error;
    this.#failures += 1;
    const { tries, triesOfUnknown } = this.#options;
    if (this.#failures >= (error.kind === "unknown" ? triesOfUnknown : tries)) throw error;
    const delayMs = this.#delay(error);
    this.#report(error, delayMs);
    try {
      await this.#deps.clock.sleep(delayMs, signal);
    } catch (interrupted) {
      signal?.throwIfAborted();
      throw interrupted;
    }
    if (this.#ended) throw error;
  }

  #report(error: StorageError, delayMs: number): void {
    const { operation, key } = this.#call;
    const level = this.#failures < WARN_FROM_TRY ? "debug" : "warn";
    this.#deps.log[level]("a storage call failed and is tried again", {
      operation,
      key,
      kind: error.kind,
      code: error.detail.code,
      failures: this.#failures,
      delayMs: Math.round(delayMs),
      error: describeError(error),
    });
  }

  #delay(error: StorageError): number {
    const { firstDelayMs, delayMaxMs, retryAfterMaxMs } = this.#options;
    const ceiling = Math.min(delayMaxMs, firstDelayMs * 2 ** (this.#failures - 1));
    const asked = Math.min(error.detail.retryAfterMs ?? 0, retryAfterMaxMs);
    return Math.max(this.#deps.random() * ceiling, asked);
  }
}

/** The storage with every call retried, and with bodies and listings taken up where they broke off. */
export function retrying(inner: Storage, retrier: Retrier): Storage {
  return withLayer(inner, new RetryingLayer(inner, retrier));
}

class RetryingLayer implements Layer {
  readonly #inner: Storage;
  readonly #retrier: Retrier;

  constructor(inner: Storage, retrier: Retrier) {
    this.#inner = inner;
    this.#retrier = retrier;
  }

  call<T>(call: Call, next: () => Promise<T>): Promise<T> {
    if (call.ifAbsent === true) return this.#putIfAbsent(call, next);
    if (call.operation === "upload.complete") return this.#complete(call, next);
    return this.#retrier.call(call, next);
  }

  async read(
    call: Call,
    options: ReadOptions,
    open: (options: ReadOptions) => Promise<ObjectReader>,
  ): Promise<ObjectReader> {
    const reader = await this.#retrier.call(call, () => open(options));
    return new ResumingReader(reader, options, { open, patience: this.#retrier.patience(call) });
  }

  async *list(
    call: Call,
    options: ListOptions,
    open: (options: ListOptions) => AsyncIterable<ListEntry>,
  ): AsyncIterable<ListEntry> {
    let wanted = options;
    const rows = takenUp(this.#retrier.patience(call), () => open(wanted));
    for await (const entry of rows) {
      wanted = { ...options, startAfter: entry.kind === "object" ? entry.key : entry.prefix };
      yield entry;
    }
  }

  async *listUploads(call: Call, open: () => AsyncIterable<UploadRef>): AsyncIterable<UploadRef> {
    // Several uploads may have one key, so there is no place to go on from: what was told is left out.
    const told = new Set<string>();
    const untold = async function* () {
      for await (const upload of open()) if (!told.has(upload.uploadId)) yield upload;
    };
    for await (const upload of takenUp(this.#retrier.patience(call), untold)) {
      told.add(upload.uploadId);
      yield upload;
    }
  }

  #putIfAbsent<T>(call: Call, next: () => Promise<T>): Promise<T> {
    let unsure = false;
    return this.#retrier.call(call, async () => {
      try {
        return await next();
      } catch (error) {
        const taken = isStorageError(error) && error.kind === "alreadyExists";
        const ours = taken && unsure ? await this.#ours(call) : undefined;
        if (ours !== undefined) return ours as T;
        unsure ||= !isPermanent(error);
        throw error;
      }
    });
  }

  /** What stands under the key, when it is what this call wanted to write. */
  async #ours({ key, body, signal }: Call): Promise<ObjectInfo | undefined> {
    const reader = await this.#inner.read(key, { signal });
    try {
      if (body === undefined || reader.info.size !== body.length) return undefined;
      let at = 0;
      for await (const chunk of reader.body) {
        if (!body.subarray(at, at + chunk.length).equals(chunk)) return undefined;
        at += chunk.length;
      }
      return reader.info;
    } finally {
      reader.destroy();
    }
  }

  #complete<T>(call: Call, next: () => Promise<T>): Promise<T> {
    let unsure = false;
    return this.#retrier.call(call, async () => {
      try {
        return await next();
      } catch (error) {
        if (unsure && isNotFound(error)) throw stillUnsure(call, error);
        unsure ||= !isPermanent(error);
        throw error;
      }
    });
  }
}

/** What `open` gives; after each failure opened again, which must go on after the last item. */
async function* takenUp<T>(patience: Patience, open: () => AsyncIterable<T>): AsyncIterable<T> {
  for (;;) {
    try {
      for await (const item of open()) {
        patience.progressed();
        yield item;
      }
      return;
    } catch (error) {
      await patience.pause(error);
    }
  }
}

function stillUnsure({ operation, key }: Call, cause: unknown): StorageError {
  return new StorageError(
    "unavailable",
    `${operation} of ${key} got no answer, and now neither its upload nor its object is there`,
    { operation, key },
    { cause },
  );
}

class ResumingReader implements ObjectReader {
  readonly info: ObjectInfo;
  readonly body: AsyncIterable<Buffer>;
  readonly #options: ReadOptions;
  readonly #open: (options: ReadOptions) => Promise<ObjectReader>;
  readonly #patience: Patience;
  readonly #end: number;
  #reader: ObjectReader;
  /** Undefined after a failure, until the rest is opened. */
  #chunks: AsyncIterator<Buffer> | undefined;
  /** The next byte to come. */
  #at: number;

  constructor(
    reader: ObjectReader,
    options: ReadOptions,
    how: {
      readonly open: (options: ReadOptions) => Promise<ObjectReader>;
      readonly patience: Patience;
    },
  ) {
    const { info } = reader;
    this.info = info;
    this.#reader = reader;
    this.#chunks = reader.body[Symbol.asyncIterator]();
    this.#options = options;
    this.#open = how.open;
    this.#patience = how.patience;
    this.#at = options.start ?? 0;
    this.#end = Math.min(info.size, this.#at + (options.length ?? info.size));
    // By hand, as in observed.ts.
    this.body = {
      [Symbol.asyncIterator]: () => ({
        next: () => this.#next(),
        return: () => this.#leave(),
      }),
    };
  }

  destroy(): void {
    this.#patience.end();
    this.#reader.destroy();
  }

  async #next(): Promise<IteratorResult<Buffer>> {
    for (;;) {
      try {
        this.#chunks ??= await this.#rest();
        const result = await this.#chunks.next();
        if (result.done !== true) {
          this.#patience.progressed();
          this.#at += result.value.length;
        }
        return result;
      } catch (error) {
        this.#reader.destroy();
        this.#chunks = undefined;
        await this.#patience.pause(error);
      }
    }
  }

  /** The rest of this object and no other: a new one under the key is kind `changed`. */
  async #rest(): Promise<AsyncIterator<Buffer>> {
    const [start, length] = [this.#at, this.#end - this.#at];
    if (length === 0) return nothing()[Symbol.asyncIterator]();
    const { etag } = this.info;
    this.#reader = await this.#open({ ...this.#options, start, length, etag });
    return this.#reader.body[Symbol.asyncIterator]();
  }

  async #leave(): Promise<IteratorResult<Buffer>> {
    this.#patience.end();
    await this.#chunks?.return?.();
    this.#reader.destroy();
    return { done: true, value: undefined };
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}
