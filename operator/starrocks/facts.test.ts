// Run mode and tables from answers that the stand-in does not give: shared-data clusters, rollups, odd engines.
import { expect } from "chai";
import type { Ask } from "./connection.ts";
import { clusterFacts } from "./facts.ts";
import { FrontendError } from "./frontend.ts";
import type { SqlTable } from "./rows.ts";
import { listPartitions, listTables, replicationOf } from "./tables.ts";

type Script = Readonly<Record<string, SqlTable | FrontendError>>;

const NOTHING: SqlTable = { columns: [], rows: [] };
const NO_RIGHT = new FrontendError("RightMissing", false, "no right");
const NO_VIEW = new FrontendError("ObjectNotFound", false, "Unknown table");

/** Answers by the first key that the statement has in it; an empty table to all else. */
function asking(script: Script): Ask {
  return ({ sql }) => {
    const key = Object.keys(script).find((k) => sql.includes(k));
    const answer = key === undefined ? NOTHING : script[key];
    return answer instanceof FrontendError
      ? Promise.reject(answer)
      : Promise.resolve(answer ?? NOTHING);
  };
}

function table(...rows: readonly SqlTable["rows"][number][]): SqlTable {
  return { columns: Object.keys(rows[0] ?? {}), rows };
}

const BE = { BackendId: "1", IP: "be-0", Alive: "true" };
const CONFIG = (value: string) => table({ Key: "run_mode", Value: value });

describe("clusterFacts", () => {
  const modes: readonly (readonly [string, Script, string])[] = [
    [
      "what the FE is set to",
      { run_mode: CONFIG("shared_data"), BACKENDS: table(BE) },
      "shared_data",
    ],
    [
      "what the FE is set to, nothing shared",
      { run_mode: CONFIG("shared_nothing") },
      "shared_nothing",
    ],
    [
      "columns of BEs, without the right to read settings",
      { run_mode: NO_RIGHT, BACKENDS: table({ ...BE, StarletPort: "9070" }) },
      "shared_data",
    ],
    [
      "columns of compute nodes, where there are no BEs",
      { run_mode: NO_RIGHT, "COMPUTE NODES": { columns: ["ComputeNodeId", "WorkerId"], rows: [] } },
      "shared_data",
    ],
    ["plain BEs of a release without the setting", { BACKENDS: table(BE) }, "shared_nothing"],
    ["another setting's row", { run_mode: table({ Key: "runXmode", Value: "x" }) }, "unknown"],
    ["nothing at all", {}, "unknown"],
  ];
  for (const [what, script, mode] of modes) {
    it(`tell the run mode by ${what}`, async () =>
      expect((await clusterFacts(asking(script))).runMode).to.equal(mode));
  }

  it("fail when the nodes cannot be listed", async () => {
    const asked = clusterFacts(asking({ BACKENDS: NO_RIGHT })).catch((e: unknown) => e);
    expect(await asked).to.equal(NO_RIGHT);
  });
});

const TABLE = (TABLE_NAME: string, TABLE_TYPE: string, ENGINE: string) => ({
  TABLE_NAME,
  TABLE_TYPE,
  ENGINE,
});

describe("listTables", () => {
  const rows = table(
    TABLE("t", "BASE TABLE", "StarRocks"),
    TABLE("mv", "VIEW", ""),
    TABLE("named_like_a_rollup", "BASE TABLE", "StarRocks"),
    TABLE("v", "VIEW", ""),
    TABLE("h", "BASE TABLE", "HIVE"),
    TABLE("s", "SYSTEM VIEW", "MEMORY"),
  );
  const views = table(
    { TABLE_NAME: "mv", REFRESH_TYPE: "ASYNC" },
    { TABLE_NAME: "named_like_a_rollup", REFRESH_TYPE: "ROLLUP" },
  );

  it("tells kinds where only some views exist", async () => {
    const ask = asking({ tables_config: NO_VIEW, materialized_views: views, ".tables": rows });
    expect((await listTables(ask, "shop"))?.map((t) => `${t.name} ${t.kind}`)).to.deep.equal([
      "t table",
      "mv materializedView",
      "named_like_a_rollup table",
      "v view",
      "h other",
      "s other",
    ]);
  });

  it("tells the engine of the configuration, which knows shared data", async () => {
    const config = table({ TABLE_NAME: "t", TABLE_ENGINE: "CLOUD_NATIVE" });
    const ask = asking({ tables_config: config, materialized_views: NO_VIEW, ".tables": rows });
    const [first] = (await listTables(ask, "shop")) ?? [];
    expect(first).to.deep.equal({ name: "t", kind: "table", engine: "CLOUD_NATIVE" });
  });

  it("passes a refusal on that says nothing of the release", async () => {
    const ask = asking({ tables_config: NO_RIGHT, ".tables": rows });
    expect(await listTables(ask, "shop").catch((e: unknown) => e)).to.equal(NO_RIGHT);
  });
});

describe("partitions", () => {
  const partition = (PARTITION_NAME: string, REPLICATION_NUM: string, IS_TEMP = "0") => ({
    PARTITION_NAME,
    REPLICATION_NUM,
    IS_TEMP,
  });

  it("leave temporary ones out", async () => {
    const ask = asking({ partitions_meta: table(partition("p1", "3"), partition("t1", "1", "1")) });
    expect(await listPartitions(ask, "shop", "t")).to.deep.equal(["p1"]);
    expect(await replicationOf(ask, "shop", "t")).to.equal(3);
  });

  it("tell no number of replicas when they differ", async () => {
    const ask = asking({ partitions_meta: table(partition("p1", "3"), partition("p2", "1")) });
    expect(await replicationOf(ask, "shop", "t")).to.equal(undefined);
  });

  const properties: readonly (readonly [string, number | undefined])[] = [
    ['{"replication_num":"2","colocate_with":""}', 2],
    ['{"replication_num" : 3}', 3],
    ["{}", undefined],
  ];
  for (const [PROPERTIES, number] of properties) {
    it(`take the table's word before 3.1: ${PROPERTIES}`, async () => {
      const config = table({ TABLE_NAME: "t", PROPERTIES });
      const ask = asking({ partitions_meta: NO_VIEW, tables_config: config });
      expect(await replicationOf(ask, "shop", "t")).to.equal(number);
    });
  }
});
