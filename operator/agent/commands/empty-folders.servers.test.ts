// Commands on HDFS that die at each of their writes in turn, and are run again: nothing of theirs is left then, not
// even a folder. What is left is asked of HDFS itself, because no listing of the product tells of folders.
import { expect } from "chai";
import { HdfsStorageServer } from "../../../e2e/servers/hdfs-storage.ts";
import { describeWith } from "../../../e2e/servers/installed.ts";
import { must } from "../../assert.ts";
import { recordIntent } from "../../broker/intents.ts";
import { systemClock } from "../../clock.ts";
import { makeAgents, type Agents } from "../../storage/connection.ts";
import {
  HdfsClient,
  type HdfsClientOptions,
  type Op,
  type Purpose,
} from "../../storage/hdfs-client.ts";
import { nameNodesOf, parseHdfsLocation } from "../../storage/hdfs-location.ts";
import { HdfsStorage } from "../../storage/hdfs.ts";
import type { Storage } from "../../storage/storage.ts";
import { readAll } from "../../storage/testing/collect.ts";
import type { Outcome } from "../outcome.ts";
import type { CommandDeps } from "./command.ts";
import { runProbe } from "./probe.ts";
import { runPrune } from "./prune.ts";
import { runSeal } from "./seal.ts";
import {
  makeDeps,
  makeSnapshot,
  sealOptions,
  UID,
  type Fixture,
} from "./testing/snapshot-fixture.ts";

const TIMEOUTS = { connectMs: 5000, nameNodeMs: 60_000, requestMs: 60_000, stallMs: 30_000 };
/** More than any of the commands does. */
const WRITES_MAX = 200;

/** Its process dies once HDFS has done so many of its writes: nothing comes after. */
class MortalClient extends HdfsClient {
  #left: number;

  constructor(options: HdfsClientOptions, writes: number) {
    super(options);
    this.#left = writes;
  }

  get isDead(): boolean {
    return this.#left === 0;
  }

  override async ask(purpose: Purpose, op: Op): Promise<unknown> {
    return await this.#unlessDead(op, () => super.ask(purpose, op));
  }

  override async write(purpose: Purpose, op: Op, body: Buffer): Promise<void> {
    await this.#unlessDead(op, () => super.write(purpose, op, body));
  }

  async #unlessDead<T>(op: Op, run: () => Promise<T>): Promise<T> {
    if (this.isDead) throw new Error("the process is dead");
    const result = await run();
    // Others of the same process may be under way.
    if (this.isDead) throw new Error("the process is dead");
    if (op.method !== "GET") this.#left -= 1;
    return result;
  }
}

interface Life {
  readonly name: string;
  readonly prepare: (storage: Storage) => Promise<Fixture | undefined>;
  readonly run: (deps: CommandDeps, f: Fixture | undefined) => Promise<Outcome>;
}

const LIVES: readonly Life[] = [
  {
    name: "seal",
    prepare: async (storage) => {
      const f = await makeSnapshot(storage);
      await leaveMove(storage, f);
      return f;
    },
    run: (deps, f) => runSeal(deps, sealOptions(must(f).label)),
  },
  {
    name: "prune",
    prepare: async (storage) => {
      const f = await makeSnapshot(storage);
      const sealed = await runSeal(makeDeps(storage), sealOptions(f.label));
      expect(sealed.exitCode, sealed.message).to.equal(0);
      return f;
    },
    run: (deps, f) => runPrune(deps, { label: must(f).label, backupUid: UID }),
  },
  {
    name: "prune of what an attempt left",
    prepare: async (storage) => {
      const f = await makeSnapshot(storage);
      await leaveMove(storage, f);
      return f;
    },
    run: (deps, f) => runPrune(deps, { label: must(f).label, backupUid: UID }),
  },
  {
    name: "prune of a staging alone",
    prepare: async (storage) => {
      const f = await makeSnapshot(storage);
      await leaveMove(storage, f);
      return f;
    },
    run: (deps, f) => runPrune(deps, { label: must(f).label, backupUid: UID, stagingOnly: true }),
  },
  {
    name: "probe",
    prepare: async () => undefined,
    run: (deps) => runProbe(deps, { repositoryName: "nightly", readOnly: false }),
  },
];

/** A file that an agent has answered for and not moved to its place yet. */
async function leaveMove(storage: Storage, f: Fixture): Promise<void> {
  const { staging } = f;
  const to = f.fileKey("11012", "02000a_0.dat");
  const from = staging.data("moved");
  const { length: size } = await readAll(storage, to);
  await storage.move(to, from);
  await recordIntent(storage, staging, { version: 1, id: "i1", from, to, size });
}

describeWith("hadoop", "commands on HDFS that die at any write", () => {
  let started: HdfsStorageServer | undefined;
  const agents: Agents = makeAgents({}, 16);
  const hdfs = () => must(started);

  before(async () => {
    started = await HdfsStorageServer.start();
  });

  after(async () => {
    agents.http.destroy();
    agents.https.destroy();
    await started?.stop();
  });

  function open(folder: string, writes = Number.POSITIVE_INFINITY) {
    const location = parseHdfsLocation(hdfs().location(folder));
    const { nameNodes } = hdfs().cluster;
    const client = new MortalClient(
      {
        nameNodes: nameNodesOf(location, nameNodes),
        settings: { user: "starrocks" },
        agents,
        clock: systemClock,
        timeouts: TIMEOUTS,
        origin: "hdfs://test",
      },
      writes,
    );
    return { client, storage: new HdfsStorage({ client, location, clock: systemClock }) };
  }

  async function leftOf(folder: string): Promise<readonly string[]> {
    const left = await hdfs().unfinished();
    return left.filter((what) => what.includes(`/${folder}/`));
  }

  for (const [i, { name, prepare, run }] of LIVES.entries()) {
    it(`leave nothing when they are run again: ${name}`, async () => {
      for (let writes = 1; ; writes += 1) {
        const folder = `life-${i}-${writes}`;
        const f = await prepare(open(folder).storage);
        const mortal = open(folder, writes);
        await run(makeDeps(mortal.storage), f);
        if (!mortal.client.isDead) break;
        const deps = makeDeps(open(folder).storage);
        // A probe leaves the young ones of others alone, by HDFS' clock too.
        const later = systemClock.now() + 2 * 3_600_000;
        await deps.clock.advance(later - deps.clock.now());
        const again = await run(deps, f);
        expect(again.exitCode, again.message).to.equal(0);
        expect(await leftOf(folder), `after ${writes} writes`).to.deep.equal([]);
        expect(writes, "the command comes to its end").to.be.lessThan(WRITES_MAX);
      }
    });
  }
});
