// Every fault of a store × every request of every command of the agent: it ends well, or it fails with a
// reason and with words that help, has destroyed nothing, and ends well once the store is well again.
//
// Which requests there are is not written down but seen in a run without faults. STORAGE_FAULTS=all takes
// every row (CI), a number so many of them by chance (everyday); STORAGE_SEED repeats a choice.
import { expect } from "chai";
import type { Outcome } from "../../operator/agent/outcome.ts";
import { startFauxqs } from "../servers/fauxqs.ts";
import { startFaultProxy, type FaultProxy } from "../servers/fault-proxy.ts";
import type { Storage } from "../../operator/storage/storage.ts";
import type { S3Operation } from "../servers/s3-request.ts";
import type { S3Server } from "../servers/s3-server.ts";
import { chosen } from "./storage-choice.ts";
import { FAULTS, canSuffer, type Fault } from "./storage-faults.ts";
import {
  WORKS,
  depsOn,
  emptied,
  isVisible,
  stateOf,
  storageAt,
  type Work,
} from "./storage-work.ts";

interface Row {
  readonly operation: S3Operation;
  readonly nth: number;
  readonly fault: Fault;
  readonly times: number;
}

/** A run without faults: what it asks for, and what it leaves. */
interface Good {
  readonly requests: ReadonlyMap<S3Operation, number>;
  readonly state: readonly string[];
}

describe("the agent's commands on a failing store", () => {
  let server: S3Server;
  let s3: FaultProxy;
  let folders = 0;

  before(async () => {
    server = await startFauxqs();
    s3 = await startFaultProxy(server, { answerListUploads: true });
  });

  after(async () => {
    await s3.stop();
    await server.stop();
  });

  async function place(work: Work) {
    folders += 1;
    const storage = storageAt(s3, `run-${folders}`);
    await work.prepare(storage);
    s3.heal();
    return storage;
  }

  async function good(work: Work): Promise<Good> {
    const storage = await place(work);
    const outcome = await work.run(depsOn(storage));
    expect(outcome.exitCode, JSON.stringify(outcome)).to.equal(0);
    const requests = new Map<S3Operation, number>();
    for (const { operation } of s3.requests) {
      requests.set(operation, (requests.get(operation) ?? 0) + 1);
    }
    s3.heal();
    return { requests, state: await stateOf(storage) };
  }

  for (const work of WORKS) {
    it(`${work.name} ends as it should, whatever fails`, async () => {
      const { requests, state } = await good(work);
      const { rows, note } = chosen(rowsFor(requests), work.name, 5);
      for (const row of rows) {
        const name = `${row.fault.name} at ${row.operation} ${row.nth}, ${row.times} times (${note})`;
        try {
          await suffer(work, row, state);
        } catch (error) {
          throw new Error(`${work.name} with ${name}: ${String(error)}`, { cause: error });
        }
      }
    });
  }

  async function suffer(work: Work, row: Row, wanted: readonly string[]): Promise<void> {
    const storage = await place(work);
    try {
      await sufferAt(storage, work, row, wanted);
    } finally {
      // The server keeps everything in memory.
      s3.heal();
      await emptied(storage);
    }
  }

  async function sufferAt(
    storage: Storage,
    work: Work,
    { operation, nth, times, fault }: Row,
    wanted: readonly string[],
  ): Promise<void> {
    const before = await stateOf(storage);
    s3.heal();
    s3.inject({ operation, nth, times, harm: fault.harm });
    const outcome = await ended(work.run(depsOn(storage)));
    expect(s3.harmed, "requests that suffered").to.be.greaterThan(0);
    s3.heal();
    if (outcome.exitCode === 0) {
      expect(await stateOf(storage)).to.deep.equal(wanted);
      return;
    }
    if (fault.lies === true) {
      expect(times === 1 && outcome.exitCode !== 1, JSON.stringify(outcome)).to.equal(false);
      return;
    }
    expect(fault.heals && times === 1, `passes by itself: ${JSON.stringify(outcome)}`).to.equal(
      false,
    );
    requireHelpful(outcome, fault, operation === "HeadObject");
    requireHarmless(work, before, await stateOf(storage));
    const deps = depsOn(storage);
    const again = await ended(work.run(deps));
    expect(again.exitCode, `after it: ${JSON.stringify(again)}`).to.equal(0);
    // What a probe could not clean up, another one does, when nobody can be at it any more.
    if (work.name === "probe") {
      await deps.clock.advance(2 * HOUR_MS);
      await work.run(deps);
    }
    expect(await stateOf(storage)).to.deep.equal(wanted);
  }
});

/**
 * Each kind of request that a command makes: what passes, once at the first of them, and the ways that differ
 * at the last one, too; what does not pass, from the first one on.
 */
function rowsFor(requests: Good["requests"]): readonly Row[] {
  return [...requests].flatMap(([operation, count]) => {
    const faults = FAULTS.filter((fault) => canSuffer(operation, fault));
    const once = faults.filter(({ heals }) => heals);
    const always = faults.filter(({ heals, stays }) => !heals || stays === true);
    const last = count > 1 ? once.filter(({ stays }) => stays === true) : [];
    return [
      ...once.map((fault) => ({ operation, nth: 1, fault, times: 1 })),
      ...last.map((fault) => ({ operation, nth: count, fault, times: 1 })),
      ...always.map((fault) => ({ operation, nth: 1, fault, times: Infinity })),
    ];
  });
}

const HOUR_MS = 3_600_000;
const HANG_MS = 60_000;

async function ended(run: Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("it hangs")), HANG_MS);
  });
  return await Promise.race([run, late]).finally(() => clearTimeout(timer));
}

function requireHelpful(outcome: Outcome, fault: Fault, wordless: boolean): void {
  const { exitCode, reason, message } = outcome;
  expect(reason).to.match(/^[A-Z][A-Za-z]+$/);
  expect(message).to.match(fault.told);
  // An answer to HEAD is a status and nothing more: 400 may be anything.
  const vague = wordless && fault.harm.do === "refuse" && fault.harm.status === 400;
  if (fault.reason !== undefined && !vague) expect(reason, message).to.equal(fault.reason);
  expect(exitCode, message).to.equal(fault.heals || vague ? 1 : 42);
}

/** A command that failed is none that decided: only prune takes anything away. */
function requireHarmless(work: Work, before: readonly string[], after: readonly string[]): void {
  if (work.name.startsWith("prune")) return;
  expect(isVisible(after), "__info is there").to.equal(isVisible(before));
  const files = (rows: readonly string[]) => rows.filter((row) => /__ss_content/.test(row));
  for (const row of files(before)) expect(after).to.include(row);
}
