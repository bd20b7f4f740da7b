// The three probes of a container's life together: a startup probe holds the others back, readiness says
// whether Services may send, a failed startup or liveness probe ends the life.
import type { Clock } from "../../../operator/clock.ts";
import type { ProbeSpec } from "../core.ts";
import { probeOf, type ProbeTarget } from "./probe.ts";
import { keepProbing } from "./prober.ts";

export interface ProbingOptions {
  readonly target: ProbeTarget;
  readonly clock: Clock;
  /** Aborted when the life ends. */
  readonly signal: AbortSignal;
  readonly changed: (state: { readonly started: boolean; readonly ready: boolean }) => void;
  /** The container must end, because of the probe of this name. */
  readonly failed: (name: string) => void;
  /** One look that went wrong, in words for an event. */
  readonly unhealthy: (message: string) => void;
}

/** Begins with the life; calls `changed` at once when nothing has to be waited for. */
export function startProbing(options: ProbingOptions): void {
  const { startupProbe } = options.target.container;
  if (startupProbe === undefined) {
    probeStarted(options);
    return;
  }
  const waiting = new AbortController();
  const signal = AbortSignal.any([options.signal, waiting.signal]);
  run({ ...options, signal }, "Startup", startupProbe, (passed) => {
    waiting.abort();
    if (passed) probeStarted(options);
    else options.failed("startup");
  });
}

function probeStarted(options: ProbingOptions): void {
  const { readinessProbe, livenessProbe } = options.target.container;
  options.changed({ started: true, ready: readinessProbe === undefined });
  run(options, "Liveness", livenessProbe, (passed) => {
    if (!passed) options.failed("liveness");
  });
  run(options, "Readiness", readinessProbe, (ready) => {
    options.changed({ started: true, ready });
  });
}

function run(
  options: ProbingOptions,
  name: string,
  spec: ProbeSpec | undefined,
  changed: (passed: boolean) => void,
): void {
  if (spec === undefined) return;
  const { target, clock, signal, unhealthy } = options;
  void keepProbing({
    spec,
    probe: probeOf(spec, target),
    clock,
    signal,
    changed,
    failed: (why) => unhealthy(`${name} probe failed: ${why}`),
  });
}
