// What people and misfortune do, from a seed alone: an endless row of deeds. A deed names no object; its dice choose
// one of those that are there when its turn comes, so a plan fits however the world went.
import { seededRandom } from "../servers/fault-script.ts";

/** What people do, with how often, of a thousand. */
const WISHES = {
  backUp: 200,
  restore: 200,
  cancel: 40,
  deleteJob: 90,
  changeBandwidth: 30,
  changePolicy: 20,
  changeRepository: 10,
  touchSecret: 5,
  load: 90,
  compact: 15,
  createTable: 40,
  dropTable: 30,
} as const;

/** What goes wrong, with how often. Each mends itself, or is mended, a few seconds later. */
const MISFORTUNES = {
  killPod: 60,
  hangPod: 20,
  killOperator: 20,
  stopOperator: 8,
  hangOperator: 10,
  killBackend: 15,
  killFrontend: 10,
  breakConnections: 20,
  mergeVersions: 8,
  restartApiServer: 10,
  failApiServer: 20,
  failStorage: 20,
  loseStorage: 8,
  cutNode: 8,
} as const;

export type Wish = keyof typeof WISHES;
export type Misfortune = keyof typeof MISFORTUNES;

const OPERATOR_DEEDS: readonly (Wish | Misfortune)[] = [
  "killOperator",
  "stopOperator",
  "hangOperator",
];

/** Uniform in [0, 1): what a deed is done to, and how. */
export type Dice = readonly [number, number, number, number, number, number];

export interface Deed {
  /** From 1. */
  readonly number: number;
  readonly what: Wish | Misfortune;
  readonly dice: Dice;
  /** Before it. */
  readonly pauseMs: number;
}

export interface PlanOptions {
  readonly seed: number;
  /** Pauses are uniform below twice this. */
  readonly meanPauseMs: number;
}

/** Never ends. */
export function* planOf({ seed, meanPauseMs }: PlanOptions): Generator<Deed, never> {
  const random = seededRandom(seed);
  const table = [...Object.entries(WISHES), ...Object.entries(MISFORTUNES)] as readonly [
    Wish | Misfortune,
    number,
  ][];
  for (let number = 1; ; number += 1) {
    const what = weighted(table, random());
    const dice: Dice = [random(), random(), random(), random(), random(), random()];
    yield { number, what, dice, pauseMs: Math.round(random() * 2 * meanPauseMs) };
  }
}

export function isMisfortune(what: Wish | Misfortune): what is Misfortune {
  return Object.hasOwn(MISFORTUNES, what);
}

export function isOfOperator(what: Wish | Misfortune): boolean {
  return OPERATOR_DEEDS.includes(what);
}

/** The one that a die chooses. */
export function chosen<T>(from: readonly T[], die: number): T | undefined {
  return from[Math.floor(die * from.length)];
}

/** A whole number in [least, most]. */
export function between(least: number, most: number, die: number): number {
  return least + Math.floor(die * (most - least + 1));
}

function weighted<T>(table: readonly (readonly [T, number])[], die: number): T {
  let left = die * table.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [value, weight] of table) {
    left -= weight;
    if (left < 0) return value;
  }
  throw new Error("a table of deeds needs a row");
}
