// The catalogue: what its Job printed, as the status keeps it.
import { expect } from "chai";
import { parseCatalog, summarize } from "./catalog.ts";

const line = (fields: object): string => JSON.stringify({ message: "snapshot", ...fields });

describe("parseCatalog", () => {
  it("reads a line per snapshot, whatever else is in the log", () => {
    const whole = {
      label: "a",
      timestamps: ["2026-01-01-00-00-00-000"],
      complete: true,
      sealed: true,
      database: "shop",
      backupUid: "uid",
      sealedAt: "2026-01-01T00:00:00Z",
      bytes: 7,
    };
    const log = ["listing", line(whole), '{"message":"done"}', line({ label: 7 }), "{cut"].join(
      "\n",
    );
    const { label, ...rest } = whole;
    expect(parseCatalog(log)).to.deep.equal([{ name: label, ...rest }]);
  });

  it("takes a snapshot of StarRocks' own for what it is", () => {
    expect(parseCatalog(line({ label: "theirs", timestamps: "x", bytes: "y" }))).to.deep.equal([
      { name: "theirs", timestamps: [], complete: false, sealed: false },
    ]);
  });

  it("keeps 20 timestamps of one label", () => {
    const timestamps = Array.from({ length: 30 }, (_, i) => `2026-01-01-00-00-${10 + i}-000`);
    expect(parseCatalog(line({ label: "a", timestamps }))[0]?.timestamps?.length).to.equal(20);
  });
});

describe("summarize", () => {
  const entry = (name: string, timestamp: string, delta: object = {}) => {
    return { name, timestamps: [timestamp], complete: true, sealed: false, ...delta };
  };

  it("counts all and shows the newest first", () => {
    const entries = [entry("old", "2025"), entry("new", "2026", { sealed: true, bytes: 5 })];
    const { catalog, ...counts } = summarize(entries, {});
    expect(counts).to.deep.equal({ total: 2, complete: 2, sealed: 1, bytes: 5 });
    expect(catalog?.map((e) => e.name)).to.deep.equal(["new", "old"]);
  });

  it("takes the totals that the command gives: its log may be cut", () => {
    const totals = { snapshots: 9, complete: 8, sealed: 7, bytes: 6 };
    const { catalog: _, ...counts } = summarize([entry("a", "2026")], totals);
    expect(counts).to.deep.equal({ total: 9, complete: 8, sealed: 7, bytes: 6 });
  });

  it("shows 100", () => {
    const many = Array.from({ length: 150 }, (_, i) => entry(`s${i}`, String(1000 + i)));
    const { catalog = [], total } = summarize(many, {});
    expect([catalog.length, total, catalog[0]?.name]).to.deep.equal([100, 150, "s149"]);
  });
});
