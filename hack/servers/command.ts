// Runs one program to its end and keeps what it said last: a build's whole output is nobody's reading.
import { spawn } from "node:child_process";
import type { Step } from "./recipes.ts";

/** No build takes so long on any machine: one that does stands still. */
const LIMIT_MS = 40 * 60_000;
const SAID_CHARS = 4000;

/** It ends with this process. What it printed, at most the last few thousand characters. Rejects, with them, when it ends badly. */
export async function run({ command: [program, ...args], environment }: Step): Promise<string> {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const kill = () => child.kill();
  // Not Node's own `timeout`: of a program that is not there it stays, and this process with it (Node 26).
  const limit = setTimeout(kill, LIMIT_MS);
  process.once("exit", kill);
  let said = "";
  const hear = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-SAID_CHARS);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const end = await new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? "" : `ended with ${code ?? signal}`));
  });
  clearTimeout(limit);
  process.off("exit", kill);
  if (end === "") return said;
  throw new Error(`${[program, ...args].join(" ")}: ${end}\n${said}`.trimEnd());
}
