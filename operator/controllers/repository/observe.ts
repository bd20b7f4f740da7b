// Everything a Repository's plan looks at, read into one value. No writes.
import type { Repository } from "../../api/repository.generated.ts";
import { LABELS } from "../../api/group.ts";
import { REPOSITORY } from "../../api/kinds.ts";
import { describeProblems } from "../../api/schema.ts";
import { validate, withDefaults } from "../../api/validate.ts";
import { must } from "../../assert.ts";
import type { ObjectKey } from "../../runtime/api.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES } from "../../runtime/objects.ts";
import type { Job } from "../../runtime/objects.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import type { ControllerDeps } from "../deps.ts";
import { podsOf, viewOfTask } from "../job/observe-agents.ts";
import { isFinal } from "../job/status.ts";
import type { JobResource } from "../job/model.ts";
import type { TaskView } from "../pods.ts";
import { readCatalog } from "./catalog.ts";
import type { RepositoryTask, Seen, StarRocksView } from "./model.ts";
import { observeOrphans } from "./observe-orphans.ts";
import { observeParts } from "./observe-parts.ts";
import { observeReferences } from "./observe-references.ts";

/** Undefined: it is gone. */
export async function observe(deps: ControllerDeps, key: ObjectKey): Promise<Seen | undefined> {
  const stored = await deps.api.get(REPOSITORY, key);
  if (stored === undefined) return undefined;
  const repository = withDefaults(stored);
  const invalid = validate(repository).map((problem) => describeProblems([problem]));
  const starrocks: StarRocksView =
    invalid.length > 0 ? { kind: "notAsked" } : await askStarRocks(deps, repository);
  // After StarRocks was asked: whoever has a broker there had its slot before.
  const { jobs, users, slots } = await observeParts(deps, repository, starrocks);
  const tasks = tasksOf(deps, repository, jobs);
  return {
    nowMs: deps.clock.now(),
    repository,
    status: repository.status ?? { observedGeneration: -1 },
    invalid,
    vanishing: await isVanishing(deps, repository),
    ...(await observeOrphans(deps, repository, { jobs, users, slots })),
    allJobs: jobs.map((j) => j.metadata.name),
    users: users.filter(isRunning).map((j) => `${j.kind} ${j.metadata.name}`),
    others: otherUids(deps, repository),
    lastEndedMs: lastEnded(users),
    tasks,
    catalog: await readCatalog(deps, repository, tasks.catalog),
    ...(await observeReferences(deps.api, repository)),
    starrocks,
  };
}

function isRunning({ status, metadata }: JobResource): boolean {
  const over = isFinal(status?.phase) && metadata.deletionTimestamp === undefined;
  return !over && (status?.slot !== undefined || metadata.deletionTimestamp !== undefined);
}

function otherUids({ caches }: ControllerDeps, { metadata }: Repository): readonly string[] {
  return caches.repositories
    .list()
    .map((one) => one.metadata.uid ?? "")
    .filter((uid) => uid !== metadata.uid);
}

function lastEnded(jobs: readonly JobResource[]): number | undefined {
  const times = jobs.flatMap(({ kind, status }) =>
    kind === "Backup" && status?.completionTime !== undefined
      ? [Date.parse(status.completionTime)]
      : [],
  );
  return times.length === 0 ? undefined : Math.max(...times);
}

async function isVanishing({ api }: ControllerDeps, { metadata }: Repository): Promise<boolean> {
  if (metadata.deletionTimestamp === undefined) return false;
  const namespace = await api.get(NAMESPACES, { name: must(metadata.namespace) });
  if (namespace?.metadata.deletionTimestamp !== undefined) return true;
  const name = `${REPOSITORY.plural}.${must(REPOSITORY.apiVersion.split("/")[0])}`;
  const crd = await api.get(CUSTOM_RESOURCE_DEFINITIONS, { name });
  return crd?.metadata.deletionTimestamp !== undefined;
}

function tasksOf(
  { caches }: ControllerDeps,
  { metadata }: Repository,
  jobs: readonly Job[],
): Readonly<Record<RepositoryTask, TaskView | undefined>> {
  const pods = caches.podsByRepository(must(metadata.uid));
  const view = (task: RepositoryTask): TaskView | undefined => {
    const job = jobs.find((j) => j.metadata.labels?.[LABELS.component] === task);
    return job && viewOfTask(job, podsOf(job, pods));
  };
  return { probe: view("probe"), catalog: view("catalog") };
}

async function askStarRocks(deps: ControllerDeps, repository: Repository): Promise<StarRocksView> {
  try {
    const frontend = await deps.frontends.of(repository);
    const facts = await frontend.facts();
    const brokers = await frontend.brokers();
    const mounts = await frontend.repositories();
    return { kind: "seen", facts, brokers, mounts };
  } catch (error) {
    if (!(error instanceof FrontendError)) throw error;
    return { kind: "failed", error: deps.frontends.explain(repository, error) };
  }
}
