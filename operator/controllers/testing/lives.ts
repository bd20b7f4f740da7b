// Worlds in which a job can begin at once, and what must hold when it has ended, whatever happened on the way.
import { expect } from "chai";
import type { Backup, BackupSpec } from "../../api/backup.generated.ts";
import type { Repository, RepositorySpec } from "../../api/repository.generated.ts";
import type { Restore, RestoreSpec } from "../../api/restore.generated.ts";
import { BACKUP, REPOSITORY, RESTORE } from "../../api/kinds.ts";
import { ANNOTATIONS, LABELS, MANAGED_BY } from "../../api/group.ts";
import { must } from "../../assert.ts";
import type { ObjectMeta } from "../../runtime/api.ts";
import { JOBS, PODS, SERVICES } from "../../runtime/objects.ts";
import type { Job } from "../../runtime/objects.ts";
import { copyOf } from "../../starrocks/testing/fake-world.ts";
import { slotService, type Component } from "../jobs.ts";
import type { JobResource } from "../job/model.ts";
import { isFinal } from "../job/status.ts";
import { backup, BACKUP_UID, repository, restore } from "./samples.ts";
import type { Fate } from "./kubelet.ts";
import { FOLDER, World, type WorldOptions } from "./world.ts";

const NEW = { finalizers: [] } as const;

/** A Repository that was found ready, with its slots, and that stands still: its own lives are told elsewhere. */
export function readyWorld(options: WorldOptions = {}, spec: Partial<RepositorySpec> = {}): World {
  const world = new World({ standsStill: true, ...options });
  const ready = repository(spec, { status: READY });
  world.put(REPOSITORY, ready);
  for (let slot = 0; slot < ready.spec.concurrency; slot += 1) {
    world.put(SERVICES, slotService(ready, slot));
  }
  return world;
}

const condition = (type: string) =>
  ({
    type,
    status: "True",
    reason: "Ready",
    message: "",
    lastTransitionTime: "2026-01-02T03:00:00Z",
  }) as const;

const READY: NonNullable<Repository["status"]> = {
  observedGeneration: 1,
  phase: "READY",
  conditions: ["Ready", "StorageReady", "StarRocksReady"].map(condition),
};

export function putBackup(
  world: World,
  spec: Partial<BackupSpec> = {},
  meta: Partial<ObjectMeta> = {},
): Backup {
  return world.put(BACKUP, backup(spec, { meta: { ...NEW, ...meta } }));
}

export function putRestore(
  world: World,
  spec: Partial<RestoreSpec> = {},
  meta: Partial<ObjectMeta> = {},
): Restore {
  return world.put(RESTORE, restore(spec, { meta: { ...NEW, ...meta } }));
}

/** A whole snapshot of what `shop` holds now, and the Backup that made it. */
export function putFinishedBackup(world: World, spec: Partial<BackupSpec> = {}): void {
  const timestamp = "2026-01-01-00-00-00-000";
  const name = "nightly_bbbbbbbb";
  const tables = [...must(world.starrocks.world.databases.get("shop")).values()];
  world.starrocks.world.snapshotsOf(FOLDER).set(name, {
    database: "shop",
    tables: tables.map((t) => copyOf(t, [])),
    timestamp,
  });
  world.owners.set(name, BACKUP_UID);
  const repositoryUID = must(world.get(REPOSITORY, "prod")?.metadata.uid);
  const told = { reason: "Finished", message: "it can be restored" } as const;
  const snapshot = { name, timestamp };
  const status = { phase: "FINISHED", ...told, snapshot, repositoryUID } as const;
  world.put(BACKUP, backup(spec, { status }));
}

/** Another tool backs `shop` up, over a mount that is not ours. */
export async function putForeignJob(world: World, label = "theirs"): Promise<void> {
  const { starrocks } = world;
  const name = "their_repository";
  starrocks.world.brokers.set(name, [
    { address: "elsewhere:1", alive: true, failures: 0, error: "" },
  ]);
  starrocks.world.repositories.set(name, {
    name,
    broker: name,
    location: "s3://theirs",
    readOnly: false,
    properties: {},
  });
  starrocks.agentsElsewhere.add("elsewhere:1");
  await starrocks.backup({ database: "shop", label, repository: name, timeoutSeconds: 86_400 });
}

export function phaseOf(world: World, kind: JobResource["kind"], name: string): string {
  return world.job(kind, name).status?.phase ?? "PENDING";
}

export async function ended(
  world: World,
  kind: JobResource["kind"],
  name: string,
): Promise<NonNullable<JobResource["status"]>> {
  await world.until(
    () => isFinal(world.job(kind, name).status?.phase),
    `the end of ${kind} ${name}`,
  );
  return must(world.job(kind, name).status);
}

