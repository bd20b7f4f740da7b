// `npm run e2e [-- mocha's arguments]`: the tests that need a real Kubernetes. It gets what is missing, makes the namespaces
// that the cluster lives in, runs mocha in there, and cleans up. Without root there are no nodes: it runs what needs a
// control plane alone, and says what it leaves out.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildImage } from "../../hack/image/build.ts";
import { getKubernetes } from "../../hack/kubernetes/main.ts";
import { runInside, type Ended } from "./outer.ts";

const MOCHA = fileURLToPath(new URL("../../node_modules/mocha/bin/mocha.js", import.meta.url));

/** Where no file is named. */
const FILES = ["e2e/cluster/*.cluster.test.ts", "e2e/scenarios/*.cluster.e2e.ts"];

const times: string[] = [];
const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const begun = performance.now();
  const result = await work();
  times.push(`${what} ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  return result;
};

const args = process.argv.slice(2);
const files = args.some((arg) => arg.endsWith(".ts")) ? [] : FILES;
const command = [process.execPath, MOCHA, "--config", ".mocharc.cluster.yaml", ...args, ...files];
const isRoot = process.getuid?.() === 0;

await timed("programs", () => getKubernetes((line) => console.log(line)));
// In there is no way to the package registries.
if (isRoot) await timed("image", buildImage);
const ended = await timed("tests", () => (isRoot ? runInside(command) : runWithoutNodes(command)));
if (ended.logs !== undefined) console.error(`the logs of the cluster's parts: ${ended.logs}`);
for (const line of ended.left) console.error(`NOT CLEAN: ${line}`);
console.log(`e2e: ${times.join(", ")}`);
process.exitCode = ended.left.length > 0 ? 1 : ended.exitCode;

async function runWithoutNodes([program = "", ...rest]: readonly string[]): Promise<Ended> {
  console.error("LEFT OUT: every test that needs nodes. They need root: sudo npm run e2e");
  const { status } = spawnSync(program, rest, { stdio: "inherit" });
  return { exitCode: status ?? 1, left: [], logs: undefined };
}
