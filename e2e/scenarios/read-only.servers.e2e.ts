// What a Repository with `readOnly: true` does on each storage: the probe, the catalogue, the comparison with the
// manifest and a Restore by name and timestamp ask only to read. Counted at a proxy, so that what a driver does by
// itself (a folder made, a session begun, an empty folder removed) counts too.
import { expect } from "chai";
import { readFile, writeFile } from "node:fs/promises";
import type { Dialect, StoreRequest } from "../servers/dialect.ts";
import { GcsDialect } from "../servers/gcs-dialect.ts";
import { GcsStorageServer } from "../servers/gcs-storage.ts";
import { HarmingProxy } from "../servers/harming-proxy.ts";
import { HdfsDialect } from "../servers/hdfs-dialect.ts";
import { HdfsStorageServer } from "../servers/hdfs-storage.ts";
import { describeWith, type ServerName } from "../servers/installed.ts";
import { S3Dialect } from "../servers/s3-dialect.ts";
import { S3Storage } from "../servers/s3-storage.ts";
import type { StorageServer } from "../servers/storage-server.ts";
import { startVersitygw } from "../servers/versitygw.ts";
import { runAgent } from "./agent-process.ts";
import { DataPath } from "./data-path.ts";

interface Way {
  readonly kind: StorageServer["kind"];
  readonly needs: ServerName;
  readonly storage: () => Promise<StorageServer>;
  readonly dialect: Dialect<StoreRequest>;
  /** All that it may be asked. */
  readonly reads: readonly string[];
}

const WAYS: readonly Way[] = [
  {
    kind: "s3",
    needs: "versitygw",
    storage: () => S3Storage.start({ server: () => startVersitygw() }),
    dialect: new S3Dialect(false),
    reads: ["GetObject", "HeadObject", "ListObjectsV2"],
  },
  {
    kind: "gcs",
    needs: "fake-gcs-server",
    storage: () => GcsStorageServer.start(),
    dialect: new GcsDialect(),
    reads: ["GetObject", "ReadObject", "ListObjects"],
  },
  {
    kind: "hdfs",
    needs: "hadoop",
    storage: () => HdfsStorageServer.start(),
    dialect: new HdfsDialect(),
    reads: ["OPEN", "OPEN of bytes", "GETFILESTATUS", "LISTSTATUS_BATCH"],
  },
];

for (const { kind, needs, storage, dialect, reads } of WAYS) {
  describeWith(needs, `a Repository of ${kind} that is only read from`, () => {
    let path: DataPath;
    let proxy: HarmingProxy<StoreRequest>;
    let timestamp = "";

    before(async () => {
      path = await DataPath.start({ storage, starrocks: { backends: 1, speed: 30 } });
      await path.starrocks.createDatabase({
        name: "shop",
        tables: [{ name: "orders", tablets: 2, segmentBytes: [300_000, 10], replicationNum: 1 }],
      });
      timestamp = await path.backUp("shop", "full", ["orders"]);
      proxy = new HarmingProxy(dialect);
      await leadThrough(path, proxy);
    });

    after(async () => {
      await proxy?.stop();
      await path?.stop();
    });

    beforeEach(() => {
      proxy.requests.splice(0);
    });

    const expectReadsAlone = (): void => {
      const asked = new Set(proxy.requests.map(({ operation }) => operation));
      expect(asked).to.not.be.empty;
      expect([...asked].filter((operation) => !reads.includes(operation))).to.deep.equal([]);
    };

    const COMMANDS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ["probe", { "read-only": "true" }],
      ["catalog", {}],
      ["verify", { label: "full", mode: "checksums" }],
    ];
    for (const [command, flags] of COMMANDS) {
      it(`asks ${command} to read alone`, async () => {
        const { code, termination } = await runAgent(path.place, command, flags);
        expect(code, JSON.stringify(termination)).to.equal(0);
        expectReadsAlone();
      });
    }

    it("restores by name and timestamp, and leaves the store as it was", async () => {
      const before = await path.objects();
      await path.restoreAll("shop", "full", "orders AS again", timestamp);
      expect(await path.starrocks.digest("shop", "again")).to.equal(
        await path.starrocks.digest("shop", "orders"),
      );
      expectReadsAlone();
      expect(await path.objects()).to.deep.equal(before);
      expect(await path.storage.unfinished()).to.deep.equal([]);
    });

    it("would be found out: a probe that may write asks for more", async () => {
      const { code } = await runAgent(path.place, "probe", { "read-only": "false" });
      expect(code).to.equal(0);
      expect(expectReadsAlone).to.throw();
    });
  });
}

/** Agents that start from now on reach the store by the proxy. */
async function leadThrough(path: DataPath, proxy: HarmingProxy<StoreRequest>): Promise<void> {
  const { configPath } = path.place;
  let text = await readFile(configPath, "utf8");
  for (const address of new Set(text.match(/http:\/\/127\.\d+\.\d+\.\d+:\d+/g))) {
    text = text.replaceAll(address, await proxy.through(address));
  }
  await writeFile(configPath, text);
}
