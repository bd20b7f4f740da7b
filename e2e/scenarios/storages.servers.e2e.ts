// The data path on every kind of storage, on real servers: tables there and back, agents that die, work that
// dead ones left, a snapshot made without us, and nothing left at the end. What each server lacks is said
// where it is started (e2e/servers).
import { gunzipSync } from "node:zlib";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { loadConfig } from "../../operator/agent/config.ts";
import { must } from "../../operator/assert.ts";
import { recordIntent } from "../../operator/broker/intents.ts";
import { RepositoryLayout } from "../../operator/broker/layout.ts";
import { systemClock } from "../../operator/clock.ts";
import { silentLog } from "../../operator/log.ts";
import { openStorage } from "../../operator/storage/open.ts";
import type { Storage } from "../../operator/storage/storage.ts";
import { GcsStorageServer } from "../servers/gcs-storage.ts";
import { HdfsStorageServer } from "../servers/hdfs-storage.ts";
import { describeWith, type ServerName } from "../servers/installed.ts";
import { S3Storage } from "../servers/s3-storage.ts";
import type { StorageServer } from "../servers/storage-server.ts";
import { startVersitygw } from "../servers/versitygw.ts";
import { DataPath, secretsOf, type JobEnd } from "./data-path.ts";

const MIB = 1024 * 1024;
const PART_MIB = 5;
const LAYOUT = new RepositoryLayout("__starrocks_repository_prod");
/** Far more than a busy machine needs to begin an upload. */
const UPLOAD_BEGINS_MS = 60_000;

const SHOP = {
  name: "shop",
  tables: [
    // Of several parts, and no multiple of what any store wants multiples of.
    { name: "orders", partitions: ["p1", "p2"], segmentBytes: [17 * MIB + 12_345, 5 * MIB, 10] },
    { name: "items", partitions: ["p1", "p2"], tablets: 2, segmentBytes: [300_000, 0, 1] },
    { name: "tiny", segmentBytes: [700] },
  ],
} as const;
const TABLES = SHOP.tables.map(({ name }) => name);

interface Way {
  readonly name: string;
  readonly needs: ServerName;
  readonly storage: () => Promise<StorageServer>;
}

const WAYS: readonly Way[] = [
  {
    name: "S3 (versitygw)",
    needs: "versitygw",
    storage: () => S3Storage.start({ server: () => startVersitygw() }),
  },
  { name: "GCS", needs: "fake-gcs-server", storage: () => GcsStorageServer.start() },
  { name: "HDFS", needs: "hadoop", storage: () => HdfsStorageServer.start() },
  {
    name: "HDFS with two NameNodes",
    needs: "hadoop",
    storage: () => HdfsStorageServer.start({ ha: true }),
  },
];

