// The HDFS driver on a real cluster of Hadoop: one with two NameNodes for the whole file, directly and through the
// stand-in of a gateway.
import { expect } from "chai";
import type { HdfsGateway } from "../../e2e/servers/hdfs/gateway.ts";
import { startHdfsGateway } from "../../e2e/servers/hdfs/gateway.ts";
import type { MiniCluster } from "../../e2e/servers/hdfs/mini-cluster.ts";
import { startMiniCluster } from "../../e2e/servers/hdfs/mini-cluster.ts";
import { describeWith } from "../../e2e/servers/installed.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { Secret } from "../secret.ts";
import type { Agents } from "./connection.ts";
import { makeAgents } from "./connection.ts";
import { StorageError } from "./errors.ts";
import { HdfsClient } from "./hdfs-client.ts";
import { nameNodesOf, parseHdfsLocation } from "./hdfs-location.ts";
import type { HdfsSettings } from "./hdfs-settings.ts";
import { HdfsStorage } from "./hdfs.ts";
import type { Storage } from "./storage.ts";
import { collect, pattern, readAll, rejection } from "./testing/collect.ts";
import { storageContract } from "./testing/contract.ts";

const TIMEOUTS = { connectMs: 5000, nameNodeMs: 60_000, requestMs: 60_000, stallMs: 30_000 };
const PASSWORD = "pa:ss/wörd";

