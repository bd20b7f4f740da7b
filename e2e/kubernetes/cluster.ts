// A whole Kubernetes in one process: the API server with its controllers, nodes that run pods as local
// processes, Services as relays; each on loopback addresses of its own. Linux only (all of 127.0.0.0/8 is
// there without being set up). What it does and leaves out: README.md. It never contacts another machine.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must } from "../../operator/assert.ts";
import { systemClock, systemRandom } from "../../operator/clock.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { Partitions } from "../partitions.ts";
import { startApiServer, type ApiServer, type ApiServerOptions } from "./api/server.ts";
import { KubernetesClient } from "./client.ts";
import { CONFIG_MAP, NAMESPACE, POD, SECRET, timestamp } from "./core.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { applyAll, parseManifests } from "./manifests.ts";
import { Mirror } from "./mirror.ts";
import type { Images } from "./nodes/images.ts";
import { evictPod } from "./nodes/eviction.ts";
import { EXTERNAL_ANNOTATION, Kubelet, type KubeletOptions } from "./nodes/kubelet.ts";
import { Network } from "./nodes/network.ts";
import { NODE_TIMES, type NodeTimes } from "./nodes/node-context.ts";
import { Reaper } from "./nodes/reaper.ts";
import { serviceNameOf } from "./services/dns.ts";
import { ServiceProxy } from "./services/proxy.ts";
import { ServiceAccountTokens } from "./tokens.ts";

const STOP_GRACE_MS = 5_000;

export interface KubernetesOptions {
  /** Everything on disk is below it; nothing of it is ever removed but pods' volumes. */
  readonly dir: string;
  /** How many nodes: node-a, node-b, … Default 3. */
  readonly nodes?: number;
  /** The loopback block, as `127.77`; default a free one, so that clusters can run beside each other. */
  readonly network?: string;
  readonly images: Images;
  readonly crds?: readonly object[];
  /** How fast nodes are; what is not said is as in a real cluster or a little faster. */
  readonly times?: Partial<NodeTimes>;
  /** The rest of what the API server can be told. */
  readonly api?: Omit<ApiServerOptions, "host" | "crds" | "clusterIpPrefix">;
}

/** A pod that stands for something that runs elsewhere, as StarRocks' own do. */
export interface RegisteredPod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly ip: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Parts {
  readonly dir: string;
  readonly network: Network;
  readonly reaper: Reaper;
  readonly server: ApiServer;
  readonly kubelets: readonly Kubelet[];
  readonly proxy: ServiceProxy;
  readonly problems: string[];
  readonly partitions: Partitions;
  readonly tokens: ServiceAccountTokens;
}