export function messageOf(world: World, kind: JobResource["kind"], name: string): string {
  return world.job(kind, name).status?.message ?? "";
}

export function snapshotLabels(world: World): readonly string[] {
  return [...world.starrocks.world.snapshotsOf(FOLDER).keys()];
}

/** What becomes of the Jobs of a component. */
export function fate(
  world: World,
  component: Component,
  is: Fate | ((job: Job) => Fate | undefined),
): void {
  world.kubelet.scripts.push((job) => {
    if (job.metadata.labels?.[LABELS.component] !== component) return undefined;
    return typeof is === "function" ? is(job) : is;
  });
}

/** Jobs, pods, brokers, lent slots: nothing of an attempt outlives its job. Mounts and idle slots stay. */
export function expectNothingLeft(world: World): void {
  const ours = ({ metadata }: { readonly metadata: ObjectMeta }): boolean =>
    metadata.labels?.[LABELS.managedBy] === MANAGED_BY;
  const left = {
    jobs: world.api.all(JOBS).map((j) => j.metadata.name),
    pods: world.api
      .all(PODS)
      .filter(ours)
      .map((p) => p.metadata.name),
    brokers: [...world.starrocks.world.brokers.keys()].filter((name) => name.startsWith("k8s_")),
    lent: [...lentSlots(world)],
    selectors: world.api
      .all(SERVICES)
      .map((s) => s.spec?.selector?.[LABELS.attempt])
      .filter((attempt) => attempt !== "none"),
  };
  expect(left).to.deep.equal({ jobs: [], pods: [], brokers: [], lent: [], selectors: [] });
}

/** Attempts that could not be removed say so. */
export function expectNothingStaged(world: World): void {
  const told = leftBehind(world);
  expect([...world.notes].filter((label) => !told.includes(label))).to.deep.equal([]);
}

function leftBehind(world: World): string {
  const told = world.api.all(BACKUP).flatMap((b) => b.status?.leftBehind ?? []);
  const said = world.events.filter((e) => e.reason === "LeftBehind" || e.reason === "LetGo");
  return [...told, ...said.map((e) => e.message)].join("\n");
}

/** Slots that are lent: attempt → Services. */
export function lentSlots(world: World): ReadonlyMap<string, readonly string[]> {
  const lent = new Map<string, string[]>();
  for (const { metadata } of world.api.all(SERVICES)) {
    const to = metadata.annotations?.[ANNOTATIONS.lentTo];
    if (to !== undefined) lent.set(to, [...(lent.get(to) ?? []), metadata.name]);
  }
  return lent;
}

/** No statement was taken twice, no attempt held two slots, no agent's Job was made twice. */
export function expectNothingTwice(world: World, accepted = world.starrocks.accepted): void {
  expect(accepted, "statements").to.deep.equal([...new Set(accepted)]);
  const lent = world.api.writes.flatMap(({ verb, kind, body, key }) => {
    const to = (body as Lending).metadata?.annotations?.[ANNOTATIONS.lentTo];
    return verb === "patch" && kind === "Service" && typeof to === "string" ? [[to, key]] : [];
  });
  expect(
    lent.map(([to]) => to),
    "slots",
  ).to.deep.equal([...new Set(lent.map(([to]) => to))]);
  const agents = world.api.writes
    .filter(({ verb, kind }) => verb === "create" && kind === "Job")
    .map(({ key }) => key)
    .filter((key) => !/-(seal|verify|prune|probe|catalog)$/.test(key));
  expect(agents, "agents").to.deep.equal([...new Set(agents)]);
}

interface Lending {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, unknown>> };
}

/** What `db.table` holds; undefined: it is not there. */
export function contentOf({ starrocks }: World, table: string): string | undefined {
  const [database = "", name = ""] = table.split(".");
  const found = starrocks.world.table(database, name);
  if (found === undefined || found.isPending) return undefined;
  return [...found.partitions.values()].join();
}

/** A Restore whose Backup was deleted: it waits for another of that name, and says so, for ever. */
export function waitsForBackup(
  world: World,
  { kind, name }: { readonly kind: JobResource["kind"]; readonly name: string },
): boolean {
  if (kind !== "Restore") return false;
  const found = must(world.get(RESTORE, name), `Restore ${name}`);
  const { backup = "" } = found.spec.source;
  return found.status?.reason === "SourceMissing" && world.get(BACKUP, backup) === undefined;
}

/** What a Restore says of its target; `deleted` when it is gone. */
export function targetStateOf(found: JobResource | undefined): string {
  return found?.kind === "Restore" ? (found.status?.targetState ?? "") : "deleted";
}
