// Which address each process of a cluster has.
import { must } from "../../operator/assert.ts";

/** The i-th of the given addresses, or the i-th from the first one on. */
export function hostOf(i: number, given: readonly string[] | undefined, first: string): string {
  return given === undefined ? hostAt(first, i) : must(given[i], `an address for process ${i}`);
}

function hostAt(first: string, i: number): string {
  const at = first.lastIndexOf(".") + 1;
  return `${first.slice(0, at)}${Number(first.slice(at)) + i}`;
}
