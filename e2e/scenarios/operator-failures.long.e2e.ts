// StarRocks' own failures through the whole operator: what it refuses, how its jobs end, what is taken from us in
// the middle of one. Each ends as its row says, the status tells what to do, and nothing is left.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import { noFaults } from "../starrocks/backend.ts";
import { MINIMAL_PRIVILEGES } from "../starrocks/privileges.ts";
import { ReferenceBroker } from "../starrocks/testing/reference-broker.ts";
import { NAMESPACE, World, resource } from "../world.ts";
import { isOver } from "./is-over.ts";

const KIB = 1024;
const USER = "operator";
const PASSWORD = "only-for-this-test";
const NEW_PASSWORD = "another-one-for-this-test";
/** Of BEs 0, 1 and 2. */
const BACKENDS = [0, 1, 2];

type Job = Backup | Restore;
type Kind = Job["kind"];

describe("the operator with a StarRocks that refuses and fails", () => {
  let world: World;
  let digest: string;
  let theirs: OtherTool;

  before(async () => {
    world = await World.start({
      starrocks: { users: [{ name: USER, password: PASSWORD, privileges: MINIMAL_PRIVILEGES }] },
    });
    theirs = new OtherTool(world);
    world.startOperator();
    await world.starrocks.createDatabase({ name: "shop", tables: TABLES });
    digest = await world.starrocks.digest("shop", "orders");
    await world.apply(secret(PASSWORD));
    const { cluster } = (world.repository() as Repository).spec;
    const credentialsSecret = { name: "starrocks-operator" };
    await world.apply(world.repository({ cluster: { ...cluster, credentialsSecret } }));
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    await make("Backup", "source", { database: "shop" });
    await endsAs("Backup", "source", "FINISHED");
  });

  after(async () => {
    await theirs.unmount().catch(() => undefined);
    await world.stop();
  });

  afterEach(async () => {
    world.starrocks.statementLog.before = undefined;
    expect(await world.untilNothingIsLeft(), "left behind").to.deep.equal([]);
    expect(world.starrocks.violations, "what a real StarRocks would not survive").to.deep.equal([]);
    const seen = JSON.stringify(await world.objects(NAMESPACE)) + world.operatorLines.join("\n");
    expect(seen, "a password").to.not.match(new RegExp(`${PASSWORD}|${NEW_PASSWORD}`));
  });

  const TABLES = [{ name: "orders", tablets: 6, segmentBytes: [200 * KIB], replicationNum: 1 }];

  const make = async (kind: Kind, name: string, spec: object): Promise<void> => {
    await world.apply(resource(kind, name, { repository: "prod", ...spec }));
  };
  const backsUp = async (name: string, database: string, spec: object = {}): Promise<void> => {
    await world.starrocks.createDatabase({ name: database, tables: TABLES });
    await make("Backup", name, { database, retry: { backoff: "1s" }, ...spec });
  };
  const restores = async (name: string, spec: object = {}): Promise<void> => {
    await make("Restore", name, { source: { backup: "source" }, ...spec });
  };
  const endsAs = async (kind: Kind, name: string, phase: string): Promise<Job> => {
    const job = await world.until<Job>(kind, name, isOver, 150_000);
    expect(job.status?.phase, `${kind} ${name}: ${job.status?.message}`).to.equal(phase);
    return job;
  };
  const reaches = async (kind: Kind, name: string, phase: string): Promise<void> => {
    const job = await world.until<Job>(kind, name, (j) => j.status?.phase === phase || isOver(j));
    expect(job.status?.phase, `${kind} ${name}: ${job.status?.message}`).to.equal(phase);
  };
  const says = async (kind: Kind, name: string, reason: string, message: RegExp): Promise<void> => {
    await world.until<Job>(
      kind,
      name,
      ({ status }) => status?.reason === reason && message.test(status.message ?? ""),
    );
  };
  const attemptsOf = async (name: string): Promise<readonly string[]> => {
    const { status } = must(await world.get<Backup>("Backup", name));
    return (status?.attempts ?? []).flatMap(({ reason }) => reason ?? []);
  };
  /** No bytes flow until it is called off: BEs cannot read their disks, or write to them. */
  const stall = (): (() => void) => {
    const faults = BACKENDS.map((i) => world.starrocks.backendFaults(i));
    for (const fault of faults) {
      fault.localRead = { match: /\.dat$/, atByte: 0, times: 1_000_000 };
      fault.capacityBytes = 0;
    }
    return () => {
      for (const fault of faults) Object.assign(fault, noFaults());
    };
  };
  /** Once, before the operator's next statement of this kind. */
  const justBefore = (statement: RegExp, act: (sql: string) => Promise<unknown>): void => {
    world.starrocks.statementLog.before = async (user, sql) => {
      if (user !== USER || !statement.test(sql)) return;
      world.starrocks.statementLog.before = undefined;
      await act(sql);
    };
  };

  describe("what StarRocks refuses", () => {
    it("a label that is in use: another label", async () => {
      let left = "";
      justBefore(/^BACKUP/, async (sql) => {
        const label = must(/labels_\w+/.exec(sql)?.[0], sql);
        const [key = ""] = (await world.keys()).filter((k) => k.includes("/__ss_"));
        left = key.replace(/__ss_.*/, `__ss_${label}/left`);
        await world.putObject(left, "by somebody");
      });
      await backsUp("labels", "labels");
      await endsAs("Backup", "labels", "FINISHED");
      expect(await attemptsOf("labels")).to.deep.equal(["LabelInUse"]);
      expect(await world.keys(), "somebody's file").to.include(left);
    });

    it("a table that is dropped between our look and the statement", async () => {
      justBefore(/^BACKUP/, () => world.sql("DROP TABLE `dropped`.`orders`"));
      await backsUp("dropped", "dropped", { tables: [{ name: "orders" }] });
      const { status } = await endsAs("Backup", "dropped", "FAILED");
      expect(status?.reason).to.equal("ObjectNotFound");
      expect(status?.message).to.match(/orders.*; correct the name, or leave it out/);
    });

    it("a target that is changed by a schema change", async () => {
      world.starrocks.setTableState("shop", "orders", "SCHEMA_CHANGE");
      await restores("changing", { existing: "Overwrite", overwriteTables: ["orders"] });
      const { status } = await endsAs("Restore", "changing", "FAILED");
      expect(status).to.include({ reason: "TargetBusy" });
      expect(status?.message).to.match(/state is not NORMAL: SCHEMA_CHANGE; .*wait for it/);
      expect(status)
        .to.have.property("targetState")
        .that.matches(/^nothing was changed/);
      world.starrocks.setTableState("shop", "orders", "NORMAL");
      expect(await world.starrocks.digest("shop", "orders")).to.equal(digest);
    });

    it("a replicationNum that does not fit, before anything is changed", async () => {
      const over = { existing: "Overwrite", overwriteTables: ["orders"] };
      await restores("replicas", { ...over, replicationNum: 2 });
      const { status } = await endsAs("Restore", "replicas", "FAILED");
      expect(status).to.include({ reason: "ReplicationConflict" });
      expect(status?.message).to.match(/set replicationNum to 1, or leave it out/);
      await restores("too-many", { database: "too_many", replicationNum: 9 });
      expect((await endsAs("Restore", "too-many", "FAILED")).status).to.include({
        reason: "TooFewBackends",
      });
    });

    it("another tool's job that is quicker by a moment: the slot serves others, and it is our turn later", async () => {
      // It looks again after a minute.
      await theirs.mount();
      justBefore(/^BACKUP/, () => world.sql("BACKUP SNAPSHOT `busy`.`theirs` TO `theirs`"));
      await backsUp("busy", "busy");
      await says("Backup", "busy", "DatabaseBusy", /slot is given back/);
      await backsUp("beside", "beside");
      await endsAs("Backup", "beside", "FINISHED");
      await world.sql("CANCEL BACKUP FROM `busy`");
      await endsAs("Backup", "busy", "FINISHED");
      expect(await attemptsOf("busy")).to.deep.equal([]);
      await theirs.unmount();
    });
  });

  describe("a table in the way of a Restore", () => {
    it("that is made between our last look and the statement stays as it is", async () => {
      let theirs = "";
      justBefore(/^RESTORE/, async () => {
        await world.starrocks.createDatabase({ name: "way", tables: TABLES });
        await world.starrocks.load("way", "orders", [10 * KIB]);
        theirs = await world.starrocks.digest("way", "orders");
      });
      await restores("way", { database: "way", replicationNum: 1 });
      const { status } = await endsAs("Restore", "way", "FAILED");
      expect(status).to.include({ reason: "TargetExists" });
      expect(status?.message).to.match(/^somebody made orders in the moment before/);
      expect(await world.starrocks.digest("way", "orders")).to.equal(theirs);
    });
  });

  describe("what BEs cannot do", () => {
    it("a tablet without a healthy replica costs attempts until there is one", async () => {
      await world.starrocks.createDatabase({ name: "replica", tables: TABLES });
      world.starrocks.killBackend(1);
      await untilDead(world);
      const retry = { maxAttempts: 5, backoff: "2s" };
      await make("Backup", "replica", { database: "replica", retry });
      await world.until<Backup>(
        "Backup",
        "replica",
        ({ status }) => status?.attempts?.[0]?.reason === "ReplicaUnhealthy",
      );
      const [attempt] = must(await world.get<Backup>("Backup", "replica")).status?.attempts ?? [];
      expect(attempt?.message).to.match(/failed to choose replica.*ADMIN SHOW REPLICA STATUS/);
      world.starrocks.startBackend(1);
      await endsAs("Backup", "replica", "FINISHED");
    });

    it("a full disk in DOWNLOADING is told, and the Restore goes on once there is room", async () => {
      const goOn = stall();
      await restores("full", { database: "full" });
      await says("Restore", "full", "NoProgress", /capacity limit reached.*a BE's disk is full/);
      goOn();
      await endsAs("Restore", "full", "FINISHED");
      expect(await world.starrocks.digest("full", "orders")).to.equal(digest);
    });

    it("compaction that is quicker than the snapshot costs an attempt", async () => {
      for (const i of BACKENDS) world.starrocks.backendFaults(i).alreadyMerged = 1;
      await backsUp("merged", "merged");
      await endsAs("Backup", "merged", "FINISHED");
      expect(await attemptsOf("merged")).to.include("VersionMerged");
      for (const i of BACKENDS) world.starrocks.backendFaults(i).alreadyMerged = 0;
    });

    it("a target that is dropped in DOWNLOADING ends the Restore", async () => {
      const goOn = stall();
      await restores("gone", { database: "gone" });
      await reaches("Restore", "gone", "DOWNLOADING");
      await world.sql("DROP TABLE `gone`.`orders` FORCE");
      goOn();
      const { status } = await endsAs("Restore", "gone", "FAILED");
      expect(status).to.include({ reason: "ObjectNotFound" });
      expect(status?.message).to.match(/has been dropped; it went away/);
    });

    it("a table that is dropped in UPLOADING is in the snapshot all the same", async () => {
      const goOn = stall();
      await backsUp("late", "late");
      await reaches("Backup", "late", "UPLOADING");
      const was = await world.starrocks.digest("late", "orders");
      await world.sql("DROP TABLE `late`.`orders` FORCE");
      goOn();
      await endsAs("Backup", "late", "FINISHED");
      await make("Restore", "late", { source: { backup: "late" } });
      await endsAs("Restore", "late", "FINISHED");
      expect(await world.starrocks.digest("late", "orders")).to.equal(was);
    });
  });

  describe("a right that is taken away while bytes flow", () => {
    const taken: readonly [kind: Kind, right: string, reason: string, message: RegExp][] = [
      ["Backup", "NODE", "RightMissing", /GRANT cluster_admin/],
      ["Backup", "REPOSITORY", "RightMissing", /GRANT REPOSITORY ON SYSTEM/],
      ["Backup", "EXPORT", "JobNotVisible", /GRANT EXPORT/],
      ["Restore", "NODE", "RightMissing", /GRANT cluster_admin/],
      ["Restore", "REPOSITORY", "RightMissing", /GRANT REPOSITORY ON SYSTEM/],
    ];
    for (const [kind, right, reason, message] of taken) {
      it(`${right} in a ${kind}: the status names the GRANT, and it goes on when it is given`, async () => {
        const name = `${kind}-${right}`.toLowerCase();
        const goOn = stall();
        if (kind === "Backup") await backsUp(name, name.replace("-", "_"));
        else await restores(name, { database: name.replace("-", "_") });
        await reaches(kind, name, kind === "Backup" ? "UPLOADING" : "DOWNLOADING");
        const privileges = MINIMAL_PRIVILEGES.filter((p) => p !== right);
        world.starrocks.changeUser(USER, { privileges });
        // What hides nothing and sends nothing is missed at the end only.
        if (right === "NODE") goOn();
        await says(kind, name, reason, message);
        world.starrocks.changeUser(USER, { privileges: MINIMAL_PRIVILEGES });
        goOn();
        await endsAs(kind, name, "FINISHED");
      });
    }

    it("the password: told, and it goes on with the new one in the Secret", async () => {
      const goOn = stall();
      await backsUp("password", "password");
      await reaches("Backup", "password", "UPLOADING");
      world.starrocks.changeUser(USER, { password: NEW_PASSWORD });
      world.starrocks.breakConnections();
      await says("Backup", "password", "AccessDenied", /correct user and password in the Secret/);
      await world.apply(secret(NEW_PASSWORD));
      goOn();
      await endsAs("Backup", "password", "FINISHED");
    });
  });
});

/** Another backup tool, whose broker lets no upload through. */
class OtherTool {
  readonly #world: World;
  #broker: ReferenceBroker | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  async mount(): Promise<void> {
    const refusal = { statusCode: 502, message: "try later" };
    this.#broker = await ReferenceBroker.start({
      dir: join(this.#world.dir, "theirs"),
      host: "127.0.0.1",
      answers: {
        openWriter: ({ path }) => (/__repo_info/.test(path) ? undefined : { opStatus: refusal }),
      },
    });
    await this.#world.sql(`ALTER SYSTEM ADD BROKER theirs "${this.#broker.address}"`);
    await this.#untilAlive();
    await this.#world.sql(
      `CREATE REPOSITORY theirs WITH BROKER theirs ON LOCATION "backup://theirs" PROPERTIES ("a" = "b")`,
    );
  }

  async unmount(): Promise<void> {
    await this.#world.sql("DROP REPOSITORY theirs");
    await this.#world.sql("ALTER SYSTEM DROP ALL BROKER theirs");
    await this.#broker?.kill();
  }

  async #untilAlive(): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const rows = await this.#world.sql("SHOW BROKER");
      if (rows.some((r) => r["Name"] === "theirs" && r["Alive"] === "true")) return;
      if (Date.now() > deadline)
        throw new Error(`their broker never came: ${JSON.stringify(rows)}`);
      await sleep(100);
    }
  }
}

async function untilDead(world: World): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const rows = await world.sql("SHOW BACKENDS");
    if (rows.some((row) => row["Alive"] === "false")) return;
    if (Date.now() > deadline) throw new Error(`no BE ever died: ${JSON.stringify(rows)}`);
    await sleep(100);
  }
}

function secret(password: string) {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "starrocks-operator", namespace: NAMESPACE },
    data: { user: encode(USER), password: encode(password) },
  };
}
