// Counts what goes to a storage and comes back, per operation: for progress, and for the benchmark. Sits
// next to the driver, so that every try counts and bytes that were sent in vain do not. Requests inside
// one call (pages of a listing, parts of a copy) are not told apart.
import type { Clock } from "../clock.ts";
import type { StorageErrorKind } from "./errors.ts";
import { isStorageError } from "./errors.ts";
import type { Call, Layer, Operation } from "./layer.ts";
import { withLayer } from "./layer.ts";
import { observed } from "./observed.ts";
import type {
  ListEntry,
  ListOptions,
  ObjectReader,
  ReadOptions,
  Storage,
  UploadRef,
} from "./storage.ts";

/** What was counted of one operation. */
export interface Tally {
  calls: number;
  /** Of calls that resolved. */
  sentBytes: number;
  receivedBytes: number;
  /** Rows of listings. */
  rows: number;
  /** Sum over the calls until each was answered; bodies and later rows not included. */
  tookMs: number;
  /** By kind; calls that were aborted count as `aborted`. */
  failures: Partial<Record<StorageErrorKind | "aborted", number>>;
}

export class Meter {
  readonly #tallies = new Map<Operation, Tally>();

  /** The live count of one operation. */
  of(operation: Operation): Tally {
    const found = this.#tallies.get(operation);
    if (found !== undefined) return found;
    const tally: Tally = {
      calls: 0,
      sentBytes: 0,
      receivedBytes: 0,
      rows: 0,
      tookMs: 0,
      failures: {},
    };
    this.#tallies.set(operation, tally);
    return tally;
  }

  /** A copy of all counts, plain data. */
  snapshot(): Partial<Record<Operation, Tally>> {
    return structuredClone(Object.fromEntries(this.#tallies));
  }
}

export function metered(inner: Storage, meter: Meter, clock: Clock): Storage {
  return withLayer(inner, new MeteringLayer(meter, clock));
}

class MeteringLayer implements Layer {
  readonly #meter: Meter;
  readonly #clock: Clock;

  constructor(meter: Meter, clock: Clock) {
    this.#meter = meter;
    this.#clock = clock;
  }

  async call<T>(call: Call, next: () => Promise<T>): Promise<T> {
    const tally = this.#meter.of(call.operation);
    const begun = this.#clock.monotonic();
    tally.calls += 1;
    try {
      const result = await next();
      tally.sentBytes += call.body?.length ?? 0;
      return result;
    } catch (error) {
      this.#failed(call, error);
      throw error;
    } finally {
      tally.tookMs += this.#clock.monotonic() - begun;
    }
  }

  async read(
    call: Call,
    options: ReadOptions,
    open: (options: ReadOptions) => Promise<ObjectReader>,
  ): Promise<ObjectReader> {
    const reader = await this.call(call, () => open(options));
    const tally = this.#meter.of(call.operation);
    const body = this.#counted(call, reader.body, (chunk) => {
      tally.receivedBytes += chunk.length;
    });
    return { info: reader.info, body, destroy: () => reader.destroy() };
  }

  list(
    call: Call,
    options: ListOptions,
    open: (options: ListOptions) => AsyncIterable<ListEntry>,
  ): AsyncIterable<ListEntry> {
    return this.#rows(call, open(options));
  }

  listUploads(call: Call, open: () => AsyncIterable<UploadRef>): AsyncIterable<UploadRef> {
    return this.#rows(call, open());
  }

  #rows<T>(call: Call, rows: AsyncIterable<T>): AsyncIterable<T> {
    const tally = this.#meter.of(call.operation);
    tally.calls += 1;
    return this.#counted(call, rows, () => {
      tally.rows += 1;
    });
  }

  #counted<T>(call: Call, items: AsyncIterable<T>, item: (item: T) => void): AsyncIterable<T> {
    return observed(items, { item, failure: (error) => this.#failed(call, error) });
  }

  #failed(call: Call, error: unknown): void {
    const { failures } = this.#meter.of(call.operation);
    const ours = isStorageError(error) ? error.kind : "unknown";
    const kind = call.signal?.aborted === true ? "aborted" : ours;
    failures[kind] = (failures[kind] ?? 0) + 1;
  }
}
