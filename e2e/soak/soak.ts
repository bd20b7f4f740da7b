// A soak: deeds of the plan, one after the other, with all invariants looked at meanwhile; then everything is mended,
// every job ends, every kept snapshot is restored and compared, everything is deleted, and nothing may be left. A seed
// repeats the deeds, not what the machine makes of them: the history in the report is what happened.
import { setTimeout as sleep } from "node:timers/promises";
import { REPOSITORY } from "../../operator/api/kinds.ts";
import { seededRandom } from "../servers/fault-script.ts";
import { Checks } from "./checks.ts";
import { Footprint } from "./footprint.ts";
import { History } from "./history.ts";
import { Ledger, type Job, type Snapshot } from "./ledger.ts";
import { Misfortunes } from "./misfortunes.ts";
import { People, UNDISTURBED, key } from "./people.ts";
import { isMisfortune, isOfOperator, planOf, type Deed } from "./plan.ts";
import { DATABASES, PLACES, Stage, isRunning, patiently, pidOf } from "./stage.ts";
import { Watcher } from "./watcher.ts";

/** A promise was broken; the message has all that a person needs to look into it. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise" as const;
}

export interface SoakOptions {
  readonly seed: number;
  /** How long deeds are done. */
  readonly durationMs: number;
  readonly history: string;
  readonly say: (line: string) => void;
  readonly meanPauseMs?: number;
  /** Kept snapshots that are restored at the end, the newest; default 30. */
  readonly compareMax?: number;
  /** Jobs at a time that people make, default 7. */
  readonly livingMax?: number;
}

/** Operators live undisturbed for the rest, so that a growth of their memory can be seen. */
const OPERATOR_DEEDS_UNTIL = 0.6;
const END_MAX_MS = 6 * 60_000;
const SAY_EVERY_MS = 60_000;
const LINES_KEPT = 3_000;
const COMPARED_AT_ONCE = 4;

/** Rejects with {@link BrokenPromise} as soon as one is broken. */
export async function soak(options: SoakOptions): Promise<void> {
  const stage = await Stage.open(options.seed);
  try {
    await new Run(stage, options).run();
  } finally {
    await stage.close();
  }
}

class Run {
  readonly #stage: Stage;
  readonly #options: SoakOptions;
  readonly #startMs = Date.now();
  readonly #history: History;
  readonly #ledger = new Ledger();
  readonly #watcher: Watcher;
  readonly #checks: Checks;
  readonly #people: People;
  readonly #misfortunes: Misfortunes;
  readonly #footprint = new Footprint();
  readonly #counts = { done: 0, idle: 0, misfortunes: 0 };
  /** When the last fault was mended. */
  #mendedMs = Infinity;
  #broken: BrokenPromise | undefined;
  #saidMs = Date.now();

  constructor(stage: Stage, options: SoakOptions) {
    this.#stage = stage;
    this.#options = options;
    this.#history = new History(options.history, this.#startMs);
    const broken = (invariant: string, about: string, text: string): void =>
      this.#break(invariant, about, text);
    const common = { ledger: this.#ledger, broken };
    const { client } = stage.world.kubernetes;
    this.#watcher = new Watcher({ ...common, client, history: this.#history });
    this.#checks = new Checks({ ...common, stage });
    this.#people = new People(stage, this.#ledger, options.livingMax);
    this.#misfortunes = new Misfortunes(stage);
  }

  async run(): Promise<void> {
    const watch = setInterval(() => this.#sample(), 1_000);
    try {
      await this.#watcher.synced();
      await this.#takeStock();
      await this.#disturb();
      this.#note("mending");
      await this.#misfortunes.mend();
      this.#mendedMs = Date.now();
      this.#note("waiting for every job's end, comparing");
      await this.#compareAll();
      this.#note("clearing");
      await this.#clear();
      this.#tell("end");
    } finally {
      clearInterval(watch);
      await this.#misfortunes.mend().catch((error: unknown) => this.#note(String(error)));
      await this.#watcher.stop();
      await this.#history.close();
    }
  }

  #note(what: string): void {
    this.#history.note("soak", { what });
  }

  /** What the tables hold to begin with. */
  async #takeStock(): Promise<void> {
    for (const database of DATABASES) {
      for (const row of await this.#stage.world.sql(`SHOW TABLES FROM \`${database}\``)) {
        const name = Object.values(row)[0] ?? "";
        const digest = await this.#stage.world.starrocks.digest(database, name);
        this.#ledger.wrote(`${database}.${name}`, digest, 0, Date.now());
      }
    }
  }

