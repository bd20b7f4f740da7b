// A storage that fails when it is told to: the nth call of an operation is refused, slow, cut off in
// mid-body, or done without anybody being told (a lost answer). What no fault names goes through. It
// also notes every call, which is how a test counts them.
import type { Clock } from "../../clock.ts";
import type { StorageErrorKind } from "../errors.ts";
import { StorageError } from "../errors.ts";
import type { Call, Layer, Operation } from "../layer.ts";
import { withLayer } from "../layer.ts";
import type {
  ListEntry,
  ListOptions,
  ObjectReader,
  ReadOptions,
  Storage,
  UploadRef,
} from "../storage.ts";

/** Something that happens to one call or several. What is not said is not done. */
export interface Fault {
  readonly operation: Operation;
  /** Only calls whose key contains this; they alone are counted. */
  readonly key?: string;
  /** The first call it happens to, counted from 1 from when the fault was set. Default 1. */
  readonly nth?: number;
  /** How many calls in a row. Default 1; `Infinity` for all from then on. */
  readonly times?: number;
  /** The call fails with this kind. */
  readonly kind?: StorageErrorKind;
  /** With `kind`: the call took effect first. */
  readonly lostAnswer?: boolean;
  /** With `kind`: what the store asks to wait. */
  readonly retryAfterMs?: number;
  /** A read's body or a listing ends after this many bytes or rows, with `kind` (`unavailable`). */
  readonly cutAfter?: number;
  /** The call goes on only when this has settled. */
  readonly hold?: Promise<unknown>;
  /** The call goes on after this time; needs a clock. */
  readonly delayMs?: number;
}

interface ActiveFault extends Fault {
  seen: number;
}

export interface Faulty {
  readonly storage: Storage;
  /** Every call so far, in order. */
  readonly calls: readonly Call[];
  /** Adds a fault; of several that fit one call, the one set first happens. */
  inject(fault: Fault): void;
  /** Takes all faults away. */
  heal(): void;
  count(operation: Operation): number;
}

export function makeFaulty(inner: Storage, clock?: Clock): Faulty {
  const layer = new FaultyLayer(clock);
  return {
    storage: withLayer(inner, layer),
    calls: layer.calls,
    inject: (fault) => layer.faults.push({ ...fault, seen: 0 }),
    heal: () => layer.faults.splice(0),
    count: (operation) => layer.calls.filter((call) => call.operation === operation).length,
  };
}

class FaultyLayer implements Layer {
  readonly faults: ActiveFault[] = [];
  readonly calls: Call[] = [];
  readonly #clock: Clock | undefined;

  constructor(clock?: Clock) {
    this.#clock = clock;
  }

  call<T>(call: Call, next: () => Promise<T>): Promise<T> {
    return this.#suffer(call, this.#take(call), next);
  }

  async read(
    call: Call,
    options: ReadOptions,
    open: (options: ReadOptions) => Promise<ObjectReader>,
  ): Promise<ObjectReader> {
    const fault = this.#take(call);
    const reader = await this.#suffer(call, fault, () => open(options));
    if (fault?.cutAfter === undefined) return reader;
    return {
      info: reader.info,
      body: cut(reader.body, fault.cutAfter, { call, fault, sizeOf: (chunk) => chunk.length }),
      destroy: () => reader.destroy(),
    };
  }

  list(
    call: Call,
    options: ListOptions,
    open: (options: ListOptions) => AsyncIterable<ListEntry>,
  ): AsyncIterable<ListEntry> {
    return this.#rows(call, () => open(options));
  }

  listUploads(call: Call, open: () => AsyncIterable<UploadRef>): AsyncIterable<UploadRef> {
    return this.#rows(call, open);
  }

  async *#rows<T>(call: Call, open: () => AsyncIterable<T>): AsyncIterable<T> {
    const fault = this.#take(call);
    await this.#suffer(call, fault, async () => undefined);
    if (fault?.cutAfter === undefined) yield* open();
    else yield* cut(open(), fault.cutAfter, { call, fault, sizeOf: () => 1 });
  }

  /** Notes the call and finds what happens to it. */
  #take(call: Call): Fault | undefined {
    this.calls.push(call);
    let taken: Fault | undefined;
    for (const fault of this.faults) {
      if (fault.operation !== call.operation || !call.key.includes(fault.key ?? "")) continue;
      fault.seen += 1;
      const first = fault.nth ?? 1;
      const hit = fault.seen >= first && fault.seen < first + (fault.times ?? 1);
      if (hit) taken ??= fault;
    }
    return taken;
  }

  async #suffer<T>(call: Call, fault: Fault | undefined, next: () => Promise<T>): Promise<T> {
    if (fault === undefined) return next();
    if (fault.delayMs !== undefined) await this.#clock?.sleep(fault.delayMs, call.signal);
    await heldBack(fault.hold, call.signal);
    if (fault.kind === undefined || fault.cutAfter !== undefined) return next();
    if (fault.lostAnswer === true) await next();
    throw onPurpose(call, fault);
  }
}

async function* cut<T>(
  rows: AsyncIterable<T>,
  after: number,
  how: { readonly call: Call; readonly fault: Fault; readonly sizeOf: (row: T) => number },
): AsyncIterable<T> {
  let left = after;
  for await (const row of rows) {
    const size = how.sizeOf(row);
    if (size > left) {
      if (Buffer.isBuffer(row) && left > 0) yield row.subarray(0, left) as T;
      break;
    }
    left -= size;
    yield row;
  }
  throw onPurpose(how.call, how.fault);
}

async function heldBack(hold: Promise<unknown> | undefined, signal?: AbortSignal): Promise<void> {
  if (hold === undefined) return;
  const aborted = new Promise<void>((resolve) => {
    if (signal?.aborted === true) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([hold, aborted]);
  signal?.throwIfAborted();
}

function onPurpose(call: Call, fault: Fault): StorageError {
  const { operation, key } = call;
  const kind = fault.kind ?? "unavailable";
  return new StorageError(kind, `${operation} of ${key} failed on purpose: ${kind}`, {
    operation,
    key,
    code: "OnPurpose",
    retryAfterMs: fault.retryAfterMs,
  });
}
