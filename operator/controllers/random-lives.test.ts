// Random lives against Kubernetes and StarRocks in memory, on a clock that runs when told. LIVES says how many,
// LIVES_SEED where to begin: a life that fails is run again with its seed and LIVES=1. Where it begins is fixed
// unless told, so that a failure is of the change at hand; who looks for news tells another.
import { live } from "./testing/random-life.ts";

const FIRST = Number(process.env["LIVES_SEED"] ?? 1);
const LIVES = Number(process.env["LIVES"] ?? 10);

describe("random lives", () => {
  it(`end well (${LIVES} of them from LIVES_SEED=${FIRST} on)`, async function () {
    this.timeout(0);
    for (let seed = FIRST; seed < FIRST + LIVES; seed += 1) {
      await live(seed).catch((error: unknown) => {
        const { actual } = error as { readonly actual?: unknown };
        const found = actual === undefined ? "" : ` ${JSON.stringify(actual)}`;
        throw new Error(`LIVES=1 LIVES_SEED=${seed}: ${String(error)}${found}`, { cause: error });
      });
    }
  });
});
