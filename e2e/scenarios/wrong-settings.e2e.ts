// Each wrong setting gives a Repository a reason of its own, and says what to change: the rows that need nothing
// installed. The same and more, by processes and on real servers: wrong-settings.servers.e2e.ts.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { hasOpenssl } from "../servers/authority.ts";
import { startFauxqs } from "../servers/fauxqs.ts";
import { GCS_ROWS } from "./wrong-settings-gcs.ts";
import { HDFS_ROWS } from "./wrong-settings-hdfs.ts";
import { S3_KEYS, S3_ROWS } from "./wrong-settings-s3.ts";
import type { WrongSetting } from "./wrong-settings.ts";
import { expectTold, probeHere } from "./wrong-settings.ts";

const TABLE: readonly (readonly [storage: string, rows: readonly WrongSetting[]])[] = [
  ["S3", S3_ROWS],
  ["GCS", GCS_ROWS],
  ["HDFS", HDFS_ROWS],
];

describe("a probe tells what is wrong", () => {
  let dir = "";
  const endings: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "wrong-settings-"));
  });

  afterEach(async () => {
    for (const stop of endings.splice(0)) await stop();
    await rm(dir, { recursive: true, force: true });
  });

  it("and nothing of what is right", async () => {
    const server = await startFauxqs();
    endings.push(() => server.stop());
    const s3 = { endpoint: server.endpoint, region: "us-east-1" };
    const location = `s3://${server.bucket}/starrocks`;
    const told = await probeHere(dir, { spec: { location, s3 }, files: S3_KEYS });
    expect(told.reason, told.message).to.equal("Probed");
  });

  for (const [storage, rows] of TABLE) {
    for (const row of rows) {
      const title = `${storage}: ${row.name}: ${row.reason}`;
      if (row.needs === "openssl" && !hasOpenssl()) {
        it(`${title}: SKIPPED, not installed: openssl`);
        continue;
      }
      it(title, async () => {
        const setting = await row.arrange((stop) => endings.push(stop));
        expectTold(row, setting, await probeHere(dir, setting));
      });
    }
  }
});
