import { expect } from "chai";
import { recordIntent } from "../../broker/intents.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";
import type { DamageKind } from "./damage.ts";
import { runSeal } from "./seal.ts";
import type { Fixture, FixtureOptions } from "./testing/snapshot-fixture.ts";
import {
  TIMESTAMP,
  folderOf,
  infoContent,
  infosOf,
  makeDeps,
  makeSnapshot,
  md5,
  sealOptions as options,
} from "./testing/snapshot-fixture.ts";

interface Damaged {
  readonly name: string;
  readonly kind: DamageKind;
  readonly fixture?: FixtureOptions;
  readonly damage: (storage: MemoryStorage, f: Fixture) => Promise<unknown>;
  /** Part of the path that is named. */
  readonly path: string;
}

const DAMAGED: readonly Damaged[] = [
  {
    name: "a tablet without any file",
    kind: "noTablet",
    damage: (s, f) => s.deleteMany(["11013.hdr", "02000b_0.dat"].map((n) => f.fileKey("11013", n))),
    path: "__idx_11011/__11013",
  },
  {
    name: "a tablet without its .hdr",
    kind: "noHeader",
    damage: (s, f) => s.delete(f.fileKey("11012", "11012.hdr")),
    path: "__11012",
  },
  {
    name: "a primary-key tablet without its meta",
    kind: "noHeader",
    damage: (s, f) => s.delete(f.fileKey("11033", "meta")),
    path: "__11033",
  },
  {
    name: "a tablet whose only header is another tablet's",
    kind: "noHeader",
    damage: (s, f) => {
      const key = f.fileKey("11012", "11012.hdr");
      return s.move(key, key.replace("11012.hdr", "11013.hdr"));
    },
    path: "__11012",
  },
  {
    name: "a tablet in a folder of another partition, where RESTORE does not look",
    kind: "noTablet",
    damage: async (s, f) => {
      for (const name of ["11013.hdr", "02000b_0.dat"]) {
        const key = f.fileKey("11013", name);
        await s.move(key, key.replace("__part_11009", "__part_99"));
      }
    },
    path: "__part_11009/__idx_11011/__11013",
  },
  {
    name: "a file of the list in __info that is missing",
    kind: "missing",
    fixture: { lists: true },
    damage: (s, f) => s.delete(f.fileKey("11012", "02000a_1.dat")),
    path: "__11012/02000a_1.dat",
  },
  {
    name: "a file that the list in __info does not know",
    kind: "unexpected",
    fixture: { lists: true },
    damage: (s, f) => s.put(`${folderOf(f, "11012")}/stray.dat.${md5("x")}`, Buffer.from("x")),
    path: "__11012/stray.dat",
  },
  {
    name: "a file that the tablet's own manifest names and that is missing",
    kind: "missing",
    fixture: { tabletManifests: true },
    damage: (s, f) => s.delete(f.fileKey("11032", "02000c_0.upt")),
    path: "__11032/02000c_0.upt",
  },
  {
    name: "a leftover .part in a tablet",
    kind: "leftover",
    damage: (s, f) => s.put(`${folderOf(f, "11012")}/02000a_2.dat.part`, Buffer.from("x")),
    path: "02000a_2.dat.part",
  },
  {
    name: "a leftover .part beside __info",
    kind: "leftover",
    damage: (s, f) => s.put(`${f.snapshot.infos()}${TIMESTAMP}.part`, Buffer.from("x")),
    path: `__info_${TIMESTAMP}.part`,
  },
  {
    name: "two versions of one name",
    kind: "variant",
    damage: (s, f) => s.put(`${folderOf(f, "11012")}/02000a_0.dat.${md5("y")}`, Buffer.from("y")),
    path: "02000a_0.dat",
  },
  {
    name: "a name without md5",
    kind: "noChecksum",
    damage: (s, f) => s.put(`${folderOf(f, "11012")}/02000a_2.dat`, Buffer.from("x")),
    path: "02000a_2.dat",
  },
  {
    name: "a tablet that __info does not know",
    kind: "unknownTablet",
    damage: (s, f) =>
      s.put(`${folderOf(f, "11012").replace("__11012", "__777")}/777.hdr.${md5("")}`, Buffer.of()),
    path: "__777",
  },
  {
    name: "a file that is in no tablet",
    kind: "unexpected",
    damage: (s, f) => s.put(`${f.snapshot.content()}stray/file`, Buffer.from("x")),
    path: "stray/file",
  },
  {
    name: "a file beside __meta that nobody makes",
    kind: "unexpected",
    damage: (s, f) => s.put(`${f.snapshot.root}/stray`, Buffer.from("x")),
    path: "stray",
  },
  {
    name: "no __info",
    kind: "noInfo",
    damage: (s, f) => s.delete(f.infoKey),
    path: "__info",
  },
  {
    name: "two __info",
    kind: "severalInfos",
    damage: (s, f) => s.copy(f.infoKey, f.infoKey.replace(TIMESTAMP, "2020-01-01-00-00-00-000")),
    path: "__info_2020",
  },
  {
    name: "an __info with other content than its name says",
    kind: "badInfo",
    damage: (s, f) => s.put(f.infoKey, Buffer.from(infoContent("another"))),
    path: "__info_",
  },
  {
    name: "an __info that is cut off, under a name with its md5",
    kind: "badInfo",
    damage: (s, f) => replaceInfo(s, f, infoContent(f.label).slice(0, -3)),
    path: "__info_",
  },
  {
    name: "no __meta",
    kind: "noMeta",
    damage: (s, f) => s.delete(f.metaKey),
    path: "__meta",
  },
  {
    name: "two __meta",
    kind: "severalMetas",
    damage: (s, f) => s.put(`${f.snapshot.metas()}${md5("m2")}`, Buffer.from("m2")),
    path: "__meta.",
  },
  {
    name: "a __meta with other content than its name says",
    kind: "badMeta",
    damage: (s, f) => s.put(f.metaKey, Buffer.from("atem")),
    path: "__meta.",
  },
  {
    name: "an intent whose bytes are gone",
    kind: "lost",
    damage: (s, f) =>
      recordIntent(s, f.staging, {
        version: 1,
        id: "i1",
        from: f.staging.data("gone"),
        to: `${folderOf(f, "11012")}/new.dat.${md5("x")}`,
        size: 1,
      }),
    path: "data/gone",
  },
];

