// Restores that are accepted and refused.
import { aRestore, UNWRITABLE, type SchemaCase } from "./cases.ts";

const SNAPSHOT = { name: "nightly_1a2b3c4d", timestamp: "2026-11-21-01-35-06-837" };

const ACCEPTED: readonly SchemaCase[] = [
  { name: "only what is needed", object: aRestore(), problems: [] },
  {
    name: "everything at once",
    object: aRestore({
      source: { snapshot: SNAPSHOT },
      database: "shop_restored",
      tables: [
        { name: "orders", partitions: ["p1"], as: "orders_old" },
        { name: "customers", as: "orders" },
      ],
      replicationNum: 32,
      existing: "Overwrite",
      overwriteTables: ["orders"],
      timeout: "10m",
      noProgressTimeout: "1m",
      bandwidth: "1Mi",
      startBefore: "2026-11-21T12:00:00+01:00",
      cancel: true,
    }),
    problems: [],
  },
  {
    name: "256 tables, each under another name",
    object: aRestore({
      tables: Array.from({ length: 256 }, (_, i) => ({ name: `t${i}`, as: `t${i + 1}` })),
    }),
    problems: [],
  },
];

const REFUSED: readonly SchemaCase[] = [
  {
    name: "no source",
    object: aRestore({ source: undefined }),
    problems: [["spec.source", "is needed"]],
  },
  {
    name: "an empty source",
    object: aRestore({ source: {} }),
    problems: [["spec.source", "exactly one of backup and snapshot"]],
  },
  {
    name: "two sources",
    object: aRestore({ source: { backup: "nightly", snapshot: SNAPSHOT } }),
    problems: [["spec.source", "exactly one of backup and snapshot"]],
  },
  {
    name: "a snapshot without its timestamp",
    object: aRestore({ source: { snapshot: { name: "s" } } }),
    problems: [["spec.source.snapshot.timestamp", "is needed"]],
  },
  ...[
    "",
    "2026-11-21 01:35:06",
    "2026-11-21T01:35:06Z",
    // No release writes it so, and the statement could not be sent.
    "2026-11-21-01-35-06",
  ].map((timestamp) => ({
    name: `the timestamp "${timestamp}"`,
    object: aRestore({ source: { snapshot: { name: "s", timestamp } } }),
    problems: [["spec.source.snapshot.timestamp", "for example 2026-11-21-01-35-06-837"]] as const,
  })),
  ...["", "../x", "shop.nightly", "nightly 1"].map((name) => ({
    name: `the snapshot "${name}"`,
    object: aRestore({ source: { snapshot: { ...SNAPSHOT, name } } }),
    problems: [["spec.source.snapshot.name", "for example nightly_1a2b3c4d"]] as const,
  })),
  ...["", "ops/nightly", "Nightly"].map((backup) => ({
    name: `the Backup "${backup}"`,
    object: aRestore({ source: { backup } }),
    problems: [["spec.source.backup", "write for example nightly"]] as const,
  })),
  ...["", "ops/prod"].map((repository) => ({
    name: `the repository "${repository}"`,
    object: aRestore({ repository }),
    problems: [["spec.repository", "write for example prod"]] as const,
  })),
  ...UNWRITABLE.flatMap(([what, name]) => [
    {
      name: `a database with ${what}`,
      object: aRestore({ database: name }),
      problems: [["spec.database", "write for example shop"]] as const,
    },
    {
      name: `a table with ${what}`,
      object: aRestore({ tables: [{ name }] }),
      problems: [["spec.tables[0].name", "write for example orders"]] as const,
    },
    {
      name: `a partition with ${what}`,
      object: aRestore({ tables: [{ name: "a", partitions: [name] }] }),
      problems: [
        [
          "spec.tables[0].partitions[0]",
          name === "" ? "1 char" : "kubectl explain says what to write",
        ],
      ] as const,
    },
    {
      name: `a table's new name with ${what}`,
      object: aRestore({ tables: [{ name: "a", as: name }] }),
      problems: [["spec.tables[0].as", "write for example orders_restored"]] as const,
    },
    {
      name: `a table to overwrite with ${what}`,
      object: aRestore({ existing: "Overwrite", overwriteTables: [name] }),
      problems: [["spec.overwriteTables[0]", "write for example orders"]] as const,
    },
  ]),
  {
    name: "one of StarRocks' own databases",
    object: aRestore({ database: "Information_Schema" }),
    problems: [["spec.database", "name a database of yours"]],
  },
  {
    name: "the same table twice",
    object: aRestore({ tables: [{ name: "a" }, { name: "a", as: "b" }] }),
    problems: [["spec.tables", "twice"]],
  },
  {
    name: "two tables under one new name",
    object: aRestore({
      tables: [
        { name: "a", as: "c" },
        { name: "b", as: "c" },
      ],
    }),
    problems: [["spec.tables", "give each its own name with as"]],
  },
  {
    name: "a table under the name of another one that keeps its own",
    object: aRestore({ tables: [{ name: "a", as: "b" }, { name: "b" }] }),
    problems: [["spec.tables", "give each its own name with as"]],
  },
  {
    name: "partitions without a table",
    object: aRestore({ tables: [{ as: "b", partitions: ["p"] }] }),
    problems: [["spec.tables[0].name", "is needed"]],
  },
  {
    name: "no replica",
    object: aRestore({ replicationNum: 0 }),
    problems: [["spec.replicationNum", "1"]],
  },
  {
    name: "more replicas than StarRocks allows",
    object: aRestore({ replicationNum: 33 }),
    problems: [["spec.replicationNum", "32"]],
  },
  {
    name: "Overwrite without the names",
    object: aRestore({ existing: "Overwrite" }),
    problems: [["spec.existing", "name there, as they are called in the target, the tables"]],
  },
  {
    name: "Overwrite with no name",
    object: aRestore({ existing: "Overwrite", overwriteTables: [] }),
    problems: [["spec.overwriteTables", "1 items"]],
  },
  {
    name: "names without Overwrite",
    object: aRestore({ overwriteTables: ["orders"] }),
    problems: [["spec.overwriteTables", "set that, or leave overwriteTables out"]],
  },
  {
    name: "names with Fail",
    object: aRestore({ existing: "Fail", overwriteTables: ["orders"] }),
    problems: [["spec.overwriteTables", "set that, or leave overwriteTables out"]],
  },
  {
    name: "a way with existing tables that is not there yet",
    object: aRestore({ existing: "Swap" }),
    problems: [["spec.existing", "Fail"]],
  },
  ...[
    "",
    "2026-11-21",
    "2026-11-21 12:00:00",
    "2026-11-21T12:00:00",
    "2026-11-21T12:00Z",
    "12:00",
    "1969-12-31T00:00:00Z",
  ].map((startBefore) => ({
    name: `the startBefore "${startBefore}"`,
    object: aRestore({ startBefore }),
    problems: [["spec.startBefore", "write for example 2026-11-21T12:00:00Z"]] as const,
  })),
  {
    name: "a bandwidth in bits",
    object: aRestore({ bandwidth: "100Mbit" }),
    problems: [["spec.bandwidth", "write for example 50Mi"]],
  },
  {
    name: "too little time",
    object: aRestore({ timeout: "1m", noProgressTimeout: "1s" }),
    problems: [
      ["spec.timeout", "write for example 6h"],
      ["spec.noProgressTimeout", "write for example 30m"],
    ],
  },
  {
    name: "a retry, which a Restore has not",
    object: aRestore({ retry: { maxAttempts: 2 } }),
    problems: [["spec.retry", "is no field here"]],
  },
];

