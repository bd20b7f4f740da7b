// Everything a person has, on a real cluster: the operator installed by its chart from its image, and beside the cluster's
// pods a StarRocks and a storage. FE and storage are on the control plane's address, which every pod reaches; each BE
// is a process in its node's network, so that kube-proxy and DNS treat it as any caller of that node.
//
// A cluster has one operator for all Worlds; each World has a namespace, under `restricted` Pod Security.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BACKUP, REPOSITORY, RESTORE } from "../operator/api/kinds.ts";
import { must } from "../operator/assert.ts";
import type { Kind, KubernetesObject, Selection } from "../operator/runtime/api.ts";
import { PODS, type Pod } from "../operator/runtime/objects.ts";
import {
  AnyWorld,
  OPERATOR_NAMESPACE,
  POLL_MS,
  ROOT_PASSWORD,
  type AnyWorldParts,
  type OperatorEnd,
} from "./any-world.ts";
import type { ClusterSite } from "./cluster-site.ts";
import { NAMESPACE } from "./kubernetes/core.ts";
import type { KubernetesClient } from "./kubernetes/client.ts";
import { PodLogs } from "./pod-logs.ts";
import { S3Storage } from "./servers/s3-storage.ts";
import type { StarRocksOptions } from "./starrocks/cluster-options.ts";
import { startStarRocks } from "./starrocks/cluster.ts";

const run = promisify(execFile);

const CHART = fileURLToPath(new URL("../charts/starrocks-backup", import.meta.url));
const EVALUATE = fileURLToPath(new URL("cluster/testing/evaluate.ts", import.meta.url));
const RELEASE = "starrocks-backup";
const OPERATOR_PODS = {
  namespace: OPERATOR_NAMESPACE,
  labelSelector: "app.kubernetes.io/component=operator",
};
/** Of the cluster's DNS Service, as pods have it. */
const DNS_ADDRESS = "10.96.0.10";

export interface ClusterWorldOptions {
  /** Makes the namespace; one for each World of a cluster. */
  readonly name: string;
  readonly starrocks?: Partial<StarRocksOptions>;
}

export class ClusterWorld extends AnyWorld {
  readonly site: ClusterSite;
  /** Pods start in seconds, and several jobs may run at once. Below the five minutes after which much heals by itself. */
  protected override readonly waitMs = 290_000;
  readonly #dir: string;
  readonly #podLines: string[] = [];
  readonly #logs: readonly PodLogs[];

  private constructor(parts: AnyWorldParts, site: ClusterSite, dir: string) {
    super(parts);
    this.site = site;
    this.#dir = dir;
    this.#logs = [
      new PodLogs(site.client, this.namespace, (line) => this.#podLines.push(line)),
      new PodLogs(site.client, OPERATOR_NAMESPACE, (line) => this.operatorLines.push(line)),
    ];
  }

