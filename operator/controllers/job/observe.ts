// Everything a job's plan looks at, read into one value. No writes. Kubernetes comes from the informers, but for
// the job itself, whose status must not be behind our last write, and for what is being taken down.
import type { Backup } from "../../api/backup.generated.ts";
import type { Repository } from "../../api/repository.generated.ts";
import type { Restore } from "../../api/restore.generated.ts";
import { RESTORE } from "../../api/kinds.ts";
import { isTrue } from "../../api/conditions.ts";
import { describeProblems } from "../../api/schema.ts";
import { validate, withDefaults } from "../../api/validate.ts";
import { must } from "../../assert.ts";
import { jumpsOf } from "../../jumps.ts";
import type { ObjectKey } from "../../runtime/api.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES } from "../../runtime/objects.ts";
import type { ControllerDeps } from "../deps.ts";
import { attemptId } from "../names.ts";
import { turnOf } from "../turn.ts";
import { patienceMs } from "./agent-logs.ts";
import { observeAgents, observeTasks } from "./observe-agents.ts";
import { observeFrontend, placementOf } from "./observe-frontend.ts";
import { listAll, observeOwn } from "./observe-own.ts";
import { queuedJob, unfinishedJobs } from "./observe-queue.ts";
import { unreadStatements } from "./observe-unread.ts";
import type { FrontendView, JobKind, JobResource, Seen } from "./model.ts";
import { kindOf, settingsOf } from "./settings.ts";
import { isFinal } from "./status.ts";
import type { JobStatus } from "./status.ts";

/** Undefined: the job is gone. */
export async function observe(
  deps: ControllerDeps,
  kind: JobKind,
  key: ObjectKey,
): Promise<Seen | undefined> {
  const stored = await deps.api.get(kindOf(kind), key);
  if (stored === undefined) return undefined;
  // It may have been stored before a default was there.
  const job = withDefaults(stored);
  const known = await observeKubernetes(deps, job);
  const frontend = await askStarRocks(deps, known);
  return { ...known, frontend, nodes: await placementOf(deps, frontend) };
}

type Known = Omit<Seen, "frontend" | "nodes">;

async function observeKubernetes(deps: ControllerDeps, job: JobResource): Promise<Known> {
  const { caches, clock } = deps;
  const status: JobStatus = job.status ?? { observedGeneration: -1 };
  const given = settingsOf(job);
  const settings = { ...given, noProgressMs: patienceMs(caches, given.noProgressMs) };
  const namespace = must(job.metadata.namespace);
  const repository = caches.repositories.get({ namespace, name: settings.repository });
  const own = await observeOwn(deps, job, repository);
  const agents = await observeAgents(deps, own, attemptId(job.metadata, status.attempt ?? 1));
  const all = unfinishedJobs(caches, namespace, settings.repository);
  const concurrency = repository?.spec.concurrency ?? 1;
  return {
    nowMs: clock.now(),
    jumps: jumpsOf(clock),
    job,
    settings,
    status,
    invalid: problemsOf(job),
    repository,
    vanishing: await isVanishing(deps, job),
    turn: turnOf(queuedJob(job), all, concurrency),
    // A slot too many, after `concurrency` was lowered, is on its way out and is not lent again.
    slots: own.slots.filter((s) => s.index < concurrency || s.lentTo !== undefined),
    agents,
    tasks: observeTasks(own),
    source: sourceOf(deps, job),
    usedBy: await usersOf(deps, job),
    unread: unreadStatements(caches, job),
  };
}

/** Asked only when something is deleted, because only then it matters. */
async function isVanishing({ api }: ControllerDeps, job: JobResource): Promise<boolean> {
  if (job.metadata.deletionTimestamp === undefined) return false;
  const namespace = await api.get(NAMESPACES, { name: must(job.metadata.namespace) });
  if (namespace?.metadata.deletionTimestamp !== undefined) return true;
  const { plural, apiVersion } = kindOf(job.kind);
  const [group] = apiVersion.split("/");
  const crd = await api.get(CUSTOM_RESOURCE_DEFINITIONS, { name: `${plural}.${group}` });
  return crd?.metadata.deletionTimestamp !== undefined;
}

function sourceOf({ caches }: ControllerDeps, job: JobResource): Backup | undefined {
  const name = job.kind === "Restore" ? job.spec.source.backup : undefined;
  return name === undefined
    ? undefined
    : caches.backups.get({ namespace: must(job.metadata.namespace), name });
}

/** Restores that read a Backup's snapshot, or will: asked live, because what is removed does not come back. */
async function usersOf({ api }: ControllerDeps, job: JobResource): Promise<readonly string[]> {
  const { deletionTimestamp, name, namespace } = job.metadata;
  if (job.kind !== "Backup" || deletionTimestamp === undefined) return [];
  const label = job.status?.snapshot?.name;
  const reads = ({ spec, status }: Restore): boolean =>
    status?.source === undefined ? spec.source.backup === name : status.source.snapshot === label;
  return (await listAll(api, RESTORE, must(namespace)))
    .filter((r) => !isFinal(r.status?.phase) && reads(r))
    .map((r) => `Restore ${r.metadata.name}`);
}

/** A job that only waits for its turn asks StarRocks nothing. */
async function askStarRocks(deps: ControllerDeps, known: Known): Promise<FrontendView> {
  const { repository } = known;
  if (repository === undefined || !concernsStarRocks(known, repository))
    return { kind: "notAsked" };
  return await observeFrontend(deps, { ...known, repository });
}

function concernsStarRocks(known: Known, repository: Repository): boolean {
  const { status, job, slots } = known;
  if (isFinal(status.phase)) return false;
  const id = attemptId(job.metadata, status.attempt ?? 1);
  const hasSlot = slots.some((s) => s.lentTo === id);
  if (hasSlot) return true;
  if (status.ending !== undefined) return status.submission !== undefined;
  return status.phase === "COMMIT" ? status.doneTime === undefined : mayBegin(known, repository);
}

function mayBegin({ job, status, settings, turn }: Known, repository: Repository): boolean {
  const wanted = job.metadata.deletionTimestamp === undefined && !settings.cancel;
  const isReady = isTrue(repository.status?.conditions, "Ready");
  const isChecked = job.kind === "Backup" || status.verified === true;
  return wanted && isReady && isChecked && turn.kind === "go";
}

/** The API server has checked the same; one without our rules (an old CRD) has not. */
function problemsOf(job: JobResource): readonly string[] {
  return validate(job).map((problem) => describeProblems([problem]));
}
