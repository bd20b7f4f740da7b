// From the observed world to what is done next: pure. See job/plan.ts for the shape.
import { findCondition, isTrue, setCondition } from "../../api/conditions.ts";
import type { Condition } from "../../api/conditions.ts";
import { CONDITION, FINALIZER } from "../../api/group.ts";
import { hasFinalizer } from "../../runtime/finalizer.ts";
import { done } from "../../runtime/result.ts";
import type { Result } from "../../runtime/result.ts";
import { mountPrefix, repositoryFolder, repositoryName } from "../names.ts";
import { DELETION } from "./deletion.ts";
import type { Action, RepositoryStatus, Seen, Steps, Verdict } from "./model.ts";
import { STEPS } from "./steps.ts";

export interface Plan {
  readonly step: string;
  readonly actions: readonly Action[];
  readonly status: RepositoryStatus;
  readonly result: Result;
}

export function plan(seen: Seen): Plan {
  for (const [step, decide] of Object.entries(chainOf(seen))) {
    const verdict = decide(seen);
    if (verdict !== undefined) return planOf(seen, step, verdict);
  }
  return planOf(seen, "none", { reason: "Done", result: done("nothing is left to do") });
}

const UNFINALIZED: Steps = {
  finalizerIsThere: () => ({
    actions: [{ kind: "addFinalizer" }],
    reason: "Checking",
    result: { kind: "poll", afterMs: 0, on: "the finalizer" },
  }),
};

function chainOf({ repository }: Seen): Steps {
  const deleting = repository.metadata.deletionTimestamp !== undefined;
  if (!hasFinalizer(repository, FINALIZER)) return deleting ? {} : UNFINALIZED;
  return deleting ? DELETION : STEPS;
}

/** The plan that a verdict makes; also for what is decided while actions are carried out. */
export function planOf(seen: Seen, step: string, verdict: Verdict): Plan {
  const status = statusAfter(seen, verdict);
  const actions = [...(verdict.actions ?? []), ...events(seen, status)];
  return { step, actions, status, result: verdict.result };
}

function statusAfter(seen: Seen, verdict: Verdict): RepositoryStatus {
  const { repository } = seen;
  const name = repositoryName(repository.metadata, repository.spec.repositoryName);
  const generation = repository.metadata.generation ?? 0;
  const conditions = summarize(withFinding(seen, verdict, generation), seen, verdict);
  const merged = {
    ...seen.status,
    ...(verdict.status as Partial<RepositoryStatus>),
    observedGeneration: generation,
    phase: phaseOf(conditions, seen),
    repositoryName: name,
    folder: repositoryFolder(name),
    brokerPrefix: mountPrefix(repository.metadata),
    conditions,
  };
  // Fields that the verdict names with undefined are taken away.
  return Object.fromEntries(
    Object.entries(merged).filter(([, value]) => value !== undefined),
  ) as unknown as RepositoryStatus;
}

function withFinding(seen: Seen, verdict: Verdict, generation: number): readonly Condition[] {
  const before = seen.status.conditions ?? [];
  const { finding } = verdict;
  if (finding === undefined) return before;
  const { type, ok, reason, message } = finding;
  const update = { type, status: ok ? "True" : "False", reason, message } as const;
  return setCondition(before, { ...update, observedGeneration: generation }, seen.nowMs);
}

/** Ready, Reconciling and Stalled out of the findings. */
function summarize(
  conditions: readonly Condition[],
  seen: Seen,
  verdict: Verdict,
): readonly Condition[] {
  const parts = partsOf(conditions, seen);
  const bad = parts.find((c) => c?.status === "False");
  const deleting = seen.repository.metadata.deletionTimestamp !== undefined;
  const ready = parts.every((c) => c?.status === "True") && !deleting;
  const stalled = bad !== undefined && isStalled(seen, verdict, bad);
  const { reason, message } = ready ? USABLE : told(verdict, deleting ? undefined : bad);
  const states = {
    [CONDITION.ready]: ready,
    [CONDITION.reconciling]: !ready && !stalled,
    [CONDITION.stalled]: stalled,
  };
  const observedGeneration = seen.repository.metadata.generation ?? 0;
  return Object.entries(states).reduce((all, [type, holds]) => {
    const status = holds ? "True" : "False";
    return setCondition(all, { type, status, reason, message, observedGeneration }, seen.nowMs);
  }, conditions);
}

/** What Ready is made of. The catalogue is for people: nothing waits for it. */
const PARTS = [CONDITION.starRocksReady, CONDITION.storageReady] as const;

/**
 * Undefined where nothing is known: a spec that changed says nothing of the storage before it was probed. Whoever
 * waits for what was just applied would be told of what was there before.
 */
function partsOf(
  conditions: readonly Condition[],
  { repository }: Seen,
): readonly (Condition | undefined)[] {
  const { generation = 0 } = repository.metadata;
  return PARTS.map((type) => findCondition(conditions, type)).map((part) =>
    part?.type === CONDITION.storageReady && part.observedGeneration !== generation
      ? undefined
      : part,
  );
}

const USABLE = { reason: "Ready", message: "it can be used" } as const;

function told(
  { reason, result }: Verdict,
  bad: Condition | undefined,
): { readonly reason: string; readonly message: string } {
  if (bad !== undefined) return bad;
  return { reason, message: result.kind === "done" ? result.message : `waits for ${result.on}` };
}

/** What was found to need a person stays so until another finding. */
function isStalled(seen: Seen, { finding }: Verdict, bad: Condition): boolean {
  if (finding !== undefined && !finding.ok) return finding.stalled === true;
  const before = seen.status.conditions?.find((c) => c.type === CONDITION.stalled);
  return before?.status === "True" && before.reason === bad.reason;
}

function phaseOf(conditions: readonly Condition[], seen: Seen): RepositoryStatus["phase"] {
  if (isTrue(conditions, CONDITION.ready)) return "READY";
  const bad = partsOf(conditions, seen).some((part) => part?.status === "False");
  return bad ? "NOT_READY" : "CHECKING";
}

/** People hear when it becomes ready, and when it is no longer. */
function events(seen: Seen, after: RepositoryStatus): readonly Action[] {
  const { phase } = after;
  if (phase === seen.status.phase || phase === "CHECKING") return [];
  const ready = after.conditions?.find((c) => c.type === CONDITION.ready);
  const type = phase === "READY" ? "Normal" : "Warning";
  const message = ready?.message ?? "";
  return [{ kind: "event", type, reason: ready?.reason ?? "NotReady", message }];
}
