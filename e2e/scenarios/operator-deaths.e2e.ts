// Deaths and orders (deaths.ts) on the embedded Kubernetes, where the operator can also die between a write and its
// answer. Everyday runs take some of them, DEATHS=all takes all.
import { World } from "../world.ts";
import { databaseOf, deathScenarios, hasReason, hasRow, inPhase, type Point } from "./deaths.ts";

describe("the operator amid deaths and orders", () => {
  let world: World;

  before(async () => {
    world = await World.start({ logLevel: process.env["LOG"] ?? "info", leaseSeconds: 6 });
    await world.installOperator();
  });

  after(async () => {
    await world.stop();
  });

  afterEach(() => {
    world.kubernetes.server.faults.after = () => undefined;
  });

  /** Points named by what the API server was just told, or by what the world has come to. */
  const points: readonly [name: string, kind: "Backup" | "Restore", at: Point<World>][] = [
    ["its slot is lent and not yet in its status", "Backup", afterRequest("patch", "services")],
    ["one of three agents is made", "Backup", afterRequest("create", "jobs")],
    ["its broker is added", "Backup", hasRow(() => "SHOW BROKER")],
    ["its statement is recorded and not sent", "Backup", recorded("backups")],
    [
      "its statement is accepted",
      "Backup",
      hasRow(
        (job) => `SHOW BACKUP FROM \`${databaseOf(job)}\``,
        (r) => r["State"] !== "FINISHED",
      ),
    ],
    ["bytes flow", "Backup", inPhase("Backup", "UPLOADING")],
    ["StarRocks commits", "Backup", inPhase("Backup", "COMMIT")],
    ["it is being sealed", "Backup", hasReason("Backup", "Sealing")],
    ["its RESTORE is recorded and not sent", "Restore", recorded("restores")],
    ["bytes flow", "Restore", inPhase("Restore", "DOWNLOADING")],
  ];
  deathScenarios(() => world, { end: "killed", points });
});

/** The operator is killed right there: the write is done, its answer is lost. */
function afterRequest(verb: string, plural: string): Point<World> {
  return async (world) =>
    await new Promise<void>((resolve) => {
      world.kubernetes.server.faults.after = (request) => {
        const isOurs = request.userAgent.startsWith("starrocks-backup-operator");
        if (!isOurs || request.verb !== verb || request.resource !== plural) return undefined;
        void world.stopOperator("SIGKILL").then(resolve);
        world.kubernetes.server.faults.after = () => undefined;
        return "reset";
      };
    });
}

/** The status with the submission is written, and the statement not sent: it follows the answer. */
function recorded(plural: string): Point<World> {
  return async (world, job) =>
    await new Promise<void>((resolve) => {
      world.kubernetes.server.faults.after = (request) => {
        if (
          request.resource !== plural ||
          request.subresource !== "status" ||
          request.name !== job
        ) {
          return undefined;
        }
        const { submission } = world.statusNow(plural, job);
        if (submission === undefined) return undefined;
        void world.stopOperator("SIGKILL").then(resolve);
        world.kubernetes.server.faults.after = () => undefined;
        return "reset";
      };
    });
}
