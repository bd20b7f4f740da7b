// Objects as the operator leaves them: each combination of phase and conditions that Repositories, Backups and
// Restores pass through in whole lives in memory. What GitOps tools make of them is then asked of real ones.
import { BACKUP, REPOSITORY, RESTORE } from "../../operator/api/kinds.ts";
import type { Condition } from "../../operator/api/conditions.ts";
import {
  ended,
  fate,
  putBackup,
  putFinishedBackup,
  putRestore,
  readyWorld,
} from "../../operator/controllers/testing/lives.ts";
import { repository } from "../../operator/controllers/testing/samples.ts";
import { World } from "../../operator/controllers/testing/world.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { FrontendError } from "../../operator/starrocks/frontend.ts";

/** What GitOps tools look at. */
export interface Judged extends KubernetesObject {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
  };
}

/** Phase, and every condition with its status; of the reasons, the one that matters to who judges. */
export function shapeOf({ kind, metadata, status }: Judged): string {
  const conditions = (status?.conditions ?? []).map((c) => `${c.type}=${c.status}`).sort();
  const isOver = status?.conditions?.some(({ reason }) => reason === "StartBeforeOver") === true;
  const isLate = status?.observedGeneration !== metadata.generation;
  const words = [kind, status?.phase ?? "-", ...conditions];
  return [...words, ...(isOver ? ["StartBeforeOver"] : []), ...(isLate ? ["behind"] : [])].join(
    " ",
  );
}

/** One object of each shape, keyed by it. Takes a second or two. */
export async function livedObjects(): Promise<ReadonlyMap<string, Judged>> {
  const found = new Map<string, Judged>();
  for (const live of LIVES) {
    const world = live.given();
    const look = (): void => {
      const objects: readonly Judged[] = [
        ...world.api.all(REPOSITORY),
        ...world.api.all(BACKUP),
        ...world.api.all(RESTORE),
      ];
      for (const object of objects.filter(({ kind }) => kind === live.kind)) {
        const shape = shapeOf(object);
        if (!found.has(shape)) found.set(shape, structuredClone(object));
      }
    };
    world.reactions.push(look);
    await live.run(world);
    look();
  }
  return found;
}

interface Life {
  readonly kind: "Repository" | "Backup" | "Restore";
  readonly given: () => World;
  readonly run: (world: World) => Promise<unknown>;
}

const NO_RETRY = { maxAttempts: 1, backoff: "1s" };
const ROUNDS = 12;

async function rounds(world: World): Promise<void> {
  for (let i = 0; i < ROUNDS; i += 1) await world.round();
}

/** A Repository that is applied, lives, is changed, and deleted. */
async function repositoryLives(world: World): Promise<void> {
  world.put(REPOSITORY, repository({}, { meta: { finalizers: [] } }));
  await rounds(world);
  await world.edit(REPOSITORY, "prod", { bandwidth: "10Mi" });
  await rounds(world);
  await world.delete(REPOSITORY, "prod");
  await rounds(world);
}

const untilBackupEnds = (world: World): Promise<unknown> => ended(world, "Backup", "nightly");
const untilRestoreEnds = (world: World): Promise<unknown> => ended(world, "Restore", "again");

function restorable(spec: Parameters<typeof putRestore>[1]): World {
  const world = readyWorld();
  putFinishedBackup(world);
  world.starrocks.world.databases.get("shop")?.delete("orders");
  putRestore(world, { tables: [{ name: "orders" }], ...spec });
  return world;
}

const LIVES: readonly Life[] = [
  { kind: "Repository", given: () => new World(), run: repositoryLives },
  {
    kind: "Repository",
    given: () => {
      const world = new World();
      fate(world, "probe", { exitCode: 42, reason: "NoSuchBucket", message: "no such bucket" });
      return world;
    },
    run: repositoryLives,
  },
  {
    kind: "Repository",
    given: () => {
      const world = new World();
      const error = new FrontendError("FrontendUnreachable", true, "no FE answers");
      world.starrocks.fail("facts", { when: "before", error, times: 100_000 });
      return world;
    },
    run: repositoryLives,
  },
  {
    kind: "Backup",
    given: () => {
      const world = readyWorld();
      putBackup(world);
      return world;
    },
    run: async (world) => {
      await untilBackupEnds(world);
      await world.edit(BACKUP, "nightly", { bandwidth: "10Mi" });
      await rounds(world);
      await world.edit(BACKUP, "nightly", { deletionPolicy: "Delete" });
      await rounds(world);
      await world.delete(BACKUP, "nightly");
      await rounds(world);
    },
  },
  {
    kind: "Backup",
    given: () => {
      const world = readyWorld();
      fate(world, "agent", { exitCode: 1, reason: "Error", message: "it failed" });
      putBackup(world, { retry: { maxAttempts: 2, backoff: "1s" } });
      return world;
    },
    run: untilBackupEnds,
  },
  {
    kind: "Backup",
    given: () => {
      const world = readyWorld();
      putBackup(world, { retry: NO_RETRY });
      return world;
    },
    run: async (world) => {
      await world.round();
      await world.edit(BACKUP, "nightly", { cancel: true });
      await untilBackupEnds(world);
    },
  },
  { kind: "Restore", given: () => restorable({}), run: untilRestoreEnds },
  {
    kind: "Restore",
    given: () => restorable({ startBefore: "2020-01-01T00:00:00Z" }),
    run: untilRestoreEnds,
  },
  {
    kind: "Restore",
    given: () => restorable({ source: { backup: "other" } }),
    run: async (world) => {
      await rounds(world);
      await world.edit(RESTORE, "again", { cancel: true });
      await untilRestoreEnds(world);
    },
  },
  {
    kind: "Restore",
    given: () => restorable({ tables: [{ name: "nowhere" }] }),
    run: untilRestoreEnds,
  },
];
