// What is deleted under a running Backup, with a real garbage collector and real namespaces: the Backup itself with every
// cascade, the definition of all Backups, the namespace. Each goes, StarRocks is let go of, and what was backed up stays.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { must } from "../../operator/assert.ts";
import { describeOnCluster } from "../cluster/describe.ts";
import { theSite } from "../cluster-site.ts";
import { ClusterWorld } from "../cluster-world.ts";
import { isOver } from "./is-over.ts";

const MIB = 1024 * 1024;
const WAIT_MS = 290_000;
const POLL_MS = 250;
const CASCADES = ["foreground", "background", "orphan"] as const;
const DEFINITION = "backups.backup.starrocks.io";

describeOnCluster("deletions in the middle of a Backup on a real cluster", () => {
  let world: ClusterWorld;
  /** Of the snapshot that nobody wants to lose. */
  let kept: readonly string[];

  before(async () => {
    world = await ClusterWorld.start(await theSite(), { name: "deletions" });
    await world.installOperator();
    for (const name of CASCADES) {
      const ships = { name: "ships", tablets: 4, segmentBytes: [8 * MIB], replicationNum: 1 };
      await world.starrocks.createDatabase({ name, tables: [ships] });
    }
    await world.apply(world.repository({ concurrency: CASCADES.length }));
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    await world.apply(
      world.resource("Backup", "kept", { repository: "prod", database: CASCADES[0] }),
    );
    const { status } = await world.until<Backup>("Backup", "kept", isOver, WAIT_MS);
    expect(status?.phase, status?.message).to.equal("FINISHED");
    kept = await keysOf(must(status?.snapshot?.name));
    expect(kept).to.have.length.greaterThan(4);
  });

  after(async () => {
    // The next scenarios find all definitions.
    await world?.installOperator();
    await world?.stop();
  });

  afterEach(async () => {
    expect(await world.keys(), "what was backed up").to.include.members([...kept]);
    expect(await world.sql("SHOW BROKER"), "brokers in StarRocks").to.deep.equal([]);
    for (const name of CASCADES) {
      const [job] = await world.sql(`SHOW BACKUP FROM \`${name}\``);
      expect(job?.["State"] ?? "CANCELLED").to.be.oneOf(["CANCELLED", "FINISHED"]);
    }
    expect(world.starrocks.violations).to.deep.equal([]);
  });

  const keysOf = async (label: string): Promise<readonly string[]> =>
    (await world.keys()).filter((key) => key.includes(`__ss_${label}/`));
  const kubectl = async (...args: readonly string[]): Promise<string> =>
    await world.site.cluster.kubectl("--namespace", world.namespace, ...args);
  const uploading = async (name: string, database: string): Promise<void> => {
    const spec = { repository: "prod", database, bandwidth: "1Mi" };
    await world.apply(world.resource("Backup", name, spec));
    const uploads = (b: Backup): boolean => b.status?.phase === "UPLOADING" || isOver(b);
    const { status } = await world.until<Backup>("Backup", name, uploads, WAIT_MS);
    expect(status?.phase, status?.message).to.equal("UPLOADING");
  };
  const untilNoMore = async (kind: string, name: string): Promise<void> => {
    const find = ["get", kind, name, "--ignore-not-found", "--output", "name"];
    for (const end = performance.now() + WAIT_MS; (await kubectl(...find)) !== "";) {
      if (performance.now() > end) throw new Error(`${kind} ${name} never went\n${world.tail()}`);
      await sleep(POLL_MS);
    }
  };

  it("of the Backup, with every cascade, leave nothing of it behind", async () => {
    await Promise.all(CASCADES.map(async (name) => await uploading(name, name)));
    for (const name of CASCADES) {
      await kubectl("delete", DEFINITION, name, `--cascade=${name}`, "--wait=false");
    }
    for (const name of CASCADES) await untilNoMore(DEFINITION, name);
    expect(await world.untilNothingIsLeft()).to.deep.equal([]);
  });

  it("of all Backups' definition let go of StarRocks", async () => {
    await uploading("undefined", CASCADES[1]);
    await kubectl("delete", "crd", DEFINITION, "--wait=false");
    await untilNoMore("crd", DEFINITION);
    const isAgents = (what: string): boolean => /^(Job|pod|lent|broker)/.test(what);
    expect(await world.untilNothingIsLeft(WAIT_MS, isAgents)).to.deep.equal([]);
  });

  it("of the definition are healed by an upgrade, and another Backup is made", async () => {
    await world.installOperator();
    await world.apply(
      world.resource("Backup", "again", { repository: "prod", database: CASCADES[1] }),
    );
    const { status } = await world.until<Backup>("Backup", "again", isOver, WAIT_MS);
    expect(status?.phase, status?.message).to.equal("FINISHED");
  });

  it("of the namespace let it go, and StarRocks too", async () => {
    await uploading("doomed", CASCADES[2]);
    await kubectl("delete", "namespace", world.namespace, "--wait=false");
    await untilNoMore("namespace", world.namespace);
  });
});
