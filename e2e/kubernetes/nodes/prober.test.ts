import { expect } from "chai";
import { ManualClock } from "../../../operator/testing/manual-clock.ts";
import type { ProbeSpec } from "../core.ts";
import { keepProbing } from "./prober.ts";

/** Probes with the given results, one per period; returns what was said when. */
async function probed(
  spec: ProbeSpec,
  results: readonly (boolean | "hangs")[],
  seconds: number,
): Promise<readonly string[]> {
  const clock = new ManualClock();
  const life = new AbortController();
  const said: string[] = [];
  let next = 0;
  const second = (): number => Math.round((clock.monotonic() - begin) / 1000);
  const begin = clock.monotonic();
  const done = keepProbing({
    spec,
    clock,
    signal: life.signal,
    probe: async (signal) => {
      const result = results[next] ?? results.at(-1);
      next += 1;
      if (result !== "hangs") return result === true ? undefined : "refused";
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve, { once: true });
      });
      return (signal.reason as Error).message;
    },
    changed: (passed) => said.push(`${second()} ${passed ? "passed" : "failed"}`),
    failed: (why) => said.push(`${second()} ${why}`),
  });
  await clock.advance(seconds * 1000);
  life.abort();
  await done;
  expect(clock.pending).to.equal(0);
  return said;
}

describe("a probe", () => {
  it("passes at once by default", async () => {
    expect(await probed({}, [true], 30)).to.deep.equal(["0 passed"]);
  });

  it("waits before it begins and between looks", async () => {
    const spec = { initialDelaySeconds: 5, periodSeconds: 2, successThreshold: 3 };
    expect(await probed(spec, [true], 20)).to.deep.equal(["9 passed"]);
  });

  it("fails after as many failures in a row as it says", async () => {
    const said = await probed({ periodSeconds: 1 }, [true, false, false, true, false], 6);
    expect(said).to.deep.equal([
      "0 passed",
      "1 refused",
      "2 refused",
      "4 refused",
      "5 refused",
      "6 refused",
      "6 failed",
    ]);
  });

  it("has failed when it takes too long", async () => {
    const said = await probed({ timeoutSeconds: 2, failureThreshold: 1 }, ["hangs"], 5);
    expect(said).to.deep.equal(["2 no answer in 2 s", "2 failed"]);
  });
});
