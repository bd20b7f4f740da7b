// Attacks on an agent, chosen by a seed, for as long as asked, while StarRocks works beside them. What must be
// so at the end: the process lives and has not grown, honest callers were served all the time, and the store
// has changed nowhere but in the one snapshot that this agent is about.
import { setTimeout as sleep } from "node:timers/promises";
import { SeededRandom } from "../../operator/broker/testing/seeded-random.ts";
import { ATTACKS, type Attacker } from "./attacks.ts";
import { flood } from "./flood.ts";
import { Honest } from "./honest.ts";
import { forbiddenChanges, MOUNT, Target, TOKEN, type Mode } from "./target.ts";

export interface FuzzOptions {
  readonly mode: Mode;
  readonly seconds: number;
  readonly seed: number;
  /** Attackers at a time. */
  readonly parallel?: number;
  /** Connections that are opened at once at the end; 0: none. */
  readonly connections?: number;
}

export interface FuzzReport {
  readonly attacks: Readonly<Record<string, number>>;
  readonly honestRounds: number;
  /** Resident memory after a tenth of the time, and at the end; and the most there ever was. MiB. */
  readonly memoryMiB: { readonly early: number; readonly late: number; readonly peak: number };
}

/** Throws with the seed when something was not as it must be. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const target = await Target.start(options.mode);
  try {
    return await attack(target, options);
  } catch (error) {
    const { mode, seed } = options;
    const why = `the ${mode} agent, --seed ${seed}\n${target.agent.dump().slice(-6000)}`;
    throw new Error(why, { cause: error });
  } finally {
    await target.stop();
  }
}

async function attack(target: Target, options: FuzzOptions): Promise<FuzzReport> {
  const before = await target.stored();
  const honest = await Honest.start(target, target.mode);
  const attacks: Record<string, number> = {};
  const until = performance.now() + options.seconds * 1000;
  const early = earlyMemory(target, options.seconds * 100);
  const workers = Array.from({ length: options.parallel ?? 6 }, (_, i) =>
    attackUntil(until, attacks, {
      target,
      random: new SeededRandom(options.seed * 1000 + i),
      held: [],
    }),
  );
  const failed = (await Promise.allSettled(workers)).find((w) => w.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  await honest.stop();
  const late = await target.residentMiB();
  if ((options.connections ?? 0) > 0) await survivesFlood(target, options.connections ?? 0);
  const peak = await target.peakMiB();
  await checkEnd(target, before, peak);
  return { attacks, honestRounds: honest.rounds, memoryMiB: { early: await early, late, peak } };
}

async function earlyMemory(target: Target, afterMs: number): Promise<number> {
  await sleep(afterMs);
  return await target.residentMiB().catch(() => 0);
}

async function attackUntil(
  untilMs: number,
  counts: Record<string, number>,
  attacker: Attacker,
): Promise<void> {
  const names = Object.keys(ATTACKS);
  try {
    while (performance.now() < untilMs) {
      const name = attacker.random.pick(names);
      await run(name, attacker);
      counts[name] = (counts[name] ?? 0) + 1;
    }
  } finally {
    for (const socket of attacker.held) socket.destroy();
  }
}

async function run(name: string, attacker: Attacker): Promise<void> {
  try {
    await ATTACKS[name]?.(attacker);
  } catch (error) {
    throw new Error(`attack ${name}`, { cause: error });
  }
}

async function survivesFlood(target: Target, connections: number): Promise<void> {
  const sockets = await flood(target, connections);
  const honest = await Honest.start(target, target.mode);
  try {
    while (honest.rounds < 3) await Promise.race([sleep(50), honest.failure]);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  await honest.stop();
}

async function checkEnd(
  target: Target,
  before: ReadonlyMap<string, string>,
  peakMiB: number,
): Promise<void> {
  if (target.agent.hasEnded) throw new Error("the agent has ended");
  const changed = forbiddenChanges(target.mode, before, await target.stored());
  if (changed.length > 0) throw new Error(`changed in the store: ${JSON.stringify(changed)}`);
  if (peakMiB > target.memoryMaxMiB) {
    throw new Error(`the agent had ${Math.round(peakMiB)} MiB of ${target.memoryMaxMiB}`);
  }
  const output = [...target.agent.lines.map((l) => JSON.stringify(l)), ...target.agent.noise];
  if (output.some((line) => line.includes(TOKEN))) throw new Error("the log has the token");
  // Every line is JSON: nobody broke out of a field.
  const broken = target.agent.lines.find((l) => l.level === "noise");
  if (broken !== undefined) throw new Error(`a line of the log is no JSON: ${broken.message}`);
  const bugs = target.agent.lines.find((l) => l.level === "error");
  if (bugs !== undefined) throw new Error(`a bug of ours at ${MOUNT}: ${JSON.stringify(bugs)}`);
}
