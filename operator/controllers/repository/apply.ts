// Carries a Repository's plan out: actions in order, each repeatable, then the status if it changed.
import { findCondition } from "../../api/conditions.ts";
import type { Repository } from "../../api/repository.generated.ts";
import { ANNOTATIONS, CONDITION, FINALIZER, LABELS } from "../../api/group.ts";
import { fitStatus } from "../../api/fit-status.ts";
import { REPOSITORY } from "../../api/kinds.ts";
import { assertNever, must } from "../../assert.ts";
import { isApiError } from "../../runtime/api.ts";
import { createIfAbsent, patchStatus } from "../../runtime/apply.ts";
import { addFinalizer, removeFinalizer } from "../../runtime/finalizer.ts";
import { JOBS, SERVICES } from "../../runtime/objects.ts";
import type { Service } from "../../runtime/objects.ts";
import { poll } from "../../runtime/result.ts";
import type { Result } from "../../runtime/result.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import type { ControllerDeps } from "../deps.ts";
import { NOBODY, agentJob, slotService } from "../jobs.ts";
import { jobName } from "../names.ts";
import { isOverdue, letGo } from "./deletion.ts";
import type { Action, Seen } from "./model.ts";
import { planOf } from "./plan.ts";
import { leftoversAreSwept } from "./sweep.ts";
import type { Plan } from "./plan.ts";

const TASK_FAILURES_MAX = 2;
const PROBE_SECONDS = 600;
const CATALOG_SECONDS = 3600;
const REFUSED_POLL_MS = 15_000;

export async function apply(deps: ControllerDeps, seen: Seen, plan: Plan): Promise<Result> {
  const { api } = deps;
  let { repository } = seen;
  for (const action of plan.actions) {
    if (action.kind === "removeFinalizer") return await unbind(deps, seen, plan);
    if (action.kind === "addFinalizer") {
      repository = await addFinalizer(api, REPOSITORY, repository, FINALIZER);
      continue;
    }
    const refused = await execute(deps, seen, action);
    if (refused !== undefined) return await refusedBy(deps, seen, refused);
  }
  return await writeStatus(deps, { ...seen, repository }, plan);
}

/** Told, and tried again; a deletion is held up by it for ten minutes. */
async function refusedBy(deps: ControllerDeps, seen: Seen, error: FrontendError): Promise<Result> {
  if (isOverdue(seen)) return await apply(deps, seen, planOf(seen, "isLetGo", letGo(seen, error)));
  const result = poll(REFUSED_POLL_MS, `StarRocks: ${error.message}`);
  const plan = planOf(seen, "refused", { reason: error.reason, result });
  return await writeStatus(deps, seen, plan);
}

async function writeStatus(deps: ControllerDeps, seen: Seen, plan: Plan): Promise<Result> {
  const { repository } = seen;
  await patchStatus(deps.api, REPOSITORY, repository, fitStatus("Repository", plan.status));
  tell(deps, seen, plan);
  countSwept(deps, repository, plan);
  return plan.result;
}

function countSwept({ metrics }: ControllerDeps, { metadata }: Repository, plan: Plan): void {
  if (plan.step !== leftoversAreSwept.name) return;
  const of = { namespace: must(metadata.namespace), repository: metadata.name };
  const removals = plan.actions.filter(({ kind }) => kind !== "event");
  for (const { kind } of removals) metrics.swept.inc({ ...of, what: kind });
}

function tell({ log }: ControllerDeps, { repository, status }: Seen, plan: Plan): void {
  const { phase, conditions } = plan.status;
  if (phase === status.phase) return;
  const { namespace, name } = repository.metadata;
  const ready = findCondition(conditions, CONDITION.ready);
  const why = { from: status.phase, phase, reason: ready?.reason, why: ready?.message };
  const level = phase === "NOT_READY" ? "warn" : "info";
  log[level]("phase changed", { kind: "Repository", namespace, name, ...why });
}

