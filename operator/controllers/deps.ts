// What controllers are given: the outside world behind small interfaces, and what informers know of it.
import type { Backup } from "../api/backup.generated.ts";
import type { Repository } from "../api/repository.generated.ts";
import type { Restore } from "../api/restore.generated.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Api, KubernetesObject } from "../runtime/api.ts";
import type { Job, Node, Pod, Service } from "../runtime/objects.ts";
import type { Index, Store } from "../runtime/store.ts";
import type { Secret } from "../secret.ts";
import type { Frontends } from "./frontends.ts";
import type { OperatorMetrics } from "./metrics.ts";

/** What the informers keep; may be behind the API server. */
export interface Caches {
  readonly repositories: Store<Repository>;
  readonly backups: Store<Backup>;
  readonly restores: Store<Restore>;
  readonly nodes: Store<Node>;
  /** How many Backups and Restores have a slot now, of all Repositories. */
  readonly running: () => number;
  /** How many pods of ours there are. */
  readonly pods: () => number;
  /** Ours, by label. */
  readonly jobsByOwner: Index<Job>;
  readonly jobsByRepository: Index<Job>;
  readonly podsByOwner: Index<Pod>;
  readonly podsByRepository: Index<Pod>;
  readonly slotsByRepository: Index<Service>;
}

export interface EventSink {
  /** Never throws and never waits. */
  emit(
    about: KubernetesObject,
    event: {
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    },
  ): void;
}

export interface ControllerDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Log;
  readonly caches: Caches;
  readonly frontends: Frontends;
  readonly events: EventSink;
  readonly metrics: OperatorMetrics;
  /** Rejects when another operator may lead by now: asked right before a statement that must not be sent twice. */
  readonly requireLead: () => Promise<void>;
  /** The key of the mounts' tokens. */
  readonly mountKey: () => Promise<Secret>;
  /** Addresses of a host that is a name; empty when it has none. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
  /** Where StarRocks' pods are looked for; undefined: in all namespaces, with one question. */
  readonly starRocksNamespaces: readonly string[] | undefined;
  /** Image of agents whose Repository names none. */
  readonly agentImage: string;
}