describeWith("hadoop", "HdfsStorage", () => {
  let cluster: MiniCluster | undefined;
  const gateways: HdfsGateway[] = [];
  const made: Agents[] = [];
  const hdfs = () => must(cluster);

  before(async () => {
    cluster = await startMiniCluster({ ha: true });
    await hdfs().order("mkdir /backup 777");
  });
  after(async () => {
    for (const { http, https } of made) {
      http.destroy();
      https.destroy();
    }
    for (const gateway of gateways) await gateway.stop();
    await cluster?.stop();
  });

  const open = (folder = "backup/some folder/p%41", settings: HdfsSettings = {}): Storage => {
    const agents = makeAgents({}, 16);
    made.push(agents);
    const location = parseHdfsLocation(`hdfs://ns1/${folder}`);
    const client = new HdfsClient({
      nameNodes: nameNodesOf(location, settings.nameNodes ?? hdfs().nameNodes),
      settings: settings.credentials === undefined ? { user: "eve", ...settings } : settings,
      agents,
      clock: systemClock,
      timeouts: TIMEOUTS,
      origin: "hdfs://ns1",
    });
    return new HdfsStorage({ client, location, clock: systemClock });
  };

  const through = async (like: "knox" | "httpfs"): Promise<HdfsSettings> => {
    const nameNode = must(hdfs().nameNodes[0]);
    const gateway = await startHdfsGateway({ nameNode, user: "eve", password: PASSWORD, like });
    gateways.push(gateway);
    const credentials = { kind: "basic", user: "eve", password: new Secret(PASSWORD) } as const;
    return { nameNodes: [gateway.address], credentials: async () => credentials };
  };

  const failed = async (promise: Promise<unknown>): Promise<StorageError> => {
    const error = await rejection(promise);
    expect(error).to.be.instanceOf(StorageError);
    return error as StorageError;
  };

  storageContract("HdfsStorage on HDFS", async () => ({
    storage: open(),
    another: () => open(),
    close: async () => {},
  }));

  for (const like of ["knox", "httpfs"] as const) {
    storageContract(`HdfsStorage through a gateway like ${like}`, async () => {
      const settings = await through(like);
      const folder = `backup/${like}`;
      return {
        storage: open(folder, settings),
        another: () => open(folder, settings),
        close: async () => {},
      };
    });
  }

  describe("folders", () => {
    it("go with their last object, but not the location's own, nor what somebody writes into", async () => {
      const storage = open("backup/tidy");
      const above = open("backup");
      await storage.put("a/b/c", Buffer.from("x"));
      const upload = await storage.upload("a/b/d");
      await storage.delete("a/b/c");
      await upload.part(Buffer.from("y"));
      await upload.complete();
      await storage.move("a/b/d", "e/f");
      expect(await collect(above.list("tidy/"))).to.have.length(1);
      await storage.delete("e/f");
      // Still there: nothing but a folder refuses to be a file.
      const inTheWay = await failed(above.put("tidy", Buffer.from("x")));
      expect(inTheWay.message).to.match(/tidy/);
      expect(await collect(storage.list(""))).to.deep.equal([]);
    });

    it("that are empty, or hold files being written alone, have no row", async () => {
      const storage = open("backup/empty");
      await hdfs().order("mkdir /backup/empty 777");
      await hdfs().order("mkdir /backup/empty/nothing/below 777");
      const upload = await storage.upload("writing/x");
      await storage.put("z/deep/er/x", Buffer.from("x"));
      const rows = await collect(storage.list("", { folded: true }));
      expect(rows).to.deep.equal([{ kind: "prefix", prefix: "z/" }]);
      await upload.abort();
    });
  });

  describe("an upload", () => {
    it("whose part broke off in the middle goes on where the part began", async () => {
      const storage = open("backup/parts");
      const upload = await storage.upload("x");
      const [first, second] = [pattern(1_000_000, 1), pattern(3_000_000, 2)];
      await upload.part(first);
      // What a part that was cut off leaves: bytes of it, and nobody who says so.
      const stop = new AbortController();
      const cut = upload.part(second, { signal: stop.signal });
      setTimeout(() => stop.abort(new Error("cut")), 30);
      await cut.catch(() => undefined);
      if (upload.state().parts.length === 1) {
        const sent = async (): Promise<void> => {
          try {
            await upload.part(second, { number: 2 });
          } catch (error) {
            // The first try's writer still holds the file.
            expect(error).to.be.instanceOf(StorageError).and.include({ kind: "unavailable" });
            await systemClock.sleep(500);
            await sent();
          }
        };
        await sent();
      }
      await upload.complete();
      const whole = await readAll(storage, "x");
      expect(whole.equals(Buffer.concat([first, second]))).to.equal(true);
    });

    it("that was completed by another is told from an older object of the same size", async () => {
      const storage = open("backup/parts");
      await storage.put("same", Buffer.from("older"));
      const upload = await storage.upload("same");
      await upload.part(Buffer.from("newer"));
      await open("backup/parts").resumeUpload(upload.state()).abort();
      expect(await failed(upload.complete())).to.include({ kind: "notFound" });
      expect((await readAll(storage, "same")).toString()).to.equal("older");
    });
  });

  describe("refuses with what a person must look at", () => {
    it("a missing permission", async () => {
      await hdfs().order("mkdir /locked 700");
      for (const attempt of [
        () => open("locked").put("x", Buffer.from("x")),
        () => collect(open("locked").list("")),
        () => open("locked").read("x"),
      ]) {
        const error = await failed(attempt());
        expect(error).to.include({ kind: "accessDenied" });
        expect(error.message).to.match(/Permission denied: user=eve, access=\w+.*give hdfs\.user/);
      }
    });

    it("quotas of names and of bytes", async () => {
      await hdfs().order("mkdir /backup/names 777");
      await hdfs().order("quota /backup/names 2 1000000000");
      await hdfs().order("mkdir /backup/bytes 777");
      await hdfs().order("quota /backup/bytes 1000 1000");
      for (const [folder, key] of [
        ["names", "a/b/c"],
        ["bytes", "x"],
      ] as const) {
        const error = await failed(open(`backup/${folder}`).put(key, pattern(5000)));
        expect(error, error.message).to.include({ kind: "full" });
        expect(error.detail.reason).to.equal("StorageFull");
        expect(await collect(open(`backup/${folder}`).listUploads(""))).to.deep.equal([]);
      }
    });

    it("names that are too long", async () => {
      const error = await failed(open().put("n".repeat(256), Buffer.from("x")));
      expect(error).to.include({ kind: "wrongConfiguration" });
      expect(error.message).to.include("255 bytes");
    });

    it("safe mode, which may end", async () => {
      await hdfs().order("safemode on");
      try {
        const error = await failed(open().put("x", Buffer.from("x")));
        expect(error).to.include({ kind: "unavailable" });
        expect(error.detail.reason, error.message).to.equal("StoreReadOnly");
      } finally {
        await hdfs().order("safemode off");
      }
    });

    it("the RPC port, which speaks no HTTP", async () => {
      const nameNodes = [`http://127.0.0.1:${hdfs().rpcPort}`];
      const error = await failed(open("backup", { nameNodes }).stat("x"));
      expect(error).to.include({ kind: "wrongConfiguration" });
      expect(error.detail.reason).to.equal("WrongEndpoint");
    });

    it("a gateway's wrong password, which is told nowhere", async () => {
      const settings = await through("knox");
      const password = new Secret("wrong-one");
      const credentials = async () => ({ kind: "basic", user: "eve", password }) as const;
      const error = await failed(open("backup", { ...settings, credentials }).stat("x"));
      expect(error).to.include({ kind: "wrongCredentials" });
      expect(JSON.stringify([error.message, error.detail])).to.not.include("wrong-one");
    });
  });

  describe("without a DataNode", () => {
    it("names what cannot be reached, removes what it began, and goes on later", async () => {
      const storage = open("backup/dn");
      await storage.put("there", Buffer.from("x"));
      await hdfs().order("stopdn");
      const error = await failed(storage.put("x", Buffer.from("x")));
      expect(error, error.message).to.include({ kind: "unavailable" });
      expect(await rejection(readAll(storage, "there"))).to.include({ kind: "unavailable" });
      expect(await collect(storage.listUploads(""))).to.deep.equal([]);
      expect(await storage.stat("there")).to.include({ size: 1 });
      await hdfs().order("startdn");
      await storage.put("x", Buffer.from("x"));
    });
  });

  describe("with two NameNodes", () => {
    it("follows the active one, in the middle of an upload too", async () => {
      const storage = open("backup/ha");
      await storage.put("a", Buffer.from("a"));
      const upload = await storage.upload("b");
      await upload.part(Buffer.from("first,"));
      await hdfs().order("failover");
      await upload.part(Buffer.from("second"));
      await hdfs().order("failover");
      await upload.complete();
      await hdfs().order("failover");
      expect((await readAll(storage, "a")).toString()).to.equal("a");
      expect((await readAll(storage, "b")).toString()).to.equal("first,second");
      await storage.move("b", "c");
      expect(await open("backup/ha").stat("c")).to.include({ size: 12 });
    });

    it("says so when none is active", async () => {
      await hdfs().order("standby");
      try {
        const error = await failed(open().stat("x"));
        expect(error).to.include({ kind: "unavailable" });
        expect(error.detail.reason).to.equal("NameNodeStandby");
        expect(error.message.match(/StandbyException/g)).to.have.length(2);
      } finally {
        await hdfs().order("active");
      }
    });

    it("goes on when the active one dies", async () => {
      const storage = open("backup/ha");
      await storage.put("before", Buffer.from("x"));
      await hdfs().order("killactive");
      await storage.put("after", Buffer.from("y"));
      await hdfs().order("revive");
      await hdfs().order("failover");
      const rows = await collect(storage.list(""));
      expect(rows.map((row) => row.kind === "object" && row.key)).to.include.members([
        "before",
        "after",
      ]);
    });
  });
});
