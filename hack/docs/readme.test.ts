// README.md tells how to work here: every command of package.json, and every variable that makes tests do more or the
// same again. None that is no more.
import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

const [, section = ""] = read("README.md").split("\n## Working on it\n");

/** What stands between backquotes in the first column of the table whose head begins so. */
function firstCells(head: string): readonly string[] {
  const [, table = ""] = section.split(new RegExp(`^\\| ${head} .*$`, "m"));
  const [rows = ""] = table.split("\n\n");
  return rows
    .split("\n")
    .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)])
    .map(([, name = ""]) => name.replace(/^npm (run )?/, ""));
}

/** Those that begin with `pre` run by themselves, before the one that they are called after. */
function scripts(): readonly string[] {
  const { scripts: all } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  return Object.keys(all).filter((name) => !(name.startsWith("pre") && name.slice(3) in all));
}

/** Read where tests choose what they do; `"X"`, as the rest of the environment is the machine's. */
const CHOICE = /\b(?:process\.env|environment)\["([A-Z_]+)"\]/g;
const OF_TESTS = /\.test\.ts$|^e2e\/(scenarios|servers|cluster|describe-unless)\b/;
const OF_THE_MACHINE = new Set(["PATH", "GOBIN", "GOPATH", "HARNESS_ONLY", "LOG"]);

function variables(): readonly string[] {
  const files = ["operator", "e2e", "hack"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
      join(folder, name),
    ),
  );
  const found = files
    .filter((name) => name.endsWith(".ts") && OF_TESTS.test(name))
    .flatMap((name) => [...read(name).matchAll(CHOICE)].map(([, variable = ""]) => variable));
  return [...new Set(found)].filter((variable) => !OF_THE_MACHINE.has(variable));
}

describe("README.md", () => {
  it("has every command", () => {
    const told = new Set(section.matchAll(/`(?:npm (?:run )?)?([a-z\d:]+)[ `]/g).map(([, n]) => n));
    expect(scripts().filter((name) => !told.has(name))).to.deep.equal([]);
  });

  it("has no command that is no more", () => {
    const all = new Set(scripts());
    expect(firstCells("command").filter((name) => !all.has(name))).to.deep.equal([]);
  });

  it("has every variable of the tests, and none that is no more", () => {
    expect(firstCells("variable").toSorted()).to.deep.equal(variables().toSorted());
  });
});
