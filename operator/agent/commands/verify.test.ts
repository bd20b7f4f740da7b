import { expect } from "chai";
import { makeFaulty } from "../../storage/testing/faulty.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";
import type { DamageKind } from "./damage.ts";
import { runSeal } from "./seal.ts";
import type { Fixture, FixtureOptions } from "./testing/snapshot-fixture.ts";
import {
  FILES,
  TIMESTAMP,
  contentOf,
  folderOf,
  makeDeps,
  makeSnapshot,
  md5,
  sealOptions,
} from "./testing/snapshot-fixture.ts";
import type { VerifyMode } from "./verify.ts";
import { runVerify } from "./verify.ts";

async function sealedSnapshot(storage: MemoryStorage, options?: FixtureOptions): Promise<Fixture> {
  const f = await makeSnapshot(storage, options);
  expect((await runSeal(makeDeps(storage), sealOptions(f.label))).exitCode).to.equal(0);
  return f;
}

interface Damaged {
  readonly name: string;
  readonly damage: (storage: MemoryStorage, f: Fixture) => Promise<unknown>;
  readonly path: string;
  /** What each way of looking finds; undefined: it cannot see it. */
  readonly list: DamageKind | undefined;
  readonly checksums: DamageKind | undefined;
  readonly unsealed: DamageKind | undefined;
  readonly unsealedChecksums: DamageKind | undefined;
}

const FILE = ["11012", "02000a_1.dat"] as const;
const CONTENT = contentOf(...FILE);

const DAMAGED: readonly Damaged[] = [
  {
    name: "a data file that is missing (without a list in __info only a manifest can tell)",
    damage: (s, f) => s.delete(f.fileKey(...FILE)),
    path: "02000a_1.dat",
    list: "missing",
    checksums: "missing",
    unsealed: undefined,
    unsealedChecksums: undefined,
  },
  {
    name: "a header that is missing",
    damage: (s, f) => s.delete(f.fileKey("11012", "11012.hdr")),
    path: "__11012",
    list: "missing",
    checksums: "missing",
    unsealed: "noHeader",
    unsealedChecksums: "noHeader",
  },
  {
    name: "a file that became shorter",
    damage: (s, f) => s.put(f.fileKey(...FILE), Buffer.from(CONTENT.slice(1))),
    path: "02000a_1.dat",
    list: "short",
    checksums: "short",
    unsealed: undefined,
    unsealedChecksums: "checksum",
  },
  {
    name: "a file that became longer",
    damage: (s, f) => s.put(f.fileKey(...FILE), Buffer.from(`${CONTENT}+`)),
    path: "02000a_1.dat",
    list: "long",
    checksums: "long",
    unsealed: undefined,
    unsealedChecksums: "checksum",
  },
  {
    name: "a file that was replaced by another of the same size",
    damage: (s, f) => s.put(f.fileKey(...FILE), Buffer.from(CONTENT.toUpperCase())),
    path: "02000a_1.dat",
    list: "replaced",
    checksums: "checksum",
    unsealed: undefined,
    unsealedChecksums: "checksum",
  },
  {
    name: "a stray file in a tablet",
    damage: (s, f) => s.put(`${folderOf(f, "11012")}/z.dat.${md5("z")}`, Buffer.from("z")),
    path: "z.dat",
    list: "unexpected",
    checksums: "unexpected",
    unsealed: undefined,
    unsealedChecksums: undefined,
  },
  {
    name: "a second version of a file",
    damage: (s, f) => s.put(`${folderOf(f, "11012")}/02000a_1.dat.${md5("z")}`, Buffer.from("z")),
    path: "02000a_1.dat",
    list: "unexpected",
    checksums: "unexpected",
    unsealed: "variant",
    unsealedChecksums: "variant",
  },
  {
    name: "a name with the wrong md5",
    damage: (s, f) =>
      s.move(f.fileKey(...FILE), `${folderOf(f, "11012")}/02000a_1.dat.${md5("?")}`),
    path: "02000a_1.dat",
    list: "missing",
    checksums: "missing",
    unsealed: undefined,
    unsealedChecksums: "checksum",
  },
  {
    name: "a leftover .part",
    damage: (s, f) => s.put(`${folderOf(f, "11012")}/x.dat.part`, Buffer.from("z")),
    path: "x.dat.part",
    list: "unexpected",
    checksums: "unexpected",
    unsealed: "leftover",
    unsealedChecksums: "leftover",
  },
  {
    name: "no __info",
    damage: (s, f) => s.delete(f.infoKey),
    path: "__info",
    list: "missing",
    checksums: "missing",
    unsealed: "noInfo",
    unsealedChecksums: "noInfo",
  },
  {
    name: "an __info.part beside the real one",
    damage: (s, f) => s.put(`${f.snapshot.infos()}${TIMESTAMP}.part`, Buffer.from("z")),
    path: "__info_",
    list: "unexpected",
    checksums: "unexpected",
    unsealed: "leftover",
    unsealedChecksums: "leftover",
  },
];

