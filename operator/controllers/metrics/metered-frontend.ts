// A Frontend whose verbs are counted and timed. It changes nothing: not what they answer, nor what they reject with.
import type { Clock } from "../../clock.ts";
import { FrontendError, type Frontend } from "../../starrocks/frontend.ts";
import type { OperatorMetrics } from "../metrics.ts";

export interface Meter {
  readonly clock: Clock;
  readonly metrics: Pick<OperatorMetrics, "statements" | "statementSeconds">;
  readonly labels: { readonly namespace: string; readonly repository: string };
}

type Verb = (...args: readonly unknown[]) => Promise<unknown>;

export function meteredFrontend(frontend: Frontend, meter: Meter): Frontend {
  return new Proxy(frontend, {
    get: (target, property) => {
      const member = Reflect.get(target, property, target) as unknown;
      if (typeof member !== "function" || typeof property === "symbol") return member;
      const verb = member.bind(target) as Verb;
      if (property === "close") return verb;
      return (...args: readonly unknown[]) => timed(meter, property, () => verb(...args));
    },
  });
}

async function timed<T>(meter: Meter, verb: string, ask: () => Promise<T>): Promise<T> {
  const { clock, metrics, labels } = meter;
  const startMs = clock.monotonic();
  let result = "Error";
  try {
    const answer = await ask();
    result = "ok";
    return answer;
  } catch (error) {
    if (error instanceof FrontendError) result = error.reason;
    throw error;
  } finally {
    metrics.statements.inc({ ...labels, result });
    metrics.statementSeconds.observe({ verb }, (clock.monotonic() - startMs) / 1000);
  }
}
