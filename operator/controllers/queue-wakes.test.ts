// Whom a move of the queue wakes.
import { expect } from "chai";
import type { Backup } from "../api/backup.generated.ts";
import { TOLD_AT_ONCE, wokenByMove } from "./queue-wakes.ts";
import { backup } from "./testing/samples.ts";

type Status = NonNullable<Backup["status"]>;

/** The i-th of the queue, on a database of its own. */
function queued(i: number, status: Partial<Status> = {}): Backup {
  const number = String(i).padStart(4, "0");
  const queue = { position: i, message: "its turn" };
  return backup(
    { database: `db_${i}` },
    {
      meta: { name: `b-${number}`, uid: `${number}0000-0000-4000-8000-000000000000` },
      status: { phase: "PENDING", reason: "Queued", queue, ...status },
    },
  );
}

function queue(length: number): readonly Backup[] {
  return Array.from({ length }, (_, at) => queued(at + 1));
}

function names(jobs: readonly Backup[], slots: number): readonly string[] {
  return wokenByMove(jobs, jobs, slots).map(({ metadata }) => metadata.name);
}

describe("wokenByMove", () => {
  it("wakes those that may go, and nobody behind whose position is told already", () => {
    expect(names(queue(1000), 2)).to.deep.equal(["b-0001", "b-0002"]);
  });

  it("tells the first few their new positions, however long the queue is", () => {
    const [, ...rest] = queue(1000);
    const runs = queued(1, { reason: "Working", phase: "UPLOADING" });
    const woken = names([runs, ...rest], 1);
    expect(woken).to.have.length(TOLD_AT_ONCE);
    expect(woken[0]).to.equal("b-0002");
  });

  it("leaves jobs that run alone", () => {
    const slot = { name: "slot", index: 0, attempt: 1 };
    expect(names([queued(1, { slot, reason: "StartingAgents" })], 2)).to.deep.equal([]);
  });

  it("wakes who waits for something else, and who is deleted", () => {
    const waits = queued(2, { reason: "SourceNotFinished" });
    const { metadata, ...rest } = queued(3, { phase: "FINISHED", reason: "Finished" });
    const deletionTimestamp = "2026-01-02T03:04:05Z";
    const deleted = { ...rest, metadata: { ...metadata, deletionTimestamp } };
    const runs = queued(1, { phase: "UPLOADING" });
    expect(names([runs, waits, deleted], 1)).to.deep.equal(["b-0002", "b-0003"]);
  });
});
