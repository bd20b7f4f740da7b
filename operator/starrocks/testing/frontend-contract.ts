// What every Frontend does, as one suite: the fake runs it in memory, the real one against the stand-in, in each
// release. Where the two would differ, reconcilers would be tested against a fairy tale.
import { expect } from "chai";
import { classifyJobEnd } from "../errors.ts";
import { FrontendError, type Frontend, type FrontendReason, type JobRow } from "../frontend.ts";

/** A StarRocks with the databases of {@link CONTRACT_DATABASES} and three BEs, and a hand on its agents. */
export interface ContractSubject {
  readonly frontend: Frontend;
  /** Where an agent serves, and where none does. */
  readonly agentAddress: string;
  readonly deadAddress: string;
  readonly release: {
    readonly tellsPartitions: boolean;
    readonly restoreCreatesDatabase: boolean;
    readonly takesViews: boolean | undefined;
  };
  /** Lets StarRocks work on for a moment. */
  pass(): Promise<void>;
  /** Tasks fail until it is let go; what was begun stays in the folder. */
  holdUploads(database: string, held: boolean): void;
  /** The agent ends for good. */
  killAgent(): Promise<void>;
  end(): Promise<void>;
}

export const CONTRACT_DATABASES = [
  {
    name: "shop",
    tables: [
      { name: "orders", partitions: ["p1", "p2"], replicationNum: 1 },
      { name: "items", replicationNum: 2 },
      { name: "best`sellers", kind: "table" },
      { name: "view", kind: "view" },
      { name: "mv", kind: "materializedView" },
      { name: "outside", kind: "external" },
    ],
  },
  { name: "bare", tables: [] },
  { name: "other", tables: [{ name: "notes" }] },
] as const;

const MOUNT = {
  name: "k8s_1a2b_0",
  broker: "k8s_1a2b_0",
  location: "backup://mount",
  readOnly: false,
  properties: { token: "mount-token" },
};
const READ_ONLY = { ...MOUNT, name: "k8s_ro_0", readOnly: true };
const BACKUP = { database: "shop", repository: MOUNT.name, timeoutSeconds: 3600 };
const ORDERS = { name: "orders", partitions: [] };
const STATES = [
  "PENDING",
  "SNAPSHOTING",
  "UPLOAD_SNAPSHOT",
  "UPLOADING",
  "SAVE_META",
  "UPLOAD_INFO",
  "FINISHED",
];
const PASSES_MAX = 3_000;

/** The reason of a rejection, which must be a {@link FrontendError} that says something. */
export async function reasonOf(asked: Promise<unknown>): Promise<FrontendReason> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof FrontendError)) throw error;
    expect(error.message.length).to.be.greaterThan(10);
    return error.reason;
  }
  throw new Error("it was not refused");
}

