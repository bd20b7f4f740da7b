// What the runtime counts, in Prometheus' names. Labels come from closed sets (controllers, kinds, verbs,
// status codes): never a name or a namespace, which would grow without bound.
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Reconciles take milliseconds; those that talk to StarRocks or wait for its locks take many seconds. */
const SECONDS = [0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export class RuntimeMetrics {
  /** Others may register theirs in it; /metrics serves them all. */
  readonly registry = new Registry();

  readonly reconciles: Counter<"controller" | "result">;
  readonly reconcileSeconds: Histogram<"controller">;
  readonly queueDepth: Gauge<"controller">;
  readonly retries: Counter<"controller">;
  readonly running: Gauge<"controller">;
  readonly overdue: Gauge<"controller">;
  readonly informerLists: Counter<"kind">;
  readonly informerFailures: Counter<"kind">;
  readonly informerObjects: Gauge<"kind">;
  readonly requests: Counter<"verb" | "kind" | "status">;
  readonly requestSeconds: Histogram<"verb">;
  readonly leader: Gauge;
  readonly eventsDropped: Counter;

  /** `prefix` is whose runtime it is, such as `example_operator_`: other operators have the same metrics. */
  constructor(prefix = "") {
    const { counter, gauge, histogram } = makers(this.registry, prefix);
    this.reconciles = counter("controller_reconciles_total", "Reconciles by their end", [
      "controller",
      "result",
    ]);
    this.reconcileSeconds = histogram("controller_reconcile_seconds", "Time of a reconcile", [
      "controller",
    ]);
    this.queueDepth = gauge("controller_queue_depth", "Objects that wait for a worker", [
      "controller",
    ]);
    this.retries = counter("controller_retries_total", "Repeats because of an error", [
      "controller",
    ]);
    this.running = gauge("controller_reconciles_running", "Reconciles that run now", [
      "controller",
    ]);
    this.overdue = gauge(
      "controller_reconciles_overdue",
      "Reconciles that run on after their deadline; any for minutes is a hang",
      ["controller"],
    );
    this.informerLists = counter(
      "informer_lists_total",
      "Complete lists: one at the start, one after each watch that could not go on",
      ["kind"],
    );
    this.informerFailures = counter("informer_failures_total", "Failed lists and watches", [
      "kind",
    ]);
    this.informerObjects = gauge("informer_objects", "Objects in the cache", ["kind"]);
    this.requests = counter(
      "kubernetes_requests_total",
      "Requests to the API server by status code, `error` when there was no answer",
      ["verb", "kind", "status"],
    );
    this.requestSeconds = histogram(
      "kubernetes_request_seconds",
      "Time of a request to the API server; of a watch, until it began",
      ["verb"],
    );
    this.leader = gauge("leader", "1 while this process leads", []);
    this.eventsDropped = counter(
      "events_dropped_total",
      "Kubernetes Events that were not written: too many, or refused",
      [],
    );
  }
}

function makers(registry: Registry, prefix: string) {
  const of = <L extends string>(name: string, help: string, labelNames: readonly L[]) => ({
    name: prefix + name,
    help,
    labelNames,
    registers: [registry],
  });
  return {
    counter: <L extends string>(name: string, help: string, labels: readonly L[]) =>
      new Counter(of(name, help, labels)),
    gauge: <L extends string>(name: string, help: string, labels: readonly L[]) =>
      new Gauge(of(name, help, labels)),
    histogram: <L extends string>(name: string, help: string, labels: readonly L[]) =>
      new Histogram({ ...of(name, help, labels), buckets: SECONDS }),
  };
}
