import { expect } from "chai";
import { makeFaulty } from "../../storage/testing/faulty.ts";
import { collect } from "../../storage/testing/collect.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";
import { runPrune } from "./prune.ts";
import { runSeal } from "./seal.ts";
import { CrashingStorage } from "./testing/crashing-storage.ts";
import type { Fixture, FixtureOptions } from "./testing/snapshot-fixture.ts";
import {
  ATTEMPT,
  FILES,
  OTHER_UID,
  UID,
  layout,
  makeDeps,
  makeSnapshot,
  sealOptions,
} from "./testing/snapshot-fixture.ts";

async function sealedSnapshot(storage: MemoryStorage, options?: FixtureOptions): Promise<Fixture> {
  const f = await makeSnapshot(storage, options);
  const backupUid = options?.owner ?? UID;
  await runSeal(makeDeps(storage), { ...sealOptions(f.label), backupUid });
  return f;
}

async function failedAttempt(storage: MemoryStorage, options?: FixtureOptions): Promise<Fixture> {
  const f = await makeSnapshot(storage, options);
  await storage.delete(f.infoKey);
  await storage.upload(f.staging.data("dead"));
  await storage.upload(`${f.snapshot.root}/__ss_content/dead`);
  await storage.put(f.staging.data("dead2"), Buffer.from("x"));
  return f;
}

