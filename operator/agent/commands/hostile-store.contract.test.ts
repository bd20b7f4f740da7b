// A store in which somebody else has written: names that are no names to us, and an `__info`, a manifest and
// notes that lie. Commands say what is wrong in bounded words and stay alive; prune removes what is in its
// snapshot and nothing beside it.
import { createHash } from "node:crypto";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { startFauxqs } from "../../../e2e/servers/fauxqs.ts";
import { startFaultProxy, type FaultProxy } from "../../../e2e/servers/fault-proxy.ts";
import type { S3Server } from "../../../e2e/servers/s3-server.ts";
import { systemClock, systemRandom } from "../../clock.ts";
import { silentLog } from "../../log.ts";
import { Secret } from "../../secret.ts";
import { openStorage } from "../../storage/open.ts";
import type { Storage } from "../../storage/storage.ts";
import { collect } from "../../storage/testing/collect.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";
import type { Outcome } from "../outcome.ts";
import { terminationMessage } from "../termination.ts";
import { runCatalog } from "./catalog.ts";
import { runPrune } from "./prune.ts";
import { runSeal } from "./seal.ts";
import type { Fixture } from "./testing/snapshot-fixture.ts";
import {
  infoContent,
  layout,
  makeDeps,
  makeSnapshot,
  sealOptions,
  TIMESTAMP,
  UID,
} from "./testing/snapshot-fixture.ts";
import { runVerify } from "./verify.ts";

const ODD_NAMES = [
  "__ss_content//x",
  "/x",
  "a/../../../b",
  "./x",
  "..",
  "__ss_content/__db_11001/__tbl_11010/__part_11009/__idx_11011/__11012//y.dat",
  "é🦀",
  "e\u0301",
  "\u202etxt",
  "<xml>&amp;\"'",
  "%2e%2e/x",
  "a\\b",
  "sp ace",
  "a+b",
  "__proto__",
  "x".repeat(800),
];

const md5 = (text: string | Buffer): string => createHash("md5").update(text).digest("hex");

/** What becomes of every outcome: it fits where Kubernetes keeps it, and is read again as it was said. */
function expectBounded(outcome: Outcome): void {
  const said = terminationMessage(outcome);
  expect(Buffer.byteLength(said)).to.be.at.most(4096);
  expect(JSON.parse(said)).to.include({ exitCode: outcome.exitCode, reason: outcome.reason });
  expect(outcome.reason, outcome.message).not.to.equal("InternalError");
}

describe("a store with odd names", () => {
  let server: S3Server;
  let proxy: FaultProxy;
  let storage: Storage;
  let client: S3Client;

  before(async () => {
    server = await startFauxqs();
    proxy = await startFaultProxy(server, { answerListUploads: true });
    const { accessKeyId, secretAccessKey } = server;
    const s3 = { endpoint: proxy.endpoint, region: "us-east-1", forcePathStyle: true };
    const location = `s3://${server.bucket}/backups`;
    const credentials = { accessKeyId, secretAccessKey: new Secret(secretAccessKey) };
    const deps = { clock: systemClock, random: systemRandom, log: silentLog };
    storage = openStorage({ location, s3: { ...s3, credentials } }, deps);
    client = new S3Client({ ...s3, credentials: { accessKeyId, secretAccessKey } });
  });

  after(async () => {
    client.destroy();
    await proxy.stop();
    await server.stop();
  });

  /** Behind the storage's back, which builds no such keys. */
  async function put(key: string): Promise<void> {
    const Key = `backups/${key}`;
    await client.send(new PutObjectCommand({ Bucket: server.bucket, Key, Body: "odd" }));
  }

  async function keysUnder(prefix: string): Promise<string[]> {
    const rows = await collect(storage.list(prefix));
    return rows.flatMap((row) => (row.kind === "object" ? [row.key] : []));
  }

  it("is found damaged, listed, and pruned without touching what lies beside", async () => {
    const f = await makeSnapshot(storage, { label: "odd" });
    const beside = await makeSnapshot(storage, { label: "odd0", owner: null });
    expect((await runSeal(makeDeps(storage), sealOptions(f.label))).exitCode).to.equal(0);
    for (const name of ODD_NAMES) await put(`${f.snapshot.root}/${name}`);
    await put(`${layout.folder}/__ss_/x`);
    const kept = await keysUnder(`${beside.snapshot.root}/`);

    const verified = await runVerify(makeDeps(storage), { label: f.label, mode: "checksums" });
    expectBounded(verified);
    expect(verified.detail).to.include({ damaged: ODD_NAMES.length });
    expect(await runCatalog(makeDeps(storage))).to.include({ exitCode: 0 });

    const pruned = await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
    expectBounded(pruned);
    expect(pruned, JSON.stringify(pruned)).to.include({ exitCode: 0 });
    expect(await keysUnder(`${f.snapshot.root}/`)).to.deep.equal([]);
    expect(await keysUnder(`${beside.snapshot.root}/`)).to.deep.equal(kept);
  });
});