async function unbind(deps: ControllerDeps, { repository }: Seen, plan: Plan): Promise<Result> {
  const { name, namespace, uid } = repository.metadata;
  await deps.frontends.forget(must(uid));
  await removeFinalizer(deps.api, REPOSITORY, repository, FINALIZER);
  await deps.metrics.forget(must(namespace), name);
  return plan.result;
}

type Executable = Exclude<Action, { kind: "addFinalizer" | "removeFinalizer" }>;

/** A refusal of StarRocks is returned: it is told and tried again. */
async function execute(
  deps: ControllerDeps,
  seen: Seen,
  action: Executable,
): Promise<FrontendError | undefined> {
  try {
    await (action.kind === "dropBroker" || action.kind === "dropMount"
      ? executeInStarRocks(deps, seen, action)
      : executeInKubernetes(deps, seen, action));
    return undefined;
  } catch (error) {
    if (!(error instanceof FrontendError)) throw error;
    deps.log.warn("StarRocks refused", { action: action.kind, error: error.message });
    return error;
  }
}

type FrontendAction = Extract<Action, { kind: "dropBroker" | "dropMount" }>;

async function executeInStarRocks(
  { frontends }: ControllerDeps,
  { repository }: Seen,
  { kind, name }: FrontendAction,
): Promise<void> {
  const frontend = await frontends.of(repository);
  await (kind === "dropBroker" ? frontend.dropBroker(name) : frontend.dropRepository(name));
}

async function executeInKubernetes(
  deps: ControllerDeps,
  seen: Seen,
  action: Exclude<Executable, FrontendAction>,
): Promise<void> {
  const { api, events } = deps;
  const namespace = must(seen.repository.metadata.namespace);
  switch (action.kind) {
    case "event":
      return events.emit(seen.repository, action);
    case "createSlot":
      return await createSlot(deps, slotService(seen.repository, action.index));
    case "deleteSlot":
      return await deleteSlot(deps, namespace, action);
    case "deleteJob":
      return await api.delete(
        JOBS,
        { namespace, name: action.name },
        { propagation: "Background" },
      );
    case "runTask":
      await createIfAbsent(api, JOBS, taskJob(deps, seen, action));
      return;
    case "releaseSlot": {
      const { service, resourceVersion } = action.slot;
      const patch = {
        metadata: { annotations: { [ANNOTATIONS.lentTo]: null } },
        spec: { selector: { [LABELS.attempt]: NOBODY } },
      };
      await api.patch(SERVICES, { namespace, name: service }, patch, { resourceVersion });
      return;
    }
    default:
      return assertNever(action);
  }
}

async function deleteSlot(
  { api }: ControllerDeps,
  namespace: string,
  { service, resourceVersion }: Extract<Action, { kind: "deleteSlot" }>,
): Promise<void> {
  const guard = resourceVersion === undefined ? {} : { resourceVersion };
  await api.delete(SERVICES, { namespace, name: service }, guard);
}

/** API servers before 1.34 refuse PreferSameNode, 1.30 leaves it out by itself; the affinity alone does there. */
async function createSlot({ api }: ControllerDeps, service: Service): Promise<void> {
  try {
    await createIfAbsent(api, SERVICES, service);
  } catch (error) {
    if (!isApiError(error, "Invalid") || !/trafficDistribution/.test(error.message)) throw error;
    const { trafficDistribution: _, ...spec } = must(service.spec);
    await createIfAbsent(api, SERVICES, { ...service, spec });
  }
}

function taskJob(
  deps: ControllerDeps,
  { repository }: Seen,
  { task, id }: Extract<Action, { kind: "runTask" }>,
): ReturnType<typeof agentJob> {
  const { spec, metadata } = repository;
  return agentJob({
    name: jobName(metadata, task),
    component: task,
    repository,
    owner: undefined,
    image: spec.agent.image ?? deps.agentImage,
    command: task,
    flags: task === "probe" ? { "read-only": String(spec.readOnly) } : {},
    annotations: { [LABELS.task]: id },
    serves: false,
    backoffLimit: TASK_FAILURES_MAX,
    deadlineSeconds: task === "probe" ? PROBE_SECONDS : CATALOG_SECONDS,
  });
}
