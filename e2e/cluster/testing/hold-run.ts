// A run as `npm run e2e` makes it, with a cluster in it instead of tests: for tests of how it ends.
import { fileURLToPath } from "node:url";
import { runInside } from "../outer.ts";

const HOLD = fileURLToPath(new URL("hold-cluster.ts", import.meta.url));

const { exitCode, left } = await runInside([process.execPath, HOLD, ...process.argv.slice(2)]);
for (const line of left) process.stdout.write(`NOT CLEAN: ${line}\n`);
process.exitCode = exitCode;
