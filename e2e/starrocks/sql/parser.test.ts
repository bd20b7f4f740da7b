import { expect } from "chai";
import { RELEASES, type ProfileName } from "../profile.ts";
import { profileOf } from "../profiles.ts";
import { SyntaxProblem, tokenize } from "./lexer.ts";
import { WhereProblem } from "./parse-backup.ts";
import { parse, syntaxErrorText } from "./parser.ts";
import type { Statement } from "./statement.ts";

function read(text: string, profile: ProfileName = "3.5"): Statement {
  return parse(text, profileOf(profile).sql);
}

function problem(text: string, profile: ProfileName = "3.5"): string {
  try {
    read(text, profile);
  } catch (error) {
    if (error instanceof SyntaxProblem) return syntaxErrorText(text, error);
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

describe("tokenize", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["a plain word", "db_1", "word db_1"],
    ["a non-ASCII word", "täglich", "word täglich"],
    ["a back-quoted name that starts with a digit", "`1 t`", "quoted 1 t"],
    ["a doubled back-quote", "`a``b`", "quoted a`b"],
    ["a string in single quotes", "'a\"b'", 'string a"b'],
    ["a string in double quotes", `"a'b"`, "string a'b"],
    ["a doubled quote", "'it''s'", "string it's"],
    ["backslash escapes", String.raw`'a\'b\\c\n'`, "string a'b\\c\n"],
    ["a comment before a word", "/* x */ -- y\n t", "word t"],
  ];
  for (const [name, text, wanted] of cases) {
    it(`reads ${name}`, () => {
      const [first, end] = tokenize(text);
      expect(`${first?.kind} ${first?.text}`).to.equal(wanted);
      expect(end?.kind).to.equal("end");
    });
  }

  for (const text of ["'open", '"open', "`open", "1abc", "a # b"]) {
    it(`refuses ${text}`, () => expect(() => tokenize(text)).to.throw(SyntaxProblem));
  }
});

