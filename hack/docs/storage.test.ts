// docs/storage.md claims no more than what is tested: what it calls proven or emulated names its tests, which are
// there and use what it says; what it calls unproven names none.
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { testsByName } from "./tests.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Row {
  readonly way: string;
  readonly state: string;
  readonly against: string;
  readonly tests: readonly string[];
}

function rows(): readonly Row[] {
  const page = readFileSync(join(root, "docs/storage.md"), "utf8");
  const [, section = ""] = page.split("\n## What is proven\n");
  const [body = ""] = section.split("\n## ");
  const lines = body.split("\n").filter((line) => /^\| (S3|GCS|HDFS|any) /.test(line));
  return lines.map((line) => {
    const [, storage = "", way = "", state = "", against = "", tests = ""] = line
      .split("|")
      .map((cell) => cell.trim());
    const names = [...tests.matchAll(/`([\w-]+)`/g)].map(([, name = ""]) => name);
    return { way: `${storage}: ${way}`, state, against, tests: names };
  });
}

/** What a test that uses the server must have in its text. */
const SERVERS: readonly (readonly [said: RegExp, used: RegExp])[] = [
  [/versitygw/, /versitygw/i],
  [/moto/, /moto/i],
  [/fauxqs/, /fauxqs/i],
  [/fake-gcs-server/, /fake-?gcs/i],
  [/MiniDFSCluster/, /hdfs/i],
];

describe("docs/storage.md", () => {
  const all = rows();
  const tests = testsByName(root);

  it("has ways of each storage, each with a state", () => {
    for (const storage of ["S3", "GCS", "HDFS"]) {
      expect(all.filter(({ way }) => way.startsWith(`${storage}: `)).length).to.be.greaterThan(3);
    }
    for (const { way, state } of all) {
      expect(state, way).to.be.oneOf(["proven", "emulated", "unproven"]);
    }
  });

  it("names a test that is there, and on what, for what is proven or emulated", () => {
    for (const row of all.filter(({ state }) => state !== "unproven")) {
      expect(row.tests, row.way).not.to.deep.equal([]);
      expect(row.against, row.way).not.to.equal("");
      expect(
        row.tests.filter((name) => !tests.has(name)),
        row.way,
      ).to.deep.equal([]);
    }
  });

  it("names servers that a test of the row uses", () => {
    for (const { way, against, tests: names } of all) {
      const text = names.map((name) => tests.get(name) ?? "").join("\n");
      for (const [said, used] of SERVERS) {
        if (said.test(against)) expect(used.test(text), `${way}: ${against}`).to.equal(true);
      }
    }
  });

  it("calls proven only what ran on a server", () => {
    for (const { way, against } of all.filter(({ state }) => state === "proven")) {
      expect(against, way).to.match(/versitygw|MiniDFSCluster|Node's/);
    }
  });

  it("names no test for what is unproven", () => {
    const named = all.filter(({ state, tests: names }) => state === "unproven" && names.length > 0);
    expect(named.map(({ way }) => way)).to.deep.equal([]);
  });
});