describe("runVerify", () => {
  const ways: readonly [
    string,
    boolean,
    VerifyMode,
    "list" | "checksums" | "unsealed" | "unsealedChecksums",
  ][] = [
    ["by the manifest", true, "list", "list"],
    ["by the manifest and checksums", true, "checksums", "checksums"],
    ["by __info", false, "list", "unsealed"],
    ["by __info and checksums", false, "checksums", "unsealedChecksums"],
  ];
  for (const [way, isSealed, mode, column] of ways) {
    describe(way, () => {
      const make = (storage: MemoryStorage, options?: FixtureOptions) =>
        isSealed ? sealedSnapshot(storage, options) : makeSnapshot(storage, options);

      const shapes: readonly FixtureOptions[] = [
        {},
        { lists: true },
        { subPartitions: true },
        { tabletManifests: true },
      ];
      for (const shape of shapes) {
        it(`finds a snapshot ${JSON.stringify(shape)} whole, and writes nothing`, async () => {
          const storage = new MemoryStorage();
          const f = await make(storage, shape);
          const faulty = makeFaulty(storage);
          const outcome = await runVerify(makeDeps(faulty.storage), { label: f.label, mode });
          expect(outcome).to.deep.include({ exitCode: 0, reason: "Verified" });
          expect(outcome.detail).to.deep.include({
            against: isSealed ? "manifest" : "info",
            timestamp: TIMESTAMP,
            database: "shop",
            tablets: 4,
            unlisted: isSealed || shape.lists === true || shape.tabletManifests === true ? 0 : 4,
            files: FILES + (shape.tabletManifests === true ? 4 : 0),
          });
          const operations = new Set(faulty.calls.map((call) => call.operation));
          expect([...operations].sort()).to.deep.equal(
            isSealed ? ["list", "read", "stat"] : ["list", "read"],
          );
        });
      }

      for (const damaged of DAMAGED) {
        const kind = damaged[column];
        it(`${kind === undefined ? "cannot see" : "finds"} ${damaged.name}`, async () => {
          const storage = new MemoryStorage();
          const f = await make(storage);
          await damaged.damage(storage, f);
          const before = storage.keys();
          const deps = makeDeps(storage);
          const outcome = await runVerify(deps, { label: f.label, mode });
          expect(outcome.exitCode).to.equal(kind === undefined ? 0 : 43);
          const found = deps.log
            .fieldsOf("damaged file")
            .find((i) => i["kind"] === kind && String(i["path"]).includes(damaged.path));
          expect(found === undefined).to.equal(kind === undefined);
          expect(storage.keys()).to.deep.equal(before);
        });
      }

      it("finds another timestamp than the asked one", async () => {
        const storage = new MemoryStorage();
        const f = await make(storage);
        const asked = { label: f.label, mode, timestamp: "2020-01-01-00-00-00-000" };
        const outcome = await runVerify(makeDeps(storage), asked);
        expect(outcome.detail?.["kinds"]).to.deep.equal({ noInfo: 1 });
        expect(outcome.message).to.include(`only ${TIMESTAMP} is there`);
      });

      it("is damaged, not failed, when there is no such snapshot", async () => {
        const outcome = await runVerify(makeDeps(new MemoryStorage()), { label: "none", mode });
        expect(outcome).to.include({ exitCode: 43, reason: "SnapshotMissing" });
        expect(outcome.message).to.match(/^there is no snapshot none: .*__ss_none\/ is empty/);
      });

      it("a failing storage is no damage", async () => {
        for (const operation of ["list", "read"] as const) {
          for (let nth = 1; ; nth += 1) {
            const storage = new MemoryStorage();
            const f = await make(storage, { tabletManifests: true });
            const faulty = makeFaulty(storage);
            faulty.inject({ operation, kind: "unavailable", nth, times: Number.POSITIVE_INFINITY });
            const outcome = await runVerify(makeDeps(faulty.storage), { label: f.label, mode });
            if (outcome.exitCode === 0) break;
            expect(outcome).to.deep.include({ exitCode: 1, reason: "StorageFailed" });
          }
        }
      });

      it("a listing that breaks off is no damage", async () => {
        const storage = new MemoryStorage();
        const f = await make(storage);
        const faulty = makeFaulty(storage);
        faulty.inject({ operation: "list", key: "", nth: isSealed ? 1 : 4, cutAfter: 5 });
        const outcome = await runVerify(makeDeps(faulty.storage), { label: f.label, mode });
        expect(outcome.exitCode).to.equal(1);
      });
    });
  }

  it("finds one flipped bit in any file with checksums", async () => {
    const storage = new MemoryStorage();
    const f = await sealedSnapshot(storage);
    const files = storage.keys().filter((key) => !key.includes("__k8s_"));
    for (const key of files) {
      const content = storage.content(key) ?? Buffer.of();
      const flipped = Buffer.from(content);
      flipped[3] = (flipped[3] ?? 0) ^ 1;
      await storage.put(key, flipped);
      const outcome = await runVerify(makeDeps(storage), { label: f.label, mode: "checksums" });
      expect(outcome.detail?.["kinds"], key).to.deep.equal({ checksum: 1 });
      await storage.put(key, content);
    }
  });

  it("takes a copied repository, whose ETags are all new, for whole with checksums", async () => {
    const storage = new MemoryStorage();
    const f = await sealedSnapshot(storage);
    for (const key of storage.keys()) await storage.put(key, storage.content(key) ?? Buffer.of());
    const list = await runVerify(makeDeps(storage), { label: f.label, mode: "list" });
    expect(list.detail?.["kinds"]).to.deep.equal({ replaced: FILES });
    const checksums = await runVerify(makeDeps(storage), { label: f.label, mode: "checksums" });
    expect(checksums.exitCode).to.equal(0);
  });

  it("reads a file again when a read breaks off", async () => {
    const storage = new MemoryStorage();
    const f = await sealedSnapshot(storage);
    const faulty = makeFaulty(storage);
    faulty.inject({ operation: "read", key: "02000a_0.dat", times: 2, cutAfter: 3 });
    const outcome = await runVerify(makeDeps(faulty.storage), {
      label: f.label,
      mode: "checksums",
    });
    expect(outcome.exitCode).to.equal(0);
  });

  it("takes a file that is replaced between listing and reading for no damage", async () => {
    const storage = new MemoryStorage();
    const f = await sealedSnapshot(storage);
    const inner = storage.read.bind(storage);
    storage.read = async (key, options) => {
      if (key === f.fileKey(...FILE)) await storage.put(key, Buffer.from("meanwhile"));
      return inner(key, options);
    };
    const outcome = await runVerify(makeDeps(storage), { label: f.label, mode: "checksums" });
    expect(outcome).to.deep.include({ exitCode: 1, reason: "StorageFailed" });
  });

  describe("with a manifest that is not whole,", () => {
    const cases: readonly [string, (s: MemoryStorage, f: Fixture) => Promise<unknown>][] = [
      ["a list that is missing", (s, f) => s.delete(f.snapshot.manifestFiles())],
      ["a list that is another", (s, f) => s.put(f.snapshot.manifestFiles(), Buffer.from("x"))],
      [
        "a list with a flipped bit",
        (s, f) => {
          const list = Buffer.from(s.content(f.snapshot.manifestFiles()) ?? Buffer.of());
          list[20] = (list[20] ?? 0) ^ 1;
          return s.put(f.snapshot.manifestFiles(), list);
        },
      ],
      ["a summary of junk", (s, f) => s.put(f.snapshot.manifest(), Buffer.from("{"))],
      [
        "a summary with other numbers",
        (s, f) => {
          const summary = String(s.content(f.snapshot.manifest()));
          return s.put(
            f.snapshot.manifest(),
            Buffer.from(summary.replace('"files":', '"files":1')),
          );
        },
      ],
    ];
    for (const [name, damage] of cases) {
      it(`${name}, says so and nothing else`, async () => {
        const storage = new MemoryStorage();
        const f = await sealedSnapshot(storage);
        await damage(storage, f);
        const outcome = await runVerify(makeDeps(storage), { label: f.label, mode: "list" });
        expect(outcome.detail?.["kinds"]).to.deep.equal({ badManifest: 1 });
      });
    }

    it("a list without summary (an interrupted seal) counts as none", async () => {
      const storage = new MemoryStorage();
      const f = await sealedSnapshot(storage);
      await storage.delete(f.snapshot.manifest());
      const outcome = await runVerify(makeDeps(storage), { label: f.label, mode: "list" });
      expect(outcome.exitCode).to.equal(0);
      expect(outcome.detail?.["against"]).to.equal("info");
    });
  });

  it("counts all damage and lists the first twenty", async () => {
    const storage = new MemoryStorage();
    const f = await sealedSnapshot(storage);
    for (let i = 0; i < 50; i += 1) {
      await storage.put(`${folderOf(f, "11012")}/x${i}.dat.${md5("z")}`, Buffer.from("z"));
    }
    const deps = makeDeps(storage);
    const outcome = await runVerify(deps, { label: f.label, mode: "list" });
    expect(outcome.detail).to.deep.include({ damaged: 50, kinds: { unexpected: 50 } });
    expect(deps.log.fieldsOf("damaged file")).to.have.length(20);
    expect(JSON.stringify(outcome).length).to.be.below(4096);
  });
});
