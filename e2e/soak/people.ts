// What people do: the wishes of the plan, carried out on whatever is there. Each resolves with what was done, or
// undefined where there was nothing to do it to, and tells the ledger before the operator can know.
import { BACKUP, REPOSITORY, RESTORE } from "../../operator/api/kinds.ts";
import { ApiError, type Kind, type KubernetesObject } from "../../operator/runtime/api.ts";
import { must } from "../../operator/assert.ts";
import { resource } from "../world.ts";
import { between, chosen, type Deed, type Dice, type Wish } from "./plan.ts";
import { FINAL, Ledger, type Job, type JobKind, type Snapshot } from "./ledger.ts";
import {
  DATABASES,
  PLACES,
  Stage,
  TABLES,
  patiently,
  sqlOf,
  type Place,
  unlessRefused,
} from "./stage.ts";

/** More would only wait for each other. */
const LIVING_MAX = 7;
const KINDS = { Backup: BACKUP, Restore: RESTORE } as const;
/** What a person would set who wants failures told soon. */
const IMPATIENT = { timeout: "10m", noProgressTimeout: "1m" } as const;
/** Of Restores, which are not repeated: StarRocks counts by its own clock, and this is two minutes for us. */
const PATIENT = { timeout: "1h" } as const;
/** Where nothing goes wrong any more, and a machine may be busy for minutes. */
export const UNDISTURBED = { timeout: "6h", noProgressTimeout: "5m" } as const;

type Done = Promise<string | undefined>;

export class People {
  readonly #stage: Stage;
  readonly #ledger: Ledger;
  readonly #livingMax: number;
  #names = 0;

  constructor(stage: Stage, ledger: Ledger, livingMax = LIVING_MAX) {
    this.#stage = stage;
    this.#ledger = ledger;
    this.#livingMax = livingMax;
  }

  async do(what: Wish, deed: Deed): Done {
    return await this.#wishes[what](deed);
  }

  readonly #wishes: Readonly<Record<Wish, (deed: Deed) => Done>> = {
    backUp: async ({ dice }) => await this.#backUp(dice),
    restore: async ({ dice }) => await this.#restore(dice),
    cancel: async ({ dice }) => await this.#cancel(dice),
    deleteJob: async ({ dice }) => await this.#deleteJob(dice),
    changeBandwidth: async ({ dice }) => await this.#changeBandwidth(dice),
    changePolicy: async ({ dice }) => await this.#changePolicy(dice),
    changeRepository: async ({ dice }) => await this.#changeRepository(dice),
    touchSecret: async () => {
      await patiently("touching a Secret", () => this.#stage.world.touchSecret("s3-credentials"));
      return "s3-credentials";
    },
    load: async ({ dice }) => await this.#load(dice),
    compact: async ({ dice }) => await this.#compact(dice),
    createTable: async ({ dice }) => await this.#createTable(dice),
    dropTable: async ({ dice }) => await this.#dropTable(dice),
  };

  async #backUp([where, which, whole, policy, slow, first]: Dice): Done {
    const place = chosen(
      PLACES.filter((p) => p.isWritable),
      where,
    );
    const database = chosen(DATABASES, which);
    if (place === undefined || database === undefined || this.#isCrowded()) return undefined;
    const table = whole < 0.5 ? undefined : chosen(this.#ledger.tablesOf(database), first);
    const deletionPolicy = policy < 0.5 ? "Delete" : "Retain";
    const spec = {
      repository: place.name,
      database,
      ...(table === undefined ? {} : { tables: [{ name: table }] }),
      ...IMPATIENT,
      retry: { maxAttempts: 3, backoff: "1s" },
      deletionPolicy,
      ...(slow < 0.3 ? { bandwidth: "1Mi" } : {}),
    };
    const name = this.#name("b");
    return await this.#create("Backup", place, { name, spec, database, table, deletionPolicy });
  }

  async #restore(dice: Dice): Done {
    const [which, how] = dice;
    const snapshot = chosen(
      this.#ledger.snapshots.filter((s) => s.state === "kept"),
      which,
    );
    if (snapshot === undefined || this.#isCrowded()) return undefined;
    if (how < 0.35) return await this.restoreCopy(snapshot, dice);
    return await (how < 0.55
      ? this.#restoreAs(snapshot, dice)
      : this.#restoreInPlace(snapshot, dice));
  }

  /** All of it, into a database of its own. */
  async restoreCopy(snapshot: Snapshot, [, , where, how]: Dice, limits: object = {}): Done {
    const name = this.#name("r");
    const database = name.replace("-", "_");
    const targets = new Map([...snapshot.tables.keys()].map((t) => [t, t]));
    return await this.#restoreFrom(snapshot, {
      name,
      where,
      how,
      database,
      targets,
      spec: { database },
      limits,
    });
  }

