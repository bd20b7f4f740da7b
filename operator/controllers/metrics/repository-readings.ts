// What Repositories that are there tell of themselves, with their slots and the pods that run for them.
import type { Registry } from "prom-client";
import type { Repository } from "../../api/repository.generated.ts";
import { ANNOTATIONS, LABELS } from "../../api/group.ts";
import type { Caches } from "../deps.ts";
import { isOver } from "../pods.ts";
import { add, highest, registerReading, secondsOf } from "./samples.ts";
import type { Sample } from "./samples.ts";
import type { ReasonLabels } from "./reason-label.ts";

const REPOSITORY = ["namespace", "repository"] as const;
type RepositoryLabels = Readonly<Record<(typeof REPOSITORY)[number], string>>;
type ReadCaches = Pick<Caches, "repositories" | "slotsByRepository" | "podsByRepository">;

export interface RepositoryReadingsOptions {
  /** Undefined: nothing is known yet. */
  readonly caches: () => ReadCaches | undefined;
  readonly reasons: ReasonLabels;
}

export function registerRepositoryReadings(
  registry: Registry,
  { caches, reasons }: RepositoryReadingsOptions,
): void {
  const all = (): readonly Repository[] => caches()?.repositories.list() ?? [];
  registerValues(registry, all);
  registerReading(registry, {
    name: "starrocks_backup_repository_condition",
    help: "1 while a condition of the Repository (Ready, StorageReady, StarRocksReady, CatalogReady) is True, else 0; with its reason",
    labelNames: [...REPOSITORY, "type", "reason"],
    fold: highest,
    read: () => all().flatMap((repository) => conditionsOf(repository, reasons)),
  });
  registerReading(registry, {
    name: "starrocks_backup_repository_snapshots",
    help: "Snapshots in the repository, as the last catalogue read it: complete (StarRocks can restore from them) or incomplete (what failed attempts left)",
    labelNames: [...REPOSITORY, "state"],
    fold: add,
    read: () => all().flatMap(snapshotsOf),
  });
  registerReading(registry, {
    name: "starrocks_backup_slots_lent",
    help: "Slots of the Repository that an attempt has now",
    labelNames: REPOSITORY,
    fold: add,
    read: () => all().map((one) => ({ labels: labelsOf(one), value: lentSlots(caches(), one) })),
  });
  registerReading(registry, {
    name: "starrocks_backup_agents",
    help: "Pods that run now, by component (agent, probe, catalog, seal, verify, prune)",
    labelNames: [...REPOSITORY, "component"],
    fold: add,
    read: () => all().flatMap((repository) => podsOf(caches(), repository)),
  });
}

interface Value {
  readonly name: string;
  readonly help: string;
  /** Undefined: not known yet, and no series. */
  readonly of: (repository: Repository) => number | undefined;
}

/** A Repository that waits for its last jobs is not checked any more, and nobody is to be woken for it. */
function unlessGoing(of: Value["of"]): Value["of"] {
  return (repository) =>
    repository.metadata.deletionTimestamp === undefined ? of(repository) : undefined;
}

const VALUES: readonly Value[] = [
  {
    name: "starrocks_backup_repository_ready",
    help: "1 while the Repository is READY: jobs can run; none while it is being deleted",
    of: unlessGoing(({ status }) => (status?.phase === "READY" ? 1 : 0)),
  },
  {
    name: "starrocks_backup_repository_last_check_timestamp_seconds",
    help: "When storage and StarRocks were checked last",
    of: ({ status }) => secondsOf(status?.lastCheckTime),
  },
  {
    name: "starrocks_backup_repository_next_check_timestamp_seconds",
    help: "When they are to be checked next: long ago means that nobody does; none while it is being deleted",
    of: unlessGoing(({ status }) => secondsOf(status?.nextCheckTime)),
  },
  {
    name: "starrocks_backup_repository_snapshot_bytes",
    help: "Bytes of all sealed snapshots in the repository, as the last catalogue read it",
    of: ({ status }) => status?.snapshots?.bytes,
  },
  {
    name: "starrocks_backup_repository_foreign_entries",
    help: "Broker and repository entries in StarRocks that look like ours and are of no Repository here (status.foreign, 20 at the most)",
    of: ({ status }) => status?.foreign?.length ?? 0,
  },
  {
    name: "starrocks_backup_slots",
    help: "Slots that the Repository is to have: its concurrency",
    of: ({ spec }) => spec.concurrency,
  },
];

function registerValues(registry: Registry, all: () => readonly Repository[]): void {
  for (const { name, help, of } of VALUES) {
    registerReading(registry, {
      name,
      help,
      labelNames: REPOSITORY,
      fold: highest,
      read: () =>
        all().flatMap((repository) => {
          const value = of(repository);
          return value === undefined ? [] : [{ labels: labelsOf(repository), value }];
        }),
    });
  }
}

function labelsOf({ metadata }: Repository): RepositoryLabels {
  return { namespace: metadata.namespace ?? "", repository: metadata.name };
}

const TYPES: ReadonlySet<string> = new Set([
  "Ready",
  "StorageReady",
  "StarRocksReady",
  "CatalogReady",
]);

function conditionsOf(
  repository: Repository,
  reasons: ReasonLabels,
): readonly Sample<"namespace" | "repository" | "type" | "reason">[] {
  const { conditions = [] } = repository.status ?? {};
  return conditions
    .filter(({ type }) => TYPES.has(type))
    .map(({ type, status, reason }) => ({
      labels: { ...labelsOf(repository), type, reason: reasons.of(reason) },
      value: status === "True" ? 1 : 0,
    }));
}

function snapshotsOf(
  repository: Repository,
): readonly Sample<"namespace" | "repository" | "state">[] {
  const { total, complete } = repository.status?.snapshots ?? {};
  if (total === undefined || complete === undefined) return [];
  const labels = labelsOf(repository);
  return [
    { labels: { ...labels, state: "complete" }, value: complete },
    { labels: { ...labels, state: "incomplete" }, value: total - complete },
  ];
}

function lentSlots(caches: ReadCaches | undefined, { metadata }: Repository): number {
  const slots = caches?.slotsByRepository(metadata.uid ?? "") ?? [];
  return slots.filter((slot) => slot.metadata.annotations?.[ANNOTATIONS.lentTo] !== undefined)
    .length;
}

function podsOf(
  caches: ReadCaches | undefined,
  repository: Repository,
): readonly Sample<"namespace" | "repository" | "component">[] {
  const pods = caches?.podsByRepository(repository.metadata.uid ?? "") ?? [];
  return pods
    .filter((pod) => !isOver(pod))
    .map((pod) => {
      const component = pod.metadata.labels?.[LABELS.component] ?? "";
      return { labels: { ...labelsOf(repository), component }, value: 1 };
    });
}
