// All controllers over one registry.
import type { Registry } from "../api/registry.ts";
import { DefinitionController } from "./definitions.ts";
import { EndpointSliceController } from "./endpoint-slices.ts";
import { EventExpiry } from "./events.ts";
import { GarbageCollector } from "./garbage-collector.ts";
import { JobController } from "./jobs/job-controller.ts";
import type { Controller } from "./loop.ts";
import { runController } from "./loop.ts";
import { NamespaceController } from "./namespaces.ts";
import { NodeLifecycleController } from "./node-lifecycle.ts";
import { Scheduler } from "./scheduler.ts";

export interface ControllerOptions {
  /** The pause after a Job's first failed pod; it doubles. Default as real: 10 000. */
  readonly jobBackOffBaseMs?: number;
  /** Without a renewed Lease for so long, a node is unreachable. Default 20 000 (real: 50 000). */
  readonly nodeGraceMs?: number;
  /** How long pods stay on an unreachable node. Default 5000 (real: 300 000). */
  readonly evictAfterMs?: number;
  /** Hears of every reconcile that threw: always a bug of ours. */
  readonly failed: (error: Error) => void;
}

/** Runs them until the result is called. */
export function startControllers(registry: Registry, options: ControllerOptions): () => void {
  const { jobBackOffBaseMs = 10_000, nodeGraceMs = 20_000, evictAfterMs = 5000 } = options;
  const controllers: readonly Controller[] = [
    new GarbageCollector(registry),
    new NamespaceController(registry),
    new DefinitionController(registry),
    new Scheduler(registry),
    new JobController(registry, jobBackOffBaseMs),
    new EndpointSliceController(registry),
    new EventExpiry(registry),
    new NodeLifecycleController(registry, { nodeGraceMs, evictAfterMs }),
  ];
  const stops = controllers.map((one) => runController(registry, one, options.failed));
  return () => stops.forEach((stop) => stop());
}
