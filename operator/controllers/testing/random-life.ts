// One life of a small world from a seed: Backups, Restores and Repositories' slots, with people who cancel, delete and
// change tables, writes that fail or kill, caches that lag or hear nothing, agents and jobs that die. Its own books say
// what each table held and when; `live` resolves once everything is over and was compared, or says what is not so.
import { expect } from "chai";
import { SeededRandom } from "../../broker/testing/seeded-random.ts";
import type { Backup } from "../../api/backup.generated.ts";
import { BACKUP, RESTORE } from "../../api/kinds.ts";
import { JOBS, PODS } from "../../runtime/objects.ts";
import { must } from "../../assert.ts";
import { timestamp } from "../../api/conditions.ts";
import type { Fate } from "./kubelet.ts";
import type { JobResource } from "../job/model.ts";
import { kindOf } from "../job/settings.ts";
import { isFinal, type JobPhase } from "../job/status.ts";
import {
  contentOf,
  expectNothingLeft,
  expectNothingStaged,
  expectNothingTwice,
  fate,
  putBackup,
  putRestore,
  readyWorld,
  targetStateOf,
  waitsForBackup,
} from "./lives.ts";
import type { Harm } from "./mortality.ts";
import { FOLDER, type World } from "./world.ts";

const DATABASES = ["shop", "crm"] as const;
const TABLES = ["orders", "items"] as const;
/** How long people and misfortune are at it, in rounds of 3 s. */
const BUSY_ROUNDS = 60;
/** Until all limits of all attempts are over. */
const END_ROUNDS = 2_500;
const JOBS_MAX = 7;
/** Of 1,000 writes. */
const HARMS = 25;

type Phase = JobPhase;
const ORDER: readonly Phase[] = ["PENDING", "SNAPSHOTING", "UPLOADING", "DOWNLOADING", "COMMIT"];

/** What `targetState` says when a target may not be as it was. */
const TELLS_OF_CHANGE =
  /may be lost|may be there in part|finished the restore all the same|^deleted$/;

interface Wish {
  readonly kind: JobResource["kind"];
  readonly name: string;
  readonly uid: string;
  readonly database: string;
  /** Table → name in the target; Restores. */
  readonly targets: ReadonlyMap<string, string>;
  /** Restores that may. */
  readonly overwrites: boolean;
  /** Restores: the label that is read. */
  readonly label?: string;
  phase: Phase;
  attempt: number;
  policy: "Retain" | "Delete";
  isDeleted: boolean;
  /** Labels that were told as FINISHED. */
  snapshot?: string;
}

/** Rejects with what is not as it should be. */
export async function live(seed: number): Promise<void> {
  await new Life(seed).live();
}

class Life {
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #wishes = new Map<string, Wish>();
  /** `db.table` → every content that it ever had, the last one now. */
  readonly #contents = new Map<string, string[]>();
  /** Label → table → what it holds. */
  readonly #snapshots = new Map<string, ReadonlyMap<string, string>>();
  #isBusy = true;
  #names = 0;
  #contentsMade = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    const tables = TABLES.map((name) => ({ name, content: "first" }));
    this.#world = readyWorld(
      {
        lags: this.#chance(500),
        standsStill: this.#chance(500),
        harms: () => this.#harm(),
        starrocks: { databases: Object.fromEntries(DATABASES.map((d) => [d, tables])) },
      },
      { concurrency: 1 + this.#random.below(3) },
    );
    for (const d of DATABASES) for (const t of TABLES) this.#contents.set(`${d}.${t}`, ["first"]);
    fate(this.#world, "agent", () => this.#fate("agent"));
    for (const command of ["seal", "verify", "prune"] as const) {
      fate(this.#world, command, () => this.#fate(command));
    }
    this.#world.reactions.push(() => this.#look());
  }

  async live(): Promise<void> {
    for (let round = 0; round < BUSY_ROUNDS; round += 1) {
      await this.#act();
      await this.#world.round();
    }
    this.#isBusy = false;
    this.#world.isDeaf = false;
    for (const d of DATABASES) {
      const job = this.#world.starrocks.job(d);
      if (job !== undefined) job.stalledBy = undefined;
    }
    await this.#world.until(
      () => this.#living().every((w) => waitsForBackup(this.#world, w)),
      "the end of all jobs",
      END_ROUNDS,
    );
    for (const { kind, name } of this.#living()) {
      await this.#world.edit(kindOf(kind), name, { cancel: true });
    }
    await this.#world.until(() => this.#living().length === 0, "the end of who waited", END_ROUNDS);
    this.#requireSnapshots();
    await this.#clear();
  }

