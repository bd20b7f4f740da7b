// The operator's page tells what the tables of the code say: phases, steps, limits, annotations.
import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { basename, dirname, join } from "node:path";
import { ANNOTATIONS } from "../../operator/api/group.ts";
import { BACKUP_PHASES } from "../../operator/controllers/backup/phases.ts";
import type { PhaseRow } from "../../operator/controllers/job/plan.ts";
import { RESTORE_PHASES } from "../../operator/controllers/restore/phases.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs/operator.md"), "utf8");

/** The rows of all tables below a heading, cell by cell, without the lines below their heads. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const [body = ""] = section.split("\n## ");
  return body
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| -"))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));
}

function firstCells(heading: string): readonly string[] {
  return rowsBelow(heading).map(([, first = ""]) => first);
}

/** `crash` of crash.test.ts, `lost-node` of lost-node.long.e2e.ts; tests of one file in a folder go by the folder's. */
function testNames(): ReadonlySet<string> {
  const files = ["operator", "e2e/scenarios"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }),
  );
  const tests = files.filter((name) => /\.(test|e2e)\.ts$/.test(name));
  return new Set(
    tests.flatMap((name) => [
      basename(name).replace(/(\.long)?\.(test|e2e)\.ts$/, ""),
      basename(dirname(name)),
    ]),
  );
}

const LIVES: readonly [heading: string, table: Readonly<Record<string, PhaseRow<string>>>][] = [
  ["How a Backup lives", BACKUP_PHASES],
  ["How a Restore lives", RESTORE_PHASES],
];

describe("docs/operator.md", () => {
  for (const [heading, table] of LIVES) {
    describe(heading, () => {
      const phases = Object.entries(table).filter(([, { limit }]) => limit !== undefined);
      const rows = rowsBelow(heading);

      it("has the steps of each phase, in order", () => {
        const steps = phases.flatMap(([phase, row]) =>
          Object.keys(row.steps).map((step, i) => [i === 0 ? phase : "", step]),
        );
        const said = rows.filter((cells) => cells.length === 5).map(([, ...cells]) => cells);
        expect(said.slice(1).map((cells) => cells.slice(0, 2))).to.deep.equal(steps);
      });

      it("has the limit of each phase", () => {
        const limits = rows.filter((cells) => cells.length === 4).map(([, ...cells]) => cells);
        const wanted = phases.map(([phase, { limit }]) => [phase, limit]);
        expect(limits.slice(1).map((cells) => cells.slice(0, 2))).to.deep.equal(wanted);
      });
    });
  }

  it("names tests that are there as what holds what survives", () => {
    const tests = testNames();
    const held = rowsBelow("What survives what")
      .slice(1)
      .flatMap((cells) => (cells[3] ?? "").split(";"))
      .map((part) => part.trim().replace(/^unit: /, ""))
      .filter((part) => !/^(the contract of|npm run|by design|soak: )/.test(part))
      .flatMap((part) => part.split(", "));
    expect(held.length).to.be.greaterThan(30);
    expect(held.filter((name) => !tests.has(name))).to.deep.equal([]);
  });

  it("has every annotation", () => {
    const said = new Set(firstCells("Settings that travel in annotations").slice(1));
    expect(said).to.deep.equal(new Set(Object.values(ANNOTATIONS)));
  });
});