  /** One table beside the others. */
  async #restoreAs(snapshot: Snapshot, [, , where, how, table]: Dice): Done {
    const name = this.#name("r");
    const from = chosen([...snapshot.tables.keys()], table);
    if (from === undefined) return undefined;
    const as = `${from}_${name.replace("-", "_")}`;
    const spec = { tables: [{ name: from, as }] };
    const { database } = snapshot;
    const targets = new Map([[from, as]]);
    return await this.#restoreFrom(snapshot, { name, where, how, database, targets, spec });
  }

  /** Tables under their own names: over what is there if it may, or to be refused. */
  async #restoreInPlace(snapshot: Snapshot, [, , where, how, table, may]: Dice): Done {
    const name = this.#name("r");
    const from = chosen([...snapshot.tables.keys()], table);
    if (from === undefined) return undefined;
    const { database } = snapshot;
    const overwrites = may < 0.6;
    const spec = {
      tables: [{ name: from }],
      ...(overwrites ? { existing: "Overwrite", overwriteTables: [from] } : {}),
    };
    const targets = new Map([[from, from]]);
    return await this.#restoreFrom(snapshot, {
      name,
      where,
      how,
      database,
      targets,
      spec,
      overwrites,
    });
  }

  async #restoreFrom(
    snapshot: Snapshot,
    wish: {
      readonly name: string;
      readonly where: number;
      readonly how: number;
      readonly database: string;
      readonly targets: ReadonlyMap<string, string>;
      readonly spec: object;
      readonly overwrites?: boolean;
      readonly limits?: object;
    },
  ): Done {
    const { folder } = placeOf(snapshot);
    const place = chosen(
      PLACES.filter((p) => p.folder === folder),
      wish.where,
    );
    const isTaken = [...wish.targets.values()].some((t) =>
      this.#ledger.isTarget(`${wish.database}.${t}`),
    );
    if (place === undefined || isTaken) return undefined;
    const backup = this.#ledger.jobs.get(
      Ledger.keyOf("Backup", snapshot.namespace, snapshot.backup),
    );
    const byName = wish.how < 0.5 && backup?.deletion === "none";
    const source = byName
      ? { backup: snapshot.backup }
      : { snapshot: { name: snapshot.label, timestamp: snapshot.timestamp } };
    const { name, database, targets } = wish;
    const limits = { ...IMPATIENT, ...PATIENT, ...wish.limits };
    const spec = { repository: place.name, source, ...wish.spec, ...limits };
    const overwrites = new Set(wish.overwrites === true ? targets.values() : []);
    return await this.#create("Restore", place, {
      name,
      spec: byName ? spec : { ...spec, database },
      database,
      targets,
      overwrites,
      source: snapshot,
    });
  }

  async #cancel([which]: Dice): Done {
    const job = chosen(
      this.#ledger.living().filter((j) => j.deletion === "none"),
      which,
    );
    return job === undefined ? undefined : await this.#stop(job);
  }

  async #stop(job: Job): Done {
    job.wasStopped = true;
    await this.#patch(job, { cancel: true });
    return key(job);
  }

  /** A Restore waits for its Backup to come back for ever, and says so: who deleted that gives it up. */
  async giveUpWaiting(): Promise<void> {
    for (const job of this.#ledger.living()) {
      if (job.status?.reason !== "SourceMissing" || job.wasStopped) continue;
      const source = must(job.source, "what a Restore reads");
      const backup = this.#ledger.jobs.get(Ledger.keyOf("Backup", source.namespace, source.backup));
      if (backup?.deletion === "gone") await this.#stop(job);
    }
  }

  async #deleteJob([which, alive]: Dice): Done {
    const all = [...this.#ledger.jobs.values()].filter((j) => j.deletion === "none");
    const isOver = (j: Job): boolean => FINAL.includes(j.status?.phase ?? "");
    const job = chosen(
      all.filter((j) => (alive < 0.3 ? !isOver(j) : isOver(j) && j.isSettled)),
      which,
    );
    return job === undefined ? undefined : await this.deleteJob(job);
  }

  async deleteJob(job: Job): Done {
    job.deletion = "asked";
    job.wasStopped = true;
    const snapshot = this.#ledger.snapshotOf(job);
    if (snapshot !== undefined && job.kind === "Backup") snapshot.state = "beingDeleted";
    const { namespace, name } = job;
    const { client } = this.#stage.world.kubernetes;
    await patiently(`deleting ${key(job)}`, () =>
      client.delete(KINDS[job.kind] as Kind<KubernetesObject>, { namespace, name }),
    );
    return `${key(job)} ${job.deletionPolicy}`;
  }

  async #changeBandwidth([which, much]: Dice): Done {
    const job = chosen(
      this.#ledger.living().filter((j) => j.deletion === "none"),
      which,
    );
    if (job === undefined) return undefined;
    const bandwidth = `${between(1, 50, much)}Mi`;
    await this.#patch(job, { bandwidth });
    return `${key(job)} ${bandwidth}`;
  }

  async #changePolicy([which, much]: Dice): Done {
    const job = chosen(
      [...this.#ledger.jobs.values()].filter((j) => j.kind === "Backup" && j.deletion === "none"),
      which,
    );
    if (job === undefined) return undefined;
    return await this.setPolicy(job, much < 0.5 ? "Delete" : "Retain");
  }

  async setPolicy(job: Job, deletionPolicy: Job["deletionPolicy"]): Done {
    job.deletionPolicy = deletionPolicy;
    await this.#patch(job, { deletionPolicy });
    return `${key(job)} ${deletionPolicy}`;
  }

  async #changeRepository([which, much]: Dice): Done {
    const place = chosen(PLACES, which);
    if (place === undefined) return undefined;
    const { namespace, name } = place;
    const spec = { bandwidth: `${between(5, 200, much)}Mi`, concurrency: between(1, 3, much) };
    const { client } = this.#stage.world.kubernetes;
    await patiently(`changing Repository ${name}`, () =>
      client.patch(REPOSITORY, { namespace, name }, { spec }),
    );
    return `Repository ${namespace}/${name} ${JSON.stringify(spec)}`;
  }

  async #load([where, which, much]: Dice): Done {
    const table = this.#quietTable(where, which);
    if (table === undefined) return undefined;
    const fromMs = Date.now();
    const [database = "", name = ""] = table.split(".");
    const { starrocks } = this.#stage.world;
    const isTaken = await unlessRefused(() =>
      starrocks.load(database, name, [between(2_000, 30_000, much)]),
    );
    if (!isTaken) return undefined;
    await this.#wrote(table, fromMs);
    return table;
  }

  /** The same rows in other files: a digest must not tell them apart. */
  async #compact([where, which]: Dice): Done {
    const table = this.#quietTable(where, which);
    if (table === undefined) return undefined;
    const [database = "", name = ""] = table.split(".");
    await this.#stage.world.starrocks.compact(database, name);
    return table;
  }

  async #createTable([where, much]: Dice): Done {
    const database = chosen(DATABASES, where);
    if (database === undefined) return undefined;
    const free = TABLES.find((t) => this.#isFree(`${database}.${t}`));
    if (free === undefined) return undefined;
    const fromMs = Date.now();
    const { starrocks } = this.#stage.world;
    const isTaken = await unlessRefused(() =>
      starrocks.createTable(database, Stage.tableSpec(free, much)),
    );
    if (!isTaken) return undefined;
    await this.#wrote(`${database}.${free}`, fromMs);
    return `${database}.${free}`;
  }

  async #dropTable([where, which]: Dice): Done {
    const table = this.#quietTable(where, which);
    if (table === undefined || this.#ledger.tablesOf(table.split(".")[0] ?? "").length < 2)
      return undefined;
    const [database, name] = table.split(".");
    const fromMs = Date.now();
    // IF EXISTS: an answer may be lost with its connection, and people ask again.
    await sqlOf(this.#stage, `DROP TABLE IF EXISTS \`${database}\`.\`${name}\``);
    this.#ledger.dropped(table, fromMs, Date.now());
    return table;
  }

  /** A table that is there, and that no Restore may change meanwhile. */
  #quietTable(where: number, which: number): string | undefined {
    const database = chosen(DATABASES, where) ?? "";
    const names = this.#ledger.tablesOf(database).map((t) => `${database}.${t}`);
    return chosen(
      names.filter((t) => !this.#ledger.isTarget(t)),
      which,
    );
  }

  #isFree(table: string): boolean {
    return this.#ledger.digestOf(table) === undefined && !this.#ledger.isTarget(table);
  }

  async #wrote(table: string, fromMs: number): Promise<void> {
    const [database = "", name = ""] = table.split(".");
    const digest = await this.#stage.world.starrocks.digest(database, name);
    this.#ledger.wrote(table, digest, fromMs, Date.now());
  }

  #isCrowded(): boolean {
    return this.#ledger.living().length >= this.#livingMax;
  }

  #name(prefix: string): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  async #patch(job: Job, spec: object): Promise<void> {
    const { namespace, name } = job;
    const { client } = this.#stage.world.kubernetes;
    // It may be gone meanwhile: people are late as well.
    await patiently(`changing ${key(job)}`, () =>
      client.patch(KINDS[job.kind] as Kind<KubernetesObject>, { namespace, name }, { spec }),
    ).catch((error: unknown) => {
      if (!((error as Error).cause instanceof ApiError)) throw error;
    });
  }

  async #create(
    kind: JobKind,
    { namespace, name: repository }: Place,
    wish: Pick<Job, "name" | "database"> & Partial<Job> & { readonly spec: object },
  ): Done {
    const { spec, ...known } = wish;
    const job: Job = {
      kind,
      namespace,
      repository,
      uid: "",
      status: undefined,
      deletion: "none",
      deletionPolicy: "Retain",
      wasStopped: false,
      createdMs: Date.now(),
      endedMs: undefined,
      targets: new Map(),
      overwrites: new Set(),
      table: undefined,
      source: undefined,
      isSettled: kind === "Backup",
      ...known,
    };
    this.#ledger.jobs.set(key(job), job);
    const object = resource(kind, job.name, spec);
    const { kubernetes } = this.#stage.world;
    await patiently(`making ${key(job)}`, () =>
      kubernetes.applyManifests([{ ...object, metadata: { ...object.metadata, namespace } }]),
    );
    return `${key(job)} ${JSON.stringify(spec)}`;
  }
}

export function key({ kind, namespace, name }: Pick<Job, "kind" | "namespace" | "name">): string {
  return Ledger.keyOf(kind, namespace, name);
}

export function placeOf({
  namespace,
  repository,
}: Pick<Snapshot, "namespace" | "repository">): Place {
  const found = PLACES.find((p) => p.namespace === namespace && p.name === repository);
  if (found === undefined) throw new Error(`no Repository ${namespace}/${repository}`);
  return found;
}
