// The Job controller and the nodes of a Kubernetes in memory, a step at a time: Jobs get pods, pods start,
// serve or run, end, and go. What commands answer is a test's say; without one all goes well.
//
// Pods are held by a finalizer of ours, so that they linger after their Job is gone, as real ones do while
// they drain.
import { ANNOTATIONS, LABELS } from "../../api/group.ts";
import type { Clock } from "../../clock.ts";
import { timestamp } from "../../api/conditions.ts";
import type { ObjectCondition } from "../../runtime/objects.ts";
import { JOBS, PODS } from "../../runtime/objects.ts";
import type { Job, Pod } from "../../runtime/objects.ts";
import type { MemoryApi } from "../../runtime/testing/memory-api.ts";
import { isOver, stateOf } from "../pods.ts";

const HELD = "testing/kubelet";

/** How a command's process ends, as docs/agent.md says. */
export interface End {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly log?: string;
}

/** `neverReady`: it runs and does not serve. `unschedulable`: no node takes it. `hangs`: it never ends. */
export type Fate = "serves" | "neverReady" | "unschedulable" | "hangs" | End;

/** What becomes of a Job's next pod; undefined: what becomes of all. */
export type Script = (job: Job) => Fate | undefined;

export interface KubeletOptions {
  readonly api: MemoryApi;
  readonly clock: Clock;
  /** What a one-shot command does and says when no script is asked. */
  readonly runs: (job: Job) => End;
}

export class Kubelet {
  /** Asked in order; the first answer counts. */
  readonly scripts: Script[] = [];
  readonly #options: KubeletOptions;
  #pods = 0;

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  /** One round of everything: whatever is due moves on by one state. */
  step(): void {
    const { api } = this.#options;
    for (const pod of this.#ours()) if (pod.metadata.deletionTimestamp !== undefined) this.#go(pod);
    for (const job of api.all(JOBS)) this.#stepJob(job);
  }

  /** A node dies and takes this pod along. */
  kill(pod: Pod, exitCode = 137): void {
    this.#end(pod, { exitCode, reason: "Killed", message: "the node went away" });
  }

  isRunning(job: Job): boolean {
    return this.#podsOf(job).some((pod) => pod.status?.phase === "Running");
  }

  #ours(): readonly Pod[] {
    return this.#options.api.all(PODS).filter((p) => p.metadata.finalizers?.includes(HELD));
  }

