// Progress as the status shows it: from the agents' figures and StarRocks' tasks. Pure. Figures never go
// back (a pod that is gone takes its log along), and are written at most once in five seconds.
import { timestamp } from "../../api/conditions.ts";
import type { JobRow } from "../../starrocks/frontend.ts";
import type { AgentView } from "../pods.ts";
import { frontendSeen, sinceMs } from "./look.ts";
import type { Seen } from "./model.ts";
import type { JobStatus } from "./status.ts";

export type JobProgress = NonNullable<JobStatus["progress"]>;
type NodeProgress = NonNullable<JobProgress["nodes"]>[number];

const WRITE_EVERY_MS = 5_000;
const NODES_MAX = 200;

/** The progress to write now; the one that is there when nothing moved or it is too young. */
export function progressOf(seen: Seen, row: JobRow | undefined): JobProgress | undefined {
  const before = seen.status.progress;
  const now = timestamp(seen.nowMs);
  const measured = measure(seen, row, before);
  const ageMs = sinceMs(seen, before?.time);
  // A time to come was written by an operator with another clock: what stands still is measured anew from now.
  const isAhead = ageMs < 0;
  const moved = before === undefined || isAhead || fingerprint(measured) !== fingerprint(before);
  const isYoung = before !== undefined && !isAhead && ageMs < WRITE_EVERY_MS;
  if (isYoung && measured.state === before.state) return before;
  if (!moved) return standingStill(before);
  return { ...measured, time: now, lastChangeTime: now };
}

/** An agent that hangs has its last rate in its last line: nobody may take it for the one that works. */
function standingStill(progress: JobProgress): JobProgress {
  const nodes = progress.nodes?.map((node) => ({ ...node, bytesPerSecond: 0 }));
  return { ...progress, bytesPerSecond: 0, ...(nodes === undefined ? {} : { nodes }) };
}

/** The figures at the end, once the agents have written their last ones. */
export function finalProgress(seen: Seen): JobProgress {
  const before = seen.status.progress;
  const now = timestamp(seen.nowMs);
  return { lastChangeTime: now, ...before, ...measure(seen, undefined, before), time: now };
}

/** What must change for us to say that something moves. */
function fingerprint(progress: JobProgress): string {
  // Not the calls: BEs repeat refused ones for ever, and each repeat begins with calls that go well.
  const { state, bytes, files, unfinishedTasks = 0 } = progress;
  return [state, bytes, files, unfinishedTasks].join("/");
}

function measure(
  seen: Seen,
  row: JobRow | undefined,
  before: JobProgress | undefined,
): JobProgress {
  const nodes = nodesOf(seen.agents, before?.nodes ?? []);
  const sum = (of: (n: NodeProgress) => number | undefined): number =>
    nodes.reduce((a, n) => a + (of(n) ?? 0), 0);
  const last = { ...ZERO, ...before };
  const calls = seen.agents.reduce((a, agent) => a + (agent.figures?.calls ?? 0), 0);
  const bytes = Math.max(
    last.bytes,
    sum((n) => n.bytes),
  );
  const tablets = tabletsOf(row, last.tablets, hasTaskPerTablet(seen));
  return {
    state: row?.state ?? last.state,
    bytes,
    bytesPerSecond: row === undefined ? 0 : sum((n) => n.bytesPerSecond),
    files: Math.max(
      last.files,
      sum((n) => n.files),
    ),
    calls: Math.max(last.calls, calls),
    tablets,
    unfinishedTasks: row?.unfinishedTasks ?? last.unfinishedTasks,
    percent: Math.max(last.percent, percentOf(row, tablets)),
    transferred: sizeText(bytes),
    nodes,
  };
}

interface Tablets {
  readonly done: number;
  readonly total: number;
}

const NONE: Tablets = { done: 0, total: 0 };
const ZERO = {
  state: "PENDING",
  bytes: 0,
  files: 0,
  calls: 0,
  unfinishedTasks: 0,
  percent: 0,
  tablets: NONE,
} as const;

/** States that begin once every task of the transfer has ended. */
const AFTER_TRANSFER: ReadonlySet<string> = new Set([
  "SAVE_META",
  "UPLOAD_INFO",
  "COMMIT",
  "COMMITTING",
  "FINISHED",
]);

/** Tasks are what StarRocks tells; from 3.1 on a task is a tablet (starrocks.md §1.9). */
function tabletsOf(
  row: JobRow | undefined,
  last: NonNullable<JobProgress["tablets"]>,
  taskPerTablet: boolean,
): Tablets {
  const { done, total } = { ...NONE, ...last };
  if (row !== undefined && AFTER_TRANSFER.has(row.state)) return { done: total, total };
  // All of them, also when the first look at the transfer comes late.
  if (row?.state === "SNAPSHOTING" && taskPerTablet) {
    return { done, total: Math.max(total, row.unfinishedTasks) };
  }
  if (row?.state !== "UPLOADING" && row?.state !== "DOWNLOADING") return { done, total };
  const all = Math.max(total, row.unfinishedTasks);
  return { total: all, done: Math.max(done, all - row.unfinishedTasks) };
}

/** Snapshots are made tablet by tablet; transfers are from 3.1 on (max_upload_task_per_be is 0, starrocks.md §1.7). */
function hasTaskPerTablet(seen: Seen): boolean {
  const numbers = frontendSeen(seen)?.facts.version.numbers;
  if (numbers === undefined) return true;
  const [major, minor] = numbers;
  return major > 3 || (major === 3 && minor >= 1);
}

/** What follows the transfer is small, but it is not nothing. */
function percentOf(row: JobRow | undefined, { done, total }: Tablets): number {
  if (row?.state === "UPLOAD_INFO" || row?.state === "COMMITTING") return 99;
  return total === 0 ? 0 : Math.floor((99 * done) / total);
}

function nodesOf(agents: readonly AgentView[], before: readonly NodeProgress[]): NodeProgress[] {
  return agents.slice(0, NODES_MAX).map((agent) => {
    const name = agent.node ?? "any";
    const last = { ...ZERO, ...before.find((n) => n.name === name) };
    const now = { ...ZERO, bytesPerSecond: 0, ...agent.figures };
    return {
      name,
      bytes: Math.max(last.bytes, now.bytes),
      bytesPerSecond: now.bytesPerSecond,
      files: Math.max(last.files, now.files),
      state: stateOf(agent),
      ...(agent.trouble === undefined ? {} : { message: agent.trouble.slice(0, 500) }),
    };
  });
}

function stateOf(agent: AgentView): string {
  if (agent.state !== "running") return agent.state === "complete" ? "Done" : "Failed";
  return agent.pods.some((p) => p.ready) ? "Serving" : "Starting";
}

/** `1.2 GiB`, for people. */
export function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}
