import { expect } from "chai";
import { recordIntent } from "../../broker/intents.ts";
import type { StorageErrorKind } from "../../storage/errors.ts";
import { makeFaulty } from "../../storage/testing/faulty.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";
import { runSeal } from "./seal.ts";
import { CrashingStorage } from "./testing/crashing-storage.ts";
import type { Fixture } from "./testing/snapshot-fixture.ts";
import {
  FILES,
  TIMESTAMP,
  infosOf,
  makeDeps,
  makeSnapshot,
  manifestFilesOf as listed,
  md5,
  sealOptions as options,
} from "./testing/snapshot-fixture.ts";

describe("runSeal, when", () => {
  describe("a failing storage is no hole:", () => {
    const kinds: readonly StorageErrorKind[] = ["unavailable", "timeout", "throttled", "unknown"];
    for (const operation of ["list", "read", "put", "stat", "delete", "deleteMany"] as const) {
      for (const kind of kinds) {
        it(`${kind} at any ${operation} ends with exit 1 and keeps __info`, async () => {
          for (let nth = 1; ; nth += 1) {
            const storage = new MemoryStorage();
            const f = await makeSnapshot(storage, { tabletManifests: true });
            await storage.put(f.staging.data("x"), Buffer.from("x"));
            const faulty = makeFaulty(storage);
            faulty.inject({ operation, kind, nth, times: Number.POSITIVE_INFINITY });
            const deps = makeDeps(faulty.storage);
            const outcome = await runSeal(deps, options(f.label));
            if (outcome.exitCode === 0) break;
            expect(outcome.exitCode).to.equal(1);
            expect(infosOf(storage, f)).to.deep.equal([f.infoKey]);
            expect((await runSeal(makeDeps(storage), options(f.label))).exitCode).to.equal(0);
          }
        });
      }
    }

    it("a listing that is cut off ends with exit 1 and keeps __info", async () => {
      for (let cutAfter = 0; cutAfter < FILES; cutAfter += 1) {
        const storage = new MemoryStorage();
        const f = await makeSnapshot(storage);
        const faulty = makeFaulty(storage);
        faulty.inject({ operation: "list", key: `${f.snapshot.root}/`, nth: 3, cutAfter });
        const outcome = await runSeal(makeDeps(faulty.storage), options(f.label));
        expect(outcome.exitCode).to.equal(1);
        expect(infosOf(storage, f)).to.deep.equal([f.infoKey]);
      }
    });

    it("a listing that leaves a tablet out without a word ends with exit 1 and keeps __info", async () => {
      const storage = new MemoryStorage();
      const f = await makeSnapshot(storage);
      const whole = storage.list.bind(storage);
      storage.list = async function* forgetful(prefix, listOptions) {
        for await (const row of whole(prefix, listOptions)) {
          const isForgotten =
            prefix === `${f.snapshot.root}/` && JSON.stringify(row).includes("__11013/");
          if (!isForgotten) yield row;
        }
      };
      const outcome = await runSeal(makeDeps(storage), options(f.label));
      expect(outcome).to.deep.include({ exitCode: 1, reason: "ListingChanged" });
      expect(infosOf(storage, f)).to.deep.equal([f.infoKey]);
    });

    it("missing rights end with exit 42 and name the right", async () => {
      const storage = new MemoryStorage({ location: "s3://bucket/backups" });
      const f = await makeSnapshot(storage);
      const faulty = makeFaulty(storage);
      faulty.inject({ operation: "list", kind: "accessDenied" });
      const outcome = await runSeal(makeDeps(faulty.storage), options(f.label));
      expect(outcome).to.deep.include({ exitCode: 42, reason: "AccessDenied" });
      expect(outcome.message).to.include("s3:ListBucket");
    });
  });

  describe("is repeated", () => {
    it("at once when nothing changed: no content listing, no write", async () => {
      const storage = new MemoryStorage();
      const f = await makeSnapshot(storage);
      const first = await runSeal(makeDeps(storage), options(f.label));
      const faulty = makeFaulty(storage);
      const again = await runSeal(makeDeps(faulty.storage), options(f.label));
      expect(again).to.deep.equal(first);
      expect(faulty.count("put")).to.equal(0);
      const ofAll = faulty.calls.filter((c) => c.key === `${f.snapshot.root}/`);
      expect(ofAll.map(({ operation }) => operation)).to.deep.equal(["listUploads"]);
    });

    it("in full when the manifest's list is gone", async () => {
      const storage = new MemoryStorage();
      const f = await makeSnapshot(storage);
      await runSeal(makeDeps(storage), options(f.label));
      await storage.delete(f.snapshot.manifestFiles());
      expect((await runSeal(makeDeps(storage), options(f.label))).exitCode).to.equal(0);
      expect(await listed(storage, f)).to.have.length(FILES);
    });

    const changes: readonly [string, (s: MemoryStorage, f: Fixture) => Promise<unknown>][] = [
      ["__info is gone", (s, f) => s.delete(f.infoKey)],
      ["__meta is gone", (s, f) => s.delete(f.metaKey)],
      ["a second __meta came", (s, f) => s.put(`${f.snapshot.metas()}${md5("x")}`, Buffer.of(1))],
    ];
    for (const [name, change] of changes) {
      it(`in full when ${name}: then it is damaged, and the manifest stays as proof`, async () => {
        const storage = new MemoryStorage();
        const f = await makeSnapshot(storage);
        await runSeal(makeDeps(storage), options(f.label));
        await change(storage, f);
        const outcome = await runSeal(makeDeps(storage), options(f.label));
        expect(outcome.exitCode).to.equal(43);
        expect(infosOf(storage, f)).to.deep.equal([]);
        expect(await storage.stat(f.snapshot.manifest())).to.not.equal(undefined);
      });
    }

    it("in full when __info has another timestamp and any will do", async () => {
      const storage = new MemoryStorage();
      const f = await makeSnapshot(storage);
      await runSeal(makeDeps(storage), options(f.label));
      const later = "2030-01-01-00-00-00-000";
      await storage.move(f.infoKey, f.infoKey.replace(TIMESTAMP, later));
      const asked = { ...options(f.label), timestamp: undefined };
      const outcome = await runSeal(makeDeps(storage), asked);
      expect(outcome.detail).to.deep.include({ timestamp: later });
      expect((await listed(storage, f))[0]?.path).to.include(later);
    });

    it("after a stop", async () => {
      const storage = new MemoryStorage();
      const f = await makeSnapshot(storage);
      const deps = makeDeps(storage);
      deps.abort.abort(new Error("stop"));
      expect(await runSeal(deps, options(f.label))).to.deep.include({
        exitCode: 1,
        reason: "Interrupted",
      });
      expect((await runSeal(makeDeps(storage), options(f.label))).exitCode).to.equal(0);
    });

    for (const damaged of [false, true]) {
      const what = damaged ? "a snapshot with a hole" : "a whole snapshot";
      it(`after a crash at any write, with the same end, for ${what}`, async () => {
        const { keys, exitCode } = await sealed(damaged, Number.POSITIVE_INFINITY);
        for (let writes = 0; ; writes += 1) {
          const end = await sealed(damaged, writes);
          expect(end.keys).to.deep.equal(keys);
          expect(end.exitCode).to.equal(exitCode);
          if (!end.crashed) break;
        }
      });
    }

    it("after a crash at any write, when an earlier seal was swept and its list was lost", async () => {
      for (let writes = 0; ; writes += 1) {
        const storage = new CrashingStorage();
        const f = await makeSnapshot(storage);
        await runSeal(makeDeps(storage), options(f.label));
        await storage.delete(f.snapshot.manifestFiles());
        storage.crashAfter(writes);
        await runSeal(makeDeps(storage), options(f.label));
        const after = storage.another();
        expect((await runSeal(makeDeps(after), options(f.label))).exitCode).to.equal(0);
        expect(await listed(after, f)).to.have.length(FILES);
        if (!storage.crashed) break;
      }
    });
  });
});

/** Seals a snapshot with a few things to do, in a process that dies and is started again. */
async function sealed(damaged: boolean, writes: number) {
  const storage = new CrashingStorage();
  const f = await makeSnapshot(storage);
  const to = f.fileKey("11012", "02000a_0.dat");
  const from = f.staging.data("slow");
  await storage.move(to, from);
  const { size } = (await storage.stat(from)) ?? { size: 0 };
  await recordIntent(storage, f.staging, { version: 1, id: "i1", from, to, size });
  await storage.put(f.staging.data("left"), Buffer.from("x"));
  await storage.upload(f.staging.data("dead"));
  if (damaged) await storage.delete(f.fileKey("11033", "meta"));
  storage.crashAfter(writes);
  let outcome = await runSeal(makeDeps(storage), options(f.label));
  const { crashed } = storage;
  if (crashed) outcome = await runSeal(makeDeps(storage.another()), options(f.label));
  return { keys: storage.keys(), exitCode: outcome.exitCode, crashed };
}
