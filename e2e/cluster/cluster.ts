// A real Kubernetes with two real nodes, for tests. It lives inside the namespaces that `npm run e2e` makes (main.ts): this
// process is in the control plane's network, so pods reach what it listens on at 10.99.0.1, and it reaches pods, and
// Services through the first node. The network heeds no NetworkPolicies until a test asks for it.
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../operator/assert.ts";
import type { Component } from "./component.ts";
import { RealControlPlane, type ControlPlane } from "./control-plane.ts";
import { startDns } from "./dns.ts";
import { CONTROL_PLANE_ADDRESS, layControlPlaneNetwork, NODE_PLACES } from "./network.ts";
import { Node } from "./node.ts";
import { makePauseImage } from "./pause-image.ts";
import { PolicyEnforcer } from "./policies/enforcer.ts";
import { cgroupOfRun, runFolder } from "./run.ts";

const PORTS = {
  etcd: 2379,
  etcdPeers: 2380,
  apiServer: 6443,
  controllerManager: 10257,
  scheduler: 10259,
} as const;

export interface ClusterOptions {
  /** More flags of the API server, to imitate an older or a stricter one. */
  readonly apiServerFlags?: readonly string[];
}

export interface ClusterNode {
  /** `node-a`, `node-b`. */
  readonly name: string;
  /** Its InternalIP. */
  readonly address: string;
}

export interface Cluster extends ControlPlane {
  /** Where what this process listens on is reached by pods and nodes: the control plane's own. */
  readonly address: string;
  readonly nodes: readonly ClusterNode[];
  /** Into every node. The archive (docker or OCI, tar) must stay where it is: a booting node reads it again. */
  importImage(archive: string): Promise<void>;
  /** A process in the node's network that is no pod: kube-proxy takes it for a caller from that node. */
  spawnOn(
    node: string,
    command: string,
    args: readonly string[],
    options?: SpawnOptions,
  ): ChildProcess;
  /** The node is off at once, its network swallows what is sent to it. Idempotent. */
  powerCut(node: string): Promise<void>;
  /** Resolves when the node is Ready again. Idempotent. */
  boot(node: string): Promise<void>;
  /** Resolves when NetworkPolicies hold. They do until the enforcer is stopped; one at a time. */
  enforcePolicies(): Promise<PolicyEnforcer>;
}

/** One at a time: the addresses are fixed. Rejects with the last words of the part that did not start. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(runFolder(), "cluster-"));
  const cluster = new RealCluster(folder, options.apiServerFlags ?? []);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

class RealCluster extends RealControlPlane implements Cluster {
  readonly address = CONTROL_PLANE_ADDRESS;
  readonly nodes: readonly ClusterNode[] = NODE_PLACES;
  readonly #nodes: readonly Node[];
  #dns: Component | undefined;

  constructor(folder: string, apiServerFlags: readonly string[]) {
    super({ folder, address: CONTROL_PLANE_ADDRESS, ports: PORTS }, apiServerFlags);
    const cgroup = cgroupOfRun(runFolder());
    this.#nodes = NODE_PLACES.map((place) => new Node(place, this, join(cgroup, place.name)));
  }

  override async start(): Promise<void> {
    await layControlPlaneNetwork();
    await super.start();
    const pause = await makePauseImage(this.folder);
    await this.importImage(pause);
    const dns = async () => (this.#dns = await startDns(this));
    await Promise.all([dns(), ...this.#nodes.map((node) => node.boot())]);
  }

  override async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.powerCut()));
    await this.#dns?.stop("SIGKILL");
    await super.stop();
  }

  async importImage(archive: string): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.importImage(archive)));
  }

  spawnOn(
    node: string,
    command: string,
    args: readonly string[],
    options: SpawnOptions = {},
  ): ChildProcess {
    return this.#node(node).spawn(command, args, options);
  }

  powerCut(node: string): Promise<void> {
    return this.#node(node).powerCut();
  }

  boot(node: string): Promise<void> {
    return this.#node(node).boot();
  }

  enforcePolicies(): Promise<PolicyEnforcer> {
    return PolicyEnforcer.start(this);
  }

  #node(name: string): Node {
    const found = this.#nodes.find(({ place }) => place.name === name);
    return must(found, `node ${name}`);
  }
}