describe("an __info, a manifest and notes that lie", () => {
  const deep = (open: string, close: string, depth: number): string =>
    open.repeat(depth) + "1" + close.repeat(depth);
  const good = infoContent("nightly_6d7f5c0e");
  const infos: Readonly<Record<string, string>> = {
    nothing: "",
    "a scalar": "5",
    "a list": "[]",
    "no object's end": good.slice(0, -1),
    "two objects": `${good}${good}`,
    "100,000 lists in each other": deep("[", "]", 100_000),
    "100,000 objects in each other": deep('{"a":', "}", 100_000),
    "objects in each other where tables stand": `{"backup_objects":${deep('{"a":', "}", 50_000)}}`,
    "an unfinished string of 2 MiB": `{"name":"${"x".repeat(2 << 20)}`,
    prototypes: `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},${good.slice(1)}`,
    "a table called __proto__": good.replace('"orders":{"partitions"', '"__proto__":{"partitions"'),
    "the same table twice": good.replace('"users":{"partitions"', '"orders":{"partitions"'),
    "the same keys twice": `{"backup_objects":{},"name":"other","name":"another",${good.slice(1)}`,
    "ids beyond all numbers": good.replaceAll("11012", "99999999999999999999999"),
    "negative ids": good.replaceAll("11012", "-11012"),
    "null everywhere": good.replaceAll(/:\{/g, ':null,"x":{'),
    "control characters": good.replace('"shop"', '"shop\\u0000\\u001b[2J\\n"'),
    "broken text": good.replace('"shop"', '"\\ud800"'),
    "a database's name of 1 MiB": good.replace('"shop"', `"${"d".repeat(1 << 20)}"`),
  };
  for (const [what, info] of Object.entries(infos)) {
    it(`__info with ${what}: no crash, bounded words`, async () => {
      const storage = new MemoryStorage();
      const f = await makeSnapshot(storage);
      await storage.delete(f.infoKey);
      // Its md5 is right: whoever can write there can also do that.
      const name = `__info_${TIMESTAMP}.${md5(info)}`;
      await storage.put(`${f.snapshot.root}/${name}`, Buffer.from(info));
      const outcomes = [
        await runCatalog(makeDeps(storage)),
        await runVerify(makeDeps(storage), { label: f.label, mode: "list" }),
        await runSeal(makeDeps(storage), sealOptions(f.label)),
        await runPrune(makeDeps(storage), { label: f.label, backupUid: UID }),
      ];
      outcomes.forEach(expectBounded);
      expect(({} as Record<string, unknown>)["polluted"]).to.equal(undefined);
      expect(storage.keys()).to.deep.equal([]);
    });
  }

  const summaries: Readonly<Record<string, (good: string) => string>> = {
    nothing: () => "",
    "100,000 lists": () => deep("[", "]", 30_000),
    "another version": (text) => text.replace('"version":1', '"version":"1e999"'),
    "prototypes instead of fields": (text) => `{"__proto__":${text}}`,
    "numbers that are none": (text) => text.replace(/"files":\d+/, '"files":1e999'),
    "a list elsewhere": (text) => text.replace(/"key":"[^"]*"/, '"key":"../../elsewhere"'),
    "a list that is no key": (text) => text.replace(/"key":"[^"]*"/, '"key":""'),
  };
  for (const [what, change] of Object.entries(summaries)) {
    it(`a manifest with ${what}: proves nothing, crashes nothing`, async () => {
      const storage = new MemoryStorage();
      const f = await makeSnapshot(storage);
      await runSeal(makeDeps(storage), sealOptions(f.label));
      const key = f.snapshot.manifest();
      const text = storage.content(key)?.toString() ?? "";
      await storage.put(key, Buffer.from(change(text)));
      const before = storage.keys();
      expectBounded(await runCatalog(makeDeps(storage)));
      expectBounded(await runVerify(makeDeps(storage), { label: f.label, mode: "list" }));
      expectBounded(await runPrune(makeDeps(storage), { label: f.label, backupUid: "another" }));
      expect(storage.keys()).to.deep.equal(before);
      expect(({} as Record<string, unknown>)["backupUid"]).to.equal(undefined);
    });
  }

  it("a staging note that lies is no proof", async () => {
    for (const note of ["", "[]", '{"__proto__":{"backupUid":"x"}}', deep("[", "]", 30_000)]) {
      const storage = new MemoryStorage();
      const f: Fixture = await makeSnapshot(storage, { owner: null });
      await storage.put(layout.staging("evil").note(), Buffer.from(note));
      const before = storage.keys();
      const outcome = await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
      expectBounded(outcome);
      expect(outcome.exitCode, outcome.message).not.to.equal(0);
      expect(storage.keys()).to.deep.equal(before);
    }
  });
});