  async #disturb(): Promise<void> {
    const { seed, durationMs, meanPauseMs = 700 } = this.#options;
    const random = seededRandom(seed ^ 0xc4ec);
    const endMs = Date.now() + durationMs;
    for (const deed of planOf({ seed, meanPauseMs })) {
      if (Date.now() > endMs) return;
      const share = 1 - (endMs - Date.now()) / durationMs;
      if (share < OPERATOR_DEEDS_UNTIL || !isOfOperator(deed.what)) await this.#do(deed);
      await this.#look(random());
      await sleep(deed.pauseMs);
    }
  }

  async #do(deed: Deed): Promise<void> {
    const { what } = deed;
    const done = await this.#carryOut(deed).catch((error: unknown) => {
      throw new Error(`deed ${deed.number}, ${what}, could not be done`, { cause: error });
    });
    this.#counts[done === undefined ? "idle" : "done"] += 1;
    if (done === undefined) return;
    if (isMisfortune(what)) this.#counts.misfortunes += 1;
    this.#history.note("deed", { number: deed.number, what, done });
  }

  async #carryOut(deed: Deed): Promise<string | undefined> {
    const { what } = deed;
    if (isMisfortune(what)) return await this.#misfortunes.do(what, deed);
    return await this.#people.do(what, deed);
  }

  /** The invariants that can be looked at any time. */
  async #look(die: number): Promise<void> {
    this.#stage.replaceEndedOperators();
    await this.#checks.settle();
    await this.#checks.tables(die);
    this.#checks.statements();
    const { world } = this.#stage;
    const [violation] = world.starrocks.violations;
    if (violation !== undefined)
      this.#break("what StarRocks would not survive", "agents", violation);
    if (Date.now() - this.#saidMs > SAY_EVERY_MS) {
      await this.#checks.nothingSecret(world.operatorLines, "the operator's log");
      world.operatorLines.splice(0, world.operatorLines.length - LINES_KEPT);
      this.#tell("so far");
      this.#saidMs = Date.now();
    }
    if (this.#broken !== undefined) throw this.#broken;
  }

  /** With nothing wrong any more, each job has so long. */
  #requireEndsSoon(): void {
    for (const job of this.#ledger.living()) {
      const sinceMs = Math.max(job.createdMs, this.#mendedMs);
      if (Date.now() - sinceMs > END_MAX_MS) this.#break("every job ends", key(job), told(job));
    }
  }

  /** Every kept snapshot, the newest first, restored into a database of its own, while the last jobs end. */
  async #compareAll(): Promise<void> {
    const fromMs = Date.now();
    const compared = new Set<Snapshot>();
    const { compareMax = 30 } = this.#options;
    const next = (): Snapshot | undefined =>
      compared.size >= compareMax
        ? undefined
        : this.#ledger.snapshots.findLast((s) => s.state === "kept" && !compared.has(s));
    for (;;) {
      const snapshot = next();
      const living = this.#ledger.living().length;
      if (snapshot !== undefined && living < COMPARED_AT_ONCE) {
        // By the Backup's name and by the snapshot's, in turn.
        const how = compared.size % 2;
        compared.add(snapshot);
        const dice = [0, 0, 0, how, 0, 0] as const;
        const done = await this.#people.restoreCopy(snapshot, dice, UNDISTURBED);
        this.#history.note("deed", { what: "compare", done });
      } else if (living === 0) {
        break;
      }
      await this.#people.giveUpWaiting();
      await this.#look(0);
      await sleep(200);
      this.#requireEndsSoon();
    }
    await this.#look(0);
    const jobs = [...this.#ledger.jobs.values()].filter((j) => j.createdMs >= fromMs);
    for (const job of jobs.filter((j) => j.status?.phase !== "FINISHED")) {
      this.#break("a FINISHED snapshot can be restored", key(job), told(job));
    }
    if (this.#broken !== undefined) throw this.#broken;
  }

  async #clear(): Promise<void> {
    const { world } = this.#stage;
    const kept = [...this.#ledger.jobs.values()].filter((j) => j.deletion === "none");
    // Both ways in every run, however the dice fell.
    for (const [i, job] of kept.filter((j) => j.kind === "Backup").entries()) {
      await this.#people.setPolicy(job, i % 2 === 0 ? "Retain" : "Delete");
    }
    for (const job of kept) await this.#people.deleteJob(job);
    await this.#until("every deleted job goes", () =>
      [...this.#ledger.jobs.values()].filter((j) => j.deletion !== "gone").map(key),
    );
    const hasFinished = this.#watcher.ends.has("Backup FINISHED");
    if (hasFinished && this.#checks.statementsTaken === 0) {
      this.#break("the stage itself holds", "SQL", "no BACKUP was seen, and one has FINISHED");
    }
    this.#note("looking for what is left");
    await this.#checks.leftovers();
    await this.#checks.storage();
    await this.#checks.secrets();
    await this.#checks.nothingSecret(world.operatorLines, "the operator's log");
    this.#note("deleting Repositories");
    for (const { namespace, name } of PLACES) {
      await patiently(`deleting Repository ${name}`, () =>
        world.kubernetes.client.delete(REPOSITORY, { namespace, name }),
      );
    }
    let left: string[] = [];
    await this.#until(
      "Repositories go",
      () => left,
      async () => {
        left = (await world.kubernetes.client.list(REPOSITORY)).items.map((r) => r.metadata.name);
      },
    );
    await this.#checks.nothingOfRepositories();
    this.#note("end");
    for (const text of this.#footprint.problems()) this.#break("memory stays flat", "memory", text);
    for (const error of world.kubernetes.server.problems) {
      this.#break("the stage itself holds", "the API server", String(error.stack));
    }
    if (this.#broken !== undefined) throw this.#broken;
  }

  async #until(
    invariant: string,
    left: () => readonly string[],
    look: () => Promise<void> = async () => {},
  ): Promise<void> {
    const deadline = Date.now() + END_MAX_MS;
    do {
      await look();
      this.#stage.replaceEndedOperators();
      await sleep(300);
    } while (left().length > 0 && Date.now() < deadline);
    for (const about of left()) this.#break(invariant, about, "it did not, in 6 minutes");
    if (this.#broken !== undefined) throw this.#broken;
  }

  #sample(): void {
    const running = this.#stage.operators.filter((c) => c !== undefined).filter(isRunning);
    this.#footprint.sample(running.map(pidOf), this.#stage.world.kubernetes.pids);
  }

  #tell(when: string): void {
    const seconds = Math.round((Date.now() - this.#startMs) / 1000);
    const { done, misfortunes } = this.#counts;
    const ended = [...this.#watcher.ends.values()].reduce((a, b) => a + b, 0);
    const ends = [...this.#watcher.ends].map(([end, n]) => `${n} ${end}`);
    const requests = ended === 0 ? 0 : Math.round(this.#stage.apiRequests / ended);
    this.#options.say(
      [
        `${seconds} s, ${when}: ${done} deeds (${misfortunes} misfortunes), ${ended} jobs ended`,
        `${this.#checks.restored} tables restored equal, ${this.#ledger.living().length} jobs live`,
        `${requests} API requests a job; ${this.#footprint.report()}; ${ends.join(", ")}`,
      ].join("; "),
    );
  }

  /** The first one counts; it ends the run at the next look. */
  #break(invariant: string, about: string, text: string): void {
    this.#history.note("broken", { invariant, about, text });
    this.#broken ??= new BrokenPromise(
      [
        `seed ${this.#options.seed}: broken: ${invariant}`,
        `${about}: ${text}`,
        ...this.#history.last(about),
        "the last deeds:",
        ...this.#history.last("deed").slice(-15),
        "the operator's last lines:",
        this.#stage.world.tail(30),
        `all of it: ${this.#options.history}`,
      ].join("\n"),
    );
  }
}

function told({ status }: Job): string {
  return `${status?.phase} ${status?.reason}: ${status?.message}`;
}
