// The data path without Kubernetes: StarRocks stand-in → agent processes → storage. This plays the operator's
// part in the order of design.md (agents, broker, repository, statement, unmount, drain, seal) and has the
// checks that every scenario ends with.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { FaultProxy } from "../servers/fault-proxy.ts";
import { freePort } from "../servers/loopback.ts";
import type { S3Server } from "../servers/s3-server.ts";
import { S3Storage } from "../servers/s3-storage.ts";
import type { StorageServer, StoredObject } from "../servers/storage-server.ts";
import type { StarRocksOptions } from "../starrocks/cluster-options.ts";
import { startStarRocks, type StarRocks } from "../starrocks/cluster.ts";
import {
  Place,
  runAgent,
  startAgent,
  type AgentProcess,
  type CommandEnd,
} from "./agent-process.ts";

const LOCATION_PREFIX = "prod/";
const TOKEN = "mount-token-of-this-test";
const MOUNT_LOCATION = "backup://mount";
const MOUNT_REPOSITORY = "k8s_1a2b3c4d_0";
const BACKUP_UID = "0b9c5c1e-55e1-4d2c-9d7c-0f7a2f0f3a11";
/** Longer than anything here takes on a slow machine; a scenario that hangs says where. */
const JOB_MAX_MS = 300_000;
const SUBMIT_MAX_MS = 120_000;
const TIMESTAMP_MAX_MS = 60_000;
/** Of a job in StarRocks' own time, which runs faster: its default, so that {@link JOB_MAX_MS} comes first. */
const TIMEOUT_SECONDS = 86_400;
const POLL_MS = 25;

export interface DataPathOptions {
  readonly starrocks?: Partial<StarRocksOptions>;
  /** Loopback addresses of the agents; all are registered as one broker. */
  readonly agentHosts?: readonly string[];
  readonly limits?: Readonly<Record<string, number>>;
  /** What agents are started by, given the folder with their files. */
  readonly program?: (dir: string) => readonly string[];
  /** The S3 server behind the proxy; default fauxqs. */
  readonly server?: () => Promise<S3Server>;
  /** Another storage instead. */
  readonly storage?: () => Promise<StorageServer>;
}

/** How a job in StarRocks ended, with the texts a person would see. */
export interface JobEnd {
  readonly state: string;
  readonly status: string;
  readonly taskErrors: string;
}

export class DataPath {
  readonly dir: string;
  readonly storage: StorageServer;
  readonly place: Place;
  readonly starrocks: StarRocks;
  readonly #hosts: readonly string[];
  readonly #port: number;
  /** Every agent of this scenario, ended ones included, by the slot it serves. */
  readonly agents: AgentProcess[] = [];
  #serving: (AgentProcess | undefined)[] = [];
  #job: { mode: "backup" | "restore"; label: string; attempt: string } | undefined;
  #mounted = false;

  private constructor(parts: {
    dir: string;
    storage: StorageServer;
    place: Place;
    starrocks: StarRocks;
    hosts: readonly string[];
    port: number;
  }) {
    this.dir = parts.dir;
    this.storage = parts.storage;
    this.place = parts.place;
    this.starrocks = parts.starrocks;
    this.#hosts = parts.hosts;
    this.#port = parts.port;
  }

  static async start(options: DataPathOptions = {}): Promise<DataPath> {
    const dir = await mkdtemp(join(tmpdir(), "data-path-"));
    const { server } = options;
    const storage = await (options.storage ?? (() => S3Storage.start({ server })))();
    const limits = options.limits === undefined ? {} : { limits: options.limits };
    const program = options.program === undefined ? {} : { program: options.program };
    const place = await Place.create({ dir, server: storage, ...limits, ...program });
    const starrocks = await startStarRocks({
      profile: "3.5",
      backends: 3,
      speed: 30,
      ...options.starrocks,
      dir: join(dir, "starrocks"),
    });
    const hosts = options.agentHosts ?? ["127.0.0.31"];
    return new DataPath({ dir, storage, place, starrocks, hosts, port: await freePort() });
  }

  /** Of scenarios on S3: the proxy before it. */
  get s3(): FaultProxy {
    if (this.storage instanceof S3Storage) return this.storage.proxy;
    throw new Error(`the storage is ${this.storage.kind}, not s3`);
  }

