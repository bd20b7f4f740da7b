import { expect } from "chai";
import { narrate, summarize } from "./narrate.ts";
import { backup, PROGRESS, restore, unseen } from "./testing/jobs.ts";

describe("narrate", () => {
  it("is silent when nothing has changed", () => {
    expect(narrate(backup({ progress: PROGRESS }), backup({ progress: PROGRESS }))).to.deep.equal(
      [],
    );
  });

  it("says a new phase, reason or message", () => {
    expect(narrate(undefined, unseen())).to.deep.equal([
      "Backup shop: created: not looked at by the operator yet",
    ]);
    expect(narrate(unseen(), backup())).to.deep.equal([
      "Backup shop: UPLOADING: Working: waits for StarRocks (UPLOADING)",
    ]);
    expect(narrate(backup(), backup({ message: "waits for a friend" }))).to.have.length(1);
    expect(narrate(backup(), backup({ phase: "COMMIT" }))).to.have.length(1);
  });

  it("says figures once for each time they were read, with every node", () => {
    const later = { ...PROGRESS, time: "2026-11-21T10:00:25Z", percent: 40 };
    expect(narrate(backup({ progress: PROGRESS }), backup({ progress: later }))).to.deep.equal([
      "Backup shop: 40 %  78 MiB  9.0 MiB/s  26 files  18/57 tablets  " +
        "[node-a Serving 26 MiB, node-b Starting 0 B (ImagePullBackOff: no such image)]",
    ]);
  });
});

describe("summarize", () => {
  const times = { startTime: "2026-11-21T10:00:00Z", completionTime: "2026-11-21T10:01:05Z" };

  it("says what a Backup made", () => {
    const done = backup({
      ...times,
      phase: "FINISHED",
      snapshot: { name: "shop_1a2b3c4d", timestamp: "2026-11-21-10-00-30-123" },
      sealed: { files: 179, bytes: 252 * 1024 ** 2, tablets: 57 },
    });
    expect(summarize(done)).to.deep.equal([
      "Backup shop is FINISHED after 1 min 5 s",
      "snapshot shop_1a2b3c4d, timestamp 2026-11-21-10-00-30-123",
      "sealed: 179 files, 252 MiB, 57 tablets",
    ]);
  });

  it("says where a Restore has put what", () => {
    const done = restore({
      ...times,
      phase: "FINISHED",
      source: { snapshot: "shop_1a2b3c4d", timestamp: "2026-11-21-10-00-30-123" },
      database: "shop",
      targets: [
        { table: "orders", as: "orders_restored" },
        { table: "customers", as: "customers" },
      ],
      progress: PROGRESS,
    });
    expect(summarize(done)).to.deep.equal([
      "Restore back is FINISHED after 1 min 5 s",
      "78 MiB of snapshot shop_1a2b3c4d, timestamp 2026-11-21-10-00-30-123",
      "into database shop: orders as orders_restored, customers",
    ]);
  });
});
