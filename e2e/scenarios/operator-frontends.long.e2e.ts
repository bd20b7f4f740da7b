// The operator while StarRocks itself moves: the leading FE changes in every phase, an FE restarts, a BE dies.
// A Backup may need another attempt; a Restore ends by itself or says what is in the tables.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { World, resource } from "../world.ts";
import { isOver } from "./is-over.ts";

const KIB = 1024;
const SLOW = { bandwidth: "1Mi" };

describe("the operator with a StarRocks that moves", () => {
  let world: World;
  let digest: string;

  before(async () => {
    world = await World.start({ starrocks: { frontends: 3 } });
    world.startOperator();
    await world.starrocks.createDatabase({
      name: "shop",
      // Its transfer takes much longer than the pause between two looks of the operator.
      tables: [{ name: "orders", tablets: 12, segmentBytes: [2_400 * KIB], replicationNum: 1 }],
    });
    digest = await world.starrocks.digest("shop", "orders");
    const frontends = world.starrocks.frontendAddresses.map(({ host, port }) => `${host}:${port}`);
    const { cluster } = (world.repository() as Repository).spec;
    await world.apply(world.repository({ cluster: { ...cluster, frontends } }));
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    await make("Backup", "source", TABLES);
    await finished<Backup>("Backup", "source");
  });

  after(async () => {
    await world.stop();
  });

  afterEach(async () => {
    expect(await world.untilNothingIsLeft(), "left behind").to.deep.equal([]);
    expect(world.starrocks.violations, "what a real StarRocks would not survive").to.deep.equal([]);
  });

  const TABLES = { database: "shop", tables: [{ name: "orders" }] };
  const make = async (kind: "Backup" | "Restore", name: string, spec: object): Promise<void> => {
    await world.apply(resource(kind, name, { repository: "prod", ...spec }));
  };
  const finished = async <T extends Backup | Restore>(kind: T["kind"], name: string) => {
    const job = await world.until<T>(kind, name, isOver);
    expect(job.status?.phase, `${kind} ${name}: ${JSON.stringify(job.status)}`).to.equal(
      "FINISHED",
    );
    return job;
  };
  const reaches = async (kind: "Backup" | "Restore", name: string, phase: string) =>
    await world.until<Backup | Restore>(kind, name, (j) => j.status?.phase === phase || isOver(j));
  const begin = async (kind: "Backup" | "Restore", name: string): Promise<void> => {
    if (kind === "Backup") {
      await make(kind, name, { ...TABLES, ...SLOW, retry: { backoff: "1s" } });
    } else {
      await make(kind, name, { ...SLOW, source: { backup: "source" }, database: name });
    }
  };

  const phases: readonly [kind: "Backup" | "Restore", phase: string][] = [
    ["Backup", "PENDING"],
    ["Backup", "SNAPSHOTING"],
    ["Backup", "UPLOADING"],
    ["Backup", "COMMIT"],
    ["Restore", "PENDING"],
    ["Restore", "SNAPSHOTING"],
    ["Restore", "DOWNLOADING"],
    ["Restore", "COMMIT"],
  ];
  for (const [kind, phase] of phases) {
    it(`finishes a ${kind} when the leader changes in ${phase}`, async () => {
      const name = `leader-${phase.toLowerCase()}`.replaceAll("_", "-");
      await begin(kind, name);
      await reaches(kind, name, phase);
      await world.starrocks.changeLeader();
      await finished<Backup | Restore>(kind, name);
      if (kind === "Restore") {
        expect(await world.starrocks.digest(name, "orders")).to.equal(digest);
      }
    });
  }

  for (const kind of ["Backup", "Restore"] as const) {
    it(`takes no follower's old word for what became of a ${kind}`, async () => {
      const { starrocks } = world;
      const name = `followers-${kind.toLowerCase()}`;
      const followers = [0, 1, 2].filter((i) => i !== starrocks.leaderIndex());
      const phase = kind === "Backup" ? "UPLOADING" : "DOWNLOADING";
      if (kind === "Restore") {
        // What followers will go on showing: another Restore of the same snapshot, long done.
        await make("Restore", "older", { source: { backup: "source" }, database: name });
        await finished<Restore>("Restore", "older");
        await world.sql(`DROP TABLE \`${name}\`.\`orders\` FORCE`);
      }
      for (const i of followers) starrocks.lagFollower(i);
      await begin(kind, name);
      await reaches(kind, name, phase);
      const leader = starrocks.leaderIndex();
      await starrocks.hideFrontend(leader);
      const waits = await world.until<Backup | Restore>(
        kind,
        name,
        (j) => isOver(j) || reasonOf(j) === "FrontendUnreachable",
      );
      expect(waits.status?.phase, JSON.stringify(waits.status)).to.equal(phase);
      await starrocks.showFrontend(leader);
      for (const i of followers) starrocks.catchUp(i);
      const { status } = await finished<Backup | Restore>(kind, name);
      expect(status?.attempts ?? [], "attempts that failed").to.deep.equal([]);
      if (kind === "Restore") {
        expect(await world.starrocks.digest(name, "orders")).to.equal(digest);
      }
    });
  }

  it("finishes a Backup when every FE restarts while bytes flow", async () => {
    await begin("Backup", "restart");
    await reaches("Backup", "restart", "UPLOADING");
    for (const i of [0, 1, 2]) await world.starrocks.killFrontend(i);
    await sleep(1_000);
    for (const i of [0, 1, 2]) await world.starrocks.startFrontend(i);
    await finished<Backup>("Backup", "restart");
  });

  it("finishes a Backup when a BE dies while it uploads and comes back", async () => {
    await begin("Backup", "backend");
    await reaches("Backup", "backend", "UPLOADING");
    world.starrocks.killBackend(1);
    await sleep(2_000);
    world.starrocks.startBackend(1);
    await finished<Backup>("Backup", "backend");
  });
});

function reasonOf({ status }: Backup | Restore): string | undefined {
  return status?.conditions?.find((c) => c.type === "Reconciling")?.reason;
}