for (const { name, needs, storage } of WAYS) {
  describeWith(needs, `the data path on ${name}`, () => {
    let path: DataPath;
    let digests: readonly string[] = [];
    let timestamp = "";

    before(async () => {
      path = await DataPath.start({
        storage,
        starrocks: { backends: 2, backendWorkers: 2, speed: 30 },
        limits: { partMiB: PART_MIB, memoryMiB: 64 },
      });
      await path.starrocks.createDatabase(SHOP);
      digests = await digestsOf(TABLES);
    });

    afterEach(async function () {
      if (this.currentTest?.state === "failed") await path?.clear("shop");
    });

    after(async () => {
      await path?.stop();
    });

    async function digestsOf(tables: readonly string[]): Promise<readonly string[]> {
      return await Promise.all(tables.map((t) => path.starrocks.digest("shop", t)));
    }

    /** Under new names, equal, and gone again. */
    async function restoreCopies(label: string, when: string): Promise<void> {
      const copies = TABLES.map((t) => `${t}_copy`);
      const on = TABLES.map((t) => `${t} AS ${t}_copy`).join(", ");
      await path.restoreAll("shop", label, on, when);
      expect(await digestsOf(copies)).to.deep.equal(digests);
      for (const copy of copies) await path.sql(`DROP TABLE shop.${copy}`);
    }

    async function verify(label: string): Promise<void> {
      for (const mode of ["list", "checksums"] as const) {
        const { code, termination } = await path.verify(label, mode);
        expect(code, JSON.stringify(termination)).to.equal(0);
      }
    }

    /** Prunes; nothing of it may be left. Sessions of killed agents are GCS' own to end. */
    async function pruneToNothing(label: string, agentsDied = false): Promise<void> {
      const { code, termination } = await path.prune(label);
      expect(code, JSON.stringify(termination)).to.equal(0);
      const isOf = (what: string): boolean =>
        what.includes(`/__ss_${label}/`) || what.includes("/__k8s_staging/");
      expect((await path.keys()).filter(isOf)).to.deep.equal([]);
      if (agentsDied && path.storage.kind === "gcs") return;
      expect((await path.storage.unfinished()).filter(isOf)).to.deep.equal([]);
    }

    it("carries tables there and back, equal", async () => {
      timestamp = await path.backUp("shop", "full", TABLES);
      expect(await path.litter()).to.deep.equal([]);
      await restoreCopies("full", timestamp);
      expect(path.starrocks.violations).to.deep.equal([]);
      for (const secret of secretsOf(path)) expect(path.output()).to.not.contain(secret);
    });

    it("has a manifest with the store's own sizes and etags, and verifies", async () => {
      const { root } = LAYOUT.snapshot("full");
      const list = gunzipSync(await path.read(LAYOUT.snapshot("full").manifestFiles()));
      const rows = list.toString().trimEnd().split("\n");
      const manifest = new Map<string, object>();
      for (const row of rows.map((line) => JSON.parse(line) as { readonly path: string })) {
        manifest.set(`${root}/${row.path}`, row);
      }
      const stored = (await path.objects()).filter(({ key }) => key.includes("/__ss_content/"));
      expect(stored.length).to.be.greaterThan(10);
      for (const { key, size, etag } of stored) {
        expect({ ...manifest.get(key) }, key).to.include({ size, etag });
      }
      await verify("full");
    });

    for (const moved of [false, true]) {
      const left = moved ? "completed and not moved" : "answered for and not completed";
      it(`has a large file that a dead agent ${left} finished by the seal`, async () => {
        const key = await leaveIntent(path, "full", moved);
        expect(await path.keys()).to.not.include(key);
        const sealed = await path.seal("full");
        expect(sealed.code, JSON.stringify(sealed.termination)).to.equal(0);
        expect(await path.keys()).to.include(key);
        expect(await path.litter()).to.deep.equal([]);
        await verify("full");
        await restoreCopies("full", timestamp);
      });
    }

    it("prunes to the last object", async () => {
      await pruneToNothing("full");
    });

    it("restores a snapshot that was made without it, and prunes nothing of it", async () => {
      const when = await path.backUp("shop", "native", TABLES);
      for (const key of await path.keys()) {
        const content = key.includes("__k8s_") ? undefined : await path.read(key);
        await path.overwrite(key, content);
      }
      await verify("native");
      await restoreCopies("native", when);
      const before = await path.keys();
      const { code } = await path.prune("native");
      expect(code, "refused").to.equal(44);
      expect(await path.keys()).to.deep.equal(before);
      for (const key of before) await path.overwrite(key, undefined);
    });

    it("finishes a backup whose agent is killed in mid-upload, and a restore whose agent is killed", async () => {
      const label = await backUpWithDeath(path, async () => {
        await path.killAgent();
        await path.startAgent();
      });
      await verify(label);
      await restoreWithDeath(path, label);
      expect(await digestsOf(["orders_copy"])).to.deep.equal(digests.slice(0, 1));
      await path.sql("DROP TABLE shop.orders_copy");
      await pruneToNothing(label, true);
      expect(path.starrocks.violations).to.deep.equal([]);
    });

    if (name === "HDFS with two NameNodes") {
      it("goes on with an upload when the other NameNode takes over, and the first again", async () => {
        const { cluster } = path.storage as HdfsStorageServer;
        for (const label of ["over", "back"]) {
          await path.mount("backup", label);
          await inMidUpload(path, async () => await path.backup("shop", label, TABLES));
          await cluster.order("failover");
          const end = await path.untilEnded("BACKUP", "shop");
          expect(end.state, JSON.stringify(end)).to.equal("FINISHED");
          const when = await path.timestampOf(label);
          await path.unmount();
          expect((await path.seal(label)).code).to.equal(0);
          await verify(label);
          await restoreCopies(label, when);
          await pruneToNothing(label);
        }
      });
    }
  });
}

