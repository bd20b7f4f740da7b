// Runs the tests inside namespaces, and leaves nothing behind whatever happens: the kernel takes what lives in them, the
// janitor the rest when this process dies, and this process itself otherwise. It tells what it finds left all the same.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cleanUp, cleanUpAfterOthers, keepLogs } from "./clean-up.ts";
import { inNamespaces } from "./namespaces.ts";
import { folderOfRun, RUN_VARIABLE } from "./run.ts";
import { difference, traces } from "./traces.ts";

const JANITOR = fileURLToPath(new URL("janitor.ts", import.meta.url));

export interface Ended {
  /** Of the command; 1 when it was killed. */
  readonly exitCode: number;
  /** What the run has changed on the machine, and should not have. */
  readonly left: readonly string[];
  /** Where logs are, when it failed. */
  readonly logs: string | undefined;
}

/** Ctrl-C and its like end the command at once, and are cleaned up after as well. */
export async function runInside(command: readonly string[]): Promise<Ended> {
  await cleanUpAfterOthers();
  const folder = folderOfRun(process.pid);
  const before = await traces(folder);
  mkdirSync(folder, { recursive: true });
  const janitor = spawn(process.execPath, [JANITOR, folder], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  const exitCode = await follow(inNamespaces(folder, command), folder);
  const logs = exitCode === 0 ? undefined : await keepLogs(folder);
  await cleanUp(folder);
  janitor.stdin.end("done");
  await once(janitor, "exit");
  return { exitCode, left: difference(before, await traces(folder)), logs };
}

async function follow([program = "", ...args]: readonly string[], folder: string): Promise<number> {
  const child = spawn(program, args, {
    stdio: "inherit",
    env: { ...process.env, [RUN_VARIABLE]: folder },
  });
  const end = () => child.kill("SIGKILL");
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, end);
  const [code] = (await once(child, "exit")) as [number | null];
  for (const signal of signals) process.off(signal, end);
  return code ?? 1;
}
