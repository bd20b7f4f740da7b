import { expect } from "chai";
import { recordIntent } from "../../broker/intents.ts";
import { TABLET_MANIFEST } from "../../broker/layout.ts";
import { collect } from "../../storage/testing/collect.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";
import { readManifest } from "../manifest.ts";
import { runSeal } from "./seal.ts";
import type { FixtureOptions } from "./testing/snapshot-fixture.ts";
import {
  ATTEMPT,
  FILES,
  OTHER_UID,
  TIMESTAMP,
  UID,
  contentOf,
  folderOf,
  makeDeps,
  makeSnapshot,
  manifestFilesOf as listed,
  sealOptions as options,
} from "./testing/snapshot-fixture.ts";

describe("runSeal", () => {
  const shapes: readonly [string, FixtureOptions, number][] = [
    ["with empty lists", {}, FILES],
    ["with file lists (≤ 3.3)", { lists: true }, FILES],
    ["with sub-partitions", { subPartitions: true, lists: true }, FILES],
    ["with manifests in the tablets (4.2)", { tabletManifests: true }, FILES + 4],
  ];
  for (const [name, fixture, files] of shapes) {
    it(`seals a whole snapshot ${name}`, async () => {
      const storage = new MemoryStorage();
      const f = await makeSnapshot(storage, fixture);
      const before = storage.keys().filter((key) => key.startsWith(`${f.snapshot.root}/`));
      const outcome = await runSeal(makeDeps(storage), options(f.label));
      expect(outcome).to.deep.include({ exitCode: 0, reason: "Sealed" });
      expect(outcome.detail).to.deep.include({ timestamp: TIMESTAMP, database: "shop", files });
      expect(
        (await listed(storage, f)).map((file) => `${f.snapshot.root}/${file.path}`),
      ).to.deep.equal(before);
      expect(storage.keys().some((key) => key.includes("__k8s_staging"))).to.equal(false);
    });
  }

  it("writes sizes and ETags of every file, and a summary that counts them", async () => {
    const storage = new MemoryStorage();
    const f = await makeSnapshot(storage);
    await runSeal(makeDeps(storage), options(f.label));
    const files = await listed(storage, f);
    for (const file of files) {
      const info = await storage.stat(`${f.snapshot.root}/${file.path}`);
      expect(file).to.deep.equal({ path: file.path, size: info?.size, etag: info?.etag });
    }
    expect(await readManifest(storage, f.snapshot)).to.deep.include({
      version: 1,
      backupUid: UID,
      label: f.label,
      timestamp: TIMESTAMP,
      database: "shop",
      attempt: ATTEMPT,
      tablets: 4,
      files: files.length,
      bytes: files.reduce((sum, file) => sum + file.size, 0),
      sealedAt: "2023-11-14T22:13:20.000Z",
    });
  });

  it("finishes the intents that an agent left, before it looks", async () => {
    const storage = new MemoryStorage();
    const f = await makeSnapshot(storage);
    const to = f.fileKey("11012", "02000a_0.dat");
    const from = f.staging.data("slow");
    await storage.move(to, from);
    const { size } = (await storage.stat(from)) ?? { size: 0 };
    await recordIntent(storage, f.staging, { version: 1, id: "i1", from, to, size });
    const outcome = await runSeal(makeDeps(storage), options(f.label));
    expect(outcome.exitCode).to.equal(0);
    expect(storage.content(to)?.toString()).to.equal(contentOf("11012", "02000a_0.dat"));
  });

  it("aborts uploads of the attempt and of a dead seal, and deletes what was staged", async () => {
    const storage = new MemoryStorage();
    const f = await makeSnapshot(storage);
    await storage.upload(f.staging.data("dead"));
    await storage.upload(f.snapshot.manifestFiles());
    await storage.put(f.staging.data("dead2"), Buffer.from("x"));
    await storage.upload(`${f.staging.root}0/data/of-another-attempt`);
    await runSeal(makeDeps(storage), options(f.label));
    const uploads = await collect(storage.listUploads(""));
    expect(uploads.map((u) => u.key)).to.deep.equal([`${f.staging.root}0/data/of-another-attempt`]);
    expect(storage.keys().some((key) => key.startsWith(`${f.staging.root}/`))).to.equal(false);
  });

  it("accepts an empty manifest of a tablet", async () => {
    const storage = new MemoryStorage();
    const f = await makeSnapshot(storage);
    await storage.put(`${folderOf(f, "11012")}/${TABLET_MANIFEST}`, Buffer.of());
    expect((await runSeal(makeDeps(storage), options(f.label))).exitCode).to.equal(0);
  });

  describe("refuses, and changes nothing,", () => {
    const cases: readonly [string, FixtureOptions, Partial<ReturnType<typeof options>>][] = [
      ["when the note names another backup", { owner: OTHER_UID }, {}],
      ["when nothing says whose it is", { owner: null }, {}],
      ["when the note names another label", { label: "one" }, { label: "two" }],
      ["when the note is another attempt's", {}, { attempt: "attempt-2" }],
      ["when another timestamp is there", {}, { timestamp: "2020-01-01-00-00-00-000" }],
    ];
    for (const [name, fixture, asked] of cases) {
      it(name, async () => {
        const storage = new MemoryStorage();
        const f = await makeSnapshot(storage, fixture);
        await storage.delete(f.fileKey("11012", "11012.hdr"));
        const before = storage.keys();
        const outcome = await runSeal(makeDeps(storage), { ...options(f.label), ...asked });
        expect(outcome).to.deep.include({ exitCode: 44, reason: "NotOurs" });
        expect(storage.keys()).to.deep.equal(before);
      });
    }

    it("when the manifest names another backup", async () => {
      const storage = new MemoryStorage();
      const f = await makeSnapshot(storage, { owner: OTHER_UID });
      await runSeal(makeDeps(storage), { ...options(f.label), backupUid: OTHER_UID });
      await storage.delete(f.fileKey("11012", "11012.hdr"));
      const before = storage.keys();
      const outcome = await runSeal(makeDeps(storage), options(f.label));
      expect(outcome.exitCode).to.equal(44);
      expect(storage.keys()).to.deep.equal(before);
    });
  });
});
