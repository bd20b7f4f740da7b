// What the runtime counts, in Prometheus' names. Labels come from closed sets (controllers, kinds, verbs,
// status codes): never a name or a namespace, which would grow without bound.
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Reconciles take milliseconds; those that talk to StarRocks or wait for its locks take many seconds. */
const SECONDS = [0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export class RuntimeMetrics {
  /** Others may register theirs in it; /metrics serves them all. */
  readonly registry = new Registry();

  readonly reconciles = this.#counter("controller_reconciles_total", "Reconciles by their end", [
    "controller",
    "result",
  ]);
  readonly reconcileSeconds = this.#seconds("controller_reconcile_seconds", "Time of a reconcile", [
    "controller",
  ]);
  readonly queueDepth = this.#gauge("controller_queue_depth", "Objects that wait for a worker", [
    "controller",
  ]);
  readonly retries = this.#counter("controller_retries_total", "Repeats because of an error", [
    "controller",
  ]);
  readonly running = this.#gauge("controller_reconciles_running", "Reconciles that run now", [
    "controller",
  ]);
  readonly overdue = this.#gauge(
    "controller_reconciles_overdue",
    "Reconciles that run on after their deadline; any for minutes is a hang",
    ["controller"],
  );
  readonly informerLists = this.#counter(
    "informer_lists_total",
    "Complete lists: one at the start, one after each watch that could not go on",
    ["kind"],
  );
  readonly informerFailures = this.#counter("informer_failures_total", "Failed lists and watches", [
    "kind",
  ]);
  readonly informerObjects = this.#gauge("informer_objects", "Objects in the cache", ["kind"]);
  readonly requests = this.#counter(
    "kubernetes_requests_total",
    "Requests to the API server by status code, `error` when there was no answer",
    ["verb", "kind", "status"],
  );
  readonly requestSeconds = this.#seconds(
    "kubernetes_request_seconds",
    "Time of a request to the API server; of a watch, until it began",
    ["verb"],
  );
  readonly leader = this.#gauge("leader", "1 while this process leads", []);
  readonly eventsDropped = this.#counter(
    "events_dropped_total",
    "Kubernetes Events that were not written: too many, or refused",
    [],
  );

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #seconds<L extends string>(name: string, help: string, labelNames: readonly L[]): Histogram<L> {
    return new Histogram({
      name,
      help,
      labelNames,
      buckets: SECONDS,
      registers: [this.registry],
    });
  }
}
