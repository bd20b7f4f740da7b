// The texts as they are sent, and that the grammars of all releases take them.
import { expect } from "chai";
import { parse } from "../../e2e/starrocks/sql/parser.ts";
import { PROFILE_NAMES, profileOf } from "../../e2e/starrocks/profiles.ts";
import type { BackupRequest, RestoreRequest } from "./frontend.ts";
import * as sql from "./statements.ts";

const REPOSITORY = {
  name: "k8s_1a_0",
  broker: "k8s_1a_0",
  location: "backup://mount",
  readOnly: false,
  properties: {},
};
const BACKUP: BackupRequest = {
  database: "shop",
  label: "daily_1",
  repository: "k8s_1a_0",
  timeoutSeconds: 3600,
};
const RESTORE: RestoreRequest = {
  ...BACKUP,
  timestamp: "2026-11-21-01-35-06-837",
  tables: [{ name: "orders", partitions: [] }],
  replicationNum: 3,
};
const ts = RESTORE.timestamp;

const golden: readonly (readonly [string, string])[] = [
  [
    sql.addBroker("k8s_1a_0", "slot-0.backup.svc:8000"),
    "ALTER SYSTEM ADD BROKER `k8s_1a_0` 'slot-0.backup.svc:8000'",
  ],
  [sql.dropAllBroker("k8s_1a_0"), "ALTER SYSTEM DROP ALL BROKER `k8s_1a_0`"],
  [
    sql.createRepository(REPOSITORY),
    "CREATE REPOSITORY `k8s_1a_0` WITH BROKER `k8s_1a_0` ON LOCATION 'backup://mount' PROPERTIES ('x-operator' = '1')",
  ],
  [
    sql.createRepository({
      ...REPOSITORY,
      readOnly: true,
      properties: { token: "it's", "k`2": 'a"b\\' },
    }),
    "CREATE READ ONLY REPOSITORY `k8s_1a_0` WITH BROKER `k8s_1a_0` ON LOCATION 'backup://mount' PROPERTIES ('token' = 'it\\'s', 'k`2' = 'a\"b\\\\')",
  ],
  [sql.dropRepository("k8s_1a_0"), "DROP REPOSITORY `k8s_1a_0`"],
  [
    sql.backup(BACKUP),
    "BACKUP SNAPSHOT `shop`.`daily_1` TO `k8s_1a_0` PROPERTIES ('type' = 'full', 'timeout' = '3600')",
  ],
  [
    sql.backup({
      ...BACKUP,
      tables: [
        { name: "orders", partitions: ["p1", "p`2"] },
        { name: "a`b", partitions: [] },
      ],
    }),
    "BACKUP SNAPSHOT `shop`.`daily_1` TO `k8s_1a_0` ON (`orders` PARTITION (`p1`, `p``2`), `a``b`) PROPERTIES ('type' = 'full', 'timeout' = '3600')",
  ],
  [
    sql.restore(RESTORE),
    `RESTORE SNAPSHOT \`shop\`.\`daily_1\` FROM \`k8s_1a_0\` ON (\`orders\`) PROPERTIES ('backup_timestamp' = '${ts}', 'replication_num' = '3', 'timeout' = '3600')`,
  ],
  [
    sql.restore({
      ...RESTORE,
      tables: [
        { name: "orders", partitions: ["p1"], as: "orders_restored" },
        { name: "items", partitions: [], as: "x`" },
      ],
    }),
    `RESTORE SNAPSHOT \`shop\`.\`daily_1\` FROM \`k8s_1a_0\` ON (\`orders\` PARTITION (\`p1\`) AS \`orders_restored\`, \`items\` AS \`x\`\`\`) PROPERTIES ('backup_timestamp' = '${ts}', 'replication_num' = '3', 'timeout' = '3600')`,
  ],
  [sql.cancel("backup", "shop"), "CANCEL BACKUP FROM `shop`"],
  [sql.cancel("restore", "shop"), "CANCEL RESTORE FROM `shop`"],
  [sql.showJobs("backup", "shop"), "SHOW BACKUP FROM `shop`"],
  [sql.showJobs("restore", "shop"), "SHOW RESTORE FROM `shop`"],
  [
    sql.showSnapshot("k8s_1a_0", "daily_1"),
    "SHOW SNAPSHOT ON `k8s_1a_0` WHERE SNAPSHOT = 'daily_1'",
  ],
  [
    sql.restore({ ...RESTORE, label: "somebody-elses" }),
    `RESTORE SNAPSHOT \`shop\`.\`somebody-elses\` FROM \`k8s_1a_0\` ON (\`orders\`) PROPERTIES ('backup_timestamp' = '${ts}', 'replication_num' = '3', 'timeout' = '3600')`,
  ],
  [
    sql.showSnapshot("k8s_1a_0", "somebody-elses"),
    "SHOW SNAPSHOT ON `k8s_1a_0` WHERE SNAPSHOT = 'somebody-elses'",
  ],
  [
    sql.showSnapshot("k8s_1a_0", "daily_1", ts),
    `SHOW SNAPSHOT ON \`k8s_1a_0\` WHERE SNAPSHOT = 'daily_1' AND TIMESTAMP = '${ts}'`,
  ],
  [sql.showTables("sh`op"), "SHOW TABLES FROM `sh``op`"],
  [
    sql.selectTables("it's"),
    "SELECT TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.tables WHERE TABLE_SCHEMA = 'it\\'s'",
  ],
  [
    sql.selectPartitions("shop", "orders"),
    "SELECT PARTITION_NAME, REPLICATION_NUM, IS_TEMP FROM information_schema.partitions_meta WHERE DB_NAME = 'shop' AND TABLE_NAME = 'orders'",
  ],
  [
    sql.selectTableProperties("shop", "orders"),
    "SELECT TABLE_NAME, PROPERTIES FROM information_schema.tables_config WHERE TABLE_SCHEMA = 'shop' AND TABLE_NAME = 'orders'",
  ],
  [
    sql.selectTableIds("shop"),
    "SELECT TABLE_NAME, TABLE_ID FROM information_schema.tables_config WHERE TABLE_SCHEMA = 'shop'",
  ],
  [
    sql.selectTablesConfig("shop"),
    "SELECT TABLE_NAME, TABLE_ENGINE FROM information_schema.tables_config WHERE TABLE_SCHEMA = 'shop'",
  ],
  [
    sql.selectMaterializedViews("shop"),
    "SELECT TABLE_NAME, REFRESH_TYPE FROM information_schema.materialized_views WHERE TABLE_SCHEMA = 'shop'",
  ],
];

