// What a scenario may do, whichever Kubernetes it runs on: the verbs of a person with kubectl, SQL and a look at the
// storage, and the misfortunes that every Kubernetes knows. `world.ts` is one on the embedded Kubernetes,
// `cluster-world.ts` one on a real one. A scenario that takes an AnyWorld runs on both.
import { setTimeout as sleep } from "node:timers/promises";
import type { Backup } from "../operator/api/backup.generated.ts";
import type { Repository } from "../operator/api/repository.generated.ts";
import type { Restore } from "../operator/api/restore.generated.ts";
import { ANNOTATIONS, LABELS, MANAGED_BY } from "../operator/api/group.ts";
import { BACKUP, REPOSITORY, RESTORE } from "../operator/api/kinds.ts";
import { must } from "../operator/assert.ts";
import {
  ApiError,
  type Kind,
  type KubernetesObject,
  type Selection,
} from "../operator/runtime/api.ts";
import { EVENTS, JOBS, PODS, SECRETS, SERVICES } from "../operator/runtime/objects.ts";
import type { KubernetesClient } from "./kubernetes/client.ts";
import { applyAll } from "./kubernetes/manifests.ts";
import type { FaultProxy } from "./servers/fault-proxy.ts";
import { S3Storage } from "./servers/s3-storage.ts";
import type { StorageServer } from "./servers/storage-server.ts";
import type { StarRocks } from "./starrocks/cluster.ts";

export const OPERATOR_NAMESPACE = "starrocks-backup";
export const ROOT_PASSWORD = "starrocks-root-secret";
export const POLL_MS = 100;

/** What a person sees of a job or Repository. */
export type Resource = Backup | Restore | Repository;

const KINDS = { Backup: BACKUP, Restore: RESTORE, Repository: REPOSITORY } as const;

function kindOf<T extends KubernetesObject>(kind: Resource["kind"]): Kind<T> {
  return KINDS[kind] as unknown as Kind<T>;
}

/** `killed`: without a word, as by a kernel. `deleted`: its pod is, and it may stop in peace. */
export type OperatorEnd = "killed" | "deleted";

export interface AnyWorldParts {
  /** Of the resources under test. */
  readonly namespace: string;
  readonly starrocks: StarRocks;
  readonly storage: StorageServer;
}

export abstract class AnyWorld {
  readonly namespace: string;
  readonly starrocks: StarRocks;
  readonly storage: StorageServer;
  /** How long {@link until} and its like wait when nothing is said. */
  protected readonly waitMs: number = 150_000;
  /** What any operator has printed. */
  readonly operatorLines: string[] = [];

  protected constructor({ namespace, starrocks, storage }: AnyWorldParts) {
    this.namespace = namespace;
    this.starrocks = starrocks;
    this.storage = storage;
  }

  /** May do everything. */
  abstract readonly client: KubernetesClient;
  /** BE i is on the i-th of them. */
  abstract readonly nodeNames: readonly string[];
  /** Where {@link leftovers} looks. */
  protected abstract readonly scope: Selection;

  /** Makes the operator run; one that runs goes on. */
  abstract installOperator(): Promise<void>;
  /** It ends, and another one begins, at once. */
  abstract replaceOperator(end: OperatorEnd): Promise<void>;
  /** SIGKILL for all that runs in a pod of {@link namespace}. */
  abstract killPod(name: string): Promise<void>;
  /** The power of a node fails: its pods and its BE are gone, and nobody says so. */
  abstract loseNode(name: string): Promise<void>;
  /** Power is back, with its BE and whatever pods Kubernetes still wants there. */
  abstract regainNode(name: string): Promise<void>;
  /** Connections drop, history is gone, objects stay. Resolves when it answers again. */
  abstract restartApiServer(): Promise<void>;
  /** Every line that any pod of {@link namespace} has printed, also of pods that are gone. */
  abstract podLogs(): Promise<readonly string[]>;
  /** Everything that was started for it is stopped, also after a failure. */
  abstract stop(): Promise<void>;

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