describe("parse", () => {
  it("reads brokers with several addresses and either kind of name", () => {
    const wanted = {
      kind: "addBroker",
      name: "b1",
      addresses: [
        { host: "127.0.0.1", port: 8000 },
        { host: "b.svc", port: 8001 },
      ],
    };
    for (const name of ["b1", "`b1`", '"b1"']) {
      const text = `ALTER SYSTEM ADD BROKER ${name} "127.0.0.1:8000", ' b.svc:8001 '`;
      expect(read(text, "2.5")).to.deep.equal(wanted);
    }
  });

  it("reads a legacy backup in every profile", () => {
    for (const profile of RELEASES) {
      const text =
        "BACKUP SNAPSHOT `d`.s1 TO r ON (t1 PARTITION (p1, p2), d.t2) PROPERTIES ('timeout' = '600')";
      expect(read(text, profile)).to.deep.equal({
        kind: "backup",
        db: "d",
        label: "s1",
        repository: "r",
        on: {
          all: [],
          refs: [
            {
              kind: "table",
              db: undefined,
              name: "t1",
              partitions: ["p1", "p2"],
              alias: undefined,
            },
            { kind: "table", db: "d", name: "t2", partitions: [], alias: undefined },
          ],
        },
        properties: new Map([["timeout", "600"]]),
      });
    }
  });

  it("reads object lists from 3.4 on", () => {
    const text =
      "BACKUP DATABASE d SNAPSHOT s TO r ON (ALL TABLES, MATERIALIZED VIEW m, VIEWS v, FUNCTION f)";
    const statement = read(text);
    expect(statement.kind === "backup" && statement.on?.all).to.deep.equal(["table"]);
    const refs = statement.kind === "backup" ? statement.on?.refs.map((r) => r.kind) : [];
    expect(refs).to.deep.equal(["materializedView", "view", "function"]);
  });

  it("reads a restore with other names", () => {
    const statement = read(
      "RESTORE SNAPSHOT s FROM r DATABASE a AS b ON (TABLE t PARTITION (p) AS t2) PROPERTIES ('backup_timestamp' = 'x')",
    );
    expect(statement).to.deep.include({ kind: "restore", snapshotDb: "a", targetDb: "b" });
    const alias = statement.kind === "restore" ? statement.on?.refs[0]?.alias : "";
    expect(alias).to.equal("t2");
  });

  it("reads views of information_schema with conditions", () => {
    expect(
      read(
        "SELECT TABLE_NAME, SUM(x) AS n FROM information_schema.tables WHERE a = 'b' AND c IN (1, 2) GROUP BY TABLE_NAME ORDER BY n DESC LIMIT 3",
      ),
    ).to.deep.include({
      kind: "select",
      view: "tables",
      where: [
        { column: "a", op: "=", values: ["b"] },
        { column: "c", op: "IN", values: [1, 2] },
      ],
      orderBy: [{ column: "n", descending: true }],
      limit: 3,
    });
  });

  const refused: readonly (readonly [string, string, ProfileName?])[] = [
    ["AS inside a backup", "BACKUP SNAPSHOT d.s TO r ON (t AS t2)"],
    ["a qualified label after DATABASE", "BACKUP DATABASE d SNAPSHOT d.s TO r"],
    ["DATABASE before 3.4", "BACKUP DATABASE d SNAPSHOT s TO r", "3.3.2"],
    [
      "an ON list without any database",
      "RESTORE SNAPSHOT s FROM r ON (t) PROPERTIES ('backup_timestamp' = 'x')",
    ],
    ["a property that is no string", "BACKUP SNAPSHOT d.s TO r PROPERTIES ('timeout' = 600)"],
    ["empty properties", "BACKUP SNAPSHOT d.s TO r PROPERTIES ()"],
    ["a label with a dash", "BACKUP SNAPSHOT d.a-b TO r"],
    ["a reserved word as a name", "BACKUP SNAPSHOT d.s TO r ON (select)"],
    ["IF NOT EXISTS for a broker", "ALTER SYSTEM ADD BROKER IF NOT EXISTS b 'h:1'"],
    ["a port out of range", "ALTER SYSTEM ADD BROKER b 'h:70000'"],
    ["IPv6 before 3.3", "ALTER SYSTEM ADD BROKER b '[::1]:8000'", "3.1"],
    ["DROP SNAPSHOT before 4.2", "DROP SNAPSHOT s ON r", "4.1"],
    [
      "a repository without PROPERTIES in 2.5",
      "CREATE REPOSITORY r WITH BROKER b ON LOCATION 's3://x'",
      "2.5",
    ],
    [
      "a quoted broker name in 2.5",
      "CREATE REPOSITORY r WITH BROKER 'b' ON LOCATION 's3://x' PROPERTIES ('a' = 'b')",
      "2.5",
    ],
    ["a string partition in 2.5", "BACKUP SNAPSHOT d.s TO r ON (t PARTITION ('p'))", "2.5"],
    ["what follows a statement", "SHOW BROKER now"],
    ["an unknown statement", "EXPLODE"],
  ];
  for (const [name, text, profile] of refused) {
    it(`refuses ${name}`, () => {
      expect(problem(text, profile)).to.match(
        /^Getting syntax error at line 1, column \d+\. Detail message: .+\.$/,
      );
    });
  }

  it("says where the problem is", () => {
    expect(problem("SHOW\n  BREAKERS")).to.match(
      /at line 2, column 2\. .*Unexpected input 'BREAKERS'/,
    );
  });

  const wheres: readonly (readonly [string, ProfileName])[] = [
    ["SHOW SNAPSHOT ON r WHERE TIMESTAMP = 'x'", "3.5"],
    ["SHOW SNAPSHOT ON r WHERE LABEL = 'x'", "3.5"],
    ["SHOW SNAPSHOT ON r WHERE SNAPSHOT IN ('x')", "2.5"],
  ];
  for (const [text, profile] of wheres) {
    it(`explains the clause to ${text} in ${profile}`, () => {
      expect(() => read(text, profile)).to.throw(
        WhereProblem,
        /^Where clause should looks like: SNAPSHOT = /,
      );
    });
  }
});