  async stop(): Promise<void> {
    for (const agent of this.agents) if (!agent.hasEnded) agent.kill("SIGKILL");
    await Promise.all(this.agents.map((agent) => agent.ended));
    await this.starrocks.stop();
    await this.storage.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  get serving(): readonly (AgentProcess | undefined)[] {
    return this.#serving;
  }

  /** Runs SQL on a fresh connection to the leader; rows as objects of text. */
  async sql(text: string): Promise<Record<string, string | null>[]> {
    const connection = await this.starrocks.connect();
    try {
      return await query(connection, text);
    } finally {
      await connection.end();
    }
  }

  /** Agents at every address, the broker, and (once) the repository. */
  async mount(mode: "backup" | "restore", label: string, attempt = `${label}-1`): Promise<void> {
    this.#job = { mode, label, attempt };
    await Promise.all(this.#hosts.map((_, slot) => this.startAgent(slot)));
    for (const host of this.#hosts) {
      await this.sql(`ALTER SYSTEM ADD BROKER ${MOUNT_REPOSITORY} '${host}:${this.#port}'`);
    }
    await this.#untilAlive();
    if (!this.#mounted) await this.#createRepository();
    this.#mounted = true;
  }

  /** Starts the agent of one address, for the job at hand. */
  async startAgent(slot = 0): Promise<AgentProcess> {
    const { mode, label, attempt } = must(this.#job);
    const agent = await startAgent(this.place, {
      mode,
      label,
      attempt,
      backupUid: BACKUP_UID,
      mountLocation: MOUNT_LOCATION,
      mountRepository: MOUNT_REPOSITORY,
      token: TOKEN,
      listen: `${must(this.#hosts[slot])}:${this.#port}`,
    });
    this.#serving[slot] = agent;
    this.agents.push(agent);
    return agent;
  }

  /** SIGKILL, as a node that dies; resolves when it is gone. */
  async killAgent(slot = 0): Promise<void> {
    const agent = this.#serving[slot];
    this.#serving[slot] = undefined;
    agent?.kill("SIGKILL");
    await agent?.ended;
  }

  /** Ends whatever a failed test left behind, so that the next one begins as if nothing had been. */
  async clear(database: string): Promise<void> {
    for (const slot of this.#serving.keys()) await this.killAgent(slot);
    const leftovers = [
      `CANCEL BACKUP FROM \`${database}\``,
      `CANCEL RESTORE FROM \`${database}\``,
      `ALTER SYSTEM DROP ALL BROKER ${MOUNT_REPOSITORY}`,
    ];
    // Nothing to cancel or to drop is what is hoped for.
    for (const statement of leftovers) await this.sql(statement).catch(() => {});
    for (const key of await this.keys()) await this.overwrite(key, undefined);
  }

  /** Broker away, agents drained; what the operator does after FINISHED. Returns their exit codes. */
  async unmount(): Promise<(number | null)[]> {
    await this.sql(`ALTER SYSTEM DROP ALL BROKER ${MOUNT_REPOSITORY}`);
    const ending = this.#serving.filter((a) => a !== undefined);
    this.#serving = [];
    for (const agent of ending) agent.kill("SIGTERM");
    return await Promise.all(ending.map(async (a) => (await a.ended).code));
  }

  /**
   * Submits; StarRocks refuses once per stale socket (starrocks.md 12.3) and while no agent is there, so it
   * repeats as the operator does.
   */
  async submit(statement: string): Promise<void> {
    const deadline = Date.now() + SUBMIT_MAX_MS;
    for (;;) {
      try {
        await this.sql(statement);
        return;
      } catch (error) {
        const mayHeal = /closed by peer|transport|refused|reset|alive broker/i.test(String(error));
        if (!mayHeal || Date.now() > deadline) throw error;
        await sleep(POLL_MS * 2);
      }
    }
  }

  async backup(database: string, label: string, tables: readonly string[]): Promise<void> {
    const on = tables.map((t) => `\`${t}\``).join(", ");
    await this.submit(
      `BACKUP SNAPSHOT \`${database}\`.\`${label}\` TO ${MOUNT_REPOSITORY} ON (${on}) PROPERTIES ("timeout" = "${TIMEOUT_SECONDS}")`,
    );
  }

  async restore(database: string, label: string, on: string, timestamp: string): Promise<void> {
    await this.submit(
      `RESTORE SNAPSHOT \`${database}\`.\`${label}\` FROM ${MOUNT_REPOSITORY} ON (${on}) ` +
        `PROPERTIES ("backup_timestamp" = "${timestamp}", "replication_num" = "1")`,
    );
  }

  /** Waits for the end of the database's last job. `watch` sees each row; throws when it takes too long. */
  async untilEnded(
    kind: "BACKUP" | "RESTORE",
    database: string,
    watch: (row: Record<string, string | null>) => Promise<void> | void = () => {},
  ): Promise<JobEnd> {
    const deadline = Date.now() + JOB_MAX_MS;
    for (;;) {
      const row = await this.#jobRow(kind, database);
      if (row !== undefined) {
        await watch(row);
        const state = row["State"] ?? "";
        const end = { state, status: row["Status"] ?? "", taskErrors: row["TaskErrMsg"] ?? "" };
        if (state === "FINISHED" || state === "CANCELLED") return end;
        if (Date.now() > deadline)
          throw new Error(`no end of ${kind}: ${JSON.stringify(row)}\n${this.dump()}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** The timestamp that SHOW SNAPSHOT tells; repeated over stale sockets as the operator does. */
  async timestampOf(label: string): Promise<string> {
    const statement = `SHOW SNAPSHOT ON ${MOUNT_REPOSITORY} WHERE SNAPSHOT = '${label}'`;
    const deadline = Date.now() + TIMESTAMP_MAX_MS;
    for (;;) {
      const [row] = await this.sql(statement);
      if (row?.["Status"] === "OK") return row["Timestamp"] ?? "";
      if (Date.now() > deadline)
        throw new Error(`no timestamp of ${label}: ${JSON.stringify(row)}`);
      await sleep(POLL_MS * 2);
    }
  }

  async seal(label: string, attempt = `${label}-1`): Promise<CommandEnd> {
    return await runAgent(this.place, "seal", { label, attempt, "backup-uid": BACKUP_UID });
  }

  async verify(label: string, mode: "list" | "checksums"): Promise<CommandEnd> {
    return await runAgent(this.place, "verify", { label, mode });
  }

  async prune(label: string): Promise<CommandEnd> {
    return await runAgent(this.place, "prune", { label, "backup-uid": BACKUP_UID });
  }

  /** A whole backup, from agents to the seal; everything must go well. Returns the timestamp. */
  async backUp(database: string, label: string, tables: readonly string[]): Promise<string> {
    await this.mount("backup", label);
    await this.backup(database, label, tables);
    const end = await this.untilEnded("BACKUP", database);
    if (end.state !== "FINISHED") throw new Error(`${JSON.stringify(end)}\n${this.dump()}`);
    const timestamp = await this.timestampOf(label);
    await this.unmount();
    const sealed = await this.seal(label);
    if (sealed.code !== 0) throw new Error(`seal: ${JSON.stringify(sealed.termination)}`);
    return timestamp;
  }

  /** A whole restore; everything must go well. */
  async restoreAll(database: string, label: string, on: string, timestamp: string): Promise<void> {
    await this.mount("restore", label);
    await this.restore(database, label, on, timestamp);
    const end = await this.untilEnded("RESTORE", database);
    if (end.state !== "FINISHED") throw new Error(`${JSON.stringify(end)}\n${this.dump()}`);
    await this.unmount();
  }

  /** Every object in the store, by key below the location. */
  async objects(): Promise<StoredObject[]> {
    const objects = await this.storage.list();
    return objects.flatMap((object) => {
      const { key } = object;
      const isHere = key.startsWith(LOCATION_PREFIX);
      return isHere ? [{ ...object, key: key.slice(LOCATION_PREFIX.length) }] : [];
    });
  }

  async keys(): Promise<string[]> {
    return (await this.objects()).map(({ key }) => key).sort();
  }

  /** An object's content, by its key below the location; behind the agents' backs. */
  async read(key: string): Promise<Buffer> {
    return await this.storage.read(`${LOCATION_PREFIX}${key}`);
  }

  /** Writes or (with undefined) deletes an object, behind the agents' backs. */
  async overwrite(key: string, content: Buffer | undefined): Promise<void> {
    await this.storage.write(`${LOCATION_PREFIX}${key}`, content);
  }

  /** What is stored that no finished snapshot needs: staged objects, `.part`s, unfinished uploads. */
  async litter(): Promise<string[]> {
    const keys = (await this.keys()).filter(
      (k) => k.includes("__k8s_staging") || k.endsWith(".part"),
    );
    return [...keys, ...(await this.storage.unfinished())];
  }

  /** Every line that an agent wrote, as text: where secrets are looked for. */
  output(): string {
    return this.agents
      .map((a) => [...a.lines.map((l) => JSON.stringify(l)), ...a.noise].join("\n"))
      .join("\n");
  }

  dump(): string {
    return this.agents.map((a, i) => `agent ${i}:\n${a.dump()}`).join("\n");
  }

  async #jobRow(
    kind: string,
    database: string,
  ): Promise<Record<string, string | null> | undefined> {
    const rows = await this.sql(`SHOW ${kind} FROM \`${database}\``);
    return rows.find((r) => r["DbName"] === database);
  }

  async #untilAlive(): Promise<void> {
    const deadline = Date.now() + JOB_MAX_MS;
    for (;;) {
      const rows = (await this.sql("SHOW BROKER")).filter((r) => r["Name"] === MOUNT_REPOSITORY);
      if (rows.length > 0 && rows.every((r) => r["Alive"] === "true")) return;
      if (Date.now() > deadline)
        throw new Error(`never alive: ${JSON.stringify(rows)}\n${this.dump()}`);
      await sleep(POLL_MS);
    }
  }

  async #createRepository(): Promise<void> {
    await this.submit(
      `CREATE REPOSITORY ${MOUNT_REPOSITORY} WITH BROKER ${MOUNT_REPOSITORY} ON LOCATION "${MOUNT_LOCATION}" ` +
        `PROPERTIES ("token" = "${TOKEN}")`,
    );
  }
}

/** Secrets of a scenario that must appear in nothing an agent prints. */
export function secretsOf(path: DataPath): readonly string[] {
  return [TOKEN, ...secretValues(path.storage.credentials)];
}

/** Not names of users and key ids: those may be seen. */
function secretValues(credentials: Readonly<Record<string, string>>): readonly string[] {
  const { accessKeyId: _id, user: _user, ...secrets } = credentials;
  return Object.values(secrets);
}

async function query(
  connection: Connection,
  text: string,
): Promise<Record<string, string | null>[]> {
  const [rows] = await connection.query<RowDataPacket[]>(text);
  return Array.isArray(rows) ? rows : [];
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the scenario has not got that far");
  return value;
}
