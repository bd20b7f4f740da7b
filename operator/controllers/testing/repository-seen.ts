// What a Repository's plan looks at; `repositorySeen` is one that is ready, with nothing due.
import { findCondition } from "../../api/conditions.ts";
import type { Repository, RepositorySpec } from "../../api/repository.generated.ts";
import type { ObjectMeta } from "../../runtime/api.ts";
import type { Result } from "../../runtime/result.ts";
import type {
  Action,
  RepositorySlot,
  RepositoryStatus,
  Seen,
  StarRocksView,
} from "../repository/model.ts";
import { plan } from "../repository/plan.ts";
import { NOW_MS, repository } from "./samples.ts";
import { MINUTE, ago, facts, slot } from "./seen.ts";

export interface RepositoryDelta extends Partial<
  Omit<Seen, "repository" | "status" | "starrocks">
> {
  readonly spec?: Partial<RepositorySpec>;
  readonly meta?: Partial<ObjectMeta>;
  readonly status?: { readonly [K in keyof RepositoryStatus]?: RepositoryStatus[K] | undefined };
  readonly starrocks?: StarRocksView | Partial<Extract<StarRocksView, { kind: "seen" }>>;
}

export const CHECKED_WITH = "1-abc";

export function repositorySeen({
  spec,
  meta,
  status,
  starrocks = {},
  ...delta
}: RepositoryDelta = {}): Seen {
  const made = repository({ concurrency: 1, ...spec }, meta === undefined ? {} : { meta });
  const all = { ...readyStatus(), ...status };
  const fields = Object.entries(all).filter(([, value]) => value !== undefined);
  const whole = Object.fromEntries(fields) as unknown as RepositoryStatus;
  const resource: Repository = { ...made, status: whole };
  const answered = { kind: "seen", facts: facts(), brokers: [], mounts: [] } as const;
  return {
    nowMs: NOW_MS,
    repository: resource,
    status: whole,
    invalid: [],
    vanishing: false,
    slots: [repositorySlot()],
    orphanJobs: [],
    others: [],
    allJobs: [],
    users: [],
    lastEndedMs: undefined,
    tasks: { probe: undefined, catalog: undefined },
    catalog: undefined,
    checkedWith: CHECKED_WITH,
    missing: undefined,
    starrocks: isWhole(starrocks) ? starrocks : { ...answered, ...starrocks },
    ...delta,
  };
}

function isWhole(view: RepositoryDelta["starrocks"]): view is StarRocksView {
  return view !== undefined && "kind" in view;
}

export function condition(type: string, status: "True" | "False", reason: string, message: string) {
  const lastTransitionTime = ago(MINUTE);
  return { type, status, reason, message, observedGeneration: 1, lastTransitionTime } as const;
}

export function readyStatus(): RepositoryStatus {
  return {
    observedGeneration: 1,
    phase: "READY",
    checkedWith: CHECKED_WITH,
    lastCheckTime: ago(2 * MINUTE),
    nextCheckTime: ago(-58 * MINUTE),
    catalogTime: ago(MINUTE),
    starrocks: {
      version: "3.5.3",
      runMode: "shared_nothing",
      leader: "fe-0:9030",
      frontends: 1,
      backends: 1,
    },
    conditions: [
      condition("StarRocksReady", "True", "Answers", "StarRocks 3.5.3 answers"),
      condition("StorageReady", "True", "Probed", "every right is there"),
      condition("Ready", "True", "Ready", "it can be used"),
      condition("Reconciling", "False", "Ready", "it can be used"),
      condition("Stalled", "False", "Ready", "it can be used"),
    ],
  };
}

/** Never checked. */
export function newStatus(): NonNullable<RepositoryDelta["status"]> {
  const keys = Object.keys(readyStatus()) as (keyof RepositoryStatus)[];
  return { ...Object.fromEntries(keys.map((key) => [key, undefined])), observedGeneration: -1 };
}

export function repositorySlot(delta: Partial<RepositorySlot> = {}): RepositorySlot {
  return { ...slot(delta), orphaned: false, ...delta };
}

export interface PlanShown {
  readonly step: string;
  readonly actions: readonly Action[];
  readonly result: Result;
  readonly phase: RepositoryStatus["phase"];
  /** Ready, Reconciling, Stalled. */
  readonly states: string;
  readonly told: string;
}

/** A plan as its tests compare it. */
export function shown(delta: RepositoryDelta): PlanShown & { readonly status: RepositoryStatus } {
  const { step, actions, result, status } = plan(repositorySeen(delta));
  const find = (type: string) => findCondition(status.conditions, type);
  const states = ["Ready", "Reconciling", "Stalled"].map((type) => find(type)?.status ?? "none");
  const ready = find("Ready");
  const told = `${ready?.reason}: ${ready?.message}`;
  return { step, actions, result, phase: status.phase, states: states.join(" "), told, status };
}
