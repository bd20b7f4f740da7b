// `npm run bench`: one agent against a real S3 server, beside the storage client by itself and the client
// with the server-side copy that a rename costs. Prints what is reached and where the time goes. Ends
// with 0 also when an aim is missed: on a shared machine that alone proves nothing.
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { installHint } from "../../e2e/servers/installed.ts";
import { Bench } from "./bench.ts";
import { hasProcessStat } from "./process-stat.ts";
import { renderAims, renderSection } from "./report.ts";
import { RUN_SECTION, type SectionResult } from "./sections.ts";
import { readSettings, type Settings } from "./settings.ts";
import type { Store } from "./store.ts";

async function main(argv: readonly string[]): Promise<void> {
  const settings = readSettings(argv);
  if (!hasProcessStat()) throw new Error("the benchmark reads /proc: run it on Linux");
  const begun = performance.now();
  const bench = await Bench.start(settings);
  try {
    console.log(`${renderMachine(bench.store)}\n`);
    const results = await runSections(bench);
    const aims = results.flatMap((result) => result.aims);
    if (aims.length > 0) console.log(`${renderAims(aims)}\n`);
    console.log(`took ${Math.round((performance.now() - begun) / 1000)} s`);
    await writeJson(settings, bench.store, results);
  } finally {
    await bench.stop();
  }
}

async function runSections(bench: Bench): Promise<SectionResult[]> {
  const results: SectionResult[] = [];
  for (const section of bench.settings.sections) {
    const result = await RUN_SECTION[section](bench);
    results.push(result);
    console.log(`${renderSection(result)}\n`);
  }
  return results;
}

function renderMachine({ name, isReal }: Store): string {
  const load = loadavg()[0]?.toFixed(1) ?? "?";
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? "?"}), load ${load} at the start, Node ${process.version}`;
  const lines = [`store: ${name}`, machine];
  if (!isReal) {
    lines.push(
      "",
      "NOTE: versitygw is not installed, so the store is a JavaScript one that is slower than the agent:",
      "the numbers mean less, ratios above all. Install it and run again:",
      `  ${installHint("versitygw")}`,
    );
  }
  lines.push(
    "",
    "CPU is shown as seconds a GB (ms a file for small ones), the kernel's part in brackets; `load` is the",
    "process that plays the BE; `cores` is how many of them all this kept busy, `others` what everybody",
    "else on the machine took meanwhile. When the two add up to all cores, CPU time decides the speed.",
  );
  return lines.join("\n");
}

async function writeJson(
  { jsonPath, sizes }: Settings,
  store: Store,
  results: readonly SectionResult[],
): Promise<void> {
  if (jsonPath === undefined) return;
  const { name, isReal } = store;
  const value = { node: process.version, store: { name, isReal }, sizes, results };
  await writeFile(jsonPath, `${JSON.stringify(value, undefined, 2)}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof Error && error.cause !== undefined) console.error(error.cause);
  process.exitCode = 1;
}
