// Which rows of a generated table run: a few, more in CI, all when asked; others for another seed.
import { createHash } from "node:crypto";
import { seededRandom } from "../servers/fault-script.ts";

const ASKED = process.env["STORAGE_FAULTS"];
const SEED = Number(process.env["STORAGE_SEED"] ?? 1);

export interface Choice<T> {
  readonly rows: readonly T[];
  /** For messages: how to take the same rows again. */
  readonly note: string;
}

/** `few` of the rows, or as many as STORAGE_FAULTS says. `name` keeps tables apart that share a seed. */
export function chosen<T>(rows: readonly T[], name: string, few: number): Choice<T> {
  if (ASKED === "all") return { rows, note: "STORAGE_FAULTS=all" };
  const count = ASKED === undefined ? few : Number(ASKED);
  const salt = createHash("md5").update(`${SEED} ${name}`).digest().readUInt32LE(0);
  const random = seededRandom(salt);
  const left = [...rows];
  const picked: T[] = [];
  while (picked.length < count && left.length > 0) {
    picked.push(...left.splice(Math.floor(random() * left.length), 1));
  }
  return { rows: picked, note: `STORAGE_SEED=${SEED}` };
}