export class Kubernetes {
  readonly client: KubernetesClient;
  /** Requests, faults, restart, compact. */
  readonly server: ApiServer;
  /** The path of a file for `kubectl --kubeconfig`. */
  readonly kubeconfig: string;
  /** What went wrong in the harness itself, as an address that somebody else has. */
  readonly problems: readonly string[];
  /** Who does not reach whom through a Service. */
  readonly partitions: Partitions;
  /** Signs what pods show to others as who they are. */
  readonly tokens: ServiceAccountTokens;
  readonly #parts: Parts;
  readonly #life = new AbortController();
  #stopped: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.server = parts.server;
    this.problems = parts.problems;
    this.partitions = parts.partitions;
    this.tokens = parts.tokens;
    this.client = new KubernetesClient(parts.server.url);
    this.kubeconfig = join(parts.dir, "kubeconfig");
    parts.server.podLogs = (namespace, name, options) => {
      const container = this.#worker(namespace, name)?.container(options.container);
      return container?.log(options.previous)?.read(options);
    };
  }

  static async start(options: KubernetesOptions): Promise<Kubernetes> {
    const { dir } = options;
    await mkdir(dir, { recursive: true });
    // Secrets are mounted below it.
    await mkdir(join(dir, "nodes"), { recursive: true, mode: 0o700 });
    const network = await Network.claim(options.network);
    const server = await startServer(options, network).catch(async (error: unknown) => {
      await network.close();
      throw error;
    });
    const reaper = await Reaper.start();
    const problems: string[] = [];
    const partitions = new Partitions();
    const tokens = new ServiceAccountTokens(server.url);
    const kubelets = kubeletsOf(options, { network, reaper, tokens, url: server.url });
    const proxy = new ServiceProxy({
      client: new KubernetesClient(server.url),
      clock: systemClock,
      random: systemRandom,
      nodeOf: (address) => kubelets[(network.nodeOf(address) ?? 0) - 1]?.name,
      nodes: kubelets.map(({ address }) => address),
      failed: (error) => problems.push(error.message),
      partitions,
    });
    const parts = { dir, network, reaper, server, kubelets, proxy, problems, partitions, tokens };
    const cluster = new Kubernetes(parts);
    await cluster.#begin().catch(async (error: unknown) => {
      await cluster.stop(0);
      throw error;
    });
    return cluster;
  }

  get url(): string {
    return this.server.url;
  }

  /** `127.77`: everything of this cluster is in it. */
  get network(): string {
    return this.#parts.network.prefix;
  }

  get nodeNames(): readonly string[] {
    return this.#parts.kubelets.map((kubelet) => kubelet.name);
  }

  /** powerOff, powerOn, partition, reconnect. */
  node(name: string): Kubelet {
    return must(
      this.#parts.kubelets.find((kubelet) => kubelet.name === name),
      `node ${name}`,
    );
  }

  /** An address on a node for a process that is no pod. */
  addressOn(node: string): string {
    return this.#parts.network.takeProcessAddress(this.node(node).index);
  }

  /** What the cluster's DNS says; fits the `resolve` of the StarRocks stand-in. */
  readonly resolve = (host: string, _from?: string): string | undefined => {
    const named = serviceNameOf(host);
    if (named === undefined) return undefined;
    return this.#parts.proxy.service(named.namespace, named.name)?.spec.clusterIP;
  };

  /** Applies YAML or objects in their order. */
  async applyManifests(
    manifests: string | readonly KubernetesObject[],
  ): Promise<readonly KubernetesObject[]> {
    const objects = typeof manifests === "string" ? parseManifests(manifests) : manifests;
    return await applyAll(this.client, objects);
  }

  /** Makes sure of its namespace; deleting the object is all it takes to be rid of it. */
  async registerPod({ namespace, name, node, ip, labels = {} }: RegisteredPod): Promise<void> {
    await this.#ensureNamespace(namespace);
    await this.client.create(POD, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace, name, labels, annotations: { [EXTERNAL_ANNOTATION]: "true" } },
      spec: { nodeName: node, containers: [{ name: "main", image: "external" }] },
    });
    const now = timestamp(Date.now());
    const types = ["PodScheduled", "Initialized", "ContainersReady", "Ready"];
    const conditions = types.map((type) => ({ type, status: "True", lastTransitionTime: now }));
    const hostIP = this.node(node).address;
    const addresses = { podIP: ip, podIPs: [{ ip }], hostIP, hostIPs: [{ ip: hostIP }] };
    const status = { phase: "Running", conditions, startTime: now, ...addresses };
    await this.client.patch(POD, { namespace, name }, { status }, { subresource: "status" });
  }

  /** Kills the processes of a pod. `reason`: as which its end is reported, for example OOMKilled. */
  killPod(
    namespace: string,
    name: string,
    signal: NodeJS.Signals = "SIGKILL",
    reason?: string,
  ): void {
    const worker = must(this.#worker(namespace, name), `pod ${namespace}/${name} on a node`);
    worker.kill(signal, reason);
  }

  /** Whether processes of the pod run. */
  isRunning(namespace: string, name: string): boolean {
    return (this.#worker(namespace, name)?.pids.length ?? 0) > 0;
  }

  /** The address of a pod that runs. */
  podAddress(namespace: string, name: string): string {
    return must(this.#worker(namespace, name), `pod ${namespace}/${name} on a node`).address;
  }

  /**
   * The node and all that is on it reach nobody else, and nobody reaches them, the API server included; on the
   * node itself all goes on.
   */
  partitionNode(name: string): void {
    const block = this.node(name).address.replace(/\d+$/, "");
    this.node(name).partition();
    this.partitions.isolate(name, (address) => address.startsWith(block));
  }

  reconnectNode(name: string): void {
    this.node(name).reconnect();
    this.partitions.join(name);
  }

  /** What a drain of its node does: the pod counts as disrupted and is deleted. */
  async evict(namespace: string, name: string): Promise<void> {
    await evictPod(this.client, { namespace, name });
  }

  /** Processes of pods that run now. */
  get pids(): readonly number[] {
    return this.#parts.kubelets.flatMap((kubelet) => kubelet.pids);
  }

  /** Ends all processes, relays and the server, once. Pods get this long after SIGTERM; default 5 s. */
  async stop(graceMs = STOP_GRACE_MS): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    await this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    const { network, reaper, server, kubelets, proxy } = this.#parts;
    this.#life.abort();
    await Promise.all(kubelets.map((kubelet) => kubelet.stop(graceMs)));
    await proxy.stop();
    await server.stop();
    await reaper.stop();
    await network.close();
  }

  async #begin(): Promise<void> {
    const { kubelets, proxy } = this.#parts;
    await writeFile(this.kubeconfig, kubeconfig(this.url), { mode: 0o600 });
    await Promise.all(kubelets.map((kubelet) => kubelet.powerOn()));
    await Promise.all([proxy.synced(), this.#watchSources()]);
  }

  /** Volumes follow Secrets and ConfigMaps. */
  async #watchSources(): Promise<void> {
    const mirrors = [SECRET, CONFIG_MAP].map(
      (kind) =>
        new Mirror({
          client: this.client,
          kind,
          changed: ({ metadata }) => {
            for (const kubelet of this.#parts.kubelets) kubelet.sourcesChanged(metadata.namespace);
          },
          signal: this.#life.signal,
        }),
    );
    await Promise.all(mirrors.map((mirror) => mirror.synced));
  }

  async #ensureNamespace(name: string): Promise<void> {
    if ((await this.client.get(NAMESPACE, { name })) !== undefined) return;
    await this.client.create(NAMESPACE, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    });
  }

  #worker(namespace: string, name: string) {
    for (const kubelet of this.#parts.kubelets) {
      const worker = kubelet.worker(namespace, name);
      if (worker !== undefined) return worker;
    }
    return undefined;
  }
}

/** Starts a cluster; the caller stops it. */
export async function startKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  return await Kubernetes.start(options);
}

async function startServer(options: KubernetesOptions, network: Network): Promise<ApiServer> {
  return await startApiServer({
    ...options.api,
    host: network.apiServer,
    clusterIpPrefix: network.servicesPrefix,
    ...(options.crds === undefined ? {} : { crds: options.crds }),
  });
}

function kubeletsOf(
  options: KubernetesOptions,
  common: Pick<KubeletOptions, "network" | "reaper" | "tokens" | "url">,
): readonly Kubelet[] {
  return Array.from({ length: options.nodes ?? 3 }, (_, i) => {
    const name = `node-${nodeSuffix(i)}`;
    return new Kubelet({
      ...common,
      name,
      index: i + 1,
      dir: join(options.dir, "nodes", name),
      images: options.images,
      clock: systemClock,
      times: { ...NODE_TIMES, ...options.times },
    });
  });
}

/** a to z, then numbers. */
function nodeSuffix(i: number): string {
  return i < 26 ? String.fromCodePoint(97 + i) : String(i + 1);
}