describe("runPrune", () => {
  it("deletes a sealed snapshot whose manifest carries the backup's UID", async () => {
    const storage = new MemoryStorage();
    const f = await sealedSnapshot(storage);
    const size = (await collect(storage.list(`${f.snapshot.root}/`))).reduce(
      (sum, row) =>
        sum + (row.kind === "object" && !row.key.includes("manifest.json") ? row.size : 0),
      0,
    );
    const outcome = await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
    expect(outcome).to.deep.include({ exitCode: 0, reason: "Pruned" });
    expect(outcome.detail).to.deep.include({ label: f.label, files: FILES + 1, bytes: size });
    expect(storage.keys()).to.deep.equal([]);
  });

  it("deletes what a failed attempt left, its uploads and its staging", async () => {
    const storage = new MemoryStorage();
    const f = await failedAttempt(storage);
    const outcome = await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
    expect(outcome.detail).to.deep.include({ files: FILES, uploads: 2, stagings: 1 });
    expect(storage.keys()).to.deep.equal([]);
    expect(await collect(storage.listUploads(""))).to.deep.equal([]);
  });

  it("takes the snapshot out of StarRocks' sight first, then __meta, and the proof last", async () => {
    const storage = new MemoryStorage();
    const f = await sealedSnapshot(storage);
    const deleted: string[] = [];
    const inner = storage.delete.bind(storage);
    storage.delete = (key, options) => {
      deleted.push(f.snapshot.below(key));
      return inner(key, options);
    };
    await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
    const kinds = deleted.map((path) => /^(__info|__meta|__ss_content|__k8s_\w+)/.exec(path)?.[0]);
    expect(kinds.slice(0, 2)).to.deep.equal(["__info", "__meta"]);
    expect(kinds.slice(2, -2)).to.deep.equal(
      Array.from({ length: FILES - 2 }, () => "__ss_content"),
    );
    expect(kinds.slice(-2)).to.deep.equal(["__k8s_manifest_files", "__k8s_manifest"]);
  });

  it("does nothing, and well, when there is nothing", async () => {
    const outcome = await runPrune(makeDeps(new MemoryStorage()), { label: "x", backupUid: UID });
    expect(outcome).to.deep.include({ exitCode: 0, reason: "Pruned" });
  });

  it("sweeps the staging of an attempt that never had a snapshot", async () => {
    const storage = new MemoryStorage();
    const f = await failedAttempt(storage);
    await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
    await failedAttempt(storage);
    for (const key of storage.keys()) if (key.includes("__ss_")) await storage.delete(key);
    const outcome = await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
    expect(outcome.exitCode).to.equal(0);
    expect(storage.keys()).to.deep.equal([]);
  });

  it("leaves labels and attempts alone whose names begin with this one's", async () => {
    const storage = new MemoryStorage();
    const longer = await sealedSnapshot(storage, { label: "one_2" });
    await storage.put(layout.staging(`${ATTEMPT}0`).data("x"), Buffer.from("x"));
    await storage.put(`${layout.snapshots()}one.txt`, Buffer.from("x"));
    const others = storage.keys();
    const f = await sealedSnapshot(storage, { label: "one" });
    await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
    expect(storage.keys()).to.deep.equal(others);
    expect(others.some((key) => key.startsWith(`${longer.snapshot.root}/`))).to.equal(true);
  });

  it("leaves somebody's snapshot of the label alone that only staging is asked for", async () => {
    const storage = new MemoryStorage();
    const f = await makeSnapshot(storage, { owner: null });
    const theirs = storage.keys();
    const note = { version: 1, backupUid: UID, label: f.label };
    await storage.put(f.staging.note(), Buffer.from(JSON.stringify(note)));
    await storage.put(f.staging.data("x"), Buffer.from("x"));
    const foreign = layout.staging("attempt-2").note();
    const other = { version: 1, backupUid: OTHER_UID, label: f.label };
    await storage.put(foreign, Buffer.from(JSON.stringify(other)));
    const options = { label: f.label, backupUid: UID, stagingOnly: true };
    const outcome = await runPrune(makeDeps(storage), options);
    expect(outcome).to.deep.include({ exitCode: 0, reason: "Pruned" });
    expect(outcome.detail).to.deep.include({ stagings: 1 });
    expect([...storage.keys()].sort()).to.deep.equal([...theirs, foreign].sort());
  });

  for (const label of ["", ".", "..", "a/b", "../__ss_x"]) {
    it(`does not take ${JSON.stringify(label)} for a label`, async () => {
      const storage = new MemoryStorage();
      await sealedSnapshot(storage);
      const before = storage.keys();
      const outcome = await runPrune(makeDeps(storage), { label, backupUid: UID });
      expect(outcome.exitCode).to.equal(42);
      expect(storage.keys()).to.deep.equal(before);
    });
  }

  describe("refuses, and deletes nothing,", () => {
    const cases: readonly [string, (storage: MemoryStorage) => Promise<Fixture>][] = [
      ["of a snapshot that StarRocks made itself", (s) => makeSnapshot(s, { owner: null })],
      ["of another backup's snapshot", (s) => sealedSnapshot(s, { owner: OTHER_UID })],
      ["of another backup's failed attempt", (s) => failedAttempt(s, { owner: OTHER_UID })],
      [
        "when the manifest is ours and a note of this label is another's",
        async (s) => {
          const f = await sealedSnapshot(s);
          await s.put(
            layout.staging("attempt-2").note(),
            Buffer.from(JSON.stringify({ version: 1, backupUid: OTHER_UID, label: f.label })),
          );
          return f;
        },
      ],
      [
        "when the note is ours and the manifest is another's",
        async (s) => {
          const f = await sealedSnapshot(s, { owner: OTHER_UID });
          await s.put(
            f.staging.note(),
            Buffer.from(JSON.stringify({ version: 1, backupUid: UID, label: f.label })),
          );
          return f;
        },
      ],
      [
        "when the manifest was copied from another label",
        async (s) => {
          const other = await sealedSnapshot(s, { label: "other" });
          const f = await makeSnapshot(s, { owner: null });
          await s.copy(other.snapshot.manifest(), f.snapshot.manifest());
          return f;
        },
      ],
      [
        "when the only evidence cannot be read",
        async (s) => {
          const f = await sealedSnapshot(s);
          await s.put(f.snapshot.manifest(), Buffer.from(`{"backupUid":"${UID}"`));
          return f;
        },
      ],
      [
        "when the note of our attempt names another label",
        async (s) => {
          await makeSnapshot(s, { label: "other" });
          return makeSnapshot(s, { owner: null });
        },
      ],
    ];
    for (const [name, make] of cases) {
      it(name, async () => {
        const storage = new MemoryStorage();
        const f = await make(storage);
        const before = storage.keys();
        const outcome = await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
        expect(outcome).to.deep.include({ exitCode: 44, reason: "NotOurs" });
        expect(storage.keys()).to.deep.equal(before);
      });
    }
  });

  it("fails when something came back meanwhile, and keeps the proof for the next try", async () => {
    const storage = new MemoryStorage();
    const f = await sealedSnapshot(storage);
    const inner = storage.delete.bind(storage);
    storage.delete = async (key, options) => {
      await inner(key, options);
      if (key === f.snapshot.manifestFiles()) {
        await storage.put(f.fileKey("11012", "11012.hdr"), Buffer.from("late"));
      }
    };
    const outcome = await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
    expect(outcome).to.deep.include({ exitCode: 1, reason: "NotEmpty" });
    storage.delete = inner;
    await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
    expect(storage.keys()).to.deep.equal([]);
  });

  it("deletes nothing when the storage cannot tell whose it is", async () => {
    const storage = new MemoryStorage();
    const f = await failedAttempt(storage);
    const before = storage.keys();
    for (const operation of ["read", "list"] as const) {
      const faulty = makeFaulty(storage);
      faulty.inject({ operation, kind: "unavailable" });
      const outcome = await runPrune(makeDeps(faulty.storage), { label: f.label, backupUid: UID });
      expect(outcome.exitCode).to.equal(1);
      expect(storage.keys()).to.deep.equal(before);
    }
  });

  for (const make of [sealedSnapshot, failedAttempt]) {
    it(`is repeated after a crash at any write, with the same end (${make.name})`, async () => {
      for (let writes = 0; ; writes += 1) {
        const storage = new CrashingStorage();
        await sealedSnapshot(storage, { label: "other" });
        const others = storage.keys();
        const f = await make(storage);
        storage.crashAfter(writes);
        await runPrune(makeDeps(storage), { label: f.label, backupUid: UID });
        const after = storage.another();
        if (storage.crashed) {
          const again = await runPrune(makeDeps(after), { label: f.label, backupUid: UID });
          expect(again.exitCode, `after ${writes} writes`).to.equal(0);
        }
        expect(after.keys(), `after ${writes} writes`).to.deep.equal(others);
        expect(await collect(after.listUploads(""))).to.deep.equal([]);
        if (!storage.crashed) break;
      }
    });
  }
});
