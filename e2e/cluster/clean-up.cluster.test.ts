// However a run ends, the machine is as before. The run that is ended here lives inside this one.
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { must } from "../../operator/assert.ts";
import { describeOnCluster } from "./describe.ts";
import { folderOfRun } from "./run.ts";
import { eventually } from "./testing/pods.ts";
import { difference, traces, type Traces } from "./traces.ts";

const RUN = fileURLToPath(new URL("testing/hold-run.ts", import.meta.url));

interface Ended {
  /** `up`, complaints. */
  readonly said: readonly string[];
  readonly left: readonly string[];
}

describeOnCluster("nothing is left of a run", () => {
  /** `act` when the cluster is up. */
  const endedBy = async (
    act: (run: ChildProcess) => void,
    args: readonly string[] = [],
  ): Promise<Ended> => {
    const run = spawn(process.execPath, [RUN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(run, "exit");
    const folder = folderOfRun(must(run.pid));
    const before: Traces = {
      ...(await traces(folder)),
      // They begin with the run, and may have by now.
      processes: [],
      "control groups": [],
      "runs' folders": [],
    };
    const said: string[] = [];
    run.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    for await (const line of createInterface(run.stdout)) {
      said.push(line);
      if (line === "up") act(run);
    }
    await ended;
    const left = await eventually(
      async () => difference(before, await traces(folder)),
      (lines) => lines.length === 0,
    );
    return { said, left };
  };

  it("that is asked to end", async () => {
    const { said } = await endedBy((run) => run.kill("SIGINT"));
    expect(said).to.deep.equal(["up"]);
  });

  it("whose parent is killed", async () => {
    const { said } = await endedBy((run) => run.kill("SIGKILL"));
    expect(said).to.deep.equal(["up"]);
  });

  it("whose first process is killed", async () => {
    const { said } = await endedBy((run) => {
      const children = `/proc/${run.pid}/task/${run.pid}/children`;
      for (const pid of readFileSync(children, "utf8").trim().split(" ")) {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        if (command.startsWith("unshare")) process.kill(Number(pid), "SIGKILL");
      }
    });
    expect(said).to.deep.equal(["up"]);
  });

  it("whose cluster does not start, which says why", async () => {
    const { said } = await endedBy(() => {}, ["--fail"]);
    expect(said.join("\n")).to.match(/waiting for the API server to be ready.*has ended/);
    expect(said.join("\n")).to.contain("unknown flag: --no-such-flag");
  });
});
