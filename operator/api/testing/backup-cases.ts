// Backups that are accepted and refused.
import { aBackup, UNWRITABLE, type SchemaCase } from "./cases.ts";

const ACCEPTED: readonly SchemaCase[] = [
  { name: "only what is needed", object: aBackup(), problems: [] },
  {
    name: "everything at once",
    object: aBackup({
      tables: [{ name: "orders", partitions: ["p1", "p2"] }, { name: "Größe `1`" }],
      timeout: "1h30m",
      noProgressTimeout: "90s",
      retry: { maxAttempts: 20, backoff: "500ms" },
      bandwidth: 1048576,
      deletionPolicy: "Delete",
      snapshotName: "before_upgrade",
      cancel: false,
    }),
    problems: [],
  },
  {
    name: "a snapshotName of full length, when there is one attempt",
    object: aBackup({ snapshotName: "s".repeat(60), retry: { maxAttempts: 1 } }),
    problems: [],
  },
  {
    name: "a snapshotName with room for the attempt",
    object: aBackup({ snapshotName: "s".repeat(57) }),
    problems: [],
  },
  {
    name: "the least timeouts",
    object: aBackup({ timeout: "600s", noProgressTimeout: "60000ms" }),
    problems: [],
  },
];

const REFUSED: readonly SchemaCase[] = [
  {
    name: "no database",
    object: aBackup({ database: undefined }),
    problems: [["spec.database", "is needed"]],
  },
  {
    name: "partitions without a table",
    object: aBackup({ tables: [{ partitions: ["p1"] }] }),
    problems: [["spec.tables[0].name", "is needed"]],
  },
  {
    name: "an empty list of tables",
    object: aBackup({ tables: [] }),
    problems: [["spec.tables", "1 items"]],
  },
  {
    name: "an empty list of partitions",
    object: aBackup({ tables: [{ name: "a", partitions: [] }] }),
    problems: [["spec.tables[0].partitions", "1 items"]],
  },
  {
    name: "the same table twice",
    object: aBackup({ tables: [{ name: "a" }, { name: "b" }, { name: "a", partitions: ["p"] }] }),
    problems: [["spec.tables", "twice"]],
  },
  {
    name: "the same partition twice",
    object: aBackup({ tables: [{ name: "a", partitions: ["p", "p"] }] }),
    problems: [["spec.tables[0].partitions", "twice"]],
  },
  {
    name: "a list of mere names",
    object: aBackup({ tables: ["a"] }),
    problems: [["spec.tables[0]", "object"]],
  },
  ...UNWRITABLE.flatMap(([what, name]) => [
    {
      name: `a database with ${what}`,
      object: aBackup({ database: name }),
      problems: [["spec.database", "write for example shop"]] as const,
    },
    {
      name: `a table with ${what}`,
      object: aBackup({ tables: [{ name }] }),
      problems: [["spec.tables[0].name", "write for example orders"]] as const,
    },
    {
      // A rule for each of four million names would cost more than Kubernetes allows.
      name: `a partition with ${what}`,
      object: aBackup({ tables: [{ name: "a", partitions: ["p", name] }] }),
      problems: [
        [
          "spec.tables[0].partitions[1]",
          name === "" ? "1 char" : "kubectl explain says what to write",
        ],
      ] as const,
    },
  ]),
  ...["information_schema", "_statistics_", "SYS"].map((database) => ({
    name: `the database ${database}`,
    object: aBackup({ database }),
    problems: [["spec.database", "name a database of yours"]] as const,
  })),
  {
    name: "a timeout that StarRocks does not take",
    object: aBackup({ timeout: "9m59s" }),
    problems: [["spec.timeout", "from 10m (the least that StarRocks takes) to 8760h"]],
  },
  ...["", "6", "6 h", "1d", "PT6H", "-6h", "6H", "06:00", ".5h", "8761h"].map((timeout) => ({
    name: `the timeout "${timeout}"`,
    object: aBackup({ timeout }),
    problems: [["spec.timeout", "write for example 6h or 1h30m, and 24h for a day"]] as const,
  })),
  ...["", "30", "1 min", "8761h"].map((noProgressTimeout) => ({
    name: `the noProgressTimeout "${noProgressTimeout}"`,
    object: aBackup({ noProgressTimeout }),
    problems: [["spec.noProgressTimeout", "write for example 30m or 1h30m"]] as const,
  })),
  ...["", "5", "1d", "24h1s"].map((backoff) => ({
    name: `the backoff "${backoff}"`,
    object: aBackup({ retry: { backoff } }),
    problems: [["spec.retry.backoff", "write for example 5m or 30s"]] as const,
  })),
  {
    name: "no time for progress",
    object: aBackup({ noProgressTimeout: "0s" }),
    problems: [["spec.noProgressTimeout", "from 1m to 8760h"]],
  },
  {
    name: "no attempt",
    object: aBackup({ retry: { maxAttempts: 0 } }),
    problems: [["spec.retry.maxAttempts", "1"]],
  },
  {
    name: "too many attempts",
    object: aBackup({ retry: { maxAttempts: 21 } }),
    problems: [["spec.retry.maxAttempts", "20"]],
  },
  {
    name: "half an attempt",
    object: aBackup({ retry: { maxAttempts: 1.5 } }),
    problems: [["spec.retry.maxAttempts", "integer"]],
  },
  {
    name: "too little bandwidth",
    object: aBackup({ bandwidth: "1M" }),
    problems: [["spec.bandwidth", "at least 1Mi"]],
  },
  ...["", "50 Mi", "50MB", "50MiB/s", "1e9", "-50Mi", "50Ei", "50m"].map((bandwidth) => ({
    name: `the bandwidth "${bandwidth}"`,
    object: aBackup({ bandwidth }),
    problems: [["spec.bandwidth", "write for example 50Mi"]] as const,
  })),
  {
    name: "an unknown deletionPolicy",
    object: aBackup({ deletionPolicy: "Orphan" }),
    problems: [["spec.deletionPolicy", "Retain"]],
  },
  {
    name: "a snapshotName with a dash",
    object: aBackup({ snapshotName: "before-upgrade" }),
    problems: [["spec.snapshotName", "write for example before_upgrade"]],
  },
  {
    name: "a snapshotName without room for the attempt",
    object: aBackup({ snapshotName: "s".repeat(58) }),
    problems: [["spec.snapshotName", "set retry.maxAttempts to 1"]],
  },
  ...["ops/prod", "Prod", "prod_1", ""].map((repository) => ({
    name: `the repository "${repository}"`,
    object: aBackup({ repository }),
    problems: [["spec.repository", "write for example prod"]] as const,
  })),
  {
    name: "a name with a dot",
    object: aBackup({}, "nightly.1"),
    problems: [["", "metadata.name must be at most 63"]],
  },
];

