// Progress lines: what was done so far and how fast, at a bounded rate. The operator reads them from the
// pod's log, so the message and the field names are part of the contract: `progress` with `label`,
// `bytes`, `bytesPerSecond`, `files`, `calls`, `failedCalls`, `open…`, `lastError`.
import type { Counters, Totals } from "../broker/counters.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";

const LINE_EVERY_MS = 5_000;
/** With nothing new a line still comes this often: silence would look like a hung agent. */
const STILL_EVERY_MS = 60_000;

export interface OpenNow {
  readonly writers: number;
  readonly readers: number;
  readonly intents: number;
}

export interface ProgressOptions {
  readonly label: string;
  readonly attempt: string;
  readonly counters: Counters;
  readonly open: () => OpenNow;
  readonly clock: Clock;
  readonly log: Log;
}

export class Progress {
  readonly #options: ProgressOptions;
  #last: Totals;
  #lastMs: number;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#last = options.counters.totals();
    this.#lastMs = options.clock.monotonic();
  }

  /** Writes lines until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(LINE_EVERY_MS, signal).catch(() => {});
      if (!signal.aborted) this.#tick();
    }
  }

  /** One line with the numbers as they are now, whether or not they have changed. */
  line(): void {
    const { counters, clock, log, label, attempt, open } = this.#options;
    const totals = counters.totals();
    const now = clock.monotonic();
    const bytes = totals.bytesIn + totals.bytesOut;
    const moved = bytes - this.#last.bytesIn - this.#last.bytesOut;
    const seconds = Math.max(0.001, (now - this.#lastMs) / 1000);
    log.info("progress", {
      label,
      attempt,
      bytes,
      bytesPerSecond: Math.round(moved / seconds),
      files: totals.files,
      calls: callsOf(totals),
      failedCalls: totals.failedCalls,
      openWriters: open().writers,
      openReaders: open().readers,
      openIntents: open().intents,
      ...(totals.lastError === undefined ? {} : { lastError: totals.lastError }),
    });
    this.#last = totals;
    this.#lastMs = now;
  }

  #tick(): void {
    const { counters, clock } = this.#options;
    const totals = counters.totals();
    const isNew = callsOf(totals) !== callsOf(this.#last);
    if (isNew || clock.monotonic() - this.#lastMs >= STILL_EVERY_MS) this.line();
  }
}

/** Without pings: a BE sends them for ever, and the operator takes calls for a sign that something moves. */
function callsOf({ calls, callsByMethod }: Totals): number {
  return calls - (callsByMethod["ping"] ?? 0);
}
