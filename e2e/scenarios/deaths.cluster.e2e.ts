// Deaths and orders (deaths.ts) on a real cluster: the operator's pod is deleted in every phase.
import { describeOnCluster } from "../cluster/describe.ts";
import { theSite } from "../cluster-site.ts";
import { ClusterWorld } from "../cluster-world.ts";
import { deathScenarios, hasReason, inPhase, inState } from "./deaths.ts";

describeOnCluster("the operator amid deaths and orders on a real cluster", () => {
  let world: ClusterWorld;

  before(async () => {
    world = await ClusterWorld.start(await theSite(), { name: "deaths" });
    await world.installOperator();
  });

  after(async () => {
    await world?.stop();
  });

  deathScenarios(() => world, {
    end: "deleted",
    all: true,
    width: 3,
    points: [
      ["it waits for its agents", "Backup", inPhase("Backup", "PENDING")],
      ["StarRocks takes its snapshot", "Backup", inState("Backup", "SNAPSHOTING")],
      ["bytes flow", "Backup", inPhase("Backup", "UPLOADING")],
      ["StarRocks commits", "Backup", inPhase("Backup", "COMMIT")],
      ["it is being sealed", "Backup", hasReason("Backup", "Sealing")],
      ["it waits for its agents", "Restore", inPhase("Restore", "PENDING")],
      ["StarRocks takes its snapshot", "Restore", inState("Restore", "SNAPSHOTING")],
      ["bytes flow", "Restore", inPhase("Restore", "DOWNLOADING")],
      ["StarRocks commits", "Restore", inPhase("Restore", "COMMIT")],
    ],
  });
});