const ONCE = "make another Backup (only cancel, bandwidth and deletionPolicy may change)";

const CHANGES: readonly SchemaCase[] = [
  {
    name: "what may change does",
    before: aBackup({ bandwidth: "1Mi" }),
    object: aBackup({ cancel: true, deletionPolicy: "Delete" }),
    problems: [],
  },
  {
    name: "defaults that are now said",
    before: aBackup(),
    object: aBackup({ timeout: "24h", retry: { maxAttempts: 3, backoff: "1m" } }),
    problems: [],
  },
  {
    name: "another repository and database",
    before: aBackup(),
    object: aBackup({ repository: "other", database: "other" }),
    problems: [
      ["spec.repository", ONCE],
      ["spec.database", ONCE],
    ],
  },
  {
    name: "tables added",
    before: aBackup(),
    object: aBackup({ tables: [{ name: "orders" }] }),
    problems: [["spec.tables", ONCE]],
  },
  {
    name: "a partition more",
    before: aBackup({ tables: [{ name: "orders", partitions: ["p1"] }] }),
    object: aBackup({ tables: [{ name: "orders", partitions: ["p1", "p2"] }] }),
    problems: [["spec.tables", ONCE]],
  },
  {
    name: "other times and attempts",
    before: aBackup(),
    object: aBackup({ timeout: "1h", noProgressTimeout: "1h", retry: { maxAttempts: 5 } }),
    problems: [
      ["spec.timeout", ONCE],
      ["spec.noProgressTimeout", ONCE],
      ["spec.retry", ONCE],
    ],
  },
  {
    name: "a snapshotName taken away",
    before: aBackup({ snapshotName: "a" }),
    object: aBackup(),
    problems: [["spec.snapshotName", ONCE]],
  },
  {
    name: "cancel taken back",
    before: aBackup({ cancel: true }),
    object: aBackup(),
    problems: [["spec.cancel", "cannot be taken back"]],
  },
];

export const BACKUP_CASES: readonly SchemaCase[] = [...ACCEPTED, ...REFUSED, ...CHANGES];
