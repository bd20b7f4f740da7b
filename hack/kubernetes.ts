// `npm run kubernetes [-- --require]`: gets the programs of the real Kubernetes that `npm run e2e` runs on, those of them
// that are not there yet.
import { getKubernetes } from "./kubernetes/main.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const isThere = await getKubernetes((line) => console.log(line));
if (!isThere && process.argv.includes("--require")) process.exitCode = 1;
