// What BACKUP finds when loads and compaction come between: the version that it asked for, or a refusal.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { AlreadyMerged, TabletStore, type TabletHeader } from "./tablets.ts";

const TABLET = 1;
const SCHEMA_HASH = 7;

describe("the tablets of a BE", () => {
  let dir: string;
  let store: TabletStore;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "starrocks-tablets-"));
    store = new TabletStore(dir);
    await store.create(TABLET);
    await store.load(TABLET, "a", { segmentBytes: [300, 400] });
  });

  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  async function snapshotOf(version: number): Promise<TabletHeader> {
    const path = await store.snapshot(TABLET, SCHEMA_HASH, version);
    return JSON.parse(await readFile(join(path, `${TABLET}.hdr`), "utf8")) as TabletHeader;
  }

  it("are snapshot at the version that is asked for, whatever was loaded since", async () => {
    await store.load(TABLET, "b", { segmentBytes: [500] });
    const { version, rowsets } = await snapshotOf(2);
    expect(version).to.equal(2);
    expect(rowsets.map((r) => r.version)).to.deep.equal([2]);
    expect((await snapshotOf(3)).rowsets.map((r) => r.version)).to.deep.equal([2, 3]);
  });

  it("hold the same after compaction, in other files", async () => {
    await store.load(TABLET, "b", { segmentBytes: [500] });
    const [digest, before] = [await store.digest(TABLET), await snapshotOf(3)];
    await store.compact(TABLET, "c");
    const after = await snapshotOf(3);
    expect(await store.digest(TABLET)).to.equal(digest);
    const names = ({ rowsets }: TabletHeader) =>
      rowsets.flatMap((r) => r.segments.map((s) => s.name));
    expect(names(after)).to.have.length(1);
    expect(names(before)).to.not.include(names(after)[0]);
  });

  it("have no version any more that was merged with a later one", async () => {
    await store.load(TABLET, "b", { segmentBytes: [500] });
    await store.compact(TABLET, "c");
    const refused = await snapshotOf(2).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(AlreadyMerged);
    await store.load(TABLET, "d", { segmentBytes: [10] });
    expect((await snapshotOf(3)).rowsets).to.have.length(1);
  });

  it("are snapshot whole while compaction comes between", async () => {
    const digest = await store.digest(TABLET);
    for (let i = 0; i < 20; i += 1) {
      const [path] = await Promise.all([
        store.snapshot(TABLET, SCHEMA_HASH, 2),
        store.compact(TABLET, "c"),
      ]);
      const copy = new TabletStore(join(dir, "copy"));
      await copy.create(TABLET);
      await copy.move(TABLET, path);
      expect(await copy.digest(TABLET)).to.equal(digest);
    }
  });
});
