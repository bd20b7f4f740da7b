// `npm run bench:scale [-- --json] [-- --only <section>]`: what the operator and the agent's commands take as things
// grow, each measured at a tenth and at the full size. Ends with 0 whatever comes out: how to read it is in
// docs/benchmarks.md, what must hold in *.scale.test.ts.
import { render } from "./figure.ts";
import type { Section } from "./figure.ts";
import { SECTIONS } from "./sections.ts";

async function main(argv: readonly string[]): Promise<void> {
  const asJson = argv.includes("--json");
  const at = argv.indexOf("--only");
  const only = at < 0 ? undefined : argv[at + 1];
  const chosen = Object.entries(SECTIONS).filter(([name]) => only === undefined || name === only);
  if (chosen.length === 0) {
    throw new Error(`there is no section ${only}; there are ${Object.keys(SECTIONS).join(", ")}`);
  }
  const results: Section[] = [];
  for (const [, measure] of chosen) {
    const section = await measure();
    results.push(section);
    if (!asJson) console.log(`${render(section)}\n`);
  }
  if (asJson)
    console.log(JSON.stringify({ node: process.version, sections: results }, undefined, 2));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
