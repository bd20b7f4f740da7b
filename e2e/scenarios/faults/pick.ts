// Which rows a run takes. FAULTS=all: every one. FAULTS=ci: as many as it takes to meet every component with every
// fault and in both kinds of jobs, and every point. Further words: those whose title has them all, as `FAULTS="ci agent"` or
// `FAULTS="BE kill Restore"`. Nothing said: two.
// FAULTS_SEED chooses otherwise.
import { createHash } from "node:crypto";
import { must } from "../../../operator/assert.ts";
import { COMPONENTS, ROWS, titleOf, type Row } from "./table.ts";

export interface Picked {
  readonly rows: readonly Row[];
  readonly seed: string;
}

export function pick(environment: Readonly<Record<string, string | undefined>>): Picked {
  const words = (environment["FAULTS"] ?? "").toLowerCase().split(/[\s,]+/);
  const seed = environment["FAULTS_SEED"] ?? "1";
  const shuffled = shuffle(ROWS, seed);
  if (words[0] === "") return { rows: couple(shuffled), seed };
  const all = words[0] === "ci" ? covering(shuffled) : ROWS;
  const wanted = words.filter((word) => !["ci", "all"].includes(word));
  const rows = all.filter((row) => {
    const has = titleOf(row).toLowerCase().split(" ");
    return wanted.every((word) => has.includes(word));
  });
  return { rows, seed };
}

/**
 * Each component with each fault, half of them in a Backup, half in a Restore, each time at the point that was met
 * least.
 */
function covering(shuffled: readonly Row[]): readonly Row[] {
  const met = new Map<string, number>();
  const times = (row: Row): number => met.get(`${row.kind} ${row.point}`) ?? 0;
  return COMPONENTS.flatMap((component) => {
    const rows = shuffled.filter((r) => r.component === component);
    const faults = [...new Set(rows.map((r) => r.fault))];
    return faults.map((fault, i) => {
      const kind = i % 2 === 0 ? "Backup" : "Restore";
      const fits = rows.filter((r) => r.fault === fault && r.kind === kind);
      const row = must(fits.sort((a, b) => times(a) - times(b))[0]);
      met.set(`${row.kind} ${row.point}`, times(row) + 1);
      return row;
    });
  });
}

/** A Backup, and a Restore of it with another component; of the world with one FE, and the quicker ones. */
function couple(shuffled: readonly Row[]): readonly Row[] {
  const quick = shuffled.filter(
    (r) => r.component !== "FE leader" && r.fault !== "hang" && r.point !== "queued",
  );
  const backup = must(quick.find((r) => r.kind === "Backup"));
  const fits = (r: Row): boolean => r.kind === "Restore" && r.component !== backup.component;
  return [backup, must(quick.find(fits))];
}

/** The same order for the same seed. */
function shuffle<T>(items: readonly T[], seed: string): readonly T[] {
  const key = (i: number): string => createHash("sha256").update(`${seed}/${i}`).digest("hex");
  return items
    .map((item, i) => ({ item, key: key(i) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ item }) => item);
}
