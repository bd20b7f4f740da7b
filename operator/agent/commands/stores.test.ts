// The commands' whole life of a snapshot on each kind of store, with what agents may leave behind: an
// upload that was answered for and not completed, a copy that was not made, an upload nobody wants.
import { expect } from "chai";
import { recordIntent } from "../../broker/intents.ts";
import { collect, pattern, readAll } from "../../storage/testing/collect.ts";
import { makeFaulty } from "../../storage/testing/faulty.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";
import { STORES } from "../../storage/testing/stores.ts";
import { runCatalog } from "./catalog.ts";
import { runProbe } from "./probe.ts";
import { runPrune } from "./prune.ts";
import { runSeal } from "./seal.ts";
import {
  UID,
  contentOf,
  makeDeps,
  makeSnapshot,
  manifestFilesOf,
  sealOptions,
  type Fixture,
} from "./testing/snapshot-fixture.ts";
import { runVerify } from "./verify.ts";

const FOLDER = "__starrocks_repository_nightly";

/** The files of a tablet that are promised by intents: one still to be completed, one still to be moved. */
async function leaveOpenWork(storage: MemoryStorage, f: Fixture): Promise<void> {
  const { staging } = f;
  const completed = f.fileKey("11032", "02000c_0.dat");
  const body = await readAll(storage, completed);
  await storage.delete(completed);
  const staged = await storage.upload(staging.data("completed"));
  await staged.part(body);
  await recordIntent(storage, staging, {
    version: 1,
    id: "i1",
    from: staged.key,
    to: completed,
    size: body.length,
    upload: staged.state(),
  });
  const moved = f.fileKey("11012", "02000a_0.dat");
  const from = staging.data("moved");
  const { size } = await storage.move(moved, from);
  await recordIntent(storage, staging, { version: 1, id: "i2", from, to: moved, size });
  await (await storage.upload(staging.data("given-up"))).part(pattern(500));
}

for (const { name, options } of STORES) {
  describe(`commands on a store like ${name}`, () => {
    it("probe tries every operation that agents use, and leaves the info alone", async () => {
      const storage = new MemoryStorage(options);
      const faulty = makeFaulty(storage);
      const outcome = await runProbe(makeDeps(faulty.storage), {
        repositoryName: "nightly",
        readOnly: false,
      });
      expect(outcome, outcome.message).to.deep.include({ exitCode: 0, reason: "Probed" });
      const smallParts = storage.capabilities.partBytesMin <= 1;
      expect(faulty.count("upload.part")).to.equal(smallParts ? 3 : 2);
      expect(storage.keys()).to.deep.equal([`${FOLDER}/__repo_info`]);
      expect(storage.openUploads()).to.deep.equal([]);
    });

    it("seal finishes what was promised, verify agrees, and prune leaves nothing", async () => {
      const storage = new MemoryStorage(options);
      const f = await makeSnapshot(storage, { lists: true });
      await leaveOpenWork(storage, f);
      const deps = makeDeps(storage.another());

      const sealed = await runSeal(deps, sealOptions(f.label));
      expect(sealed, sealed.message).to.include({ exitCode: 0 });
      const file = storage.content(f.fileKey("11032", "02000c_0.dat"));
      expect(file?.toString()).to.equal(contentOf("11032", "02000c_0.dat"));
      // What cannot be listed is let go of by the store itself.
      const { uploadsListed } = storage.capabilities;
      expect(storage.openUploads()).to.have.length(uploadsListed ? 0 : 1);

      for (const { path, etag, size } of await manifestFilesOf(storage, f)) {
        const info = await storage.stat(`${f.snapshot.root}/${path}`);
        expect(info, path).to.include({ etag, size });
      }
      for (const mode of ["list", "checksums"] as const) {
        const verified = await runVerify(deps, { label: f.label, mode });
        expect(verified, verified.message).to.include({ exitCode: 0 });
      }
      expect((await runCatalog(deps)).detail).to.include({ snapshots: 1, sealed: 1, complete: 1 });
      const pruned = await runPrune(deps, { label: f.label, backupUid: UID });
      expect(pruned, pruned.message).to.include({ exitCode: 0 });
      expect(await collect(storage.list(""))).to.deep.equal([]);
    });
  });
}