const ONCE = "make another Restore (only cancel and bandwidth may change)";

const CHANGES: readonly SchemaCase[] = [
  {
    name: "what may change does",
    before: aRestore(),
    object: aRestore({ cancel: true, bandwidth: "10Mi" }),
    problems: [],
  },
  {
    name: "the same list, said again",
    before: aRestore({ tables: [{ name: "a", as: "b" }] }),
    object: aRestore({ tables: [{ name: "a", as: "b" }] }),
    problems: [],
  },
  {
    name: "another source, place and target",
    before: aRestore(),
    object: aRestore({
      repository: "other",
      source: { backup: "other" },
      database: "other",
      replicationNum: 1,
      startBefore: "2026-11-21T12:00:00Z",
    }),
    problems: [
      ["spec.repository", ONCE],
      ["spec.source", ONCE],
      ["spec.database", ONCE],
      ["spec.replicationNum", ONCE],
      ["spec.startBefore", ONCE],
    ],
  },
  {
    name: "Overwrite said later",
    before: aRestore(),
    object: aRestore({ existing: "Overwrite", overwriteTables: ["orders"] }),
    problems: [
      ["spec.existing", ONCE],
      ["spec.overwriteTables", ONCE],
    ],
  },
  {
    name: "another name for a table",
    before: aRestore({ tables: [{ name: "a", as: "b" }] }),
    object: aRestore({ tables: [{ name: "a", as: "c" }] }),
    problems: [["spec.tables", ONCE]],
  },
  {
    name: "a later startBefore",
    before: aRestore({ startBefore: "2026-11-21T12:00:00Z" }),
    object: aRestore({ startBefore: "2026-11-22T12:00:00Z" }),
    problems: [["spec.startBefore", ONCE]],
  },
  {
    name: "the same startBefore in another zone",
    before: aRestore({ startBefore: "2026-11-21T12:00:00Z" }),
    object: aRestore({ startBefore: "2026-11-21T13:00:00+01:00" }),
    problems: [],
  },
  {
    name: "other times",
    before: aRestore(),
    object: aRestore({ timeout: "1h", noProgressTimeout: "1h" }),
    problems: [
      ["spec.timeout", ONCE],
      ["spec.noProgressTimeout", ONCE],
    ],
  },
  {
    name: "cancel taken back",
    before: aRestore({ cancel: true }),
    object: aRestore(),
    problems: [["spec.cancel", "cannot be taken back"]],
  },
];

export const RESTORE_CASES: readonly SchemaCase[] = [...ACCEPTED, ...REFUSED, ...CHANGES];
