// The command line of the benchmark, and the sizes it runs with.
import { parseArgs } from "node:util";
import type { StoreKind } from "../../operator/storage/store-kind.ts";
import { STORE_KINDS } from "./stores/bench-store.ts";

export const SECTIONS = ["up", "down", "small", "requests", "memory"] as const;
export type Section = (typeof SECTIONS)[number];

const MIB = 1024 * 1024;

export interface Sizes {
  /** A "large" file: several parts of an upload. */
  readonly largeBytes: number;
  /** Large files of one run, by streams. */
  readonly largeFiles: { readonly 1: number; readonly 8: number };
  readonly largeRounds: number;
  readonly smallFiles: number;
  readonly smallRounds: number;
  /** Files of the memory section's two runs, and their size. */
  readonly memoryFiles: number;
  readonly memoryFileBytes: number;
  /** The one file of its third run. */
  readonly hugeBytes: number;
}

const FULL: Sizes = {
  largeBytes: 64 * MIB,
  largeFiles: { 1: 4, 8: 8 },
  largeRounds: 4,
  smallFiles: 10_000,
  smallRounds: 2,
  memoryFiles: 64,
  memoryFileBytes: 32 * MIB,
  hugeBytes: 1024 * MIB,
};

const QUICK: Sizes = {
  largeBytes: 64 * MIB,
  largeFiles: { 1: 2, 8: 8 },
  largeRounds: 1,
  smallFiles: 1000,
  smallRounds: 1,
  memoryFiles: 32,
  memoryFileBytes: 16 * MIB,
  hugeBytes: 1024 * MIB,
};

export const SMALL_BYTES = 16 * 1024;
export const SMALL_STREAMS = 8;
export const SMALL_PER_TABLET = 20;
export const MEMORY_STREAMS = 32;
export const CALL_BYTES = [1 * MIB, 4 * MIB] as const;

export interface Settings {
  readonly stores: readonly StoreKind[];
  readonly sections: readonly Section[];
  readonly sizes: Sizes;
  readonly jsonPath: string | undefined;
  readonly profile: boolean;
  /** `limits.partMiB` of the agent; absent: its default. */
  readonly partMiB: number | undefined;
}

const HELP = `npm run bench -- [--store=${STORE_KINDS.join("|")}|all] [--quick] [--only=${SECTIONS.join(",")}] [--rounds=N] [--json=FILE] [--profile] [--part-mib=N]

  --store    which storage; default s3. With all of them, a table of all at the end
  --quick    about a minute a storage: smaller sizes, fewer rounds, more noise
  --only     some of the parts, comma-separated
  --rounds   how often everything is measured; the medians are printed
  --json     writes all numbers to a file as well
  --profile  also shows in which functions the agent spends its time; slows the agent by a few percent
  --part-mib the agent's limits.partMiB, instead of its default`;

/** Reads the command line. Throws with the help text when it is not understood. */
export function readSettings(argv: readonly string[]): Settings {
  const { values } = parse(argv);
  const sizes = values.quick === true ? QUICK : FULL;
  const rounds = values.rounds === undefined ? undefined : positive("rounds", values.rounds);
  return {
    stores: storesOf(values.store ?? "s3"),
    sections: values.only === undefined ? SECTIONS : sectionsOf(values.only),
    sizes: rounds === undefined ? sizes : { ...sizes, largeRounds: rounds, smallRounds: rounds },
    jsonPath: values.json,
    profile: values.profile === true,
    partMiB:
      values["part-mib"] === undefined ? undefined : positive("part-mib", values["part-mib"]),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        store: { type: "string" },
        quick: { type: "boolean" },
        only: { type: "string" },
        rounds: { type: "string" },
        json: { type: "string" },
        profile: { type: "boolean" },
        "part-mib": { type: "string" },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\n\n${HELP}`, { cause: error });
  }
}

function sectionsOf(only: string): Section[] {
  const wanted = only.split(",");
  const unknown = wanted.find((name) => !SECTIONS.some((s) => s === name));
  if (unknown !== undefined) throw new Error(`--only=${unknown}: no such part\n\n${HELP}`);
  return SECTIONS.filter((s) => wanted.includes(s));
}

function storesOf(wanted: string): readonly StoreKind[] {
  if (wanted === "all") return STORE_KINDS;
  const found = STORE_KINDS.filter((kind) => kind === wanted);
  if (found.length === 0) throw new Error(`--store=${wanted}: no such storage\n\n${HELP}`);
  return found;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name}=${text}\n\n${HELP}`);
  return value;
}
