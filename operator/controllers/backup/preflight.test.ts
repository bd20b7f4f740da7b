// What a Backup asks of StarRocks when nothing but the database is named.
import { expect } from "chai";
import type { Version } from "../../starrocks/frontend.ts";
import { facts, mounted, seen, table, version } from "../testing/seen.ts";
import { backupRequest, leftOutIsListed } from "./preflight.ts";

const TABLES = [table("a"), table("b")];
const MIXED = [table("a"), table("v", "view"), table("e", "other"), table("b")];
const UNREADABLE: Version = { text: "UNKNOWN 1f5a0c3", numbers: undefined };

describe("a Backup of a whole database", () => {
  const cases = [
    ["says nothing more to 3.4", version(3, 4, 0), MIXED, undefined],
    ["names the tables to what is older", version(3, 3, 9), MIXED, ["a", "b"]],
    ["says nothing more to an unreadable version", UNREADABLE, TABLES, undefined],
    ["names the tables where a view might be refused", UNREADABLE, MIXED, ["a", "b"]],
  ] as const;
  for (const [name, which, tables, wanted] of cases) {
    it(name, () => {
      const request = backupRequest(
        seen(mounted({ frontend: { tables, facts: facts({ version: which }) } })),
      );
      expect(request.tables?.map((t) => t.name)).to.deep.equal(wanted);
    });
  }

  it("lists a view that an unreadable version might refuse", () => {
    const front = { tables: MIXED, facts: facts({ version: UNREADABLE }) };
    const verdict = leftOutIsListed(seen({ frontend: front }));
    expect(verdict?.status?.leftOut).to.deep.equal([
      {
        name: "v",
        kind: "view",
        why: "this StarRocks does not tell its version (UNKNOWN 1f5a0c3), and before 3.4 a backup with such objects fails",
      },
      {
        name: "e",
        kind: "table of another engine",
        why: "StarRocks does not back up tables of engine MYSQL",
      },
    ]);
  });
});
