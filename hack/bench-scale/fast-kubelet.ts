// Job controller and nodes of the simulated world for tens of thousands of pods: it follows what was written, so that a
// step costs as much as has changed and not as much as there is. All goes well in it; each thing takes a second.
import { ANNOTATIONS, LABELS } from "../../operator/api/group.ts";
import { timestamp } from "../../operator/api/conditions.ts";
import { must } from "../../operator/assert.ts";
import type { Clock } from "../../operator/clock.ts";
import type { ObjectKey } from "../../operator/runtime/api.ts";
import { parseKey } from "../../operator/runtime/keys.ts";
import { JOBS, PODS } from "../../operator/runtime/objects.ts";
import type { Job } from "../../operator/runtime/objects.ts";
import type { MemoryApi, Write } from "../../operator/runtime/testing/memory-api.ts";
import { isAgent } from "../../operator/controllers/testing/kubelet.ts";

const TAKES_MS = 1_000;
/** Changes that are kept for watches to go on from. */
const HISTORY = 3_000;
const SEALED = { files: 10_000, bytes: 1e9, tablets: 1_000 };

interface Due {
  readonly atMs: number;
  readonly act: () => void;
}

export class FastKubelet {
  readonly #api: MemoryApi;
  readonly #clock: Clock;
  /** By key of the Job. */
  readonly #jobs = new Map<string, Job>();
  #due: Due[] = [];

  constructor(api: MemoryApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** Takes up what was written since, and does what is due. */
  step(): void {
    for (const write of this.#api.writes.splice(0)) this.#take(write);
    const nowMs = this.#clock.monotonic();
    const due = this.#due.filter(({ atMs }) => atMs <= nowMs);
    this.#due = this.#due.filter(({ atMs }) => atMs > nowMs);
    for (const { act } of due) act();
    this.#api.compact(HISTORY);
  }

  #take({ verb, kind, key, body }: Write): void {
    if (kind === "Job" && verb === "create") this.#later(() => this.#start(key));
    if (kind === "Job" && verb === "delete") this.#later(() => this.#remove(key));
    if (kind === "Pod" && verb === "patch" && isDrain(body)) this.#later(() => this.#drained(key));
  }

  #later(act: () => void): void {
    this.#due.push({ atMs: this.#clock.monotonic() + TAKES_MS, act });
  }

  #start(key: string): void {
    const job = this.#api.peek(JOBS, parseKey(key));
    if (job === undefined) return;
    this.#jobs.set(key, job);
    this.#putPod(key, isAgent(job) ? SERVING : STARTED);
    if (!isAgent(job)) this.#later(() => this.#end(key));
  }

  #drained(podKey: string): void {
    this.#end(podKey.slice(0, -POD.length));
  }

  #end(key: string): void {
    const job = this.#jobs.get(key);
    if (job === undefined) return;
    const snapshots = job.metadata.labels?.[LABELS.component] === "catalog";
    const detail = snapshots ? { snapshots: 0 } : SEALED;
    const said = JSON.stringify({ exitCode: 0, reason: "Done", message: "done", detail });
    this.#putPod(key, {
      phase: "Succeeded",
      conditions: [{ type: "Ready", status: "False" }],
      containerStatuses: [container({ terminated: { exitCode: 0, message: said } })],
    });
    const completionTime = timestamp(this.#clock.now());
    const conditions = [{ type: "Complete", status: "True" }] as const;
    this.#api.seed(JOBS, { ...job, status: { conditions, completionTime } });
  }

  #remove(key: string): void {
    this.#jobs.delete(key);
    this.#api.vanish(PODS, podOf(key));
  }

  #putPod(key: string, status: object): void {
    const job = must(this.#jobs.get(key));
    const { name, uid = "" } = job.metadata;
    const template = must(job.spec?.template);
    const before = this.#api.peek(PODS, podOf(key))?.metadata ?? {};
    this.#api.seed(PODS, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...template.metadata,
        ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name, uid, controller: true }],
        ...before,
        ...podOf(key),
      },
      spec: template.spec,
      status,
    });
  }
}

const POD = "-pod";
const SERVING = {
  phase: "Running",
  conditions: [{ type: "Ready", status: "True" }],
  containerStatuses: [container({ running: {} })],
};
const STARTED = { ...SERVING, conditions: [{ type: "Ready", status: "False" }] };

function podOf(jobKey: string): ObjectKey {
  const { namespace = "", name } = parseKey(jobKey);
  return { namespace, name: `${name}${POD}` };
}

function isDrain(patch: unknown): boolean {
  const { metadata } = patch as { metadata?: { annotations?: Record<string, unknown> } };
  return metadata?.annotations?.[ANNOTATIONS.drain] === "true";
}

function container(state: object) {
  return { name: "agent", ready: "running" in state, restartCount: 0, state };
}
