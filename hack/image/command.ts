// Runs one program to its end, for what it prints.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const LIMIT_MS = 10 * 60_000;
const SAID_BYTES = 64 * 1024 * 1024;

/** Its standard output. Rejects, with what it said on standard error, when it ends badly. */
export async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const options = {
    cwd,
    env: { ...process.env, ...environment },
    timeout: LIMIT_MS,
    maxBuffer: SAID_BYTES,
  };
  return (await promisify(execFile)(program, args, options)).stdout;
}
