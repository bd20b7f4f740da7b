// One executor per action. Each may be repeated: what is there already is success, and so is what is gone.
import { ANNOTATIONS, FINALIZER, LABELS } from "../../api/group.ts";
import { assertNever, must } from "../../assert.ts";
import { addFinalizer, removeFinalizer } from "../../runtime/finalizer.ts";
import { createIfAbsent } from "../../runtime/apply.ts";
import { isApiError } from "../../runtime/api.ts";
import { JOBS, PODS, SERVICES } from "../../runtime/objects.ts";
import type { Frontend } from "../../starrocks/frontend.ts";
import type { ControllerDeps } from "../deps.ts";
import { NOBODY } from "../jobs.ts";
import { MOUNT_LOCATION, attemptId, mountName } from "../names.ts";
import { mountToken } from "../token.ts";
import { serveJob, taskJob } from "./job-objects.ts";
import type { Action, JobResource, Seen, SlotView } from "./model.ts";
import { kindOf } from "./settings.ts";

type Executable = Exclude<Action, { kind: "submit" }>;

/** Resolves with the job when the action changed it. */
export async function execute(
  deps: ControllerDeps,
  seen: Seen,
  action: Executable,
): Promise<JobResource | undefined> {
  const { api, events } = deps;
  const kind = kindOf(seen.job.kind);
  if (action.kind === "addFinalizer") return await addFinalizer(api, kind, seen.job, FINALIZER);
  if (action.kind === "removeFinalizer") await removeFinalizer(api, kind, seen.job, FINALIZER);
  else if (action.kind === "event") events.emit(seen.job, action);
  else if (isFrontendAction(action)) await executeInStarRocks(deps, seen, action);
  else await executeInKubernetes(deps, seen, action);
  return undefined;
}

const FRONTEND_ACTIONS = [
  "addBroker",
  "dropBroker",
  "createMount",
  "dropMount",
  "cancelStatement",
] as const;

type FrontendAction = Extract<Action, { kind: (typeof FRONTEND_ACTIONS)[number] }>;
type KubernetesAction = Exclude<
  Executable,
  FrontendAction | { kind: "addFinalizer" | "removeFinalizer" | "event" }
>;

function isFrontendAction(action: FrontendAction | KubernetesAction): action is FrontendAction {
  return FRONTEND_ACTIONS.some((kind) => kind === action.kind);
}

async function executeInKubernetes(
  deps: ControllerDeps,
  seen: Seen,
  action: KubernetesAction,
): Promise<void> {
  switch (action.kind) {
    case "lendSlot":
      return await lend(deps, seen, action.slot, attemptId(seen.job.metadata, action.attempt));
    case "openSlot":
      return await openSlot(deps, seen, action.slot);
    case "releaseSlot":
      return await lend(deps, seen, action.slot, undefined);
    case "createAgent":
      await createIfAbsent(deps.api, JOBS, await serveJob(deps, seen, action));
      return;
    case "deleteAgents":
      return await deleteAgents(deps, seen);
    case "annotateAgents":
      return await annotateAgents(deps, seen, action.annotations);
    case "runTask":
      await createIfAbsent(deps.api, JOBS, taskJob(deps, seen, action));
      return;
    case "deleteTask":
      return await deleteTask(deps, seen, action);
    default:
      return assertNever(action);
  }
}

/** Whose it is. It leads nowhere yet, or no longer. Refused when somebody else was quicker. */
async function lend(
  deps: ControllerDeps,
  seen: Seen,
  slot: SlotView,
  to: string | undefined,
): Promise<void> {
  await patchSlot(deps, seen, slot, {
    metadata: { annotations: { [ANNOTATIONS.lentTo]: to ?? null } },
    spec: { selector: { [LABELS.attempt]: NOBODY } },
  });
}

async function openSlot(deps: ControllerDeps, seen: Seen, slot: SlotView): Promise<void> {
  const selector = { [LABELS.attempt]: must(slot.lentTo) };
  await patchSlot(deps, seen, slot, { spec: { selector } });
}

async function patchSlot(
  { api }: ControllerDeps,
  seen: Seen,
  { service, resourceVersion }: SlotView,
  patch: object,
): Promise<void> {
  const key = { namespace: must(seen.job.metadata.namespace), name: service };
  await api.patch(SERVICES, key, patch, { resourceVersion });
}

/** Propagation is said: a Job's own default has changed between API versions. */
async function deleteJob({ api }: ControllerDeps, seen: Seen, name: string): Promise<void> {
  const namespace = must(seen.job.metadata.namespace);
  await api.delete(JOBS, { namespace, name }, { propagation: "Background" });
}

async function deleteTask(
  deps: ControllerDeps,
  seen: Seen,
  { task, id }: Extract<Action, { kind: "deleteTask" }>,
): Promise<void> {
  const view = seen.tasks[task];
  if (view?.id === id) await deleteJob(deps, seen, view.name);
}

async function deleteAgents(deps: ControllerDeps, seen: Seen): Promise<void> {
  for (const { name } of seen.agents) await deleteJob(deps, seen, name);
}

async function annotateAgents(
  { api }: ControllerDeps,
  seen: Seen,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  const namespace = must(seen.job.metadata.namespace);
  for (const { name } of seen.agents.flatMap((agent) => agent.pods)) {
    try {
      await api.patch(PODS, { namespace, name }, { metadata: { annotations } });
    } catch (error) {
      // It went meanwhile; its successor is told the next time.
      if (!isApiError(error, "NotFound")) throw error;
    }
  }
}

async function executeInStarRocks(
  deps: ControllerDeps,
  seen: Seen,
  action: FrontendAction,
): Promise<void> {
  const repository = must(seen.repository);
  const frontend = await deps.frontends.of(repository);
  if (action.kind === "cancelStatement") {
    return await frontend.cancel(seen.settings.verb, action.database);
  }
  const name = mountName(repository.metadata, action.slot);
  switch (action.kind) {
    case "addBroker":
      return await frontend.addBroker(name, action.address);
    case "dropBroker":
      return await frontend.dropBroker(name);
    case "dropMount":
      return await frontend.dropRepository(name);
    case "createMount":
      return await createMount(deps, frontend, seen, action.slot);
    default:
      return assertNever(action);
  }
}

async function createMount(
  deps: ControllerDeps,
  frontend: Frontend,
  seen: Seen,
  slot: number,
): Promise<void> {
  const repository = must(seen.repository);
  const name = mountName(repository.metadata, slot);
  const token = mountToken(await deps.mountKey(), must(repository.metadata.uid), slot);
  await frontend.createRepository({
    name,
    broker: name,
    location: MOUNT_LOCATION,
    readOnly: repository.spec.readOnly,
    // StarRocks keeps it in clear; it opens this slot alone, and only while an attempt runs.
    properties: { token: token.reveal() },
  });
}