  /** The operator is there, or not, as another World has left it. */
  static async start(site: ClusterSite, options: ClusterWorldOptions): Promise<ClusterWorld> {
    const { cluster } = site;
    const dir = await mkdtemp(join(tmpdir(), "starrocks-backup-"));
    const stops = [async () => await rm(dir, { recursive: true, force: true })];
    try {
      const storage = await S3Storage.start({ host: cluster.address });
      stops.push(async () => await storage.stop());
      const starrocks = await startStarRocks({
        profile: "3.5",
        dir: join(dir, "starrocks"),
        backends: cluster.nodes.length,
        speed: 20,
        frontendHosts: [cluster.address],
        backendHosts: cluster.nodes.map(({ address }) => address),
        rootPassword: ROOT_PASSWORD,
        dns: { server: DNS_ADDRESS, search: "cluster.local" },
        backendProcesses: true,
        forkBackend: (host, module) => site.fork(host, module),
        ...options.starrocks,
      });
      stops.push(async () => await starrocks.stop());
      const namespace = `prod-${options.name}`;
      const world = new ClusterWorld({ namespace, starrocks, storage }, site, dir);
      stops.push(async () => await world.#stopLogs());
      await world.apply(restricted(namespace), ...world.secrets());
      return world;
    } catch (error) {
      for (const stop of stops.reverse()) await stop();
      throw error;
    }
  }

  override get client(): KubernetesClient {
    return this.site.client;
  }

  override get nodeNames(): readonly string[] {
    return this.site.cluster.nodes.map(({ name }) => name);
  }

  /** Other Worlds may be about to go. */
  protected override get scope(): Selection {
    return { namespace: this.namespace };
  }

  /** Also an upgrade, with other values: paths (`image.tag`), and what is there as JSON. */
  override async installOperator(values: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.apply(restricted(OPERATOR_NAMESPACE));
    const [repository = "", tag = ""] = this.site.image.split(/:(?=[^:]*$)/);
    const all = { "image.repository": repository, "image.tag": tag, ...values };
    const upgrade = `upgrade --install ${RELEASE} --namespace ${OPERATOR_NAMESPACE} --wait --timeout 3m`;
    const settings = Object.entries(all).map(
      ([key, value]) => `--set-json=${key}=${JSON.stringify(value)}`,
    );
    await this.site.cluster.helm(...upgrade.split(" "), CHART, ...settings);
  }

  override async replaceOperator(end: OperatorEnd): Promise<void> {
    const pods = await this.operatorPods();
    must(pods[0], "a pod of the operator");
    for (const { metadata } of pods) {
      if (end === "deleted") await this.client.delete(PODS, metadata);
      else await kill(must(metadata.uid));
    }
  }

  async operatorPods(): Promise<readonly Pod[]> {
    return (await this.client.list(PODS, OPERATOR_PODS)).items;
  }

  /** Addresses of those who are connected to a pod, as it sees them. */
  async callersOf(pod: Pod): Promise<readonly string[]> {
    const [pid] = await processesOf(must(pod.metadata.uid));
    return connectedTo(await readFile(`/proc/${must(pid, "a process")}/net/tcp`, "utf8"));
  }

  override async killPod(name: string): Promise<void> {
    const pod = await this.client.get(PODS, { namespace: this.namespace, name });
    await kill(must(pod?.metadata.uid, `pod ${name}`));
  }

  /** A pod's Node runs these statements in its main thread, as a fault in its program would. */
  async evaluate(name: string, statements: string): Promise<void> {
    const pod = await this.client.get(PODS, { namespace: this.namespace, name });
    const [pid] = await processesOf(must(pod?.metadata.uid, `pod ${name}`));
    // Node's own way to begin to listen for a debugger.
    process.kill(must(pid, `a process of pod ${name}`), "SIGUSR1");
    await run("nsenter", [`--net=/proc/${pid}/ns/net`, process.execPath, EVALUATE, statements]);
  }

  override async loseNode(name: string): Promise<void> {
    this.starrocks.killBackend(this.nodeNames.indexOf(name));
    await this.site.cluster.powerCut(name);
  }

  override async regainNode(name: string): Promise<void> {
    await this.site.cluster.boot(name);
    this.starrocks.startBackend(this.nodeNames.indexOf(name));
  }

  override async restartApiServer(): Promise<void> {
    await this.site.cluster.stopApiServer();
    await this.site.cluster.startApiServer();
  }

  override async podLogs(): Promise<readonly string[]> {
    return this.#podLines;
  }

  /** Rejects, once all is stopped, when the operator did not let go of what was there. */
  override async stop(): Promise<void> {
    try {
      await this.#sayGoodbye();
    } finally {
      await this.#stopLogs();
      await this.starrocks.stop();
      await this.storage.stop();
      await rm(this.#dir, { recursive: true, force: true });
    }
  }

  /** While StarRocks is still there; nobody waits for the namespace itself. */
  async #sayGoodbye(): Promise<void> {
    const { client, namespace } = this;
    const kinds = [BACKUP, RESTORE, REPOSITORY] as readonly Kind<KubernetesObject>[];
    const all = async () => {
      const lists = kinds.map(async (kind) => ({
        kind,
        ...(await client.list(kind, { namespace })),
      }));
      return (await Promise.all(lists)).flatMap(({ kind, items }) =>
        items.map(({ metadata }) => ({ kind, metadata })),
      );
    };
    const deadline = Date.now() + this.waitMs;
    for (const { kind, metadata } of await all()) await client.delete(kind, metadata);
    for (let left = await all(); left.length > 0; left = await all()) {
      if (Date.now() > deadline) {
        const names = left.map(({ kind, metadata }) => `${kind.kind} ${metadata.name}`);
        throw new Error(`${names.join(", ")} never went\n${this.tail()}`);
      }
      await sleep(POLL_MS);
    }
    await client.delete(NAMESPACE, { name: namespace });
  }

  async #stopLogs(): Promise<void> {
    for (const logs of this.#logs) await logs.stop();
  }
}

function restricted(name: string): KubernetesObject {
  const labels = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
  };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

/** SIGKILL for a pod's containers, as a kernel's. */
async function kill(podUid: string): Promise<void> {
  const pids = await processesOf(podUid);
  must(pids[0], `a process of pod ${podUid}`);
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

/** Of a pod's containers. Nodes are below our own PID namespace, so we see them. */
async function processesOf(podUid: string): Promise<readonly number[]> {
  const read = async (pid: string, file: string): Promise<string> =>
    await readFile(join("/proc", pid, file), "utf8").catch(() => "");
  const found: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const isOfPod = (await read(pid, "cgroup")).includes(`/pod${podUid}/`);
    if (isOfPod && (await read(pid, "comm")).trim() !== "pause") found.push(Number(pid));
  }
  return found;
}

const ESTABLISHED = "01";

/** The other ends of established connections, from /proc/PID/net/tcp: addresses are hexadecimal, last byte first. */
function connectedTo(table: string): readonly string[] {
  const rows = table.split("\n").map((line) => line.trim().split(/\s+/));
  const ends = rows.flatMap(([, , remote, state]) => (state === ESTABLISHED ? [remote] : []));
  return ends.map((end) => {
    const bytes = Buffer.from(must(end?.split(":")[0]), "hex").reverse();
    return [...bytes].join(".");
  });
}