async function replaceInfo(storage: MemoryStorage, f: Fixture, content: string): Promise<void> {
  await storage.delete(f.infoKey);
  await storage.put(`${f.snapshot.infos()}${TIMESTAMP}.${md5(content)}`, Buffer.from(content));
}

describe("runSeal on a damaged snapshot", () => {
  for (const { name, kind, fixture, damage, path } of DAMAGED) {
    it(`finds ${name}, and takes the snapshot out of sight`, async () => {
      const storage = new MemoryStorage();
      const f = await makeSnapshot(storage, fixture);
      await damage(storage, f);
      const infos = infosOf(storage, f);
      const before = storage.keys();
      const deps = makeDeps(storage);
      const outcome = await runSeal(deps, options(f.label));
      expect(outcome).to.deep.include({ exitCode: 43, reason: "SnapshotDamaged" });
      expect(outcome.detail?.["kinds"]).to.have.property(kind);
      const named = deps.log.fieldsOf("damaged file").filter((item) => item["kind"] === kind);
      expect(named.map((item) => String(item["path"])).join("\n")).to.include(path);
      expect(storage.keys()).to.deep.equal(before.filter((key) => !infos.includes(key)));
    });
  }

  it("names the table of a tablet that has no file", async () => {
    const storage = new MemoryStorage();
    const f = await makeSnapshot(storage);
    await storage.deleteMany(["11013.hdr", "02000b_0.dat"].map((n) => f.fileKey("11013", n)));
    const { message } = await runSeal(makeDeps(storage), options(f.label));
    expect(message).to.include("1 tablet(s) without any file").and.to.include("table orders");
  });

  it("keeps the report small, whatever the number of holes", async () => {
    const storage = new MemoryStorage();
    const f = await makeSnapshot(storage);
    for (let i = 0; i < 200; i += 1) {
      await storage.put(`${folderOf(f, "11012")}/${"long".repeat(30)}_${i}.dat.part`, Buffer.of(1));
    }
    const deps = makeDeps(storage);
    const outcome = await runSeal(deps, options(f.label));
    expect(outcome.detail).to.deep.include({ damaged: 200, kinds: { leftover: 200 } });
    expect(JSON.stringify(outcome).length).to.be.below(4096);
    expect(deps.log.fieldsOf("damaged file")).to.have.length(20);
  });
});
