// Carries a plan out: its actions in order, then the status, once and only if it changed. Every action may
// be repeated, but for `submit`, which records itself first (see submit.ts).
import type { Result } from "../../runtime/result.ts";
import { patchStatus } from "../../runtime/apply.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import { timestamp } from "../../api/conditions.ts";
import { fitStatus } from "../../api/fit-status.ts";
import { must } from "../../assert.ts";
import type { ControllerDeps } from "../deps.ts";
import { execute } from "./execute.ts";
import { measure } from "./measure.ts";
import { newTargets } from "./new-targets.ts";
import { labelOf, attemptOf } from "./look.ts";
import type { Action, JobResource, Seen } from "./model.ts";
import { planOf } from "./plan.ts";
import type { Plan } from "./plan.ts";
import { kindOf } from "./settings.ts";
import type { JobStatus } from "./status.ts";
import { isOverdue, letGo } from "./steps/gates.ts";
import { afterRefusal } from "./steps/submit.ts";
import { lookAgain, SLOW_POLL_MS } from "./verdict.ts";

export async function apply(deps: ControllerDeps, seen: Seen, plan: Plan): Promise<Result> {
  const done = await act(deps, seen, plan);
  if (done.gone) return done.plan.result;
  await writeStatus(deps, done.job, done.plan.status);
  measure(deps, seen, done.plan.status);
  return done.plan.result;
}

/** Cut to what the schema takes: a text that is too long must not keep a phase from being written. */
async function writeStatus(
  { api }: ControllerDeps,
  job: JobResource,
  status: JobStatus,
): Promise<JobResource> {
  return await patchStatus(api, kindOf(job.kind), job, fitStatus(job.kind, status));
}

interface Done {
  readonly plan: Plan;
  readonly job: JobResource;
  /** The finalizer is off: there is nothing to write to. */
  readonly gone: boolean;
}

async function act(deps: ControllerDeps, seen: Seen, plan: Plan): Promise<Done> {
  let { job } = seen;
  let current = plan;
  let gone = false;
  for (const action of plan.actions) {
    if (action.kind === "submit") {
      const submitted = await submit(deps, { ...seen, job }, current, action);
      job = submitted.job;
      current = submitted.plan;
      continue;
    }
    const refused = await refusalOf(() => execute(deps, seen, action));
    if (refused instanceof FrontendError) return await refusedAct(deps, { ...seen, job }, refused);
    job = refused ?? job;
    gone ||= action.kind === "removeFinalizer";
  }
  return { plan: current, job, gone };
}

/** StarRocks' refusal of a mount or a cancel is told in the status, not thrown: it heals or a person reads it. */
async function refusalOf<T>(work: () => Promise<T>): Promise<T | FrontendError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FrontendError) return error;
    throw error;
  }
}

/** What refuses to be cleaned up for ten minutes holds no deletion up any longer. */
async function refusedAct(deps: ControllerDeps, seen: Seen, error: FrontendError): Promise<Done> {
  const { job } = seen;
  if (!isOverdue(seen)) return { plan: refusedPlan(seen, error), job, gone: false };
  const plan = planOf(seen, "isLetGo", letGo(error.message));
  for (const action of plan.actions) {
    if (action.kind !== "submit") await execute(deps, seen, action);
  }
  return { plan, job, gone: true };
}

function refusedPlan(seen: Seen, error: FrontendError): Plan {
  const unsubmitted = seen.status.submission === undefined && seen.status.ending === undefined;
  if (unsubmitted && !error.heals) return planOf(seen, "refused", afterRefusal(seen, error));
  const verdict = lookAgain(error.reason, `StarRocks: ${error.message}`, SLOW_POLL_MS);
  return planOf(seen, "refused", verdict);
}

type Submit = Extract<Action, { kind: "submit" }>;

/**
 * Record, ask the lease, send. Dying after the record leaves StarRocks' last jobs as they were recorded, and
 * it is sent then; dying after the statement leaves a job that is found.
 */
async function submit(
  deps: ControllerDeps,
  seen: Seen,
  plan: Plan,
  { request, before }: Submit,
): Promise<{ readonly job: JobResource; readonly plan: Plan }> {
  const submission = {
    label: labelOf(seen),
    attempt: attemptOf(seen),
    time: timestamp(deps.clock.now()),
    before,
  };
  const recorded: JobStatus = { ...plan.status, submission };
  const job = await writeStatus(deps, seen.job, recorded);
  await deps.requireLead();
  const frontend = await deps.frontends.of(must(seen.repository));
  const taken = await refusalOf(() => newTargets(frontend, seen, request));
  if (taken instanceof FrontendError) return await refusedSubmit(deps, seen, job, taken);
  if (taken.length > 0) return { job, plan: unsent(seen, job, taken) };
  const refused = await refusalOf(() =>
    request.kind === "backup" ? frontend.backup(request) : frontend.restore(request),
  );
  if (refused instanceof FrontendError) return await refusedSubmit(deps, seen, job, refused);
  const accepted: JobStatus = { ...recorded, submission: { ...submission, accepted: true } };
  return { job, plan: { ...plan, status: accepted } };
}

/** Planned anew from what is there now; the record of an earlier statement stays. */
function unsent(seen: Seen, job: JobResource, taken: readonly string[]): Plan {
  const { submission } = seen.status;
  const made = taken.slice(0, 10).join(", ");
  const on = `a new look at the target tables: ${made} came just now`;
  const verdict = {
    ...lookAgain("Submitting", on),
    status: { submission },
  };
  return planOf({ ...seen, job, status: job.status ?? seen.status }, "unsent", verdict);
}

/** What was sent before, and got no answer, StarRocks may take late: this refusal says nothing about it. */
function mayBeTaken(seen: Seen, { reason }: FrontendError): boolean {
  return reason === "OutcomeUnknown" || seen.status.submission !== undefined;
}

async function refusedSubmit(
  deps: ControllerDeps,
  seen: Seen,
  job: JobResource,
  error: FrontendError,
): Promise<{ readonly job: JobResource; readonly plan: Plan }> {
  // What was recorded stays where it tells whether a statement was accepted. A plain no takes it back, so that
  // the next look begins as if nothing had been sent.
  const isUnknown = mayBeTaken(seen, error);
  const verdict = afterRefusal(seen, error);
  const status = {
    ...verdict.status,
    ...(isUnknown ? {} : { submission: verdict.status?.submission }),
  };
  const base: Seen = { ...seen, job, status: job.status ?? seen.status };
  const next = planOf(base, "refused", { ...verdict, status });
  for (const action of next.actions) {
    if (action.kind !== "submit") await execute(deps, base, action);
  }
  return { job, plan: next };
}