  /** Secrets for {@link repository}. */
  protected secrets(): readonly KubernetesObject[] {
    const secret = (name: string, stringData: Readonly<Record<string, string>>) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: this.namespace },
      data: Object.fromEntries(
        Object.entries(stringData).map(([k, v]) => [k, Buffer.from(v).toString("base64")]),
      ),
    });
    const { user, password } = this.starrocks.mysql;
    return [
      ...(this.hasStorageSecret ? [secret(this.storageSecret, this.storage.credentials)] : []),
      secret("starrocks-backup-user", { user, password }),
    ];
  }

  resource(kind: Resource["kind"], name: string, spec: object): KubernetesObject {
    return resourceIn(this.namespace, kind, name, spec);
  }

  repository(change: Partial<Repository["spec"]> = {}, name = "prod"): KubernetesObject {
    const { host, port } = this.starrocks.mysql;
    return this.resource("Repository", name, {
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

  async apply(...objects: readonly KubernetesObject[]): Promise<void> {
    await applyAll(this.client, objects);
  }

  async get<T extends Resource>(kind: T["kind"], name: string): Promise<T | undefined> {
    return await this.client.get(kindOf<T>(kind), {
      namespace: this.namespace,
      name,
    });
  }

  /** The resource once `holds`; rejects with its last state and the operator's last lines. */
  async until<T extends Resource>(
    kind: T["kind"],
    name: string,
    holds: (resource: T) => boolean,
    timeoutMs = this.waitMs,
  ): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = await this.get<T>(kind, name).catch(unlessRefused);
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
  async untilGone(kind: Resource["kind"], name: string, timeoutMs = this.waitMs): Promise<void> {
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
    await this.client.patch(kindOf(kind), { namespace: this.namespace, name }, patch);
  }

  async delete(kind: Resource["kind"], name: string): Promise<void> {
    await this.client.delete(kindOf(kind), {
      namespace: this.namespace,
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
    const found = await this.client.get(SECRETS, { namespace, name });
    return Object.fromEntries(
      Object.entries(found?.data ?? {}).map(([k, v]) => [k, Buffer.from(v, "base64").toString()]),
    );
  }

  /** All that anybody with a right to read could see, Secrets aside. */
  async objects(namespace: string): Promise<readonly KubernetesObject[]> {
    const kinds = [JOBS, PODS, SERVICES, EVENTS, REPOSITORY, BACKUP, RESTORE];
    const lists = await Promise.all(
      kinds.map((kind) => this.client.list(kind as Kind<KubernetesObject>, { namespace })),
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
    const ours = { ...this.scope, labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` };
    const isOfJob = ({ metadata }: KubernetesObject): boolean =>
      metadata.labels?.[LABELS.jobUid] !== undefined;
    const { client } = this;
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

  /** A new version of a Secret with the same content. */
  async touchSecret(name: string): Promise<void> {
    const metadata = { annotations: { touched: new Date().toISOString() } };
    await this.client.patch(SECRETS, { namespace: this.namespace, name }, { metadata });
  }

  /** Names of the pods of a job's agents that run. */
  async agentPods(job: Resource): Promise<string[]> {
    const labelSelector = `${LABELS.jobUid}=${job.metadata.uid},${LABELS.component}=agent`;
    const { items } = await this.client.list(PODS, {
      namespace: this.namespace,
      labelSelector,
    });
    return items.filter((p) => p.status?.phase === "Running").map((p) => p.metadata.name);
  }

  /** The last lines of a job's agents, for a person who looks at a failure. */
  async agentLogs(job: Resource): Promise<string> {
    const options = { tailLines: 8, limitBytes: 8_000 };
    const logs = (await this.agentPods(job)).map(async (name) => {
      const text = await this.client.log({ namespace: this.namespace, name }, options);
      return `${name}:\n${text}`;
    });
    return (await Promise.all(logs)).join("\n");
  }

  /** What is left once it is nothing that `counts`, or what stays. */
  async untilNothingIsLeft(
    timeoutMs = this.waitMs,
    counts: (what: string) => boolean = () => true,
  ): Promise<string[]> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const left = (await this.leftovers()).filter(counts);
      if (left.length === 0 || Date.now() > deadline) return left;
      await sleep(POLL_MS);
    }
  }

  tail(lines = 30): string {
    return this.operatorLines.slice(-lines).join("\n");
  }
}

/** Whoever looks again and again may do so while an API server begins anew: no answer is no news. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof ApiError) throw error;
}

export function resourceIn(
  namespace: string,
  kind: Resource["kind"],
  name: string,
  spec: object,
): KubernetesObject {
  const metadata = { name, namespace };
  return { apiVersion: REPOSITORY.apiVersion, kind, metadata, spec } as KubernetesObject;
}

function describe(found: KubernetesObject | undefined): string {
  return found === undefined ? "it is not there" : JSON.stringify(found, null, 1).slice(0, 6000);
}
