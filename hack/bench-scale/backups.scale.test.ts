// What Backups ask for must not grow with what has nothing to do with them. Counts in simulated time, which no machine
// changes.
import { expect } from "chai";
import { measureBackups } from "./backups.ts";
import type { Measured } from "./figure.ts";
import type { Size } from "./world.ts";

const BASE: Size = { repositories: 1, backups: 8, slots: 4, nodes: 3 };

function valueOf(all: readonly Measured[], what: string, unit: string): number {
  const found = all.find((one) => one.what === what && one.unit === unit);
  if (found === undefined) throw new Error(`${what} (${unit}) was not measured`);
  return found.value;
}

describe("Backups, many of them", () => {
  it("ask the API server and StarRocks for as much each, however many wait", async () => {
    const few = await measureBackups({ ...BASE, backups: 16 });
    const many = await measureBackups({ ...BASE, backups: 96 });
    for (const what of ["API requests", "SQL statements"]) {
      const [before, after] = [few, many].map((all) => valueOf(all, what, "a Backup"));
      expect(after, `${what} a Backup`).to.be.at.most((before ?? 0) * 1.15);
    }
  });

  it("share what the client may ask for, however many run", async () => {
    const running = { ...BASE, repositories: 5, slots: 12, backups: 60, uploadSeconds: 600 };
    const many = await measureBackups(running);
    // Ten looks, each a GET and now and then a status, twenty logs, and the work itself.
    expect(valueOf(many, "API requests", "a second")).to.be.at.most(45);
    expect(valueOf(many, "SQL statements", "a second")).to.be.at.most(45);
    // One after the other 60 Backups would take ten hours; all at once, with ten minutes of upload, not half an hour.
    expect(valueOf(many, "all done", "simulated s")).to.be.at.most(1_500);
  });

  it("ask for two objects more for each node, and not for more looks", async () => {
    const few = await measureBackups({ ...BASE, backups: 2, nodes: 4 });
    const many = await measureBackups({ ...BASE, backups: 2, nodes: 40 });
    const looks = (all: readonly Measured[]) =>
      valueOf(all, "looks at a job or Repository", "a Backup");
    expect(looks(many)).to.be.at.most(looks(few) * 1.5);
    const writes = (all: readonly Measured[]) =>
      ["… create", "… delete"].reduce((sum, what) => sum + valueOf(all, what, "a Backup"), 0);
    expect((writes(many) - writes(few)) / 36).to.be.closeTo(2, 0.1);
  });
});