const FIXED = [
  sql.SHOW_BROKER,
  sql.SHOW_REPOSITORIES,
  sql.SHOW_FRONTENDS,
  sql.SHOW_BACKENDS,
  sql.SHOW_COMPUTE_NODES,
  sql.SHOW_DATABASES,
  sql.SHOW_RUN_MODE,
  sql.SHOW_VIEWS_MODE,
  sql.SELECT_VERSION,
  sql.FORWARD_TO_LEADER,
  sql.SET_ROLE_ALL,
  sql.SET_TIME_ZONE,
];

describe("statements", () => {
  for (const [text, expected] of golden) {
    it(`are literally ${expected.slice(0, 60)}…`, () => expect(text).to.equal(expected));
  }

  for (const profile of PROFILE_NAMES) {
    it(`are understood by the grammar of ${profile}`, () => {
      for (const text of [...FIXED, ...golden.map(([built]) => built)]) {
        expect(() => parse(text, profileOf(profile).sql), text).not.to.throw();
      }
    });
  }

  const refused: readonly (readonly [string, () => string, string])[] = [
    ["a backup with an empty list", () => sql.backup({ ...BACKUP, tables: [] }), "needs a table"],
    [
      "a restore with an empty list",
      () => sql.restore({ ...RESTORE, tables: [] as unknown as RestoreRequest["tables"] }),
      "needs an ON list",
    ],
    [
      "a timeout that StarRocks refuses",
      () => sql.backup({ ...BACKUP, timeoutSeconds: 599 }),
      "at least 600",
    ],
    ["no replica", () => sql.restore({ ...RESTORE, replicationNum: 0 }), "replicationNum is 0"],
    [
      "a location that ends in a slash",
      () => sql.createRepository({ ...REPOSITORY, location: "backup://mount/" }),
      "must not end in a slash",
    ],
    ["a snapshot with a quote", () => sql.showSnapshot("r", "a'b"), "the snapshot"],
    ["a new label with a dash", () => sql.backup({ ...BACKUP, label: "daily-1" }), "the label"],
    ["a database with a newline", () => sql.selectTables("a\nb"), "control character"],
  ];
  for (const [what, build, text] of refused) {
    it(`refuse ${what}`, () => expect(build).to.throw(text));
  }
});
