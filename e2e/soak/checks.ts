// What must hold of StarRocks, storage and Kubernetes: tables hold what the ledger says, Restores bring back what was
// there, nothing was sent twice, nothing is left.
import { setTimeout as sleep } from "node:timers/promises";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { LABELS, MANAGED_BY } from "../../operator/api/group.ts";
import { must } from "../../operator/assert.ts";
import { JOBS, PODS, SERVICES } from "../../operator/runtime/objects.ts";
import type { Kind, KubernetesObject } from "../../operator/runtime/api.ts";
import { ANYTHING, FINAL, type Job, type Ledger, type Snapshot } from "./ledger.ts";
import { key } from "./people.ts";
import { DATABASES, NAMESPACES, PLACES, patiently, sqlOf, type Stage } from "./stage.ts";

const LEFT_MAX_MS = 90_000;
/** StarRocks lets go of the tables of a cancelled Restore in its next rounds. */
const SETTLE_MAX_MS = 15_000;

/** What `targetState` says when a target may not be as it was. */
const TELLS_OF_CHANGE =
  /may be lost|may be there in part|finished the restore all the same|^it was deleted$/;

export interface ChecksOptions {
  readonly stage: Stage;
  readonly ledger: Ledger;
  readonly broken: (invariant: string, about: string, text: string) => void;
}

export class Checks {
  readonly #stage: Stage;
  readonly #ledger: Ledger;
  readonly #broken: ChecksOptions["broken"];
  readonly #seenStatements = new WeakSet<object>();
  readonly #taken = new Set<string>();
  /** How many tables came back as they were. */
  restored = 0;

  constructor({ stage, ledger, broken }: ChecksOptions) {
    this.#stage = stage;
    this.#ledger = ledger;
    this.#broken = broken;
  }

  /** Compares what Restores that are over have left, writes it into the ledger, and takes copies away. */
  async settle(): Promise<void> {
    for (const job of this.#ledger.jobs.values()) {
      const isOver = FINAL.includes(job.status?.phase ?? "") || job.deletion === "gone";
      if (job.kind !== "Restore" || job.isSettled || !isOver) continue;
      await this.#settleRestore(job);
      job.isSettled = true;
    }
  }

  async #settleRestore(job: Job): Promise<void> {
    const isFinished = job.status?.phase === "FINISHED";
    for (const [from, target] of job.targets) {
      const table = `${job.database}.${target}`;
      if (isFinished) await this.#settleTarget(job, from, table);
      else await this.#settleUnfinished(job, table);
    }
    const isCopy = !(DATABASES as readonly string[]).includes(job.database);
    if (isCopy) {
      const fromMs = Date.now();
      await sqlOf(this.#stage, `DROP DATABASE IF EXISTS \`${job.database}\``);
      for (const target of job.targets.values()) {
        this.#ledger.dropped(`${job.database}.${target}`, fromMs, Date.now());
      }
    }
  }

