// What the fuzzer attacks: a real agent process over a store that is not empty. Beside the one snapshot that
// the agent serves lie things that it must neither show nor touch: another snapshot, another repository,
// somebody else's objects.
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Place, startAgent, type AgentProcess } from "../scenarios/agent-process.ts";
import { startFauxqs } from "../servers/fauxqs.ts";
import type { S3Server } from "../servers/s3-server.ts";

export const TOKEN = "the-token-of-this-mount";
/** Stands in names and contents of what is not the agent's business: no answer may have it. */
export const CANARY = "canary4f9d";
export const MOUNT = "backup://mount";
/** As StarRocks names the repository and the snapshot that is served. */
export const REPOSITORY = `${MOUNT}/__starrocks_repository_k8s_1a2b3c4d_0`;
export const OWN = `${REPOSITORY}/__ss_own`;
/** A file of the served snapshot that can be read, with its content. */
export const READABLE = Buffer.alloc(300_000, "what StarRocks reads back. ");
export const READABLE_PATH = `${OWN}/__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__5/r.dat.${md5(READABLE)}`;

const FOLDER = "prod/__starrocks_repository_prod";
const ALLOWED = [`${FOLDER}/__ss_own/`, `${FOLDER}/__k8s_staging/own-1/`];
const TABLET = "__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__5";
/** Small, so that memory that grows is soon more than what the pod has. */
export const MEMORY_MIB = 32;
/** What the operator gives the pod beyond that (docs/spec/repository.md, `agent.memory`). */
const PROCESS_MIB = 192;
/** From sources the process begins some 30 MiB larger, and no limit tells V8 to collect before it grows. */
const SOURCES_MIB = 64;

export type Mode = "backup" | "restore";

export class Target {
  readonly host = "127.0.0.1";
  readonly port: number;
  readonly mode: Mode;
  readonly agent: AgentProcess;
  readonly #server: S3Server;
  readonly #client: S3Client;
  readonly #dir: string;

  private constructor(parts: {
    mode: Mode;
    agent: AgentProcess;
    port: number;
    server: S3Server;
    client: S3Client;
    dir: string;
  }) {
    this.mode = parts.mode;
    this.agent = parts.agent;
    this.port = parts.port;
    this.#server = parts.server;
    this.#client = parts.client;
    this.#dir = parts.dir;
  }

  static async start(mode: Mode): Promise<Target> {
    const dir = await mkdtemp(join(tmpdir(), "fuzz-"));
    const server = await startFauxqs();
    const client = new S3Client({
      endpoint: server.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: "any", secretAccessKey: "any" },
    });
    for (const [Key, Body] of contents()) {
      await client.send(new PutObjectCommand({ Bucket: server.bucket, Key, Body }));
    }
    const place = await Place.create({ dir, server, limits: { memoryMiB: MEMORY_MIB } });
    const agent = await startAgent(place, {
      mode,
      label: "own",
      attempt: "own-1",
      backupUid: "0b9c5c1e-55e1-4d2c-9d7c-0f7a2f0f3a11",
      mountLocation: MOUNT,
      mountRepository: "k8s_1a2b3c4d_0",
      token: TOKEN,
      listen: "127.0.0.1:0",
    });
    const { port } = await agent.line("serving");
    return new Target({ mode, agent, port: Number(port), server, client, dir });
  }

  async stop(): Promise<void> {
    if (!this.agent.hasEnded) this.agent.kill("SIGKILL");
    await this.agent.ended;
    this.#client.destroy();
    await this.#server.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** Everything stored: key → size and ETag. */
  async stored(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (let token: string | undefined, more = true; more; more = token !== undefined) {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#server.bucket,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      );
      for (const { Key = "", Size, ETag } of page.Contents ?? []) found.set(Key, `${Size} ${ETag}`);
      token = page.NextContinuationToken;
    }
    return found;
  }

  /** The most memory that the process ever had. MiB. */
  async peakMiB(): Promise<number> {
    return await this.#memory("VmHWM");
  }

  async residentMiB(): Promise<number> {
    return await this.#memory("VmRSS");
  }

  /** What its pod would have been killed at, and what a test adds. MiB. */
  get memoryMaxMiB(): number {
    return MEMORY_MIB + PROCESS_MIB + SOURCES_MIB;
  }

  async #memory(field: string): Promise<number> {
    const status = await readFile(`/proc/${this.agent.pid}/status`, "utf8");
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  }
}

/** Keys that were changed, made or deleted where nothing may be: in backup outside of the snapshot, in restore anywhere. */
export function forbiddenChanges(
  mode: Mode,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  const isAllowed = (key: string): boolean =>
    mode === "backup" && ALLOWED.some((prefix) => key.startsWith(prefix)) && isPlain(key);
  return [...keys].filter((key) => before.get(key) !== after.get(key) && !isAllowed(key));
}

/** A name that StarRocks could have written. */
function isPlain(key: string): boolean {
  return key.split("/").every((s) => /^[\w.=+-]+$/.test(s) && s !== "." && s !== "..");
}

function contents(): [key: string, body: Buffer | string][] {
  const secret = Buffer.from(`${CANARY} `.repeat(100));
  return [
    [`${FOLDER}/__ss_own/${TABLET}/r.dat.${md5(READABLE)}`, READABLE],
    [`${FOLDER}/__ss_own/__info_2026-01-02-03-04-05-678.${md5("{}")}`, "{}"],
    [`${FOLDER}/__ss_other/${TABLET}/${CANARY}.dat.${md5(secret)}`, secret],
    [`${FOLDER}/__ss_other/__meta.${md5(secret)}`, secret],
    [`${FOLDER}/__ss_own2/__meta.${md5(secret)}`, secret],
    [`${FOLDER}/__k8s_staging/${CANARY}-1/note.json`, secret],
    [`prod/__starrocks_repository_foreign/__ss_own/__meta.${md5(secret)}`, secret],
    [`prod/${CANARY}`, secret],
    [`elsewhere/${CANARY}`, secret],
    ["__meta", secret],
  ];
}

export function md5(bytes: Buffer | string): string {
  return createHash("md5").update(bytes).digest("hex");
}
