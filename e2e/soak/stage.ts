// The world of a soak: two namespaces, Repositories that share a place and that do not, databases with small tables,
// and two replicas of the operator.
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { REPOSITORY } from "../../operator/api/kinds.ts";
import { must } from "../../operator/assert.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { seededRandom } from "../servers/fault-script.ts";
import type { TableSpec } from "../starrocks/data-builder.ts";
import { DdlError } from "../starrocks/sql/errors.ts";
import { NAMESPACE, World } from "../world.ts";
import { between } from "./plan.ts";

export const NAMESPACES = [NAMESPACE, "staging"] as const;
export const DATABASES = ["sales", "crm", "logs", "stock"] as const;
export const TABLES = ["t0", "t1", "t2", "t3"] as const;
const NODES = 2;
/** StarRocks' daemons run so many times as fast. */
const STARROCKS_SPEED = 30;
/** Other requests than the operator's are not counted. */
const OPERATOR_AGENT = "starrocks-backup-operator";

export interface Place {
  readonly namespace: string;
  readonly name: string;
  /** Of the folder with its snapshots: Repositories with the same one share it. */
  readonly folder: string;
  readonly isWritable: boolean;
}

/** `twin` and `archive` are of other UIDs than `prod`, and of the same folder. */
export const PLACES: readonly Place[] = [
  { namespace: "prod", name: "prod", folder: "starrocks/prod", isWritable: true },
  { namespace: "prod", name: "twin", folder: "starrocks/prod", isWritable: true },
  { namespace: "prod", name: "archive", folder: "starrocks/prod", isWritable: false },
  { namespace: "staging", name: "other", folder: "elsewhere/other", isWritable: true },
];

export class Stage {
  readonly world: World;
  /** Operators that run or should. */
  readonly operators: (ChildProcess | undefined)[] = [];
  /** Requests of operators to the API server. */
  apiRequests = 0;

  private constructor(world: World) {
    this.world = world;
  }

  static async open(seed: number): Promise<Stage> {
    const world = await World.start({
      leaseSeconds: 3,
      nodes: NODES,
      starrocks: { speed: STARROCKS_SPEED, seed: String(seed) },
    });
    const stage = new Stage(world);
    try {
      await stage.#furnish(seed);
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  /** A table's shape follows from its name, so that Restores fit; its content does not. */
  static tableSpec(name: string, die: number): TableSpec {
    const i = TABLES.indexOf(name as (typeof TABLES)[number]);
    return {
      name,
      ...(i % 2 === 0 ? {} : { partitions: ["p1", "p2"] }),
      tablets: 1 + (i % 3),
      segmentBytes: [between(4_000, 60_000, die)],
      replicationNum: 1 + (i % NODES),
    };
  }

  startOperator(replica: number): void {
    this.operators[replica] = this.world.startOperator();
  }

  /** One that runs. */
  runningOperator(
    die: number,
  ): { readonly replica: number; readonly child: ChildProcess } | undefined {
    const running = this.operators.flatMap((child, replica) =>
      child !== undefined && isRunning(child) ? [{ replica, child }] : [],
    );
    return running[Math.floor(die * running.length)];
  }

  /** An operator that lost the lead ends by itself, and Kubernetes would start it anew. */
  replaceEndedOperators(): void {
    for (const [replica, child] of this.operators.entries()) {
      if (child !== undefined && !isRunning(child)) this.startOperator(replica);
    }
  }

  watchRequests(faults = this.world.kubernetes.server.faults): void {
    faults.before = (request) => {
      if (request.userAgent.startsWith(OPERATOR_AGENT)) this.apiRequests += 1;
      return undefined;
    };
  }

  async close(): Promise<void> {
    for (const child of this.operators) {
      if (child !== undefined && isRunning(child)) child.kill("SIGKILL");
    }
    await this.world.stop();
  }

  async #furnish(seed: number): Promise<void> {
    const { world } = this;
    const random = seededRandom(seed ^ 0x5eed);
    for (const name of DATABASES) {
      const tables = TABLES.slice(0, 3).map((table) => Stage.tableSpec(table, random()));
      await world.starrocks.createDatabase({ name, tables });
    }
    await world.apply(...this.#namespaces(), ...this.#repositories());
    this.watchRequests();
    for (const replica of [0, 1]) this.startOperator(replica);
    for (const place of PLACES) await this.untilReady(place);
  }

  async untilReady({ namespace, name }: Place, timeoutMs = 300_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = await this.world.kubernetes.client.get<Repository>(REPOSITORY, {
        namespace,
        name,
      });
      if (found?.status?.phase === "READY") return;
      if (Date.now() > deadline) {
        const told = JSON.stringify(found?.status, null, 1);
        throw new Error(`Repository ${namespace}/${name} is not READY: ${told}`);
      }
      await sleep(200);
    }
  }

  #namespaces(): readonly KubernetesObject[] {
    const secrets = this.world.basics().filter((o) => o.kind === "Secret");
    return NAMESPACES.flatMap((namespace) => [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      ...secrets.map((secret) => ({ ...secret, metadata: { ...secret.metadata, namespace } })),
    ]);
  }

  #repositories(): readonly KubernetesObject[] {
    return PLACES.map(({ namespace, name, folder, isWritable }) => {
      const [prefix = "", repositoryName = ""] = folder.split("/");
      const object = this.world.repository(
        {
          location: `s3://${this.world.s3.bucket}/${prefix}`,
          repositoryName,
          readOnly: !isWritable,
          concurrency: name === "prod" ? 3 : 1,
          checkInterval: "1m",
        },
        name,
      );
      return { ...object, metadata: { ...object.metadata, namespace } };
    });
  }
}

export function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

export function pidOf(child: ChildProcess): number {
  return must(child.pid, "a process that runs");
}

/** As a person who tries again while the FE is away. */
export async function sqlOf({ world }: Stage, text: string): ReturnType<World["sql"]> {
  return await patiently(text, () => world.sql(text));
}

/** False: StarRocks says why it cannot, as while a BE is away, and people leave it at that. */
export async function unlessRefused(call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (error instanceof DdlError) return false;
    throw error;
  }
}

/** Repeats what an API server that is away or told to fail makes fail; rejects when it lasts. */
export async function patiently<T>(what: string, call: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const status = (error as { readonly status?: number }).status ?? 0;
      const heals = status === 0 || status === 409 || status === 429 || status >= 500;
      if (!heals || Date.now() > deadline) throw new Error(`${what} failed`, { cause: error });
      await sleep(200);
    }
  }
}
