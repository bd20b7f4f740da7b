// How well we know a release of StarRocks. One that we do not know is used as the newest that we do, never refused.
import type { Version } from "./frontend.ts";

const NEWEST_KNOWN = [4, 2] as const;

/** For people: why this release may not do what we expect; undefined for one that was written for. */
export function doubtOf({ text, numbers }: Version): string | undefined {
  if (numbers === undefined) {
    return `it does not tell its version (${text}): only what every release can is asked of it`;
  }
  const [major, minor] = numbers;
  const isNewer = major > NEWEST_KNOWN[0] || (major === NEWEST_KNOWN[0] && minor > NEWEST_KNOWN[1]);
  if (!isNewer) return undefined;
  const known = NEWEST_KNOWN.join(".");
  return `it is newer than ${known}, the newest that this operator knows, and is used like that one: look for a newer operator, and try a restore`;
}
