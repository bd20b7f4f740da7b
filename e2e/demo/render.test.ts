import { expect } from "chai";
import { renderAll, renderJob, renderRepository, waitText, type View } from "./render.ts";
import { backup, NOW_MS, PROGRESS, repository, restore, unseen } from "./testing/jobs.ts";
import { COLOURED, PLAIN, widthOf } from "./text.ts";

const VIEW: View = { nowMs: NOW_MS, columns: 100, paint: PLAIN };

describe("renderJob", () => {
  it("shows phase, bar, figures, nodes and what is waited for", () => {
    expect(renderJob(backup({ progress: PROGRESS }), VIEW)).to.deep.equal([
      "Backup shop  23 s",
      "  PENDING → SNAPSHOTING → UPLOADING → COMMIT → FINISHED",
      `  ${"█".repeat(12)}${"░".repeat(28)} 31 %  78 MiB  9.0 MiB/s  26 files  18/57 tablets`,
      "  node-a   Serving      26 MiB    3.0 MiB/s    9 files",
      "  node-b   Starting        0 B        0 B/s    0 files  ImagePullBackOff: no such image",
      "  Working: waits for StarRocks (UPLOADING)",
    ]);
  });

  it("stands still once the job has ended", () => {
    const ended = backup({ phase: "FINISHED", completionTime: "2026-11-21T10:00:09Z" });
    expect(renderJob(ended, VIEW)[0]).to.equal("Backup shop  9 s");
  });

  it("colours what is done, what is now, and what comes", () => {
    const phases = (phase: "PENDING" | "COMMIT" | "FINISHED"): string =>
      renderJob(restore({ phase }), { ...VIEW, paint: (colour, text) => `${colour}:${text}` })[1] ??
      "";
    expect(phases("COMMIT")).to.contain("green:DOWNLOADING").and.contain("cyan:COMMIT");
    expect(phases("COMMIT")).to.contain("dim:FINISHED");
    expect(phases("FINISHED")).to.contain("green:FINISHED");
  });

  it("shows an end that is none of the line's phases", () => {
    expect(renderJob(backup({ phase: "FAILED" }), VIEW)[1]).to.equal("  FAILED");
  });

  it("shrinks the bar, not the figures, in a narrow window", () => {
    const at = (columns: number): string =>
      renderJob(backup({ progress: PROGRESS }), { ...VIEW, columns })[2] ?? "";
    expect(at(70)).to.contain("18/57 tablets");
    expect(widthOf(at(70))).to.be.below(widthOf(at(100)));
    expect(at(20)).to.match(/[█░]{8} 31 %/);
  });

  it("is as wide with colours as without", () => {
    const widths = (paint: View["paint"]): readonly number[] =>
      renderJob(backup({ progress: PROGRESS }), { ...VIEW, paint }).map(widthOf);
    expect(widths(COLOURED)).to.deep.equal(widths(PLAIN));
  });
});

describe("waitText", () => {
  it("says the place in the queue and why", () => {
    const queued = restore({
      reason: "Queued",
      message: "waits for Restore other, which is before it on database shop",
      queue: { position: 2 },
    });
    expect(waitText(queued)).to.equal(
      "number 2 in the queue, Queued: waits for Restore other, which is before it on database shop",
    );
  });

  it("says that nobody has looked yet", () => {
    expect(waitText(unseen())).to.equal("not looked at by the operator yet");
    expect(waitText(repository(undefined))).to.equal("not looked at by the operator yet");
  });
});

describe("renderRepository", () => {
  it("shows what Ready is made of", () => {
    const condition = (type: string, status: "True" | "False") => ({
      type,
      status,
      reason: "Checked",
      message: `about ${type}`,
      lastTransitionTime: "2026-11-21T10:00:00Z",
    });
    const conditions = [
      condition("StorageReady", "True"),
      condition("StarRocksReady", "False"),
      condition("Stalled", "False"),
    ];
    const shown = repository({ observedGeneration: 1, phase: "CHECKING", conditions });
    expect(renderRepository(shown, VIEW)).to.deep.equal([
      "Repository prod  CHECKING",
      "  ✓ StorageReady   Checked: about StorageReady",
      "  … StarRocksReady Checked: about StarRocksReady",
    ]);
    expect(renderAll([shown, restore()], VIEW)).to.have.length(3 + 3);
  });
});
