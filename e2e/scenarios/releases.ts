// Which releases of StarRocks a scenario runs on: all of them in CI (RELEASES=all), those named (RELEASES=3.1,4.2),
// else the oldest with the newest in turn with two others, by RELEASE_SEED. Whoever uses it shows the seed.
import { RELEASES, type Release } from "../starrocks/profile.ts";

const CHOSEN = process.env["RELEASES"];

/** Of this run. */
export const RELEASE_SEED = Number(process.env["RELEASE_SEED"] ?? 0);

export function releasesOfRun(): readonly Release[] {
  if (CHOSEN === "all") return RELEASES;
  if (CHOSEN !== undefined) return CHOSEN.split(",").map(requireRelease);
  // Each half of the list gives one, so that old and new are always there.
  const half = RELEASES.length / 2;
  const at = RELEASE_SEED % half;
  return RELEASES.filter((_, i) => i % half === at);
}

function requireRelease(name: string): Release {
  const found = RELEASES.find((r) => r === name.trim());
  if (found !== undefined) return found;
  throw new Error(`RELEASES=${name}: choose all, or some of ${RELEASES.join(", ")}`);
}
