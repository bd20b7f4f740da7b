// Memory of the processes under test, as the kernel counts it, and whether it grows.
import { readFileSync } from "node:fs";

/** Before it a process is still warming up. */
const WARM_MS = 60_000;
/** A trend of a shorter time is noise. */
const TREND_MIN_MS = 4 * 60_000;
const GROWTH_MAX_MIB = 40;
const OPERATOR_MAX_MIB = 400;
/** What the agents' pods have as their limit, by default. */
const POD_MAX_MIB = 500;

interface Sample {
  readonly atMs: number;
  readonly mib: number;
}

export class Footprint {
  readonly #operators = new Map<number, { readonly sinceMs: number; readonly samples: Sample[] }>();
  #podsMaxMib = 0;
  #operatorMaxMib = 0;

  sample(operators: readonly number[], pods: readonly number[]): void {
    const atMs = Date.now();
    for (const pid of operators) {
      const mib = residentMib(pid);
      if (mib === undefined) continue;
      const known = this.#operators.get(pid) ?? { sinceMs: atMs, samples: [] };
      this.#operators.set(pid, known);
      if (atMs - known.sinceMs > WARM_MS) known.samples.push({ atMs, mib });
      this.#operatorMaxMib = Math.max(this.#operatorMaxMib, mib);
    }
    for (const pid of pods) this.#podsMaxMib = Math.max(this.#podsMaxMib, residentMib(pid) ?? 0);
  }

  /** What is wrong with it. */
  problems(): readonly string[] {
    const problems: string[] = [];
    if (this.#operatorMaxMib > OPERATOR_MAX_MIB) {
      problems.push(
        `an operator used ${this.#operatorMaxMib} MiB; ${OPERATOR_MAX_MIB} is too much`,
      );
    }
    if (this.#podsMaxMib > POD_MAX_MIB) {
      problems.push(`a pod used ${this.#podsMaxMib} MiB; ${POD_MAX_MIB} is too much`);
    }
    for (const { grewMib, minutes } of this.#trends()) {
      if (grewMib > GROWTH_MAX_MIB) {
        problems.push(`an operator grew by ${grewMib} MiB in ${minutes} minutes`);
      }
    }
    return problems;
  }

  report(): string {
    const trends = this.#trends().map(
      ({ grewMib, minutes }) => `${grewMib >= 0 ? "+" : ""}${grewMib} MiB in ${minutes} min`,
    );
    const slope = trends.length === 0 ? "none lived long enough for a trend" : trends.join(", ");
    return `operators at most ${this.#operatorMaxMib} MiB (${slope}), pods at most ${this.#podsMaxMib} MiB`;
  }

  /** Of each operator that lived long enough: its last third against its first. */
  #trends(): readonly { readonly grewMib: number; readonly minutes: number }[] {
    return [...this.#operators.values()].flatMap(({ samples }) => {
      const spanMs = (samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0);
      if (spanMs < TREND_MIN_MS) return [];
      const third = Math.floor(samples.length / 3);
      const grewMib = median(samples.slice(-third)) - median(samples.slice(0, third));
      return [{ grewMib, minutes: Math.round(spanMs / 60_000) }];
    });
  }
}

function median(samples: readonly Sample[]): number {
  const sorted = samples.map((s) => s.mib).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Undefined: it is gone. */
function residentMib(pid: number): number | undefined {
  try {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found === null ? undefined : Math.round(Number(found[1]) / 1024);
  } catch {
    return undefined;
  }
}
