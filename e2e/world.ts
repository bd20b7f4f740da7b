// Everything a person has: a Kubernetes with our CRDs, a StarRocks, a storage, and the operator as a
// process of its own. Scenarios and the demo act on it through the Kubernetes API and SQL alone.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { Backup } from "../operator/api/backup.generated.ts";
import type { Repository } from "../operator/api/repository.generated.ts";
import type { Restore } from "../operator/api/restore.generated.ts";
import { ANNOTATIONS, LABELS, MANAGED_BY } from "../operator/api/group.ts";
import { BACKUP, REPOSITORY, RESTORE } from "../operator/api/kinds.ts";
import { must } from "../operator/assert.ts";
import { IMAGE } from "../operator/controllers/jobs.ts";
import type { Kind, KubernetesObject } from "../operator/runtime/api.ts";
import { EVENTS, JOBS, PODS, SECRETS, SERVICES } from "../operator/runtime/objects.ts";
import { celRules } from "./cel.ts";
import type { ControllerOptions } from "./kubernetes/controllers/start.ts";
import { startKubernetes, type Kubernetes } from "./kubernetes/cluster.ts";
import type { FaultProxy } from "./servers/fault-proxy.ts";
import type { S3Server } from "./servers/s3-server.ts";
import { S3Storage } from "./servers/s3-storage.ts";
import type { StorageServer } from "./servers/storage-server.ts";
import type { StarRocksOptions } from "./starrocks/cluster-options.ts";
import { startStarRocks, type StarRocks } from "./starrocks/cluster.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const OPERATOR = here("../operator/main.ts");
const AGENT = here("../operator/agent/main.ts");
const CRDS = here("../crds/");

export const NAMESPACE = "prod";
export const OPERATOR_NAMESPACE = "starrocks-backup";
export const AGENT_IMAGE = "starrocks-backup:dev";
const WAIT_MS = 90_000;
const POLL_MS = 100;

export interface WorldOptions {
  /** Everything on disk; default a temporary folder that goes with `stop`. */
  readonly dir?: string;
  readonly nodes?: number;
  readonly starrocks?: Partial<StarRocksOptions>;
  /** The S3 server behind the proxy; default fauxqs. */
  readonly server?: () => Promise<S3Server>;
  /** Another storage instead. */
  readonly storage?: () => Promise<StorageServer>;
  readonly logLevel?: string;
  /** How long nobody leads after the operator was killed. Default 15, as real; the fewer, the less of a pause it survives. */
  readonly leaseSeconds?: number;
  /** How fast Kubernetes' controllers are. */
  readonly controllers?: Omit<ControllerOptions, "failed">;
  /** Loopback block as `127.77`; default a free one. */
  readonly network?: string;
}

/** What a person sees of a job or Repository. */
export type Resource = Backup | Restore | Repository;
const KINDS = { Backup: BACKUP, Restore: RESTORE, Repository: REPOSITORY } as const;

function kindOf<T extends KubernetesObject>(kind: Resource["kind"]): Kind<T> {
  return KINDS[kind] as unknown as Kind<T>;
}

export class World {
  readonly dir: string;
  readonly kubernetes: Kubernetes;
  readonly starrocks: StarRocks;
  readonly storage: StorageServer;
  readonly #options: WorldOptions;
  /** Everything any operator process has printed. */
  readonly operatorLines: string[] = [];
  readonly #operators = new Set<ChildProcess>();
  #operator: ChildProcess | undefined;

  private constructor(parts: {
    readonly dir: string;
    readonly kubernetes: Kubernetes;
    readonly starrocks: StarRocks;
    readonly storage: StorageServer;
    readonly options: WorldOptions;
  }) {
    this.dir = parts.dir;
    this.kubernetes = parts.kubernetes;
    this.starrocks = parts.starrocks;
    this.storage = parts.storage;
    this.#options = parts.options;
  }

  /** The operator is not started yet. What was started is stopped when something else cannot be. */
  static async start(options: WorldOptions = {}): Promise<World> {
    const stops: (() => Promise<unknown>)[] = [];
    try {
      return await World.#start(options, stops);
    } catch (error) {
      for (const stop of stops.reverse()) await stop();
      throw error;
    }
  }

