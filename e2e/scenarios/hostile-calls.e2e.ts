// Hostile callers at a real agent, for a few seconds; `npm run fuzz` goes on for as long as asked. `FUZZ_SEED=<n>`
// repeats the choice of a run that failed.
import { expect } from "chai";
import { ATTACKS } from "../fuzz/attacks.ts";
import { fuzz } from "../fuzz/fuzz.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const SECONDS = 6;
/** More than an agent takes. */
const CONNECTIONS = 1200;

describe("an agent under attack", () => {
  for (const mode of ["backup", "restore"] as const) {
    it(`lives, takes nothing, serves StarRocks: ${mode}, FUZZ_SEED=${SEED}`, async () => {
      const connections = mode === "backup" ? CONNECTIONS : 0;
      const report = await fuzz({ mode, seconds: SECONDS, seed: SEED, connections });
      const counts = Object.values(report.attacks);
      expect(counts.reduce((sum, n) => sum + n, 0)).to.be.above(Object.keys(ATTACKS).length);
      expect(report.honestRounds).to.be.above(0);
    });
  }
});
