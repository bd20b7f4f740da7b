// What a storage key may look like; see storage.ts.
import { assert } from "../assert.ts";

/** The key itself, or `AssertionError`: keys are built by us, so a bad one is a bug. */
export function requireKey(key: string): string {
  const ok = key !== "" && key.split("/").every((s) => s !== "" && s !== "." && s !== "..");
  assert(ok, () => `storage key ${JSON.stringify(key)} has an empty or relative segment`);
  return key;
}
