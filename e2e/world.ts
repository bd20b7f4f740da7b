// Everything a person has, on one machine: the embedded Kubernetes with our CRDs, a StarRocks, a storage, and the operator
// as a process of its own. Scenarios and the demo act on it through the Kubernetes API and SQL alone.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { REPOSITORY } from "../operator/api/kinds.ts";
import { must } from "../operator/assert.ts";
import { IMAGE } from "../operator/controllers/jobs.ts";
import type { KubernetesObject, Selection } from "../operator/runtime/api.ts";
import { PODS } from "../operator/runtime/objects.ts";
import {
  AnyWorld,
  OPERATOR_NAMESPACE,
  POLL_MS,
  resourceIn,
  ROOT_PASSWORD,
  type OperatorEnd,
  type Resource,
} from "./any-world.ts";
import { celRules } from "./cel.ts";
import type { KubernetesClient } from "./kubernetes/client.ts";
import type { ControllerOptions } from "./kubernetes/controllers/start.ts";
import { startKubernetes, type Kubernetes } from "./kubernetes/cluster.ts";
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
export const AGENT_IMAGE = "starrocks-backup:dev";

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

/** A World on the embedded Kubernetes. */
export class World extends AnyWorld {
  readonly dir: string;
  readonly kubernetes: Kubernetes;
  readonly #options: WorldOptions;
  readonly #operators = new Set<ChildProcess>();
  #operator: ChildProcess | undefined;

  private constructor(parts: {
    readonly dir: string;
    readonly kubernetes: Kubernetes;
    readonly starrocks: StarRocks;
    readonly storage: StorageServer;
    readonly options: WorldOptions;
  }) {
    super({ ...parts, namespace: NAMESPACE });
    this.dir = parts.dir;
    this.kubernetes = parts.kubernetes;
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

  override get client(): KubernetesClient {
    return this.kubernetes.client;
  }

  override get nodeNames(): readonly string[] {
    return this.kubernetes.nodeNames;
  }

  /** There is nobody else. */
  protected override get scope(): Selection {
    return {};
  }

  /** Namespaces and Secrets. */
  basics(): readonly KubernetesObject[] {
    const names = [NAMESPACE, OPERATOR_NAMESPACE];
    const namespaces = names.map((name) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    }));
    return [...namespaces, ...this.secrets()];
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

  override async installOperator(): Promise<void> {
    if (this.#operator === undefined) this.#keepOperator();
  }

  /** As a Deployment does: one that ends by itself, as when it could not renew its lease in time, is started again. */
  #keepOperator(): void {
    const child = this.startOperator();
    child.once("exit", () => {
      if (this.#operator === child) this.#keepOperator();
    });
  }

  override async replaceOperator(end: OperatorEnd): Promise<void> {
    await this.stopOperator(end === "killed" ? "SIGKILL" : "SIGTERM");
    this.#keepOperator();
  }

  override async killPod(name: string): Promise<void> {
    this.kubernetes.killPod(NAMESPACE, name);
  }

  override async loseNode(name: string): Promise<void> {
    this.starrocks.killBackend(this.nodeNames.indexOf(name));
    await this.kubernetes.node(name).powerOff();
  }

  override async regainNode(name: string): Promise<void> {
    await this.kubernetes.node(name).powerOn();
    this.starrocks.startBackend(this.nodeNames.indexOf(name));
    await this.registerBackends();
  }

  override async restartApiServer(): Promise<void> {
    await this.kubernetes.server.restart();
  }

  /** As stored this very moment, for hooks that cannot wait. */
  statusNow(plural: string, name: string): Readonly<Record<string, unknown>> {
    const { registry } = this.kubernetes.server;
    const [group, version] = REPOSITORY.apiVersion.split("/");
    const kind = must(registry.resources.find(must(group), must(version), plural));
    const found = registry.find(kind, NAMESPACE, name) as { readonly status?: object } | undefined;
    return { ...found?.status };
  }

  override async podLogs(): Promise<string[]> {
    const nodes = join(this.dir, "kubernetes", "nodes");
    const texts: string[] = [];
    for (const node of await readdir(nodes)) {
      // Beside the logs, which stay, lie the volumes, which go with their pods while somebody looks.
      for (const pod of await readdir(join(nodes, node))) {
        const logs = join(nodes, node, pod, "logs");
        const entries = await readdir(logs, { recursive: true, withFileTypes: true }).catch(
          unlessMissing,
        );
        for (const entry of entries.filter((e) => e.isFile())) {
          texts.push(await readFile(join(entry.parentPath, entry.name), "utf8"));
        }
      }
    }
    return texts.flatMap((text) => text.split("\n"));
  }

  override async stop(): Promise<void> {
    this.#operator = undefined;
    for (const child of this.#operators) await ended(child, "SIGKILL");
    await this.kubernetes.stop(500);
    await this.starrocks.stop();
    await this.storage.stop();
    // Who was stopped may be in the middle of a file.
    const options = { recursive: true, force: true, maxRetries: 5 };
    if (this.#options.dir === undefined) await rm(this.dir, options);
  }
}

/** A pod that never ran has no logs. */
function unlessMissing(error: unknown): [] {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  return [];
}

/** Sends the signal to a process and resolves when it is no more. One that ended before is no error. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

export function resource(kind: Resource["kind"], name: string, spec: object): KubernetesObject {
  return resourceIn(NAMESPACE, kind, name, spec);
}

async function readCrds(): Promise<readonly object[]> {
  const files = (await readdir(CRDS)).filter((name) => name.endsWith(".yaml"));
  return await Promise.all(
    files.map(async (name) => parse(await readFile(join(CRDS, name), "utf8")) as object),
  );
}
