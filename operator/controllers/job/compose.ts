// The status a verdict leads to: its patch, the phase, the conditions. Pure.
import { setCondition, timestamp } from "../../api/conditions.ts";
import type { Condition, ConditionStatus } from "../../api/conditions.ts";
import { CONDITION } from "../../api/group.ts";
import type { Result } from "../../runtime/result.ts";
import { MORE_MEMORY, OUT_OF_MEMORY } from "../pods.ts";
import { placeOf } from "./lost.ts";
import { placementWarnings } from "./steps/open.ts";
import { databaseOf } from "./steps/prepare.ts";
import type { Seen, Verdict } from "./model.ts";
import { isFinal } from "./status.ts";
import type { JobPhase, JobStatus } from "./status.ts";

export function statusAfter(seen: Seen, verdict: Verdict): JobStatus {
  const now = timestamp(seen.nowMs);
  // A place in the queue is of now: the step that waits for its turn says it anew.
  const { queue: _, ...before } = seen.status;
  const phase = verdict.phase ?? before.phase ?? "PENDING";
  const { end } = verdict;
  const merged: JobStatus = {
    ...before,
    ...defined({ warnings: warningsOf(seen), ...verdict.status }),
    observedGeneration: seen.job.metadata.generation ?? 0,
    phase,
    startTime: before.startTime ?? now,
    phaseStartTime: phase === before.phase ? (before.phaseStartTime ?? now) : now,
    ...defined({ database: databaseOf(seen) }),
    ...(end === undefined ? {} : { ending: { ...end, time: now } }),
  };
  const told = tell(seen, verdict, phase);
  const status = without(merged, { warnings: warningsOf(seen), ...verdict.status });
  return { ...status, ...told, conditions: conditionsOf(seen, phase, told) };
}

function warningsOf(seen: Seen): readonly string[] | undefined {
  const { unlistedTablets } = seen.status;
  const placement = placementWarnings(seen) ?? [];
  const content =
    unlistedTablets === undefined
      ? []
      : [
          `nothing says what files ${unlistedTablets} tablets of this snapshot have, because StarRocks made it without ` +
            "this operator; were one missing, StarRocks before 4.2 would restore the rest: compare the tables with what you expect",
        ];
  const all = [...new Set([...content, ...placement, ...memoryWarnings(seen)])];
  return all.length > 0 ? all : undefined;
}

/** They stay when another pod serves: it may end the same way, and its work was done twice. */
function memoryWarnings({ agents, status }: Seen): readonly string[] {
  const known = (status.warnings ?? []).filter((text) => text.endsWith(MORE_MEMORY));
  const now = agents
    .filter(({ ended }) => ended?.reason === OUT_OF_MEMORY)
    .map((a) => `the agent of ${placeOf(a)} was killed at its memory limit; ${MORE_MEMORY}`);
  return [...new Set([...known, ...now])].slice(0, MEMORY_WARNINGS_MAX);
}

/** Of many nodes the first ones tell enough. */
const MEMORY_WARNINGS_MAX = 5;

interface Told {
  readonly reason: string;
  readonly message: string;
}

function tell(seen: Seen, verdict: Verdict, phase: JobPhase): Told {
  const ending = verdict.end ?? seen.status.ending;
  const waits = sentence(verdict.result);
  if (ending === undefined || isFinal(phase) || verdict.phase !== undefined) {
    return { reason: verdict.reason, message: waits };
  }
  return { reason: ending.reason, message: `${ending.message}; cleaning up: ${waits}` };
}

function sentence(result: Result): string {
  return result.kind === "done" ? result.message : `waits for ${result.on}`;
}

/** kstatus: Reconciling while we go on by ourselves, Stalled when a person must act. */
function conditionsOf(seen: Seen, phase: JobPhase, told: Told): readonly Condition[] {
  const over = isFinal(phase);
  const finished = phase === "FINISHED";
  const states: Readonly<Record<string, ConditionStatus>> = {
    [CONDITION.ready]: finished ? "True" : "False",
    [CONDITION.reconciling]: over ? "False" : "True",
    [CONDITION.stalled]: over && !finished ? "True" : "False",
    [CONDITION.succeeded]: over ? (finished ? "True" : "False") : "Unknown",
  };
  let conditions: readonly Condition[] = seen.status.conditions ?? [];
  const observedGeneration = seen.job.metadata.generation ?? 0;
  for (const [type, status] of Object.entries(states)) {
    const { reason, message } = told;
    conditions = setCondition(
      conditions,
      { type, status, reason, message, observedGeneration },
      seen.nowMs,
    );
  }
  return conditions;
}

function defined<T extends object>(patch: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(patch).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Fields that the patch names with `undefined` are taken away. */
function without(status: JobStatus, patch: object): JobStatus {
  const gone = new Set(Object.entries(patch).flatMap(([k, v]) => (v === undefined ? [k] : [])));
  return Object.fromEntries(
    Object.entries(status).filter(([k]) => !gone.has(k)),
  ) as unknown as JobStatus;
}
