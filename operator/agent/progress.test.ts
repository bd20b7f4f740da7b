import { expect } from "chai";
import { Counters } from "../broker/counters.ts";
import { silentLog, type Log } from "../log.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { Progress } from "./progress.ts";

interface Line {
  readonly [field: string]: unknown;
}

function fixture() {
  const clock = new ManualClock();
  const counters = new Counters();
  const lines: Line[] = [];
  const log: Log = { ...silentLog, info: (message, fields) => lines.push({ message, ...fields }) };
  const open = () => ({ writers: 2, readers: 0, intents: 1 });
  const progress = new Progress({ label: "s1", attempt: "a1", counters, open, clock, log });
  return { clock, counters, lines, progress };
}

describe("Progress", () => {
  it("writes a line in five seconds at the most, with the rate since the last one", async () => {
    const { clock, counters, lines, progress } = fixture();
    const stop = new AbortController();
    const running = progress.run(stop.signal);
    counters.took({ key: "first", clientId: "be" }, 5_000_000);
    counters.answered("pwrite");
    await clock.advance(5_000);
    for (let i = 0; i < 10; i += 1) {
      const transfer = { key: `f${i}`, clientId: "be" };
      counters.took(transfer, 1_000_000);
      counters.finished(transfer);
      counters.answered("pwrite");
      await clock.advance(500);
    }
    stop.abort();
    await running;
    expect(lines).to.have.length(2);
    expect(lines[0]).to.include({
      message: "progress",
      label: "s1",
      bytes: 5_000_000,
      bytesPerSecond: 1_000_000,
    });
    expect(lines[1]).to.include({
      bytes: 15_000_000,
      bytesPerSecond: 2_000_000,
      files: 10,
      calls: 11,
    });
    expect(lines[1]).to.include({ openWriters: 2, openIntents: 1 });
  });

  it("is silent while nothing but pings happens, but not for longer than a minute", async () => {
    const { clock, counters, lines, progress } = fixture();
    const stop = new AbortController();
    const running = progress.run(stop.signal);
    for (let i = 0; i < 59; i += 1) {
      counters.answered("ping");
      await clock.advance(1_000);
    }
    expect(lines).to.have.length(0);
    await clock.advance(6_000);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ calls: 0 });
    stop.abort();
    await running;
  });

  it("shows the last error that a caller was told", async () => {
    const { counters, lines, progress } = fixture();
    counters.failed("openWriter", "no more files in time");
    progress.line();
    expect(lines[0]).to.include({ failedCalls: 1, lastError: "no more files in time" });
  });
});
