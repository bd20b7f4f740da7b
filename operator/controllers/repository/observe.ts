// Everything a Repository's plan looks at, read into one value. No writes.
import { createHash } from "node:crypto";
import type { Repository } from "../../api/repository.generated.ts";
import { LABELS } from "../../api/group.ts";
import { BACKUP, REPOSITORY, RESTORE } from "../../api/kinds.ts";
import { describeProblems } from "../../api/schema.ts";
import { validate, withDefaults } from "../../api/validate.ts";
import { must } from "../../assert.ts";
import type { Kind, ObjectKey } from "../../runtime/api.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, SECRETS } from "../../runtime/objects.ts";
import type { Job, Secret } from "../../runtime/objects.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import type { ControllerDeps } from "../deps.ts";
import { uid8 } from "../names.ts";
import { podsOf, viewOfTask } from "../job/observe-agents.ts";
import { slotsOf } from "../job/observe-slots.ts";
import { isFinal } from "../job/status.ts";
import type { JobResource } from "../job/model.ts";
import type { TaskView } from "../pods.ts";
import { readCatalog } from "./catalog.ts";
import type { RepositorySlot, RepositoryTask, Seen, StarRocksView } from "./model.ts";

/** Undefined: it is gone. */
export async function observe(deps: ControllerDeps, key: ObjectKey): Promise<Seen | undefined> {
  const stored = await deps.api.get(REPOSITORY, key);
  if (stored === undefined) return undefined;
  const repository = withDefaults(stored);
  const invalid = validate(repository).map((problem) => describeProblems([problem]));
  const jobs = deps.caches.jobsByRepository(must(repository.metadata.uid));
  const users = usersOf(deps, repository);
  const tasks = tasksOf(deps, repository, jobs);
  return {
    nowMs: deps.clock.now(),
    repository,
    status: repository.status ?? { observedGeneration: -1 },
    invalid,
    vanishing: await isVanishing(deps, repository),
    slots: await slots(deps, repository, users),
    orphanJobs: await orphanJobs(deps, repository, jobs),
    allJobs: jobs.map((j) => j.metadata.name),
    users: users.filter(isRunning).map((j) => `${j.kind} ${j.metadata.name}`),
    lastEndedMs: lastEnded(users),
    tasks,
    catalog: await readCatalog(deps, repository, tasks.catalog),
    ...(await credentials(deps, repository)),
    starrocks: invalid.length > 0 ? { kind: "notAsked" } : await askStarRocks(deps, repository),
  };
}

function usersOf({ caches }: ControllerDeps, { metadata }: Repository): readonly JobResource[] {
  const namespace = must(metadata.namespace);
  const all: JobResource[] = [
    ...caches.backups.list(namespace),
    ...caches.restores.list(namespace),
  ];
  return all.filter((job) => job.spec.repository === metadata.name);
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

async function slots(
  deps: ControllerDeps,
  repository: Repository,
  users: readonly JobResource[],
): Promise<readonly RepositorySlot[]> {
  const all: RepositorySlot[] = [];
  for (const slot of slotsOf(deps.caches, repository)) {
    const [owner] = slot.lentTo?.split("-") ?? [];
    const known = users.some((job) => uid8(job.metadata) === owner);
    // The cache may be behind: a slot is taken back only after the API server has said so itself.
    const orphaned = owner !== undefined && !known && !(await exists(deps, repository, owner));
    all.push({ ...slot, orphaned });
  }
  return all;
}

const KINDS = [BACKUP, RESTORE] as readonly Kind<JobResource>[];

/** Whether a Backup or Restore with this beginning of a UID is there, asked live. */
async function exists(
  { api }: ControllerDeps,
  { metadata }: Repository,
  owner: string,
): Promise<boolean> {
  const namespace = must(metadata.namespace);
  for (const kind of KINDS) {
    let continueFrom: string | undefined;
    do {
      const page = await api.list(kind, {
        namespace,
        limit: 500,
        ...(continueFrom === undefined ? {} : { continueFrom }),
      });
      if (page.items.some((job) => uid8(job.metadata) === owner)) return true;
      ({ continueFrom } = page);
    } while (continueFrom !== undefined);
  }
  return false;
}

async function orphanJobs(
  deps: ControllerDeps,
  repository: Repository,
  jobs: readonly Job[],
): Promise<readonly string[]> {
  const known = new Set(usersOf(deps, repository).map((job) => job.metadata.uid));
  const suspects = jobs.filter((job) => {
    const uid = job.metadata.labels?.[LABELS.jobUid];
    return uid !== undefined && !known.has(uid) && job.metadata.deletionTimestamp === undefined;
  });
  const found: string[] = [];
  for (const job of suspects) {
    const uid = must(job.metadata.labels?.[LABELS.jobUid]);
    const isThere = await exists(deps, repository, uid.replaceAll("-", "").slice(0, 8));
    if (!isThere) found.push(job.metadata.name);
  }
  return found;
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
