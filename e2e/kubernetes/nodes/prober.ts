// A probe again and again: when it counts as passed and as failed. Pure of what a probe is and of time.
import type { Clock } from "../../../operator/clock.ts";
import type { ProbeSpec } from "../core.ts";
import type { Probe } from "./probe.ts";

export interface ProberOptions {
  readonly spec: ProbeSpec;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The first verdict and each that differs from the one before. */
  readonly changed: (passed: boolean) => void;
  /** Each single failure, for an event. */
  readonly failed?: (why: string) => void;
}

/** Probes until the signal is aborted. Never rejects. */
export async function keepProbing(options: ProberOptions): Promise<void> {
  const { spec, clock, signal } = options;
  const { initialDelaySeconds = 0, periodSeconds = 10 } = spec;
  const { successThreshold = 1, failureThreshold = 3 } = spec;
  const verdicts = new Verdicts(successThreshold, failureThreshold);
  await pause(clock, initialDelaySeconds, signal);
  while (!signal.aborted) {
    const why = await once(options);
    if (signal.aborted) return;
    report(options, verdicts, why);
    await pause(clock, periodSeconds, signal);
  }
}

function report(options: ProberOptions, verdicts: Verdicts, why: string | undefined): void {
  if (why !== undefined) options.failed?.(why);
  const verdict = verdicts.count(why === undefined);
  if (verdict !== undefined) options.changed(verdict);
}

/** A probe that takes too long has failed. */
async function once({ spec, probe, clock, signal }: ProberOptions): Promise<string | undefined> {
  const late = new AbortController();
  const seconds = spec.timeoutSeconds ?? 1;
  const cancel = clock.after(seconds * 1000, () =>
    late.abort(new Error(`no answer in ${seconds} s`)),
  );
  try {
    return await probe(AbortSignal.any([signal, late.signal]));
  } finally {
    cancel();
  }
}

class Verdicts {
  readonly #successes: number;
  readonly #failures: number;
  #verdict: boolean | undefined;
  #run = 0;
  #last: boolean | undefined;

  constructor(successes: number, failures: number) {
    this.#successes = successes;
    this.#failures = failures;
  }

  /** The new verdict, when this result makes one. */
  count(passed: boolean): boolean | undefined {
    this.#run = passed === this.#last ? this.#run + 1 : 1;
    this.#last = passed;
    const needed = passed ? this.#successes : this.#failures;
    if (this.#run < needed || passed === this.#verdict) return undefined;
    this.#verdict = passed;
    return passed;
  }
}

async function pause(clock: Clock, seconds: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(seconds * 1000, signal).catch(() => undefined);
}
