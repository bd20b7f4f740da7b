// What a node gives to everything that runs on it.
import type { Clock } from "../../../operator/clock.ts";
import type { KubernetesClient } from "../client.ts";
import type { Events } from "./events.ts";
import type { Images } from "./images.ts";
import type { Network } from "./network.ts";
import type { ServiceAccountTokens } from "../tokens.ts";
import type { Reaper } from "./reaper.ts";

/** How fast a node is. The real ones are in the comments. */
export interface NodeTimes {
  /** The first wait before a container is started again; doubles up to `backOffMaxMs`. 10 s. */
  readonly backOffMs: number;
  /** 300 s. */
  readonly backOffMaxMs: number;
  /** From a change of an annotation, a Secret or a ConfigMap to the pod's files. Up to a minute. */
  readonly volumeRefreshMs: number;
  /** Between tries to mount a volume or to make a container whose Secret is missing. 0.5 s, doubling. */
  readonly retryMs: number;
  /** Between renewals of the node's Lease. 10 s. */
  readonly heartbeatMs: number;
}

export const NODE_TIMES: NodeTimes = {
  backOffMs: 10_000,
  backOffMaxMs: 300_000,
  volumeRefreshMs: 300,
  retryMs: 500,
  heartbeatMs: 1_000,
};

export interface NodeContext {
  readonly name: string;
  readonly address: string;
  /** Counts from 1. */
  readonly index: number;
  readonly dir: string;
  readonly images: Images;
  readonly network: Network;
  readonly client: KubernetesClient;
  readonly events: Events;
  readonly reaper: Reaper;
  readonly tokens: ServiceAccountTokens;
  readonly clock: Clock;
  readonly times: NodeTimes;
}
