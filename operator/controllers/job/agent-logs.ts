// What agents say of their progress: the last figures of their pods' logs. An agent writes them every 5 s, so a
// log is not read more often than that, however often a job is looked at: with a hundred nodes that would be
// most of what the API server hears of us.
import { must } from "../../assert.ts";
import { describeError } from "../../errors.ts";
import type { Pod } from "../../runtime/objects.ts";
import type { Caches, ControllerDeps } from "../deps.ts";
import { isOver, lastFigures } from "../pods.ts";
import type { AgentFigures } from "../pods.ts";

const FRESH_MS = 4_000;
const PODS_MAX = 10_000;
/** This many lines hold the figures also amid warnings. */
const LOG_TAIL = { tailLines: 50, limitBytes: 64 * 1024 } as const;

interface Look {
  readonly atMs: number;
  readonly figures: AgentFigures | undefined;
  readonly isRead: boolean;
  /** The pod was over: nothing will follow. */
  readonly isLast: boolean;
}

/** One per process: by the informers' caches, which live as long. By UID and phase of the pod. */
const looks = new WeakMap<Caches, Map<string, Look>>();

/** Undefined: none yet, or the log cannot be read. A pod that has ended is read once more. */
export async function figuresOfPod(
  deps: ControllerDeps,
  pod: Pod,
): Promise<AgentFigures | undefined> {
  const { phase = "Pending" } = pod.status ?? {};
  if (phase === "Pending") return undefined;
  const known = looksOf(deps.caches);
  const key = `${pod.metadata.uid}/${phase}`;
  const nowMs = deps.clock.monotonic();
  const last = known.get(key);
  if (last !== undefined && isFresh(last, nowMs)) return last.figures;
  const look = await lookAt(deps, pod, nowMs);
  if (known.size >= PODS_MAX) known.clear();
  // Of a pod that has ended there may be no later chance.
  if (look.isRead || !isOver(pod)) known.set(key, look);
  return look.figures;
}

function looksOf(caches: Caches): Map<string, Look> {
  const known = looks.get(caches) ?? new Map<string, Look>();
  looks.set(caches, known);
  return known;
}

function isFresh({ isLast, atMs }: Look, nowMs: number): boolean {
  return isLast || nowMs - atMs < FRESH_MS;
}

async function lookAt(deps: ControllerDeps, pod: Pod, atMs: number): Promise<Look> {
  const text = await readLog(deps, pod);
  if (text === undefined) return { atMs, figures: undefined, isRead: false, isLast: false };
  return { atMs, figures: lastFigures(text), isRead: true, isLast: isOver(pod) };
}

/** Figures are an extra: a log that cannot be read (the node is away) must not hold up the job. */
async function readLog({ api, log }: ControllerDeps, pod: Pod): Promise<string | undefined> {
  const { name, namespace } = pod.metadata;
  try {
    return await api.log({ name, namespace: must(namespace) }, LOG_TAIL);
  } catch (error) {
    log.debug("an agent's log cannot be read", { pod: name, error: describeError(error) });
    return undefined;
  }
}