/** As an agent of the attempt that died after its answer would have left it. Resolves with the file's key. */
async function leaveIntent(path: DataPath, label: string, isCompleted: boolean): Promise<string> {
  const storage = await openStorageOf(path);
  const staging = LAYOUT.staging(`${label}-1`);
  const large = (await path.objects()).find(({ size }) => size > 3 * PART_MIB * MIB);
  const { key: to, size } = must(large);
  const content = await path.read(to);
  const upload = await storage.upload(staging.data("dead"));
  for (let at = 0; at < size; at += PART_MIB * MIB) {
    await upload.part(content.subarray(at, at + PART_MIB * MIB));
  }
  const state = upload.state();
  if (path.storage.kind === "gcs")
    expect(state.tail, "what fills no chunk").to.not.equal(undefined);
  // The seal of before has taken the note away, without which an attempt is nobody's: the manifest is proof too.
  await recordIntent(storage, staging, {
    version: 1,
    id: "dead",
    from: upload.key,
    to,
    size,
    upload: state,
  });
  if (isCompleted) await upload.complete();
  await path.overwrite(to, undefined);
  return to;
}

/** The product's storage, as an agent of this scenario opens it. */
async function openStorageOf(path: DataPath): Promise<Storage> {
  const config = await loadConfig(path.place.configPath);
  return openStorage(config.storage, { clock: systemClock, random: () => 0.5, log: silentLog });
}

/** Resolves when the store holds a half-written file that it had not before `begin`. */
async function inMidUpload(path: DataPath, begin: () => Promise<void>): Promise<void> {
  const before = new Set(await path.storage.unfinished());
  await begin();
  const deadline = performance.now() + UPLOAD_BEGINS_MS;
  for (;;) {
    const open = (await path.storage.unfinished()).filter((what) => !what.startsWith("empty"));
    if (open.some((what) => !before.has(what))) return;
    if (performance.now() > deadline) throw new Error(`no upload has begun:\n${path.dump()}`);
    await sleep(2);
  }
}

/**
 * A backup in which `death` happens while a file is half written. One that StarRocks cancels, because no broker
 * was there when it looked for one, is made again under another label.
 */
async function backUpWithDeath(path: DataPath, death: () => Promise<void>): Promise<string> {
  let end: JobEnd | undefined;
  for (const label of ["d1", "d2", "d3"]) {
    await path.mount("backup", label);
    await inMidUpload(path, async () => await path.backup("shop", label, ["orders"]));
    await death();
    end = await path.untilEnded("BACKUP", "shop");
    await path.unmount();
    if (end.state === "FINISHED") {
      const sealed = await path.seal(label);
      expect(sealed.code, JSON.stringify(sealed.termination)).to.equal(0);
      return label;
    }
    const pruned = await path.prune(label);
    expect(pruned.code, JSON.stringify(pruned.termination)).to.equal(0);
  }
  throw new Error(`three backups were cancelled: ${JSON.stringify(end)}\n${path.dump()}`);
}

/** A restore in which the agent is killed once while files are downloaded; the third time in peace. */
async function restoreWithDeath(path: DataPath, label: string): Promise<void> {
  for (const inPeace of [false, false, true]) {
    await path.mount("restore", label);
    const timestamp = await path.timestampOf(label);
    await path.restore("shop", label, "orders AS orders_copy", timestamp);
    let isKilled = inPeace;
    const end = await path.untilEnded("RESTORE", "shop", async (row) => {
      if (isKilled || row["State"] !== "DOWNLOADING") return;
      isKilled = true;
      await path.killAgent();
      await path.startAgent();
    });
    await path.unmount();
    if (end.state === "FINISHED") return;
  }
  throw new Error(`three restores were cancelled:\n${path.dump()}`);
}
