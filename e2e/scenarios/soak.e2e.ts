// A short soak with a fixed seed, every day; long ones with fresh seeds: `npm run soak`, as CI does.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { soak } from "../soak/soak.ts";

const SEED = 5;
const BUSY_MS = 8_000;

describe("a soak", () => {
  it(`of some seconds keeps all promises (seed ${SEED})`, async function () {
    // It waits for what each job needs; only a hang takes so long.
    this.timeout(900_000);
    const dir = await mkdtemp(join(tmpdir(), "starrocks-soak-"));
    try {
      await soak({
        seed: SEED,
        durationMs: BUSY_MS,
        meanPauseMs: 400,
        compareMax: 2,
        livingMax: 3,
        history: join(dir, "history.jsonl"),
        say: () => {},
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});
