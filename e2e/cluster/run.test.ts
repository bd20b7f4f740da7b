import { expect } from "chai";
import { cgroupOfRun, folderOfRun, pidOfRun } from "./run.ts";

describe("a run's names", () => {
  it("tell whose it is, and nothing of what only begins so", () => {
    const name = (folder: string) => folder.split("/").at(-1) ?? "";
    expect(pidOfRun(name(folderOfRun(4711)))).to.equal(4711);
    expect(pidOfRun("starrocks-backup-e2e.4711.tTnGzg")).to.equal(undefined);
    expect(pidOfRun("starrocks-backup-e2e.")).to.equal(undefined);
    expect(pidOfRun("failed-2026")).to.equal(undefined);
  });

  it("put a run's control groups below those of the run that it is in", () => {
    const outer = "/x/.cache/e2e/starrocks-backup-e2e.1";
    expect(cgroupOfRun(outer)).to.equal("/starrocks-backup-e2e.1");
    expect(cgroupOfRun(`${outer}/runs/starrocks-backup-e2e.2`)).to.equal(
      "/starrocks-backup-e2e.1/starrocks-backup-e2e.2",
    );
    expect(cgroupOfRun("/x/.cache/e2e")).to.equal("/");
  });
});