export function describeFrontend(title: string, start: () => Promise<ContractSubject>): void {
  describe(title, () => {
    let subject: ContractSubject;
    let frontend: Frontend;
    let timestamp = "";

    before(async () => {
      subject = await start();
      ({ frontend } = subject);
    });
    after(async () => subject.end());

    async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
      for (let i = 0; i < PASSES_MAX; i += 1) {
        const seen = await look();
        if (seen !== undefined) return seen;
        await subject.pass();
      }
      throw new Error("it never came to that");
    }

    /** Every row on the way to the state. */
    async function follow(kind: JobRow["kind"], ...ends: readonly string[]): Promise<JobRow[]> {
      const rows: JobRow[] = [];
      await until(async () => {
        const row = (await frontend.jobs("shop")).find((j) => j.kind === kind);
        if (row !== undefined) rows.push(row);
        return row !== undefined && ends.includes(row.state) ? row : undefined;
      });
      return rows;
    }

    it("tells whether a whole database has its materialized views with it", async () => {
      expect(await frontend.takesMaterializedViews()).to.equal(subject.release.takesViews);
    });

    async function restoreEnd(request: { as?: string; replicationNum: number; name?: string }) {
      const { as, replicationNum, name = "orders" } = request;
      const table = { name, partitions: [], ...(as === undefined ? {} : { as }) };
      await frontend.restore({
        ...BACKUP,
        label: "full",
        timestamp,
        tables: [table],
        replicationNum,
      });
      const [last] = (await follow("restore", "FINISHED", "CANCELLED")).slice(-1);
      return last;
    }

    it("tells what kind of cluster it is", async () => {
      const { version, runMode, frontends, backends } = await frontend.facts();
      expect(version.text).to.not.equal("");
      expect(runMode).to.equal("shared_nothing");
      expect(frontends.filter((f) => f.leads)).to.have.length(1);
      expect(backends.map((b) => [b.alive, b.decommissioned])).to.deep.equal(
        Array.from({ length: 3 }, () => [true, false]),
      );
    });

    it("tells databases and what is in them", async () => {
      expect(await frontend.databases()).to.deep.equal(["shop", "bare", "other"]);
      const tables = await frontend.tables("shop");
      expect(tables?.map((t) => [t.name, t.kind])).to.deep.equal([
        ["orders", "table"],
        ["items", "table"],
        ["best`sellers", "table"],
        ["view", "view"],
        ["mv", "materializedView"],
        ["outside", "other"],
      ]);
      expect(await frontend.tables("bare")).to.deep.equal([]);
      expect(await frontend.tables("nosuch")).to.equal(undefined);
    });

    it("tells partitions and replicas, where the release does", async () => {
      const { tellsPartitions } = subject.release;
      const told = [
        await frontend.partitions("shop", "orders"),
        await frontend.partitions("shop", "items"),
        await frontend.partitions("shop", "nosuch"),
      ];
      const known = [["p1", "p2"], ["items"], []];
      expect(told).to.deep.equal(tellsPartitions ? known : [undefined, undefined, undefined]);
      expect(await frontend.replication("shop", "orders")).to.equal(1);
      expect(await frontend.replication("shop", "items")).to.equal(2);
      expect(await frontend.replication("shop", "nosuch")).to.equal(undefined);
    });

    it("refuses a repository whose broker is not there or not alive", async () => {
      expect(await reasonOf(frontend.createRepository(MOUNT))).to.equal("BrokerNotAlive");
      await frontend.addBroker(MOUNT.broker, subject.deadAddress);
      expect(await reasonOf(frontend.createRepository(MOUNT))).to.equal("BrokerNotAlive");
      await frontend.dropBroker(MOUNT.broker);
    });

    it("adds and drops brokers, twice if asked", async () => {
      await frontend.addBroker(MOUNT.broker, subject.agentAddress);
      await frontend.addBroker(MOUNT.broker, subject.agentAddress);
      const rows = await frontend.brokers();
      expect(rows.map((b) => [b.name, `${b.host}:${b.port}`])).to.deep.equal([
        [MOUNT.broker, subject.agentAddress],
      ]);
      await frontend.dropBroker(MOUNT.broker);
      await frontend.dropBroker(MOUNT.broker);
      expect(await frontend.brokers()).to.deep.equal([]);
    });

    it("creates a repository once its broker is alive, and takes an equal one for its own", async () => {
      await frontend.addBroker(MOUNT.broker, subject.agentAddress);
      await until(async () => (await frontend.brokers()).find((b) => b.alive));
      await frontend.createRepository(MOUNT);
      await frontend.createRepository(MOUNT);
      await frontend.createRepository(READ_ONLY);
      const rows = await frontend.repositories();
      expect(rows.map((r) => [r.name, r.location, r.broker, r.readOnly])).to.deep.equal([
        [MOUNT.name, MOUNT.location, MOUNT.broker, false],
        [READ_ONLY.name, MOUNT.location, MOUNT.broker, true],
      ]);
    });

    it("refuses a repository's name that is taken", async () => {
      const others = [
        { ...MOUNT, location: "backup://elsewhere" },
        { ...MOUNT, readOnly: true },
      ];
      for (const other of others) {
        expect(await reasonOf(frontend.createRepository(other))).to.equal("RepositoryExists");
      }
    });

    it("shows no job before there was one, and cancels none", async () => {
      expect(await frontend.jobs("shop")).to.deep.equal([]);
      expect(await frontend.jobs("nosuch")).to.deep.equal([]);
      await frontend.cancel("backup", "shop");
      await frontend.cancel("restore", "shop");
      await frontend.cancel("backup", "nosuch");
    });

    const refused: readonly (readonly [string, object, FrontendReason])[] = [
      ["a missing database", { database: "nosuch" }, "ObjectNotFound"],
      ["a missing table", { tables: [{ name: "nosuch", partitions: [] }] }, "ObjectNotFound"],
      [
        "a missing partition",
        { tables: [{ name: "orders", partitions: ["p9"] }] },
        "ObjectNotFound",
      ],
      [
        "a table of elsewhere",
        { tables: [{ name: "outside", partitions: [] }] },
        "ObjectUnsupported",
      ],
      ["a table twice", { tables: [ORDERS, ORDERS] }, "RequestInvalid"],
      ["an empty database", { database: "bare" }, "DatabaseEmpty"],
      ["a missing repository", { repository: "nosuch", tables: [ORDERS] }, "RepositoryMissing"],
      [
        "a read-only repository",
        { repository: READ_ONLY.name, tables: [ORDERS] },
        "RepositoryReadOnly",
      ],
      ["an empty list", { tables: [] }, "RequestInvalid"],
      ["a label with a dash", { label: "a-b", tables: [ORDERS] }, "RequestInvalid"],
      ["a short timeout", { timeoutSeconds: 10, tables: [ORDERS] }, "RequestInvalid"],
    ];
    for (const [what, change, reason] of refused) {
      it(`refuses a backup with ${what}`, async () => {
        const asked = frontend.backup({ ...BACKUP, label: "never", ...change });
        expect(await reasonOf(asked)).to.equal(reason);
        expect(await frontend.jobs("shop")).to.deep.equal([]);
      });
    }

    it("runs a backup, one at a time in a database", async () => {
      const tables = [
        ORDERS,
        { name: "items", partitions: [] },
        { name: "best`sellers", partitions: [] },
      ];
      // Until all is asked that must be asked while it runs.
      subject.holdUploads("shop", true);
      await frontend.backup({ ...BACKUP, label: "full", tables });
      subject.holdUploads("shop", true);
      const [first] = await frontend.jobs("shop");
      expect(first).to.include({ kind: "backup", database: "shop", label: "full", ok: true });
      expect(first?.timestamp).to.equal(undefined);
      expect(first?.createdAt).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      const second = frontend.backup({ ...BACKUP, label: "second", tables: [ORDERS] });
      expect(await reasonOf(second)).to.equal("DatabaseBusy");
      expect(await reasonOf(frontend.dropRepository(MOUNT.name))).to.equal("RepositoryBusy");
      subject.holdUploads("shop", false);
      const rows = await follow("backup", "FINISHED", "CANCELLED");
      const steps = rows.map((r) => STATES.indexOf(r.state));
      expect(steps).to.deep.equal([...steps].sort((a, b) => a - b));
      expect(rows.at(-1)).to.include({ state: "FINISHED", ok: true, unfinishedTasks: 0 });
      expect(rows.every((r) => r.createdAt === first?.createdAt)).to.equal(true);
    });

    it("shows the job to its own database alone", async () => {
      expect(await frontend.jobs("other")).to.deep.equal([]);
      // To a name that it does not know, StarRocks answers with every database's jobs.
      expect(await frontend.jobs("nosuch")).to.deep.equal([]);
    });

    it("tells the snapshot and what is in it", async () => {
      const row = await frontend.snapshot(MOUNT.name, "full");
      expect(row).to.deep.include({ label: "full", status: "OK" });
      expect(row.timestamps).to.have.length(1);
      [timestamp = ""] = row.timestamps;
      const details = await frontend.snapshotDetails(MOUNT.name, "full", timestamp);
      expect(details.database).to.equal("shop");
      const sorted = [...details.tables].sort((a, b) => (a.name < b.name ? -1 : 1));
      expect(sorted).to.deep.equal([
        { name: "best`sellers", partitions: ["best`sellers"] },
        { name: "items", partitions: ["items"] },
        { name: "orders", partitions: ["p1", "p2"] },
      ]);
    });

    it("tells a snapshot that is not there from one that cannot be looked at", async () => {
      const row = await frontend.snapshot(MOUNT.name, "nosuch");
      expect(row).to.deep.equal({ label: "nosuch", timestamps: [], status: "ERROR: no snapshot" });
      const wrong = frontend.snapshotDetails(MOUNT.name, "full", "2020-01-01-00-00-00-000");
      expect(await reasonOf(wrong)).to.equal("SnapshotNotFound");
      expect(await reasonOf(frontend.snapshot("nosuch", "full"))).to.equal("RepositoryMissing");
    });

    it("refuses a label for the second time", async () => {
      const again = frontend.backup({ ...BACKUP, label: "full", tables: [ORDERS] });
      expect(await reasonOf(again)).to.equal("LabelInUse");
      const elsewhere = { ...BACKUP, database: "other", label: "full" };
      expect(await reasonOf(frontend.backup(elsewhere))).to.equal("LabelInUse");
    });

    const notRestored: readonly (readonly [string, object, FrontendReason])[] = [
      ["a wrong timestamp", { timestamp: "2020-01-01-00-00-00-000" }, "SnapshotNotFound"],
      ["a wrong label", { label: "nosuch" }, "SnapshotNotFound"],
      [
        "a table that is not in it",
        { tables: [{ name: "view", partitions: [] }] },
        "ObjectNotFound",
      ],
      [
        "a partition that is not in it",
        { tables: [{ name: "orders", partitions: ["p9"] }] },
        "ObjectNotFound",
      ],
      ["a table twice", { tables: [ORDERS, ORDERS] }, "RequestInvalid"],
      ["an empty list", { tables: [] }, "RequestInvalid"],
      ["no replica", { replicationNum: 0 }, "RequestInvalid"],
      ["a missing repository", { repository: "nosuch" }, "RepositoryMissing"],
    ];
    for (const [what, change, reason] of notRestored) {
      it(`refuses a restore with ${what}`, async () => {
        const request = {
          ...BACKUP,
          label: "full",
          timestamp,
          tables: [ORDERS] as const,
          replicationNum: 1,
          ...change,
        };
        expect(await reasonOf(frontend.restore(request))).to.equal(reason);
        expect((await frontend.jobs("shop")).map((j) => j.kind)).to.deep.equal(["backup"]);
      });
    }

    it("restores under another name, and the backup is forgotten", async () => {
      const last = await restoreEnd({ as: "orders_again", replicationNum: 2 });
      expect(last).to.include({ state: "FINISHED", ok: true, timestamp, label: "full" });
      expect((await frontend.jobs("shop")).map((j) => j.kind)).to.deep.equal(["restore"]);
      expect(await frontend.replication("shop", "orders_again")).to.equal(2);
    });

    it("restores onto a table that fits", async () => {
      expect(await restoreEnd({ replicationNum: 1 })).to.include({ state: "FINISHED" });
    });

    const misfits: readonly (readonly [string, Parameters<typeof restoreEnd>[0], string])[] = [
      ["with other replicas", { replicationNum: 2 }, "ReplicationConflict"],
      ["under an alias", { as: "orders_again", replicationNum: 2 }, "TargetConflict"],
    ];
    for (const [what, request, reason] of misfits) {
      it(`cancels a restore onto an existing table ${what}`, async () => {
        const last = await restoreEnd(request);
        expect(last).to.include({ state: "CANCELLED", ok: false });
        expect(classifyJobEnd(last ?? { statusCode: "", statusText: "" }).reason).to.equal(reason);
      });
    }

    it("cancels a restore with more replicas than BEs, and leaves no table", async () => {
      const last = await restoreEnd({ as: "orders_wide", replicationNum: 4 });
      const { reason } = classifyJobEnd(last ?? { statusCode: "", statusText: "" });
      expect([last?.state, reason]).to.deep.equal(["CANCELLED", "TooFewBackends"]);
      const names = (await frontend.tables("shop"))?.map((t) => t.name);
      expect(names).to.not.include("orders_wide");
    });

    it("makes the database of a restore, from 3.4 on", async () => {
      const database = "made_by_restore";
      const request = { ...BACKUP, database, label: "full", timestamp, replicationNum: 1 };
      const asked = frontend.restore({ ...request, tables: [ORDERS] });
      if (!subject.release.restoreCreatesDatabase) {
        expect(await reasonOf(asked)).to.equal("ObjectNotFound");
        return;
      }
      await asked;
      await until(async () => {
        const [job] = await frontend.jobs(database);
        return job?.state === "FINISHED" ? job : undefined;
      });
      expect((await frontend.tables(database))?.map((t) => t.name)).to.deep.equal(["orders"]);
    });

    it("cancels a stalled backup, whose label is used up", async () => {
      subject.holdUploads("shop", true);
      await frontend.backup({ ...BACKUP, label: "stalled", tables: [ORDERS] });
      subject.holdUploads("shop", true);
      const row = await until(async () => {
        const [job] = await frontend.jobs("shop");
        return (job?.taskErrors.length ?? 0) > 0 ? job : undefined;
      });
      expect(row).to.include({ state: "UPLOADING", ok: true, label: "stalled" });
      expect(row.unfinishedTasks).to.be.greaterThan(0);
      await frontend.cancel("restore", "shop");
      expect(await frontend.jobs("shop")).to.have.nested.property("[0].state", "UPLOADING");
      await frontend.cancel("backup", "shop");
      const [job] = await frontend.jobs("shop");
      expect([job?.state, job?.statusText]).to.deep.equal(["CANCELLED", "user cancelled"]);
      expect(job && classifyJobEnd(job).reason).to.equal("UserCancelled");
      await frontend.cancel("backup", "shop");
      subject.holdUploads("shop", false);
      expect((await frontend.snapshot(MOUNT.name, "stalled")).timestamps).to.deep.equal([]);
      const again = frontend.backup({ ...BACKUP, label: "stalled", tables: [ORDERS] });
      expect(await reasonOf(again)).to.equal("LabelInUse");
    });

    it("leaves no label behind when cancelled at once", async () => {
      await frontend.backup({ ...BACKUP, database: "other", label: "early" });
      await frontend.cancel("backup", "other");
      const [first] = await frontend.jobs("other");
      expect(first).to.include({ state: "CANCELLED" });
      await frontend.backup({ ...BACKUP, database: "other", label: "early" });
      await frontend.cancel("backup", "other");
    });

    it("says when no agent can be asked", async () => {
      await subject.killAgent();
      const looked = await reasonOf(frontend.snapshot(MOUNT.name, "full"));
      expect(["BrokerCallFailed", "BrokerNotAlive"]).to.include(looked);
      const backup = frontend.backup({ ...BACKUP, label: "later", tables: [ORDERS] });
      expect(["BrokerCallFailed", "BrokerNotAlive"]).to.include(await reasonOf(backup));
      await frontend.dropBroker(MOUNT.broker);
      const unmounted = frontend.backup({ ...BACKUP, label: "later", tables: [ORDERS] });
      expect(await reasonOf(unmounted)).to.equal("BrokerNotAlive");
    });

    it("drops repositories, twice if asked", async () => {
      await frontend.dropRepository(MOUNT.name);
      await frontend.dropRepository(MOUNT.name);
      await frontend.dropRepository(READ_ONLY.name);
      expect(await frontend.repositories()).to.deep.equal([]);
    });

    it("answers nothing once it is closed", async () => {
      await frontend.close();
      await frontend.close();
      expect(await reasonOf(frontend.databases())).to.equal("FrontendUnreachable");
    });
  });
}
