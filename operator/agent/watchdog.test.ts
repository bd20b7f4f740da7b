import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { InFlightCall } from "../broker/server.ts";
import { silentLog } from "../log.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { endIfStalled } from "./watchdog.ts";

const WATCHDOG = fileURLToPath(new URL("watchdog.ts", import.meta.url));

describe("endIfStalled", () => {
  const clock = new ManualClock(1_000_000);
  const cases: readonly {
    name: string;
    call?: Omit<InFlightCall, "method" | "connection">;
    ends: boolean;
  }[] = [
    { name: "goes on without calls", ends: false },
    { name: "goes on while a call is young", call: { sinceMs: 960_000, peerMs: 0 }, ends: false },
    {
      name: "ends it for a call that stands still",
      call: { sinceMs: 949_000, peerMs: 0 },
      ends: true,
    },
    {
      name: "does not count the time spent waiting for the caller",
      call: { sinceMs: 900_000, peerMs: 60_000 },
      ends: false,
    },
  ];
  for (const { name, call, ends } of cases) {
    it(name, () => {
      const codes: number[] = [];
      endIfStalled({
        loopMaxMs: 1,
        callMaxMs: 50_000,
        calls: () => (call === undefined ? [] : [{ method: "pwrite", connection: 1, ...call }]),
        clock,
        log: silentLog,
        exit: (code) => codes.push(code),
      });
      expect(codes).to.deep.equal(ends ? [70] : []);
    });
  }
});

describe("startWatchdog", () => {
  let dir = "";
  let lastWord = "";

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "watchdog-"));
    lastWord = join(dir, "termination");
  });

  after(async () => {
    await rm(dir, { recursive: true });
  });

  beforeEach(() => rm(lastWord, { force: true }));

  /** Runs a program whose event loop does `body` under a watchdog, of one second unless told otherwise. */
  async function end(
    body: string,
    { before = [], loopMaxMs = 1000 }: { before?: readonly string[]; loopMaxMs?: number } = {},
  ): Promise<{ signal: unknown; code: unknown; output: string }> {
    const program = `
      const { existsSync, rmSync } = await import("node:fs");
      const { startWatchdog } = await import(${JSON.stringify(WATCHDOG)});
      const log = { info() {}, warn() {}, error() {}, debug() {}, child: () => log };
      const clock = { monotonic: () => performance.now() };
      const lastWord = ${JSON.stringify(lastWord)};
      const watchdog = startWatchdog({ loopMaxMs: ${loopMaxMs}, callMaxMs: 1e9, calls: () => [], terminationLog: lastWord, clock, log });
      ${body}`;
    const [first, ...words] = [...before, process.execPath, "--input-type=module", "-e"];
    const child = spawn(first, [...words, program]);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const [code, signal] = (await once(child, "close")) as [unknown, unknown];
    return { signal, code, output };
  }

  it("kills a process whose event loop stands still, and says so", async () => {
    const { signal, output } = await end(
      "await new Promise((r) => setTimeout(r, 600)); for (;;) {}",
    );
    expect(signal).to.equal("SIGKILL");
    expect(output).to.contain("the event loop stands still");
    expect(JSON.parse(await readFile(lastWord, "utf8"))).to.deep.include({
      exitCode: 70,
      reason: "InternalError",
    });
  });

  it("needs another first process in its PID namespace", async function () {
    // The fact that pods' shareProcessNamespace is there for: a container's only process does not end.
    if (spawnSync("unshare", ["--pid", "--fork", "true"]).status !== 0) this.skip(); // needs root
    // It has its last word once more, so the kill after the first one did nothing.
    const { code, output } = await end(
      "const said = () => { while (!existsSync(lastWord)) if (performance.now() > 60_000) process.exit(8); rmSync(lastWord); }; setTimeout(() => { said(); said(); process.exit(7); }, 600);",
      { before: ["unshare", "--pid", "--fork", "--kill-child"] },
    );
    expect(output).to.contain("the event loop stands still");
    expect(code).to.equal(7);
  });

  it("leaves a process alone whose event loop turns, and lets it end", async () => {
    // Three seconds: a busy machine may leave the loop without a turn for one.
    const { code, output } = await end(
      "await new Promise((r) => setTimeout(r, 5000)); await watchdog.stop(); console.log('ended');",
      { loopMaxMs: 3000 },
    );
    expect(code).to.equal(0);
    expect(output).to.contain("ended");
  });
});