  static async #start(options: WorldOptions, stops: (() => Promise<unknown>)[]): Promise<World> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "starrocks-backup-")));
    if (options.dir === undefined) {
      stops.push(async () => await rm(dir, { recursive: true, force: true }));
    }
    const { server } = options;
    const storage = await (options.storage ?? (() => S3Storage.start({ server })))();
    stops.push(async () => await storage.stop());
    const kubernetes = await startKubernetes({
      dir: join(dir, "kubernetes"),
      nodes: options.nodes ?? 3,
      images: {
        [AGENT_IMAGE]: {
          paths: { [IMAGE.node]: process.execPath, [IMAGE.agent]: AGENT },
          environment: { AWS_EC2_METADATA_DISABLED: "true" },
        },
      },
      crds: await readCrds(),
      // As real, but a Job's next pod comes soon: scenarios kill agents.
      api: { controllers: { jobBackOffBaseMs: 200, ...options.controllers }, validate: celRules },
      ...(options.network === undefined ? {} : { network: options.network }),
    });
    stops.push(async () => await kubernetes.stop(500));
    const hosts = kubernetes.nodeNames.map((node) => kubernetes.addressOn(node));
    const starrocks = await startStarRocks({
      profile: "3.5",
      dir: join(dir, "starrocks"),
      backends: hosts.length,
      speed: 20,
      frontendHosts: Array.from({ length: options.starrocks?.frontends ?? 1 }, (_, i) =>
        kubernetes.addressOn(must(kubernetes.nodeNames[i % kubernetes.nodeNames.length])),
      ),
      backendHosts: hosts,
      rootPassword: ROOT_PASSWORD,
      resolve: kubernetes.resolve,
      partitions: kubernetes.partitions,
      ...options.starrocks,
    });
    stops.push(async () => await starrocks.stop());
    const world = new World({ dir, kubernetes, starrocks, storage, options });
    await world.registerBackends();
    await kubernetes.applyManifests(world.basics());
    return world;
  }

  /** Of scenarios on S3: the proxy before it. */
  get s3(): FaultProxy {
    if (this.storage instanceof S3Storage) return this.storage.proxy;
    throw new Error(`the storage is ${this.storage.kind}, not s3`);
  }

  /** Of scenarios on S3: the secret key. Where the server takes any, one that can be looked for. */
  get s3Secret(): string {
    return must(this.storage.credentials["secretAccessKey"]);
  }

  /** Name of the Secret with the storage's credentials. */
  get storageSecret(): string {
    return `${this.storage.kind}-credentials`;
  }

  get hasStorageSecret(): boolean {
    return Object.keys(this.storage.credentials).length > 0;
  }

  /** Namespaces and Secrets. */
  basics(): readonly KubernetesObject[] {
    const secret = (name: string, stringData: Readonly<Record<string, string>>) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: NAMESPACE },
      data: Object.fromEntries(
        Object.entries(stringData).map(([k, v]) => [k, Buffer.from(v).toString("base64")]),
      ),
    });
    const { user, password } = this.starrocks.mysql;
    return [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
      { apiVersion: "v1", kind: "Namespace", metadata: { name: OPERATOR_NAMESPACE } },
      ...(this.hasStorageSecret ? [secret(this.storageSecret, this.storage.credentials)] : []),
      secret("starrocks-backup-user", { user, password }),
    ];
  }

  /** Makes the BEs' pods, which were evicted when their node was lost, again: as their StatefulSet does. */
  async registerBackends(): Promise<void> {
    const namespace = "starrocks";
    for (const [i, ip] of this.starrocks.backendHosts.entries()) {
      const name = `be-${i}`;
      const node = must(this.kubernetes.nodeNames[i]);
      for (;;) {
        const found = await this.kubernetes.client.get(PODS, { namespace, name });
        if (found === undefined) await this.kubernetes.registerPod({ namespace, name, node, ip });
        else if (found.metadata.deletionTimestamp === undefined) break;
        await sleep(POLL_MS);
      }
    }
  }

  repository(change: Partial<Repository["spec"]> = {}, name = "prod"): KubernetesObject {
    const { host, port } = this.starrocks.mysql;
    return resource("Repository", name, {
      location: this.storage.location("starrocks"),
      ...this.storage.settings,
      ...(this.hasStorageSecret ? { credentialsSecret: { name: this.storageSecret } } : {}),
      cluster: {
        frontends: [`${host}:${port}`],
        credentialsSecret: { name: "starrocks-backup-user" },
      },
      ...change,
    });
  }

  /** Starts the operator; another one that runs goes on. It ends with {@link stop}, if nothing ended it before. */
  startOperator(kubeconfig = this.kubernetes.kubeconfig): ChildProcess {
    const flags = [
      `--kubeconfig=${kubeconfig}`,
      `--namespace=${OPERATOR_NAMESPACE}`,
      "--listen=127.0.0.1:0",
      `--lease-seconds=${this.#options.leaseSeconds ?? 15}`,
      `--agent-image=${AGENT_IMAGE}`,
      `--log-level=${this.#options.logLevel ?? "info"}`,
    ];
    const child = spawn(process.execPath, [OPERATOR, ...flags], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] },
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: must(stream) }).on("line", (line) => this.operatorLines.push(line));
    }
    this.#operators.add(child);
    child.once("exit", () => this.#operators.delete(child));
    this.#operator = child;
    return child;
  }

  /** SIGKILL by default: a crash. */
  async stopOperator(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#operator;
    this.#operator = undefined;
    if (child !== undefined) await ended(child, signal);
  }

  async apply(...objects: readonly KubernetesObject[]): Promise<void> {
    await this.kubernetes.applyManifests(objects);
  }

  async get<T extends Resource>(kind: T["kind"], name: string): Promise<T | undefined> {
    return await this.kubernetes.client.get(kindOf<T>(kind), {
      namespace: NAMESPACE,
      name,
    });
  }

  /** The resource once `holds`; rejects with its last state and the operator's last lines. */
  async until<T extends Resource>(
    kind: T["kind"],
    name: string,
    holds: (resource: T) => boolean,
    timeoutMs = WAIT_MS,
  ): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = await this.get<T>(kind, name);
      if (found !== undefined && holds(found)) return found;
      if (Date.now() > deadline) {
        const agents = found === undefined ? "" : await this.agentLogs(found);
        throw new Error(
          `${kind} ${name} never got there:\n${describe(found)}\n${agents}\n${this.tail()}`,
        );
      }
      await sleep(POLL_MS);
    }
  }

  /** Once it is gone from the API. */
  async untilGone(kind: Resource["kind"], name: string, timeoutMs = WAIT_MS): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = await this.get(kind, name);
      if (found === undefined) return;
      if (Date.now() > deadline) {
        throw new Error(`${kind} ${name} never went:\n${describe(found)}\n${this.tail()}`);
      }
      await sleep(POLL_MS);
    }
  }

  async patch(kind: Resource["kind"], name: string, patch: object): Promise<void> {
    await this.kubernetes.client.patch(kindOf(kind), { namespace: NAMESPACE, name }, patch);
  }

  async delete(kind: Resource["kind"], name: string): Promise<void> {
    await this.kubernetes.client.delete(kindOf(kind), {
      namespace: NAMESPACE,
      name,
    });
  }

  /** SQL as root; rows as texts. */
  async sql(text: string): Promise<readonly Record<string, string | null>[]> {
    const connection = await this.starrocks.connect();
    try {
      const [rows] = await connection.query(text);
      return Array.isArray(rows) ? (rows as Record<string, string | null>[]) : [];
    } finally {
      await connection.end();
    }
  }

  /** The texts of a Secret. */
  async secret(namespace: string, name: string): Promise<Readonly<Record<string, string>>> {
    const found = await this.kubernetes.client.get(SECRETS, { namespace, name });
    return Object.fromEntries(
      Object.entries(found?.data ?? {}).map(([k, v]) => [k, Buffer.from(v, "base64").toString()]),
    );
  }

  /** All that anybody with a right to read could see, Secrets aside. */
  async objects(namespace: string): Promise<readonly KubernetesObject[]> {
    const kinds = [JOBS, PODS, SERVICES, EVENTS, REPOSITORY, BACKUP, RESTORE];
    const lists = await Promise.all(
      kinds.map((kind) =>
        this.kubernetes.client.list(kind as Kind<KubernetesObject>, { namespace }),
      ),
    );
    return lists.flatMap(({ items }) => items);
  }

  /** Keys of everything that is stored. */
  async keys(): Promise<string[]> {
    return (await this.storage.list()).map(({ key }) => key);
  }

  /** An object that somebody else writes. */
  async putObject(key: string, body: string): Promise<void> {
    await this.storage.write(key, Buffer.from(body));
  }

  /**
   * What nobody wants after all jobs have ended: Jobs, pods, lent slots, brokers, staged objects, unfinished
   * uploads. The slots and their mounts stay by design. The Repository's own checks may run just now.
   */
  async leftovers(): Promise<string[]> {
    const ours = { labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` };
    const isOfJob = ({ metadata }: KubernetesObject): boolean =>
      metadata.labels?.[LABELS.jobUid] !== undefined;
    const { client } = this.kubernetes;
    const jobs = (await client.list(JOBS, ours)).items.filter(isOfJob);
    const pods = (await client.list(PODS, ours)).items.filter(isOfJob);
    const slots = (await client.list(SERVICES, ours)).items.filter(
      ({ metadata }) => metadata.annotations?.[ANNOTATIONS.lentTo] !== undefined,
    );
    const brokers = await this.sql("SHOW BROKER");
    const staged = (await this.keys()).filter(
      (key) => key.includes("__k8s_staging") || key.endsWith(".part"),
    );
    return [
      ...jobs.map((o) => `Job ${o.metadata.name}`),
      ...pods.map((o) => `pod ${o.metadata.name}`),
      ...slots.map((o) => `lent slot ${o.metadata.name}`),
      ...brokers.map((b) => `broker ${b["Name"]}`),
      ...staged,
      ...(await this.storage.unfinished()),
    ];
  }

  tail(lines = 30): string {
    return this.operatorLines.slice(-lines).join("\n");
  }

  /** As stored this very moment, for hooks that cannot wait. */
  statusNow(plural: string, name: string): Readonly<Record<string, unknown>> {
    const { registry } = this.kubernetes.server;
    const [group, version] = REPOSITORY.apiVersion.split("/");
    const kind = must(registry.resources.find(must(group), must(version), plural));
    const found = registry.find(kind, NAMESPACE, name) as { readonly status?: object } | undefined;
    return { ...found?.status };
  }

  /** A new version of a Secret with the same content. */
  async touchSecret(name: string): Promise<void> {
    const metadata = { annotations: { touched: new Date().toISOString() } };
    await this.kubernetes.client.patch(SECRETS, { namespace: NAMESPACE, name }, { metadata });
  }

  /** Names of the pods of a job's agents that run. */
  async agentPods(job: Resource): Promise<string[]> {
    const labelSelector = `${LABELS.jobUid}=${job.metadata.uid},${LABELS.component}=agent`;
    const { items } = await this.kubernetes.client.list(PODS, {
      namespace: NAMESPACE,
      labelSelector,
    });
    return items.filter((p) => p.status?.phase === "Running").map((p) => p.metadata.name);
  }

  /** Every line that any pod has printed, also of pods that are gone. */
  async podLogs(): Promise<string[]> {
    const nodes = join(this.dir, "kubernetes", "nodes");
    const entries = await readdir(nodes, { recursive: true, withFileTypes: true });
    const files = entries.filter((e) => e.isFile() && e.parentPath.includes("/logs"));
    const texts = await Promise.all(
      files.map(async (e) => await readFile(join(e.parentPath, e.name), "utf8")),
    );
    return texts.flatMap((text) => text.split("\n"));
  }

  /** The last lines of a job's agents, for a person who looks at a failure. */
  async agentLogs(job: Resource): Promise<string> {
    const options = { tailLines: 8, limitBytes: 8_000 };
    const logs = (await this.agentPods(job)).map(async (name) => {
      const text = await this.kubernetes.client.log({ namespace: NAMESPACE, name }, options);
      return `${name}:\n${text}`;
    });
    return (await Promise.all(logs)).join("\n");
  }

  /** What is left once it is nothing that `counts`, or what stays. */
  async untilNothingIsLeft(
    timeoutMs = 30_000,
    counts: (what: string) => boolean = () => true,
  ): Promise<string[]> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const left = (await this.leftovers()).filter(counts);
      if (left.length === 0 || Date.now() > deadline) return left;
      await sleep(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    for (const child of this.#operators) await ended(child, "SIGKILL");
    await this.kubernetes.stop(500);
    await this.starrocks.stop();
    await this.storage.stop();
    if (this.#options.dir === undefined) await rm(this.dir, { recursive: true, force: true });
  }
}

/** Sends the signal to a process and resolves when it is no more. One that ended before is no error. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

const ROOT_PASSWORD = "starrocks-root-secret";

export function resource(kind: Resource["kind"], name: string, spec: object): KubernetesObject {
  const metadata = { name, namespace: NAMESPACE };
  return { apiVersion: REPOSITORY.apiVersion, kind, metadata, spec } as KubernetesObject;
}

function describe(found: KubernetesObject | undefined): string {
  return found === undefined ? "it is not there" : JSON.stringify(found, null, 1).slice(0, 6000);
}

async function readCrds(): Promise<readonly object[]> {
  const files = (await readdir(CRDS)).filter((name) => name.endsWith(".yaml"));
  return await Promise.all(
    files.map(async (name) => parse(await readFile(join(CRDS, name), "utf8")) as object),
  );
}
