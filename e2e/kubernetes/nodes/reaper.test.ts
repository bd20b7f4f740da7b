import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { Reaper } from "./reaper.ts";

const REAPER = fileURLToPath(new URL("reaper.ts", import.meta.url));

/** A harness in small: starts a reaper and a process that would live for ever, and says its pid. */
const HARNESS = `
  import { spawn } from "node:child_process";
  import { Reaper } from ${JSON.stringify(REAPER)};
  const reaper = await Reaper.start();
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true });
  reaper.watch(child.pid);
  process.stdout.write(child.pid + "\\n");
  setInterval(() => {}, 1000);
`;

/** One that ended counts as such before its new parent has taken notice. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("the reaper", () => {
  it("ends what is left when the harness is killed", async () => {
    const harness = spawn(process.execPath, ["--input-type=module", "-e", HARNESS], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(harness.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).to.equal(true);
    harness.kill("SIGKILL");
    await until(() => !isAlive(pid));
  });

  it("leaves alone what it was told to forget, and ends when asked", async () => {
    const reaper = await Reaper.start();
    const idle = ["-e", "setInterval(() => {}, 1000)"];
    const kept = spawn(process.execPath, idle, { detached: true });
    const ended = spawn(process.execPath, idle, { detached: true });
    const exit = once(ended, "exit");
    await Promise.all([once(kept, "spawn"), once(ended, "spawn")]);
    reaper.watch(kept.pid ?? 0);
    reaper.watch(ended.pid ?? 0);
    reaper.forget(kept.pid ?? 0);
    await reaper.stop();
    const [, signal] = (await exit) as [number | null, string];
    expect(signal).to.equal("SIGKILL");
    expect(kept.exitCode ?? kept.signalCode).to.equal(null);
    expect(isAlive(reaper.pid)).to.equal(false);
    kept.kill("SIGKILL");
    await once(kept, "exit");
  });
});
