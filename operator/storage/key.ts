// What a storage key may look like, and how keys are ordered; see storage.ts.
import { assert } from "../assert.ts";

/** The key itself, or `AssertionError`: keys are built by us, so a bad one is a bug. */
export function requireKey(key: string): string {
  const ok = key !== "" && key.split("/").every((s) => s !== "" && s !== "." && s !== "..");
  assert(ok, () => `storage key ${JSON.stringify(key)} has an empty or relative segment`);
  return key;
}

/** Two good keys that differ: a move onto itself would delete the only copy. */
export function requirePair(from: string, to: string): void {
  assert(requireKey(from) !== requireKey(to), () => `${from} cannot be copied onto itself`);
}

/** Compares in the byte order of UTF-8, as listings are sorted. `<` on strings is another order. */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return utf8Rank(left) - utf8Rank(right);
  }
  return a.length - b.length;
}

// UTF-16 puts surrogates (characters past U+FFFF) before U+E000 to U+FFFF, UTF-8 after them.
function utf8Rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
