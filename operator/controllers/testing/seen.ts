// What a job's plan looks at, piece by piece: each builder has what is usual, and a test says what is other.
// `seen` is a Backup in PENDING that has nothing yet and whose turn it is; the other stages are named below.
import { timestamp } from "../../api/conditions.ts";
import { must } from "../../assert.ts";
import {
  FrontendError,
  type FrontendReason,
  type JobRow,
  type Version,
} from "../../starrocks/frontend.ts";
import type {
  FrontendSeen,
  FrontendView,
  JobResource,
  Seen,
  SlotView,
  StatusPatch,
} from "../job/model.ts";
import { settingsOf } from "../job/settings.ts";
import type { JobStatus } from "../job/status.ts";
import type { AgentView, Ended, PodView, TaskView } from "../pods.ts";
import { backup, NOW_MS, repository, restore } from "./samples.ts";

export const ATTEMPT = "bbbbbbbb-1";
export const RESTORE_ATTEMPT = "cccccccc-1";
export const LABEL = "nightly_bbbbbbbb";
export const TIMESTAMP = "2026-01-02-03-04-00-000";
export const MOUNT = "k8s_aaaaaaaa_0";
export const ADDRESS = "sr-aaaaaaaa-0.ops.svc";

/** Some milliseconds before now, as objects carry times. */
export function ago(ms: number): string {
  return timestamp(NOW_MS - ms);
}

export const MINUTE = 60_000;

export type Delta = Partial<Omit<Seen, "job" | "status" | "frontend" | "settings">> & {
  readonly job?: JobResource;
  readonly status?: StatusPatch;
  readonly frontend?: FrontendView | Partial<FrontendSeen>;
};

export function seen({ job = backup(), status, frontend, ...delta }: Delta = {}): Seen {
  const fields = Object.entries({ observedGeneration: 1, phase: "PENDING", ...status });
  const whole = Object.fromEntries(
    fields.filter(([, v]) => v !== undefined),
  ) as unknown as JobStatus;
  const view = viewOf(frontend);
  return {
    nowMs: NOW_MS,
    jumps: [],
    job: { ...job, status: whole } as JobResource,
    settings: settingsOf(job),
    status: whole,
    invalid: [],
    repository: readyRepository(),
    vanishing: false,
    turn: { kind: "go" },
    slots: [slot()],
    // It is StarRocks that says where BEs are.
    nodes: { nodes: view.kind === "seen" ? ["worker-0"] : [], unplaced: [] },
    agents: [],
    tasks: { seal: undefined, verify: undefined, prune: undefined },
    frontend: view,
    source: undefined,
    usedBy: [],
    unread: [],
    ...delta,
  };
}

/** A Restore whose snapshot is known and whole. */
export function seenRestore({ job = restore(), status, ...delta }: Delta = {}): Seen {
  const source = { snapshot: LABEL, timestamp: TIMESTAMP, database: "shop" };
  return seen({ job, ...delta, status: { source, verified: true, ...status } });
}

function viewOf(frontend: Delta["frontend"] = {}): FrontendView {
  return "kind" in frontend ? frontend : { kind: "seen", seen: frontendSeen(frontend) };
}

export function frontendSeen(delta: Partial<FrontendSeen> = {}): FrontendSeen {
  return {
    facts: facts(),
    brokers: [],
    repositories: [],
    database: "shop",
    jobs: [],
    tables: [table("orders"), table("items")],
    tableIds: new Map(),
    partitions: new Map(),
    replication: new Map(),
    takesMaterializedViews: undefined,
    snapshot: undefined,
    details: undefined,
    ...delta,
  };
}

export function facts(delta: Partial<FrontendSeen["facts"]> = {}): FrontendSeen["facts"] {
  return {
    version: version(3, 5, 3),
    runMode: "shared_nothing",
    frontends: [{ name: "fe-0", host: "fe-0", queryPort: 9030, leads: true, alive: true }],
    backends: [{ id: "1", host: "be-0", alive: true, decommissioned: false }],
    ...delta,
  };
}

export function version(...numbers: readonly [number, number, number]): Version {
  return { text: numbers.join("."), numbers };
}

export function table(
  name: string,
  kind: "table" | "view" | "other" | "materializedView" = "table",
) {
  return { name, kind, engine: kind === "other" ? "MYSQL" : "OLAP" };
}

/** StarRocks did not answer, or refused. */
export function failed(
  reason: FrontendReason,
  heals: boolean,
  message = "it says no",
): FrontendView {
  return { kind: "failed", error: new FrontendError(reason, heals, message) };
}

export const NOT_ASKED: FrontendView = { kind: "notAsked" };

export function readyRepository(spec: Parameters<typeof repository>[0] = {}) {
  const condition = { type: "Ready", status: "True", reason: "Ready", message: "" } as const;
  const conditions = [{ ...condition, lastTransitionTime: ago(0) }];
  return repository(spec, { status: { phase: "READY", conditions } });
}

