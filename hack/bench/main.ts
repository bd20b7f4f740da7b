// `npm run bench`: one agent against a real storage server, beside the store's own client by itself and the client
// with what a rename costs there. Prints what is reached and where the time goes. Ends
// with 0 also when an aim is missed: on a shared machine that alone proves nothing.
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { Bench } from "./bench.ts";
import { hasProcessStat } from "./process-stat.ts";
import { renderAims, renderSection } from "./report.ts";
import { RUN_SECTION, type SectionResult } from "./sections.ts";
import { readSettings, type Settings } from "./settings.ts";
import type { Store } from "./store.ts";
import type { StoreKind } from "../../operator/storage/store-kind.ts";
import { renderSummary, type StoreResult } from "./summary.ts";

async function main(argv: readonly string[]): Promise<void> {
  const settings = readSettings(argv);
  if (!hasProcessStat()) throw new Error("the benchmark reads /proc: run it on Linux");
  const begun = performance.now();
  console.log(`${renderMachine()}\n`);
  const results: StoreResult[] = [];
  for (const kind of settings.stores) results.push(await runStore(settings, kind));
  if (results.length > 1) console.log(`${renderSummary(results)}\n`);
  console.log(`took ${Math.round((performance.now() - begun) / 1000)} s`);
  await writeJson(settings, results);
}

async function runStore(settings: Settings, kind: StoreKind): Promise<StoreResult> {
  const bench = await Bench.start(settings, kind);
  try {
    console.log(`${renderStore(bench.store)}\n`);
    const sections = await runSections(bench);
    const aims = sections.flatMap((section) => section.aims);
    if (aims.length > 0) console.log(`${renderAims(aims)}\n`);
    return { store: bench.store.name, sections };
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

function renderMachine(): string {
  const load = loadavg()[0]?.toFixed(1) ?? "?";
  return [
    `${availableParallelism()} cores (${cpus()[0]?.model ?? "?"}), load ${load} at the start, Node ${process.version}`,
    "",
    "CPU is shown as seconds a GB (ms a file for small ones), the kernel's part in brackets; `load` is the",
    "process that plays the BE; `cores` is how many of them all this kept busy, `others` what everybody",
    "else on the machine took meanwhile. When the two add up to all cores, CPU time decides the speed.",
  ].join("\n");
}

function renderStore({ name, limits }: Store): string {
  const [first, ...more] = limits;
  if (first === undefined) return `store: ${name}`;
  return [`store: ${name}`, `NOTE: ${first}`, ...more].join("\n");
}

async function writeJson(
  { jsonPath, sizes }: Settings,
  results: readonly StoreResult[],
): Promise<void> {
  if (jsonPath === undefined) return;
  const value = { node: process.version, sizes, results };
  await writeFile(jsonPath, `${JSON.stringify(value, undefined, 2)}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof Error && error.cause !== undefined) console.error(error.cause);
  process.exitCode = 1;
}
