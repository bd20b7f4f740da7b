// Where the story is played: the world, the screen, and the verbs that steps are made of. All waits end when
// the signal does: Ctrl-C, the time limit, or an operator that ended by itself.
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "../../operator/assert.ts";
import type { World } from "../world.ts";
import { adapt, readSample, yamlOf, type Place } from "./manifests.ts";
import { narrate, summarize } from "./narrate.ts";
import { renderAll, type Job, type Shown } from "./render.ts";
import type { Screen } from "./screen.ts";
import { durationText } from "./text.ts";

const LOOK_EVERY_MS = 250;

export interface StageOptions {
  readonly world: World;
  readonly screen: Screen;
  readonly place: Place;
  readonly life: AbortController;
  readonly startedMs: number;
}

export interface Name<T extends Shown = Shown> {
  readonly kind: T["kind"];
  readonly name: string;
}

export class Stage {
  readonly world: World;
  readonly screen: Screen;
  readonly place: Place;
  readonly signal: AbortSignal;
  /** Digest of each table before anything was done to it. */
  readonly digests = new Map<string, string>();
  /** What was looked at last; told when something fails. */
  watched: readonly Shown[] = [];
  readonly #life: AbortController;
  readonly #startedMs: number;
  #operatorMayEnd = false;

  constructor({ world, screen, place, life, startedMs }: StageOptions) {
    this.world = world;
    this.screen = screen;
    this.place = place;
    this.signal = life.signal;
    this.#life = life;
    this.#startedMs = startedMs;
  }

  get manifestsDir(): string {
    return join(this.world.dir, "manifests");
  }

  get operatorLog(): string {
    return join(this.world.dir, "operator.log");
  }

  /** A line that stays: something is as it should be. */
  good(text: string): void {
    this.screen.say(`  ${this.screen.paint("green", "✓")} ${text}`);
  }

  /** A line that stays: something happens. */
  tell(text: string): void {
    this.screen.say(`  ${text}`);
  }

  /** Applies a sample, adapted, after it was shown. */
  async apply(file: string, spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const objects = (await readSample(file)).map((sample) => adapt(sample, this.place, spec));
    const { paint } = this.screen;
    this.screen.say("", `  ${paint("bold", `kubectl apply -f ${file}`)}`);
    for (const line of yamlOf(objects).trimEnd().split("\n")) {
      this.screen.say(`  ${paint("dim", `│ ${line}`)}`);
    }
    await this.world.apply(...objects);
    // Secrets are not written: a folder of manifests is easily copied.
    if (objects.some(({ kind }) => kind === "Secret")) return;
    await mkdir(this.manifestsDir, { recursive: true });
    await writeFile(join(this.manifestsDir, file), yamlOf(objects));
  }

  /** SQL as root, shown before it runs. */
  async sql(text: string): Promise<readonly Readonly<Record<string, string | null>>[]> {
    this.tell(`${this.screen.paint("dim", "mysql>")} ${this.screen.paint("bold", `${text};`)}`);
    return await this.world.sql(text);
  }

  /** Watches jobs until each is FINISHED; says how each one ended. Rejects when one ends otherwise. */
  async untilFinished(names: readonly Name<Job>[]): Promise<readonly Job[]> {
    const finished = await this.#watch(names, (job) => {
      const phase = job.status?.phase;
      if (phase !== "FAILED" && phase !== "CANCELLED") return phase === "FINISHED";
      throw new Error(`${job.kind} ${job.metadata.name} is ${phase}: ${job.status?.message}`);
    });
    return finished as readonly Job[];
  }

  async untilReady(name: string): Promise<void> {
    await this.#watch([{ kind: "Repository", name }], ({ status }) => status?.phase === "READY");
    this.good(`Repository ${name} is READY`);
  }

  /** Resolves once `holds`; for what is not to be seen meanwhile. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await this.pause(LOOK_EVERY_MS);
  }

  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.signal }).catch(() => this.signal.throwIfAborted());
  }

  startOperator(): void {
    this.#operatorMayEnd = false;
    const child = this.world.startOperator();
    const log = createWriteStream(this.operatorLog, { flags: "a" });
    must(child.stdout).pipe(log, { end: false });
    must(child.stderr).pipe(log, { end: false });
    child.once("exit", (code, signal) => {
      log.end();
      if (this.#operatorMayEnd) return;
      this.#life.abort(
        new Error(`the operator ended by itself (${signal ?? `exit code ${code}`})`),
      );
    });
  }

  async killOperator(): Promise<void> {
    this.#operatorMayEnd = true;
    await this.world.stopOperator("SIGKILL");
  }

  async close(): Promise<void> {
    this.#operatorMayEnd = true;
    await this.world.stop();
  }

  async #watch(
    names: readonly Name[],
    isDone: (resource: Shown) => boolean,
  ): Promise<readonly Shown[]> {
    const done = new Map<Name, Shown>();
    const before = new Map<Name, Shown>();
    while (done.size < names.length) {
      await this.pause(LOOK_EVERY_MS);
      for (const name of names.filter((n) => !done.has(n))) {
        const now = must(await this.world.get(name.kind, name.name), `${name.kind} ${name.name}`);
        this.#narrate(before.get(name), now);
        before.set(name, now);
        this.watched = [...before.values()];
        if (!isDone(now)) continue;
        done.set(name, now);
        this.#summarize(now);
      }
      this.#show(names.filter((n) => !done.has(n)).map((n) => must(before.get(n))));
    }
    return names.map((name) => must(done.get(name)));
  }

  #show(resources: readonly Shown[]): void {
    const { columns, paint } = this.screen;
    const lines = renderAll(resources, { nowMs: Date.now(), columns, paint });
    this.screen.show(lines.length === 0 ? [] : ["", ...lines.map((line) => `  ${line}`)]);
  }

  #narrate(before: Shown | undefined, now: Shown): void {
    if (this.screen.isLive) return;
    const at = durationText(Date.now() - this.#startedMs);
    for (const line of narrate(before, now)) this.tell(`${at}: ${line}`);
  }

  #summarize(resource: Shown): void {
    if (resource.kind === "Repository") return;
    const [first = "", ...rest] = summarize(resource);
    this.good(first);
    for (const line of rest) this.tell(`  ${line}`);
  }
}
