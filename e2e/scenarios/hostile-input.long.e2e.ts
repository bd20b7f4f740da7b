// Names that look like SQL, like paths, or like nothing a terminal should print: backed up, dropped and restored
// through the operator, each as itself. And manifests that must not be taken: each refused where it is applied.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import { World, resource } from "../world.ts";

const DATABASE = "shop`; DROP DATABASE `other`; -- '\"é🦀";
const TABLES = [
  "select",
  "1st",
  "a`b``c",
  'it\'s "quoted"',
  "x'; DROP TABLE `keep`; --",
  "/* not a comment */",
  "back\\slash\\' OR 1=1",
  "dot.ted",
  "100%_like",
  "__proto__",
  "constructor",
  "e\u0301 is not é",
  "\u05e9\u05dc\u05d5\u05dd \u202e txt",
  "${jndi:ldap://x}{{.}}",
  "../../etc",
];
const PARTITIONS = ["p`1", "2026'; --", "__proto__", "ordinary"];

describe("hostile input", () => {
  let world: World;

  before(async () => {
    world = await World.start({ nodes: 1 });
    world.startOperator();
    await world.apply(world.repository());
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    await world.starrocks.createDatabase({
      name: DATABASE,
      tables: [
        ...TABLES.map((name) => ({ name, segmentBytes: [2000] })),
        { name: "parts", partitions: PARTITIONS, segmentBytes: [2000] },
      ],
    });
    await world.starrocks.createDatabase({ name: "other", tables: [{ name: "keep" }] });
  });

  after(async () => {
    await world.stop();
  });

  const ended = async <T extends Backup | Restore>(kind: T["kind"], name: string): Promise<T> => {
    const job = await world.until<T>(kind, name, ({ status }) =>
      ["FINISHED", "FAILED", "CANCELLED"].includes(status?.phase ?? ""),
    );
    expect(job.status?.phase, job.status?.message).to.equal("FINISHED");
    return job;
  };

  it("backs up and restores what is named like SQL, each under its own name", async () => {
    const all = [...TABLES, "parts"];
    const digests = new Map<string, string>();
    for (const name of all) digests.set(name, await world.starrocks.digest(DATABASE, name));
    const tables = [
      ...TABLES.map((name) => ({ name })),
      { name: "parts", partitions: PARTITIONS.slice(0, 3) },
    ];
    const spec = { repository: "prod", database: DATABASE };
    await world.apply(resource("Backup", "named", { ...spec, tables }));
    await world.apply(resource("Backup", "whole", spec));
    await ended<Backup>("Backup", "named");
    await ended<Backup>("Backup", "whole");

    const target = "it's `another` one";
    const some = { source: { backup: "named" }, database: target, tables };
    await world.apply(resource("Restore", "elsewhere", { repository: "prod", ...some }));
    await ended<Restore>("Restore", "elsewhere");
    for (const name of TABLES) {
      expect(await world.starrocks.digest(target, name), name).to.equal(digests.get(name));
    }

    const renamed = TABLES.map((name) => ({ name, as: `${name} \`as\` it's` }));
    const as = { source: { backup: "whole" }, tables: renamed };
    await world.apply(resource("Restore", "renamed", { repository: "prod", ...as }));
    await ended<Restore>("Restore", "renamed");
    for (const { name, as: other } of renamed) {
      expect(await world.starrocks.digest(DATABASE, other), other).to.equal(digests.get(name));
    }
    // Nobody's table was dropped on the way.
    expect(must(await world.starrocks.digest("other", "keep"))).not.to.equal("");
    expect(world.starrocks.violations).to.deep.equal([]);
  });

  const refused: readonly (readonly [
    what: string,
    kind: "Backup" | "Repository",
    spec: object,
    says: RegExp,
  ])[] = [
    ["a database with a line break", "Backup", { database: "a\nb" }, /spec\.database.*write for/],
    [
      "a database with a C1 control character",
      "Backup",
      { database: "a\u0085b" },
      /spec\.database.*write for/,
    ],
    ["a number for a name", "Backup", { database: 5 }, /spec\.database.*string/],
    [
      "more tables than a statement bears",
      "Backup",
      { tables: many(10_000) },
      /spec\.tables.*1000/,
    ],
    ["an enormous name", "Backup", { database: "x".repeat(1 << 20) }, /spec\.database.*256/],
    ["a day as a duration", "Backup", { timeout: "1d" }, /spec\.timeout.*write for/],
    ["a negative size", "Backup", { bandwidth: "-1Mi" }, /spec\.bandwidth.*write for/],
    ["a path as a snapshot's name", "Backup", { snapshotName: "../x" }, /snapshotName.*write/],
    ["a folder ..", "Repository", { location: "s3://bucket/../x" }, /location must not have/],
    [
      "credentials in the location",
      "Repository",
      { location: "s3://k:s@bucket/x" },
      /location must be/,
    ],
    ["a query", "Repository", { location: "s3://bucket/x?versionId=1" }, /location must be/],
    [
      "a line break in the location",
      "Repository",
      { location: "s3://bucket/x\u0085y" },
      /location must be/,
    ],
    [
      "a backslash in the location",
      "Repository",
      { location: "s3://bucket/..\\x" },
      /location must be/,
    ],
    [
      "credentials in the endpoint",
      "Repository",
      endpoint("http://user:pass@h:9000"),
      /endpoint must be/,
    ],
    ["an endpoint with NUL", "Repository", endpoint("http://h\u0000"), /endpoint must be/],
    [
      "an endpoint's port beyond all ports",
      "Repository",
      endpoint("http://h:99999"),
      /endpoint must be/,
    ],
    ["an endpoint that is no address", "Repository", endpoint("http://[zz]"), /endpoint must be/],
    ["an FE's port beyond all ports", "Repository", cluster("fe:99999"), /frontends/],
    ["an FE with a user", "Repository", cluster("user:pass@fe:9030"), /frontends/],
  ];
  for (const [what, kind, spec, says] of refused) {
    it(`is refused when it is applied: ${what}`, async () => {
      const object =
        kind === "Backup"
          ? resource("Backup", "hostile", { repository: "prod", database: "shop", ...spec })
          : { ...world.repository(spec), metadata: world.repository({}, "hostile").metadata };
      const failure = await world.apply(object).then(() => undefined, String);
      expect(failure).to.match(says);
      // What is not taken is shown, but not all of it.
      expect(must(failure).length).to.be.below(4000);
    });
  }
});

function many(count: number): object[] {
  return Array.from({ length: count }, (_, i) => ({ name: `t${i}` }));
}

function endpoint(url: string): object {
  return { s3: { endpoint: url } };
}

function cluster(frontend: string): object {
  return {
    cluster: { frontends: [frontend], credentialsSecret: { name: "starrocks-backup-user" } },
  };
}
