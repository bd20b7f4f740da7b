// Everything a Repository's plan looks at, read into one value. No writes.
import { createHash } from "node:crypto";
import type { Repository } from "../../api/repository.generated.ts";
import { LABELS } from "../../api/group.ts";
import { REPOSITORY } from "../../api/kinds.ts";
import { describeProblems } from "../../api/schema.ts";
import { validate, withDefaults } from "../../api/validate.ts";
import { must } from "../../assert.ts";
import type { ObjectKey } from "../../runtime/api.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, SECRETS } from "../../runtime/objects.ts";
import type { Job, Secret } from "../../runtime/objects.ts";
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
    lastEndedMs: lastEnded(users),
    tasks,
    catalog: await readCatalog(deps, repository, tasks.catalog),
    ...(await credentials(deps, repository)),
    starrocks,
  };
}

function isRunning({ status, metadata }: JobResource): boolean {
  const over = isFinal(status?.phase) && metadata.deletionTimestamp === undefined;
  return !over && (status?.slot !== undefined || metadata.deletionTimestamp !== undefined);
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

interface Credentials {
  /** Changes with the spec and with the Secret, and tells nothing of them. */
  readonly checkedWith: string;
  /** Why pods cannot use the Secret; undefined: they can, or there is none to use. */
  readonly credentialsProblem: string | undefined;
}

async function credentials(
  { api }: ControllerDeps,
  { metadata, spec }: Repository,
): Promise<Credentials> {
  const name = spec.credentialsSecret?.name;
  const namespace = must(metadata.namespace);
  const secret = name === undefined ? undefined : await api.get(SECRETS, { namespace, name });
  const version = `${secret?.metadata.uid ?? ""}/${secret?.metadata.resourceVersion ?? ""}`;
  const digest = createHash("sha256").update(version).digest("hex").slice(0, 16);
  return {
    checkedWith: `${metadata.generation ?? 0}-${digest}`,
    credentialsProblem: name === undefined ? undefined : problemOf(name, secret),
  };
}

/** A pod with a Secret that is not there waits for ever without a word. */
function problemOf(name: string, secret: Secret | undefined): string | undefined {
  const needs = "it needs the keys accessKeyId and secretAccessKey";
  if (secret === undefined) return `Secret ${name} does not exist in this namespace: ${needs}`;
  const missing = ["accessKeyId", "secretAccessKey"].filter((key) => !secret.data?.[key]);
  if (missing.length === 0) return undefined;
  return `Secret ${name} has no key ${missing.join(" and ")}: ${needs}`;
}

async function askStarRocks(deps: ControllerDeps, repository: Repository): Promise<StarRocksView> {
  try {
    const frontend = await deps.frontends.of(repository);
    const facts = await frontend.facts();
    const brokers = await frontend.brokers();
    const mounts = await frontend.repositories();
    return { kind: "seen", facts, brokers, mounts };
  } catch (error) {
    if (error instanceof FrontendError) return { kind: "failed", error };
    throw error;
  }
}
