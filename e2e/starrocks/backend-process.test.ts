// BEs as processes of their own: real kills, the same files.
import { expect } from "chai";
import { Scenario } from "./testing/scenario.ts";

describe("BEs in processes of their own", () => {
  let scenario: Scenario;

  beforeEach(async () => {
    scenario = await Scenario.start({ speed: 60, backendProcesses: true });
    await scenario.starrocks.createDatabase({
      name: "db1",
      tables: [{ name: "t1", tablets: 4, segmentBytes: [100_000, 50_000] }],
    });
  });

  afterEach(async () => scenario.end());

  it("back up and restore, though both are killed on the way", async () => {
    let killed = false;
    const broker = await scenario.broker("127.0.0.55", {
      // As our agent answers: what a killed BE left half-written does not block the next attempt.
      answers: { checkPathExist: () => ({ opStatus: { statusCode: 0 }, isPathExist: false }) },
      before: (call) => {
        if (killed || call.method !== "renamePath") return undefined;
        killed = true;
        for (const i of [0, 1]) scenario.starrocks.killBackend(i);
        return undefined;
      },
    });
    await scenario.mount("r1", broker.address);
    await scenario.query("BACKUP SNAPSHOT db1.s1 TO r1");
    await scenario.until(() => killed);
    for (const i of [0, 1]) scenario.starrocks.startBackend(i);
    await scenario.watch("BACKUP", "db1", "FINISHED");
    const timestamp = await scenario.timestamp("r1", "s1");
    await scenario.query(
      `RESTORE SNAPSHOT db1.s1 FROM r1 ON (t1 AS copy)
       PROPERTIES ("backup_timestamp" = "${timestamp}", "replication_num" = "2")`,
    );
    await scenario.watch("RESTORE", "db1", "FINISHED");
    expect(await scenario.starrocks.digest("db1", "copy")).to.equal(
      await scenario.starrocks.digest("db1", "t1"),
    );
    expect(broker.calls.some((c) => c.peer.startsWith("127.0.0.11:"))).to.equal(true);
    expect(scenario.starrocks.violations).to.deep.equal([]);
  });
});
