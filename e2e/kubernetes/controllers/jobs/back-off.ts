// The pause before a Job's next pod after failures: 10 s, 20 s, 40 s … at most 10 min, from the last failure,
// anew after a success. Kept by UID in memory, as in the real controller.

const MAX_MS = 10 * 60 * 1000;
const JOBS_MAX = 10_000;

interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

export class JobBackOff {
  readonly #baseMs: number;
  readonly #failures = new Map<string, Failures>();

  constructor(baseMs: number) {
    this.#baseMs = baseMs;
  }

  record(
    uid: string,
    ended: { readonly succeeded: number; readonly failed: number },
    nowMs: number,
  ): void {
    if (ended.succeeded > 0) this.#failures.delete(uid);
    if (ended.failed === 0) return;
    const before = this.#failures.get(uid)?.count ?? 0;
    this.#failures.delete(uid);
    this.#failures.set(uid, { count: before + ended.failed, lastMs: nowMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > JOBS_MAX && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** How long to wait still; 0 or less: not at all. */
  leftMs(uid: string, nowMs: number): number {
    const failures = this.#failures.get(uid);
    if (failures === undefined) return 0;
    const delayMs = Math.min(MAX_MS, this.#baseMs * 2 ** (failures.count - 1));
    return failures.lastMs + delayMs - nowMs;
  }

  forget(uid: string): void {
    this.#failures.delete(uid);
  }
}