  #podsOf(job: Job): readonly Pod[] {
    return this.#ours().filter((p) => p.metadata.ownerReferences?.[0]?.uid === job.metadata.uid);
  }

  #stepJob(job: Job): void {
    if (stateOf(job) !== "running") return;
    const pods = this.#podsOf(job);
    const conclusion = conclusionOf(job, pods.filter(isOver));
    if (conclusion !== undefined) return this.#conclude(job, conclusion);
    const running = pods.find((p) => !isOver(p));
    if (running === undefined) this.#start(job);
    else this.#stepPod(job, running);
  }

  #fate(job: Job): Fate {
    for (const script of this.scripts) {
      const fate = script(job);
      if (fate !== undefined) return fate;
    }
    return isAgent(job) ? "serves" : this.#options.runs(job);
  }

  #start(job: Job): void {
    const { api } = this.#options;
    this.#pods += 1;
    const template = job.spec?.template;
    const { name, namespace, uid } = job.metadata;
    const owner = { apiVersion: "batch/v1", kind: "Job", name, uid: uid ?? "", controller: true };
    api.seed(PODS, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: `${name}-${this.#pods}`,
        ...(namespace === undefined ? {} : { namespace }),
        ...template?.metadata,
        ownerReferences: [owner],
        finalizers: [HELD],
      },
      ...(template === undefined ? {} : { spec: template.spec }),
      status: { phase: "Pending" },
    });
  }

  #stepPod(job: Job, pod: Pod): void {
    const fate = this.#fate(job);
    if (fate === "unschedulable") {
      return this.#write(pod, { phase: "Pending", conditions: [UNSCHEDULED] });
    }
    if (pod.status?.phase === "Pending") {
      const ready = fate === "serves" ? "True" : "False";
      return this.#write(pod, {
        phase: "Running",
        conditions: [{ type: "Ready", status: ready }],
        containerStatuses: [container({ running: {} })],
      });
    }
    if (typeof fate === "object") return this.#end(pod, fate);
    if (fate === "serves" && pod.metadata.annotations?.[ANNOTATIONS.drain] === "true") {
      this.#end(pod, { exitCode: 0, reason: "Drained", message: "drained as ordered" });
    }
  }

  #end(pod: Pod, { log, ...end }: End): void {
    const { exitCode, reason = "Done", message = "done", detail = {} } = end;
    if (log !== undefined) {
      const { name, namespace = "" } = pod.metadata;
      this.#options.api.setLog({ namespace, name }, log);
    }
    const said = JSON.stringify({ exitCode, reason, message, detail });
    this.#write(pod, {
      phase: exitCode === 0 ? "Succeeded" : "Failed",
      conditions: [{ type: "Ready", status: "False" }],
      containerStatuses: [container({ terminated: { exitCode, message: said } })],
    });
  }

  #go(pod: Pod): void {
    const { name, namespace = "" } = pod.metadata;
    this.#options.api.vanish(PODS, { namespace, name });
  }

  #write(pod: Pod, status: NonNullable<Pod["status"]>): void {
    if (JSON.stringify(pod.status) === JSON.stringify(status)) return;
    this.#options.api.seed(PODS, { ...pod, status });
  }

  #conclude(job: Job, condition: ObjectCondition): void {
    const { api, clock } = this.#options;
    const completionTime = timestamp(clock.now());
    api.seed(JOBS, { ...job, status: { conditions: [condition], completionTime } });
  }
}

const UNSCHEDULED: ObjectCondition = {
  type: "PodScheduled",
  status: "False",
  reason: "Unschedulable",
  message: "0/3 nodes are available: 3 node(s) had untolerated taint",
};

export function isAgent(job: Job): boolean {
  return job.metadata.labels?.[LABELS.component] === "agent";
}

/** The value of a flag on the agent's command line. */
export function flagOf(job: Job, name: string): string | undefined {
  const args = job.spec?.template.spec.containers[0]?.args ?? [];
  return args.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
}

/** Its pods run and are asked for by a Service with this selector. */
export function isSelected(pod: Pod, selector: Readonly<Record<string, string>>): boolean {
  const ready = pod.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True");
  if (ready !== true || pod.metadata.deletionTimestamp !== undefined) return false;
  return Object.entries(selector).every(([k, v]) => pod.metadata.labels?.[k] === v);
}

/** What the ends of its pods make of a Job; undefined: it goes on. */
function conclusionOf(job: Job, over: readonly Pod[]): ObjectCondition | undefined {
  const codes = over.map((p) => p.status?.containerStatuses?.[0]?.state?.terminated?.exitCode ?? 1);
  if (codes.includes(0)) return { type: "Complete", status: "True" };
  if (codes.some((code) => failsAtOnce(job, code))) {
    return failure("PodFailurePolicy", "a container exited");
  }
  if (codes.length <= (job.spec?.backoffLimit ?? 6)) return undefined;
  return failure("BackoffLimitExceeded", "reached the backoff limit");
}

function failsAtOnce(job: Job, exitCode: number): boolean {
  return (job.spec?.podFailurePolicy?.rules ?? []).some(
    (rule) => rule.action === "FailJob" && rule.onExitCodes?.values.includes(exitCode) === true,
  );
}

function failure(reason: string, message: string): ObjectCondition {
  return { type: "Failed", status: "True", reason, message };
}

function container(state: object) {
  return { name: "agent", ready: "running" in state, restartCount: 0, state };
}
