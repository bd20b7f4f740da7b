import { expect } from "chai";
import { makeFaulty } from "../../storage/testing/faulty.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";
import { runCatalog } from "./catalog.ts";
import { runSeal } from "./seal.ts";
import {
  FILES,
  TIMESTAMP,
  UID,
  layout,
  makeDeps,
  makeSnapshot,
  sealOptions,
} from "./testing/snapshot-fixture.ts";

async function repository(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const sealed = await makeSnapshot(storage, { label: "sealed" });
  await runSeal(makeDeps(storage), sealOptions(sealed.label));
  await makeSnapshot(storage, { label: "native", owner: null });
  const failed = await makeSnapshot(storage, { label: "failed" });
  await storage.delete(failed.infoKey);
  const noMeta = await makeSnapshot(storage, { label: "no_meta", owner: null });
  await storage.move(noMeta.metaKey, noMeta.metaKey.replace(/\.[^.]+$/, ".part"));
  await storage.put(layout.repoInfo(), Buffer.from("{}"));
  return storage;
}

describe("runCatalog", () => {
  it("tells of each snapshot what is known, and the totals", async () => {
    const deps = makeDeps(await repository());
    const outcome = await runCatalog(deps);
    const lines = deps.log
      .fieldsOf("snapshot")
      .toSorted((a, b) => String(a["label"]).localeCompare(String(b["label"])));
    const unsealed = { sealed: false, database: "shop" };
    expect(lines).to.deep.equal([
      { label: "failed", timestamps: [], complete: false, sealed: false },
      { label: "native", timestamps: [TIMESTAMP], complete: true, ...unsealed },
      { label: "no_meta", timestamps: [TIMESTAMP], complete: false, ...unsealed },
      {
        label: "sealed",
        timestamps: [TIMESTAMP],
        complete: true,
        sealed: true,
        backupUid: UID,
        files: FILES,
        bytes: lines[3]?.["bytes"],
        tablets: 4,
        sealedAt: "2023-11-14T22:13:20.000Z",
        database: "shop",
      },
    ]);
    expect(outcome).to.deep.include({
      exitCode: 0,
      detail: {
        snapshots: 4,
        complete: 2,
        incomplete: 2,
        sealed: 1,
        files: FILES,
        bytes: lines[3]?.["bytes"],
      },
    });
    expect(lines[3]?.["bytes"]).to.be.greaterThan(100);
  });

  it("costs two requests per snapshot and never lists content", async () => {
    const faulty = makeFaulty(await repository());
    await runCatalog(makeDeps(faulty.storage));
    expect(faulty.count("list")).to.equal(5);
    expect(faulty.count("read")).to.equal(3);
    expect(faulty.calls.some((call) => call.key.includes("__ss_content"))).to.equal(false);
  });

  it("shows several __info of one label", async () => {
    const storage = new MemoryStorage();
    const f = await makeSnapshot(storage, { owner: null });
    await storage.copy(f.infoKey, f.infoKey.replace(TIMESTAMP, "2027-01-01-00-00-00-000"));
    const deps = makeDeps(storage);
    await runCatalog(deps);
    expect(deps.log.fieldsOf("snapshot")[0]?.["timestamps"]).to.deep.equal([
      TIMESTAMP,
      "2027-01-01-00-00-00-000",
    ]);
  });

  it("takes a snapshot whose manifest cannot be read for unsealed, and says so", async () => {
    const storage = new MemoryStorage();
    const f = await makeSnapshot(storage, { owner: null });
    await storage.put(f.snapshot.manifest(), Buffer.from("{}"));
    const deps = makeDeps(storage);
    await runCatalog(deps);
    expect(deps.log.fieldsOf("snapshot")[0]).to.deep.include({ sealed: false, complete: true });
    expect(deps.log.fieldsOf("the manifest cannot be read")).to.have.length(1);
  });

  it("fails as a whole when the storage does: a list with gaps would mislead", async () => {
    const faulty = makeFaulty(await repository());
    faulty.inject({ operation: "list", nth: 3, kind: "unavailable" });
    expect((await runCatalog(makeDeps(faulty.storage))).exitCode).to.equal(1);
  });

  it("of an empty repository is empty", async () => {
    const outcome = await runCatalog(makeDeps(new MemoryStorage()));
    expect(outcome.detail).to.deep.include({ snapshots: 0 });
  });
});
