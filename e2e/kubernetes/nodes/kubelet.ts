// A node: registers itself, keeps its Lease and Ready condition, runs the pods that are bound to it, and can
// lose its power or its network. All it knows of the cluster comes over HTTP.
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../../operator/clock.ts";
import { isApiError } from "../../../operator/runtime/api.ts";
import { KubernetesClient } from "../client.ts";
import { LEASE, NODE, POD, timestamp, type Condition, type Node, type Pod } from "../core.ts";
import { Mirror } from "../mirror.ts";
import type { ServiceAccountTokens } from "../tokens.ts";
import { Events } from "./events.ts";
import type { Images } from "./images.ts";
import type { Network } from "./network.ts";
import type { NodeContext, NodeTimes } from "./node-context.ts";
import { PodWorker } from "./pod-worker.ts";
import type { Reaper } from "./reaper.ts";

/** On pods that only stand for something that runs elsewhere: no node starts anything for them. */
export const EXTERNAL_ANNOTATION = "embedded-kubernetes/external";

const LEASE_NAMESPACE = "kube-node-lease";
const LEASE_SECONDS = 40;
const CAPACITY = { cpu: "8", memory: "32Gi", pods: "245", "ephemeral-storage": "100Gi" };

export interface KubeletOptions {
  readonly name: string;
  /** Counts from 1. */
  readonly index: number;
  readonly url: string;
  /** Pods' folders are below it. */
  readonly dir: string;
  readonly network: Network;
  readonly images: Images;
  readonly reaper: Reaper;
  readonly tokens: ServiceAccountTokens;
  readonly clock: Clock;
  readonly times: NodeTimes;
}

export class Kubelet {
  readonly name: string;
  readonly index: number;
  readonly address: string;
  readonly #options: KubeletOptions;
  readonly #context: NodeContext;
  readonly #client: KubernetesClient;
  readonly #workers = new Map<string, PodWorker>();
  #network = new AbortController();
  #life: AbortController | undefined;
  #pods: Mirror<Pod> | undefined;

  constructor(options: KubeletOptions) {
    const { name, index, network } = options;
    this.name = name;
    this.index = index;
    this.address = network.nodeAddress(index);
    this.#options = options;
    this.#client = new KubernetesClient(options.url, { fetch: this.#fetch });
    const events = new Events(this.#client, name);
    this.#context = { ...options, address: this.address, client: this.#client, events };
  }

  /** Starts, or starts again: registers, then takes up the pods that are bound to it. */
  async powerOn(): Promise<void> {
    if (this.#life !== undefined) return;
    const life = new AbortController();
    this.#life = life;
    this.#network = new AbortController();
    await this.#register();
    void this.#beat(life.signal);
    this.#pods = new Mirror({
      client: this.#client,
      kind: POD,
      selection: { fieldSelector: `spec.nodeName=${this.name}` },
      changed: (pod, gone) => this.#changed(pod, gone),
      signal: life.signal,
    });
    await this.#pods.synced;
  }

  /** Everything on it ends at once and nobody is told. */
  async powerOff(): Promise<void> {
    this.#end();
    const workers = [...this.#workers.values()];
    this.#workers.clear();
    await Promise.all(workers.map((worker) => worker.powerOff()));
  }

  /** Its pods go on, but it and the API server do not reach each other. */
  partition(): void {
    this.#network.abort(new Error(`node ${this.name} has no network`));
  }

  /** The network is back. */
  reconnect(): void {
    this.#network = new AbortController();
  }

  /** Ends the processes of its pods with some grace; says nothing to the API server. */
  async stop(graceMs: number): Promise<void> {
    this.#end();
    const workers = [...this.#workers.values()];
    this.#workers.clear();
    await Promise.all(workers.map((worker) => worker.shutDown(graceMs)));
  }

  worker(namespace: string, name: string): PodWorker | undefined {
    return [...this.#workers.values()].find(
      ({ pod }) => pod.metadata.namespace === namespace && pod.metadata.name === name,
    );
  }

  /** The processes of its pods. */
  get pids(): readonly number[] {
    return [...this.#workers.values()].flatMap((worker) => worker.pids);
  }

  /** A Secret or ConfigMap of this namespace has changed. */
  sourcesChanged(namespace: string | undefined): void {
    for (const worker of this.#workers.values()) {
      if (worker.pod.metadata.namespace === namespace) worker.refreshSoon();
    }
  }

  readonly #fetch: typeof fetch = async (input, init) => {
    const { signal } = init ?? {};
    const signals = [this.#network.signal, ...(signal ? [signal] : [])];
    return fetch(input, { ...init, signal: AbortSignal.any(signals) });
  };

  #end(): void {
    this.#life?.abort(new Error(`node ${this.name} is off`));
    this.#life = undefined;
  }

  #changed(pod: Pod, gone: boolean): void {
    const uid = pod.metadata.uid ?? "";
    const worker = this.#workers.get(uid);
    if (gone) {
      this.#workers.delete(uid);
      void worker?.gone();
    } else if (pod.metadata.annotations?.[EXTERNAL_ANNOTATION] === "true") {
      if (pod.metadata.deletionTimestamp !== undefined) void this.#removeExternal(pod);
    } else {
      const known = worker ?? new PodWorker(this.#context, pod);
      this.#workers.set(uid, known);
      known.update(pod);
    }
  }

  /** There is nothing to wait for. */
  async #removeExternal(pod: Pod): Promise<void> {
    const { name, namespace = "default", uid } = pod.metadata;
    const about = uid === undefined ? {} : { uid };
    await this.#client
      .delete(POD, { namespace, name }, { gracePeriodSeconds: 0, ...about })
      // Its next change, or the next list, tries again.
      .catch(() => undefined);
  }

  async #register(): Promise<void> {
    const { name } = this;
    const labels = {
      "kubernetes.io/hostname": name,
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": process.arch === "x64" ? "amd64" : process.arch,
    };
    const node: Node = { apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec: {} };
    try {
      await this.#client.create(NODE, node);
    } catch (error) {
      if (!isApiError(error, "AlreadyExists")) throw error;
    }
    await this.#renewLease();
    await this.#sayReady();
  }

  async #beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#options.times.heartbeatMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      // A missed beat is what the other side is there to notice.
      await this.#renewLease().catch(() => undefined);
      await this.#sayReadyAgain().catch(() => undefined);
    }
  }

  async #renewLease(): Promise<void> {
    const { name } = this;
    const renewTime = new Date(this.#options.clock.now()).toISOString().replace("Z", "000Z");
    const spec = { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    const key = { namespace: LEASE_NAMESPACE, name };
    const { apiVersion } = LEASE;
    await this.#client.apply(LEASE, { apiVersion, kind: "Lease", metadata: key, spec });
  }

  /** After somebody said otherwise. */
  async #sayReadyAgain(): Promise<void> {
    const node = await this.#client.get(NODE, { name: this.name });
    const ready = node?.status?.conditions?.find((c) => c.type === "Ready");
    if (node !== undefined && ready?.status !== "True") await this.#sayReady();
  }

  async #sayReady(): Promise<void> {
    const now = timestamp(this.#options.clock.now());
    const ready: Condition = {
      type: "Ready",
      status: "True",
      reason: "KubeletReady",
      message: "the node runs pods as local processes",
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    };
    const addresses = [
      { type: "InternalIP", address: this.address },
      { type: "Hostname", address: this.name },
    ];
    const status = { capacity: CAPACITY, allocatable: CAPACITY, addresses, conditions: [ready] };
    await this.#client.patch(NODE, { name: this.name }, { status }, { subresource: "status" });
  }
}