  async #act(): Promise<void> {
    const deeds: readonly (readonly [number, () => Promise<void> | void])[] = [
      [120, () => this.#backUp()],
      [100, () => this.#restore()],
      [20, () => this.#cancel()],
      [40, () => this.#delete()],
      [20, () => this.#changePolicy()],
      [60, () => this.#load()],
      [15, () => this.#world.killAgents()],
      [10, () => this.#world.starrocks.changeLeader()],
      [15, () => this.#world.restart()],
      [10, () => this.#endInStarRocks()],
      [10, () => this.#stall()],
      [25, () => this.#failRead()],
      [20, () => (this.#world.isDeaf = true)],
      [60, () => (this.#world.isDeaf = false)],
      [5, () => this.#world.starrocks.forgetJobs()],
    ];
    for (const [weight, deed] of deeds) if (this.#chance(weight)) await deed();
  }

  #chance(ofThousand: number): boolean {
    return this.#random.below(1_000) < ofThousand;
  }

  #harm(): Harm | undefined {
    if (!this.#isBusy || !this.#chance(HARMS)) return undefined;
    const how = this.#chance(400) ? "dies" : "fails";
    return { how, when: this.#chance(500) ? "before" : "after" };
  }

  /** Undefined: what becomes of all. */
  #fate(component: "agent" | "seal" | "verify" | "prune"): Fate | undefined {
    if (!this.#isBusy) return undefined;
    if (component === "agent") return this.#chance(15) ? "neverReady" : undefined;
    if (!this.#chance(60)) return undefined;
    return this.#chance(300) ? "unschedulable" : { exitCode: 1, reason: "StorageUnavailable" };
  }

  #newName(prefix: string): { readonly name: string; readonly uid: string } {
    this.#names += 1;
    const hex = this.#names.toString(16).padStart(8, prefix === "b" ? "b" : "c");
    return { name: `${prefix}-${this.#names}`, uid: `${hex}-2222-4222-8222-222222222222` };
  }

  #meta({ name, uid }: { readonly name: string; readonly uid: string }) {
    return { name, uid, creationTimestamp: timestamp(this.#world.clock.now()) };
  }

  #backUp(): void {
    if (this.#living().length >= JOBS_MAX) return;
    const database = this.#random.pick(DATABASES);
    const table = this.#random.pick(TABLES);
    const policy = this.#chance(500) ? "Delete" : "Retain";
    const made = this.#newName("b");
    putBackup(
      this.#world,
      {
        database,
        deletionPolicy: policy,
        timeout: "10m",
        noProgressTimeout: "1m",
        retry: { maxAttempts: 1 + this.#random.below(3), backoff: "1s" },
        ...(this.#chance(300) ? { tables: [{ name: table }] } : {}),
      },
      this.#meta(made),
    );
    this.#wish({
      kind: "Backup",
      ...made,
      database,
      targets: new Map(),
      overwrites: false,
      policy,
    });
  }

  #restore(): void {
    if (this.#living().length >= JOBS_MAX) return;
    const sources = [...this.#wishes.values()].filter(
      (w) => w.snapshot !== undefined && !w.isDeleted,
    );
    const source = sources[this.#random.below(Math.max(1, sources.length))];
    if (source?.snapshot === undefined) return;
    const made = this.#newName("r");
    const table = this.#random.pick(TABLES);
    const how = this.#random.below(3);
    const as = how === 0 ? `${table}_${made.name.replace("-", "_")}` : undefined;
    const overwrites = how === 1;
    const target = `${source.database}.${as ?? table}`;
    if (this.#isTarget(target)) return;
    putRestore(
      this.#world,
      {
        source: { backup: source.name },
        tables: [{ name: table, ...(as === undefined ? {} : { as }) }],
        timeout: "10m",
        noProgressTimeout: "1m",
        ...(overwrites ? { existing: "Overwrite", overwriteTables: [table] } : {}),
      },
      this.#meta(made),
    );
    const { database, snapshot: label } = source;
    const targets = new Map([[table, as ?? table]]);
    this.#wish({
      kind: "Restore",
      ...made,
      database,
      targets,
      overwrites,
      label,
      policy: "Retain",
    });
  }

  #wish(wish: Omit<Wish, "phase" | "attempt" | "isDeleted">): void {
    this.#wishes.set(wish.name, { ...wish, phase: "PENDING", attempt: 1, isDeleted: false });
  }

  async #cancel(): Promise<void> {
    const wish = this.#some(this.#living());
    if (wish === undefined) return;
    await this.#world.edit(kindOf(wish.kind), wish.name, { cancel: true });
  }

  async #delete(): Promise<void> {
    const wish = this.#some([...this.#wishes.values()].filter((w) => !w.isDeleted));
    if (wish !== undefined) await this.#remove(wish);
  }

  async #remove(wish: Wish): Promise<void> {
    wish.isDeleted = true;
    if (this.#world.get(kindOf(wish.kind), wish.name) === undefined) return;
    await this.#world.delete(kindOf(wish.kind), wish.name);
  }

  async #changePolicy(): Promise<void> {
    const wish = this.#some(
      [...this.#wishes.values()].filter((w) => w.kind === "Backup" && !w.isDeleted),
    );
    if (wish === undefined) return;
    wish.policy = wish.policy === "Retain" ? "Delete" : "Retain";
    await this.#world.edit(BACKUP, wish.name, { deletionPolicy: wish.policy });
  }

  /** Somebody loads into a table that no Restore may change. */
  #load(): void {
    const table = `${this.#random.pick(DATABASES)}.${this.#random.pick(TABLES)}`;
    if (this.#isTarget(table)) return;
    this.#contentsMade += 1;
    const content = `content ${this.#contentsMade}`;
    const [database = "", name = ""] = table.split(".");
    const found = this.#world.starrocks.world.table(database, name);
    if (found?.state !== "NORMAL") return;
    found.partitions.set(name, content);
    this.#write(table, content);
  }

  #write(table: string, content: string): void {
    this.#contents.set(table, [...(this.#contents.get(table) ?? []), content]);
  }

  #endInStarRocks(): void {
    const job = this.#world.starrocks.job(this.#random.pick(DATABASES));
    if (job?.isDone !== false) return;
    job.cancel("COMMON_ERROR", this.#chance(300) ? "user cancelled" : "version already merged");
  }

  #stall(): void {
    const job = this.#world.starrocks.job(this.#random.pick(DATABASES));
    if (job !== undefined) job.stalledBy = this.#chance(500) ? undefined : "Connection refused";
  }

  #failRead(): void {
    const verbs = ["jobs", "brokers", "repositories", "tables", "snapshot", "facts"] as const;
    this.#world.starrocks.fail(this.#random.pick(verbs), { when: "before" });
  }

  #some<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : this.#random.pick(from);
  }

  #living(): readonly Wish[] {
    return [...this.#wishes.values()].filter((wish) => {
      const found = this.#world.get(kindOf(wish.kind), wish.name);
      return found !== undefined && !isFinal(found.status?.phase);
    });
  }

  #isTarget(table: string): boolean {
    return [...this.#wishes.values()].some(
      (w) =>
        w.kind === "Restore" &&
        !isFinal(w.phase) &&
        [...w.targets.values()].some((t) => `${w.database}.${t}` === table),
    );
  }

  /** What must hold at any time. */
  #look(): void {
    for (const wish of this.#wishes.values()) this.#follow(wish);
    this.#requireTables();
  }

  #follow(wish: Wish): void {
    const found = this.#world.get(kindOf(wish.kind), wish.name);
    const who = `${wish.kind} ${wish.name}`;
    if (found === undefined) {
      expect(wish.isDeleted, `${who} is gone, and nobody deleted it`).to.equal(true);
      // Deleted before it was over: its target is whatever became of it.
      if (!isFinal(wish.phase)) this.#settle(wish);
      return;
    }
    const { status } = found;
    if (status?.phase === undefined) return;
    expect([status.reason, status.message], `what ${who} waits for`).to.not.include.oneOf([
      "",
      undefined,
    ]);
    const { phase, attempt = 1 } = status;
    if (wish.phase !== phase) requireForward(wish, phase, attempt);
    expect(attempt, `attempts of ${who}`).to.be.at.least(wish.attempt);
    wish.attempt = attempt;
    if (isFinal(phase) && !isFinal(wish.phase)) this.#settle(wish, found);
    wish.phase = phase;
  }

  /** It is over; undefined: deleted before. */
  #settle(wish: Wish, found?: JobResource): void {
    wish.phase = found?.status?.phase ?? "CANCELLED";
    if (wish.kind === "Restore") this.#settleTargets(wish, found);
    else if (found?.kind === "Backup" && wish.phase === "FINISHED")
      this.#settleSnapshot(wish, found);
  }

  /** What the tables held at some time is what it holds. */
  #settleSnapshot(wish: Wish, { status }: Backup): void {
    const label = must(status?.snapshot?.name);
    wish.snapshot = label;
    const snapshot = this.#world.starrocks.world.snapshotsOf(FOLDER).get(label);
    expect(snapshot?.timestamp, `__info of ${label}`).to.be.a("string");
    const held = new Map<string, string>();
    for (const { name, partitions } of snapshot?.tables ?? []) {
      const content = [...partitions.values()].join();
      held.set(name, content);
      const ever = this.#contents.get(`${wish.database}.${name}`);
      expect(ever, `what ${label} holds of ${name}`).to.include(content);
    }
    this.#snapshots.set(label, held);
  }

  #settleTargets(wish: Wish, found?: JobResource): void {
    const told = targetStateOf(found);
    for (const [from, to] of wish.targets) {
      const table = `${wish.database}.${to}`;
      const content = contentOf(this.#world, table);
      const before = this.#contents.get(table)?.at(-1);
      const mayChange = wish.overwrites || before === undefined;
      if (wish.phase === "FINISHED") {
        const held = must(this.#snapshots.get(must(wish.label))).get(from);
        expect(content, `${wish.name} restored ${table}`).to.equal(held);
      } else if (!mayChange || !TELLS_OF_CHANGE.test(told)) {
        expect(content, `${wish.name} did not finish (${told}); ${table}`).to.equal(before);
      }
      if (content !== undefined) this.#write(table, content);
    }
  }

  /** A snapshot may be restored by several Restores, by each once. */
  #requireNothingTwice(): void {
    const { accepted } = this.#world.starrocks;
    const isRestore = (text: string): boolean => text.startsWith("restore ");
    expectNothingTwice(
      this.#world,
      accepted.filter((text) => !isRestore(text)),
    );
    for (const text of new Set(accepted.filter(isRestore))) {
      const wishes = [...this.#wishes.values()].filter((w) => text === `restore ${w.label}`);
      const sent = accepted.filter((other) => other === text);
      expect(sent.length, text).to.be.at.most(wishes.length);
    }
  }

  /** An attempt that could not be removed in time says so, and when its Backup goes an event does. */
  #isToldToStay(label: string): boolean {
    const stays = this.#world.events.filter((e) => e.reason === "LeftBehind");
    return stays.some((e) => e.message.includes(label));
  }

  /** Tables that no living Restore names are as they were left. */
  #requireTables(): void {
    for (const [table, contents] of this.#contents) {
      if (this.#isTarget(table)) continue;
      expect(contentOf(this.#world, table), `${table}, which nobody changed`).to.equal(
        contents.at(-1),
      );
    }
  }

  /** What is FINISHED is there, also long after. */
  #requireSnapshots(): void {
    const there = this.#world.starrocks.world.snapshotsOf(FOLDER);
    for (const wish of this.#wishes.values()) {
      if (wish.snapshot === undefined || wish.isDeleted) continue;
      expect(there.get(wish.snapshot)?.timestamp, `__info of ${wish.snapshot}`).to.be.a("string");
    }
  }

  /** Everything is deleted, and nothing but what Retain keeps is left. */
  async #clear(): Promise<void> {
    // Before the statuses go that tell of what was left.
    expectNothingStaged(this.#world);
    for (const wish of this.#wishes.values()) await this.#remove(wish);
    const left = () => [...this.#world.api.all(BACKUP), ...this.#world.api.all(RESTORE)];
    await this.#world.until(() => left().length === 0, "the deletion of all jobs", END_ROUNDS);
    // The Repository looks into its storage now and then.
    const { api } = this.#world;
    await this.#world.until(
      () => api.all(JOBS).length + api.all(PODS).length === 0,
      "a quiet moment",
    );
    expectNothingLeft(this.#world);
    this.#requireNothingTwice();
    const kept = [...this.#wishes.values()].filter((w) => w.policy === "Retain");
    const may = new Set(kept.flatMap((w) => w.snapshot ?? []));
    const there = [...this.#world.starrocks.world.snapshotsOf(FOLDER).keys()];
    for (const label of there) {
      if (!this.#isToldToStay(label)) expect([...may], "what stays").to.include(label);
    }
    for (const label of may) expect(there, "kept snapshots").to.include(label);
  }
}

function requireForward({ kind, name, ...was }: Wish, phase: Phase, attempt: number): void {
  const what = `${kind} ${name} went from ${was.phase} to ${phase}`;
  expect(isFinal(was.phase), what).to.equal(false);
  // The attempt's number grows when the next one gets its slot.
  const isRetry = kind === "Backup" && phase === "PENDING";
  if (isFinal(phase) || isRetry || attempt > was.attempt) return;
  expect(ORDER.indexOf(phase), what).to.be.greaterThan(ORDER.indexOf(was.phase));
}