  async #settleTarget(job: Job, from: string, table: string): Promise<void> {
    const source = must(job.source, "the snapshot that was restored");
    this.#requireAsked(job, table);
    const digest = await this.#digestNow(table);
    if (digest === undefined && !source.certain.has(from)) return;
    const expected = source.tables.get(from) ?? new Set<string>();
    const isEqual = digest !== undefined && (expected.has(digest) || expected.has(ANYTHING));
    if (!isEqual) {
      const text = `${table} is ${said(digest)}; ${source.label} holds ${[...expected].join(" or ")}`;
      this.#broken("a FINISHED snapshot restores equal", key(job), text);
      return;
    }
    this.restored += 1;
    this.#ledger.wrote(table, digest, job.createdMs, Date.now());
    if (!job.overwrites.has(nameOf(table)) && table.includes("_r_")) await this.#drop(table);
  }

  #requireAsked(job: Job, table: string): void {
    // Nobody makes or drops a target of a Restore that lives: as it was when the Restore was made.
    const before = this.#ledger.digestOf(table);
    if (before === undefined || job.overwrites.has(nameOf(table))) return;
    const text = `${table} was there, ${before}, and nobody said that it may go`;
    this.#broken("no Restore overwrites what nobody named", key(job), text);
  }

  /** Not finished: nothing has changed, unless it says so. */
  async #settleUnfinished(job: Job, table: string): Promise<void> {
    const before = this.#ledger.digestOf(table);
    const digest = await this.#untilAsBefore(table, before);
    if (digest === before) return;
    const told = (job.status as Restore["status"])?.targetState ?? "it was deleted";
    const mayChange = job.overwrites.has(nameOf(table)) || before === undefined;
    if (!mayChange || !TELLS_OF_CHANGE.test(told)) {
      const text = `${table} was ${said(before)}, is ${said(digest)}; targetState: ${told}`;
      this.#broken("what did not finish changed nothing untold", key(job), text);
      return;
    }
    if (digest !== undefined) await this.#drop(table);
    this.#ledger.forgot(table, job.createdMs, Date.now());
  }

  /** The digest once it is as before, or when that does not come. */
  async #untilAsBefore(table: string, before: string | undefined): Promise<string | undefined> {
    const deadline = Date.now() + SETTLE_MAX_MS;
    for (;;) {
      const digest = await this.#digestNow(table);
      if (digest === before || Date.now() > deadline) return digest;
      await sleep(200);
    }
  }

  /** Tables that no Restore may change hold what they held. */
  async tables(die: number): Promise<void> {
    const database = DATABASES[Math.floor(die * DATABASES.length)] ?? DATABASES[0];
    for (const name of this.#ledger.tablesOf(database)) {
      const table = `${database}.${name}`;
      if (this.#ledger.isTarget(table)) continue;
      const held = this.#ledger.digestOf(table);
      const is = await this.#digestNow(table);
      if (is !== held) {
        const text = `was ${held}, is ${said(is)}`;
        this.#broken("no table changes that no Restore named", table, text);
      }
    }
  }

  /** Each label is backed up once, each copy restored once. */
  statements(): void {
    for (const statement of this.#stage.world.starrocks.statements) {
      if (!statement.isTaken || this.#seenStatements.has(statement)) continue;
      this.#seenStatements.add(statement);
      const [, what] =
        /^BACKUP SNAPSHOT \S+?\.(`[^`]+`|\w+) /.exec(statement.sql) ??
        /^RESTORE SNAPSHOT .*?`(r_\d+|\w+_r_\d+)`/.exec(statement.sql) ??
        [];
      if (what === undefined) continue;
      const id = `${statement.sql.split(" ")[0]} ${what}`;
      if (this.#taken.has(id)) this.#broken("no job runs twice", id, statement.sql);
      this.#taken.add(id);
    }
  }

  get statementsTaken(): number {
    return this.#taken.size;
  }

  async nothingSecret(lines: readonly string[], where: string): Promise<void> {
    const { world } = this.#stage;
    const mountSecret = await patiently("reading the mount key", () =>
      world.secret("starrocks-backup", "starrocks-backup-mount-key"),
    );
    const mountKey = mountSecret["key"];
    const secrets = { password: world.starrocks.mysql.password, key: world.s3Secret, mountKey };
    for (const [name, secret] of Object.entries(secrets)) {
      const found = lines.find((line) => secret !== undefined && line.includes(secret));
      if (found !== undefined) this.#broken("no secret is told", where, `${name}: ${found}`);
    }
  }

  async secrets(): Promise<void> {
    const { world } = this.#stage;
    await this.nothingSecret(await world.podLogs(), "the agents' logs");
    const sql = world.starrocks.statements.map((s) => s.sql);
    await this.nothingSecret(sql, "SQL");
    for (const namespace of NAMESPACES) {
      const objects = await world.objects(namespace);
      const texts = objects.map((o) => JSON.stringify(o));
      await this.nothingSecret(texts, `objects of ${namespace}`);
    }
  }

  /** Snapshots in the storage are those that were kept, and whole. */
  async storage(): Promise<void> {
    const labels = filesByLabel(await this.#stage.world.keys());
    for (const snapshot of this.#ledger.snapshots) {
      const { label, namespace, backup } = snapshot;
      const wrong = wrongOf(snapshot, labels.get(label) ?? []);
      if (wrong !== undefined)
        this.#broken(
          "kept snapshots stay, deleted ones go",
          `Backup ${namespace}/${backup}`,
          wrong,
        );
      labels.delete(label);
    }
    for (const [label, files] of labels) {
      const text = `${files.length} files that nobody will remove: ${files.slice(0, 5).join(", ")}`;
      this.#broken("no orphan in the storage", label, text);
    }
  }

  /** Once all jobs are over. */
  async leftovers(): Promise<void> {
    const { world } = this.#stage;
    const left = await world.untilNothingIsLeft(LEFT_MAX_MS, (what) => !isOfProbe(what));
    if (left.length > 0) this.#broken("nothing is left behind", "the world", left.join("; "));
  }

  /** Once the Repositories are gone as well. */
  async nothingOfRepositories(): Promise<void> {
    const { world } = this.#stage;
    const rows = await sqlOf(this.#stage, "SHOW REPOSITORIES");
    const mounts = rows.map((r) => r["RepoName"] ?? "").filter((n) => n.startsWith("k8s_"));
    const labelSelector = `${LABELS.managedBy}=${MANAGED_BY}`;
    const { client } = world.kubernetes;
    const lists = await Promise.all(
      [JOBS, PODS, SERVICES].map(
        async (kind) =>
          (await client.list(kind as Kind<KubernetesObject>, { labelSelector })).items,
      ),
    );
    const left = [...mounts, ...lists.flat().map((o) => `${o.kind} ${o.metadata.name}`)];
    if (left.length > 0) {
      this.#broken(
        "nothing is left of Repositories",
        PLACES.map((p) => p.name).join(),
        left.join("; "),
      );
    }
  }

  /** Undefined: it is not there. */
  async #digestNow(table: string): Promise<string | undefined> {
    const [database = "", name = ""] = table.split(".");
    const { starrocks } = this.#stage.world;
    try {
      return await starrocks.digest(database, name);
    } catch (error) {
      const text = String(error);
      if (text.includes(`table ${table}`) || text.includes(`database ${database}`))
        return undefined;
      return text;
    }
  }

  async #drop(table: string): Promise<void> {
    const [database, name] = table.split(".");
    const fromMs = Date.now();
    await sqlOf(this.#stage, `DROP TABLE IF EXISTS \`${database}\`.\`${name}\``);
    this.#ledger.dropped(table, fromMs, Date.now());
  }
}

/** What a probe that was killed left: a later one removes it, an hour after. */
function isOfProbe(what: string): boolean {
  return what.includes("/__k8s_staging/probe-");
}

function said(digest: string | undefined): string {
  return digest ?? "not there";
}

function nameOf(table: string): string {
  return table.split(".")[1] ?? "";
}

function filesByLabel(keys: readonly string[]): Map<string, string[]> {
  const labels = new Map<string, string[]>();
  for (const name of keys) {
    const label = /__ss_([^/]+)\//.exec(name)?.[1];
    if (label !== undefined) labels.set(label, [...(labels.get(label) ?? []), name]);
  }
  return labels;
}

function wrongOf({ label, state }: Snapshot, files: readonly string[]): string | undefined {
  const isWhole = files.some((f) => f.includes("/__info_"));
  if (state === "kept" && !isWhole) return `${label} has ${files.length} files and no __info`;
  if (state !== "deleted" || files.length === 0) return undefined;
  return `${label} was deleted and has ${files.slice(0, 5).join(", ")}`;
}
