import { expect } from "chai";
import { difference, traces } from "./traces.ts";

describe("what a run leaves on the machine", () => {
  it("is said line by line, and what it took too", () => {
    const before = { mounts: ["/", "/proc"], sysctls: ["kernel/panic = 0"] };
    expect(difference(before, before)).to.deep.equal([]);
    const after = { mounts: ["/proc", "/run/x"], sysctls: ["kernel/panic = 10"] };
    expect(difference(before, after)).to.deep.equal([
      "left in mounts: /run/x",
      "gone from mounts: /",
      "left in sysctls: kernel/panic = 10",
      "gone from sysctls: kernel/panic = 0",
    ]);
  });

  it("is nothing where there was none", async function () {
    if (process.platform !== "linux") this.skip();
    const seen = await traces("/nowhere/starrocks-backup-e2e.0");
    expect(seen).to.include.keys("mounts", "sysctls");
    expect([seen["processes"], seen["control groups"]]).to.deep.equal([[], []]);
  });
});
