import { expect } from "chai";
import { pick } from "./pick.ts";
import { COMPONENTS, FAULTS, POINTS, ROWS, titleOf, type Row } from "./table.ts";

describe("the choice of rows", () => {
  it("meets, in CI, every component with every fault and both kinds, and every point", () => {
    const { rows } = pick({ FAULTS: "ci" });
    const different = (of: (row: Row) => string): number => new Set(rows.map(of)).size;
    expect(different((r) => `${r.component} ${r.fault}`)).to.equal(
      COMPONENTS.length * FAULTS.length,
    );
    expect(different((r) => `${r.component} ${r.kind}`)).to.equal(COMPONENTS.length * 2);
    const points = new Set(rows.map((r) => `${r.kind} ${r.point}`));
    expect(points.size).to.equal(POINTS.Backup.length + POINTS.Restore.length);
  });

  it("is the same for the same seed", () => {
    const titles = (seed: string) => pick({ FAULTS_SEED: seed }).rows.map(titleOf);
    expect(titles("1")).to.deep.equal(titles("1"));
    expect(new Set(["1", "2", "3", "4"].map((seed) => titles(seed).join())).size).to.be.above(1);
  });

  it("takes the rows that the words name, and all", () => {
    const { rows } = pick({ FAULTS: "BE kill Restore" });
    expect(rows.map((r) => r.point)).to.deep.equal(POINTS.Restore);
    expect(pick({ FAULTS: "all" }).rows).to.deep.equal(ROWS);
  });
});