/** Open when it is lent, unless said otherwise. */
export function slot(delta: Partial<SlotView> = {}): SlotView {
  const service = `sr-aaaaaaaa-${delta.index ?? 0}`;
  const open = delta.lentTo !== undefined;
  const free = {
    index: 0,
    service,
    resourceVersion: "5",
    address: `${service}.ops.svc:8000`,
    isAsWished: true,
    lentTo: undefined,
    busy: false,
    pods: [],
  };
  return { ...free, open, ...delta };
}

/** Serves, unless said otherwise. */
export function agent(delta: Partial<AgentView> = {}): AgentView {
  return {
    name: "nightly-bbbbbbbb-1-x",
    node: "worker-0",
    state: "running",
    deleting: false,
    pods: [pod()],
    trouble: undefined,
    ended: undefined,
    figures: undefined,
    ...delta,
  };
}

export function pod(delta: Partial<PodView> = {}): PodView {
  return { name: "nightly-bbbbbbbb-1-x-1", ready: true, annotations: {}, ...delta };
}

export function task(id: string, delta: Partial<TaskView> = {}): TaskView {
  return {
    name: "nightly-bbbbbbbb-task",
    id,
    createdAt: ago(2 * MINUTE),
    state: "running",
    deleting: false,
    trouble: undefined,
    ended: undefined,
    ...delta,
  };
}

/** A task whose Job ended with this code. */
export function taskEnded(id: string, exitCode: number, delta: Partial<Ended> = {}): TaskView {
  const said = { exitCode, reason: "TheReason", message: "the message", detail: {}, ...delta };
  return task(id, { state: exitCode === 0 ? "complete" : "failed", ended: said });
}

export function broker(delta: Partial<FrontendSeen["brokers"][number]> = {}) {
  return { name: MOUNT, host: ADDRESS, port: 8000, alive: true, error: "", ...delta };
}

export function mount(delta: Partial<FrontendSeen["repositories"][number]> = {}) {
  const location = "backup://mount";
  return { name: MOUNT, broker: MOUNT, location, readOnly: false, error: "", ...delta };
}

/** This attempt's job in StarRocks. */
export function row(delta: Partial<JobRow> = {}): JobRow {
  return {
    kind: "backup",
    database: "shop",
    label: LABEL,
    timestamp: undefined,
    state: "UPLOADING",
    jobId: 20_000,
    createdAt: "2026-01-02 03:00:00",
    downloaded: false,
    unfinishedTasks: 0,
    taskErrors: [],
    ok: true,
    statusCode: "OK",
    statusText: "",
    ...delta,
  };
}

/** With a slot that is recorded, agents that serve, and the mount open. */
export function mounted(delta: Delta = {}): Delta {
  const isRestore = delta.job?.kind === "Restore";
  const attempt = isRestore ? RESTORE_ATTEMPT : ATTEMPT;
  const front = delta.frontend ?? {};
  return {
    slots: [slot({ lentTo: attempt })],
    agents: [agent()],
    ...delta,
    status: {
      attempt: 1,
      attemptStartTime: ago(MINUTE),
      slot: { name: "sr-aaaaaaaa-0", index: 0, attempt: 1 },
      repositoryUID: must(repository().metadata.uid),
      leftOut: [],
      ...delta.status,
    },
    frontend: "kind" in front ? front : { brokers: [broker()], repositories: [mount()], ...front },
  };
}

/** With its statement sent, and StarRocks at work. */
export function submitted(delta: Delta = {}): Delta {
  const isRestore = delta.job?.kind === "Restore";
  const front = delta.frontend ?? {};
  const own = row(isRestore ? { kind: "restore", state: "DOWNLOADING" } : {});
  return mounted({
    ...delta,
    status: {
      phase: isRestore ? "DOWNLOADING" : "UPLOADING",
      phaseStartTime: ago(MINUTE),
      submission: { label: LABEL, attempt: 1, time: ago(MINUTE), before: "", accepted: true },
      ...delta.status,
    },
    frontend: "kind" in front ? front : { jobs: [own], ...front },
  });
}

/** In COMMIT, with StarRocks' job known to be done. */
export function done(delta: Delta = {}): Delta {
  return submitted({
    ...delta,
    status: {
      phase: "COMMIT",
      doneTime: ago(MINUTE),
      snapshot: { name: LABEL, timestamp: TIMESTAMP },
      ...delta.status,
    },
  });
}

/** With an ending that was decided. */
export function ending(outcome: "RETRY" | "FAILED" | "CANCELLED", delta: Delta = {}): Delta {
  const decided = { outcome, reason: "TheReason", message: "the message", time: ago(MINUTE) };
  return submitted({ ...delta, status: { ending: decided, ...delta.status } });
}
