// What agents say of their progress: the last figures of their pods' logs. An agent writes them every 5 s, so a
// log is not read more often than that, however often a job is looked at, and of many agents each less often: with
// a hundred nodes that would be most of what the API server hears of us.
import { must } from "../../assert.ts";
import { describeError } from "../../errors.ts";
import type { Pod } from "../../runtime/objects.ts";
import { TokenBucket } from "../../runtime/rate-limit.ts";
import type { RateLimit } from "../../runtime/rate-limit.ts";
import type { Caches, ControllerDeps } from "../deps.ts";
import { isOver, lastFigures } from "../pods.ts";
import type { AgentFigures } from "../pods.ts";

const FRESH_MS = 4_000;
const PODS_MAX = 50_000;
/** Of all agents together. Where it is used up, what was read last is told again. */
const READS: RateLimit = { perSecond: 20, burst: 40 };
/** This many lines hold the figures also amid warnings. */
const LOG_TAIL = { tailLines: 50, limitBytes: 64 * 1024 } as const;

interface Look {
  readonly atMs: number;
  readonly figures: AgentFigures | undefined;
  readonly isRead: boolean;
  /** The pod was over: nothing will follow. */
  readonly isLast: boolean;
}

interface Logs {
  /** By UID and phase of the pod. */
  readonly looks: Map<string, Look>;
  readonly reads: TokenBucket;
}

/** One per process: by the informers' caches, which live as long. */
const logs = new WeakMap<Caches, Logs>();

/** Undefined: none yet, or the log cannot be read. A pod that has ended is read once more. */
export async function figuresOfPod(
  deps: ControllerDeps,
  pod: Pod,
): Promise<AgentFigures | undefined> {
  const phase = pod.status?.phase ?? "Pending";
  if (phase === "Pending") return undefined;
  const { looks, reads } = logsOf(deps);
  const key = `${pod.metadata.uid}/${phase}`;
  const nowMs = deps.clock.monotonic();
  const last = looks.get(key);
  // Of a pod that has ended there may be no later chance.
  if (isFresh(last, nowMs - freshMs(deps.caches)) || (!isOver(pod) && !reads.tryTake()))
    return last?.figures;
  const look = await lookAt(deps, pod, nowMs);
  if (look.isRead || !isOver(pod)) keep(looks, key, look);
  return look.figures;
}

function keep(looks: Map<string, Look>, key: string, look: Look): void {
  if (looks.size >= PODS_MAX) looks.clear();
  looks.set(key, look);
}

function logsOf({ caches, clock }: ControllerDeps): Logs {
  const known = logs.get(caches) ?? { looks: new Map(), reads: new TokenBucket(clock, READS) };
  logs.set(caches, known);
  return known;
}

/** `noProgressMs`, but no less than silence takes to prove something: what an agent did is heard so late. */
export function patienceMs(caches: Caches, noProgressMs: number): number {
  return Math.max(noProgressMs, 2 * freshMs(caches));
}

/** Until all the others had their turn: who is asked first does not get all of the reads. */
function freshMs(caches: Caches): number {
  return Math.max(FRESH_MS, (caches.pods() / READS.perSecond) * 1_000);
}

function isFresh(look: Look | undefined, sinceMs: number): boolean {
  return look !== undefined && (look.isLast || look.atMs > sinceMs);
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
