// `npm run fuzz -- --seconds 600 --seed 7`: attacks agents for as long as asked, half of the time one that backs
// up and half of it one that restores. Ends with 0 when all held; else says what did not, and the seed.
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";

const CONNECTIONS = 3000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(process.pid) },
    connections: { type: "string", default: String(CONNECTIONS) },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
const connections = Number(values.connections);
if (!(seconds > 0) || !Number.isSafeInteger(seed) || !Number.isSafeInteger(connections)) {
  throw new TypeError("usage: npm run fuzz -- [--seconds N] [--seed S] [--connections N]");
}
for (const mode of ["backup", "restore"] as const) {
  process.stdout.write(`${mode}: --seconds ${seconds} --seed ${seed}\n`);
  const report = await fuzz({ mode, seconds: seconds / 2, seed, connections });
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
}
