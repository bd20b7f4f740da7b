// What seal and verify found wrong: every item counted by kind, the first few kept with their names, so
// that the report of a snapshot with a million holes is as small as that of one.
import type { Log } from "../../log.ts";
import type { Outcome } from "../outcome.ts";
import { EXIT } from "../outcome.ts";

/** The kinds, with the words that follow a number. */
export const DAMAGE_KINDS = {
  noInfo: "without a valid __info",
  severalInfos: "more than one __info",
  badInfo: "__info damaged",
  noMeta: "without a valid __meta",
  severalMetas: "more than one __meta",
  badMeta: "__meta damaged",
  badManifest: "manifest damaged",
  noTablet: "tablet(s) without any file",
  noHeader: "tablet(s) without header",
  missing: "missing",
  short: "too short",
  long: "too long",
  replaced: "replaced by another object",
  checksum: "with flipped bits (md5 is not that of the name)",
  leftover: "left unfinished (.part)",
  variant: "present in two versions",
  noChecksum: "without md5 in the name",
  unknownTablet: "folder(s) of tablets that __info does not name",
  unexpected: "that should not be there",
  lost: "acknowledged but lost before its rename",
} as const;

export type DamageKind = keyof typeof DAMAGE_KINDS;

export interface DamageItem {
  readonly kind: DamageKind;
  /** Below the snapshot's folder. */
  readonly path: string;
  readonly note?: string;
}

const ITEMS_MAX = 20;
const DETAIL_CHARS_MAX = 1500;
const MESSAGE_ITEMS_MAX = 3;

export class DamageReport {
  readonly #items: DamageItem[] = [];
  readonly #counts = new Map<DamageKind, number>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  add(item: DamageItem): void {
    this.#counts.set(item.kind, (this.#counts.get(item.kind) ?? 0) + 1);
    if (this.#items.length >= ITEMS_MAX) return;
    this.#items.push(item);
    this.#log.info("damaged file", item);
  }

  /** Damage of all kinds, also what is not kept. */
  get count(): number {
    return this.#counts.values().reduce((sum, n) => sum + n, 0);
  }

  get items(): readonly DamageItem[] {
    return this.#items;
  }

  /** Exit 43. `what` says whose damage it is and what was done about it. */
  outcome(what: string, detail: Readonly<Record<string, unknown>>): Outcome {
    const kinds = Object.fromEntries(this.#counts);
    const counted = [...this.#counts].map(([kind, n]) => `${n} ${DAMAGE_KINDS[kind]}`).join(", ");
    const named = this.#items.slice(0, MESSAGE_ITEMS_MAX).map(describe).join("; ");
    return {
      exitCode: EXIT.damaged,
      reason: "SnapshotDamaged",
      message: `${what}: ${counted}; first: ${named}`,
      detail: { ...detail, damaged: this.count, kinds, first: this.#short() },
    };
  }

  // As many items as the termination message has room for.
  #short(): readonly DamageItem[] {
    const short: DamageItem[] = [];
    let chars = 0;
    for (const item of this.#items) {
      chars += JSON.stringify(item).length;
      if (chars > DETAIL_CHARS_MAX) break;
      short.push(item);
    }
    return short;
  }
}

function describe({ kind, path, note }: DamageItem): string {
  return `${path} (${note ?? DAMAGE_KINDS[kind]})`;
}
