// The Job controller: carries out what job-plan.ts says, writes the status, and lets go of pods whose Job is
// gone. Counting a pod and taking its finalizer are one step here, because nothing can come in between: so
// there is never anything in status.uncountedTerminatedPods.
import { remove } from "../../api/deletion.ts";
import { hasCondition, jobs } from "../../api/kinds/jobs.ts";
import { serviceAccounts } from "../../api/kinds/plain.ts";
import { pods } from "../../api/kinds/pods.ts";
import type { Fields, KubeObject } from "../../api/object.ts";
import {
  at,
  defined,
  fieldsAt,
  isTerminating,
  keyOf,
  sameValue,
  textAt,
  textsAt,
  without,
} from "../../api/object.ts";
import type { Registry } from "../../api/registry.ts";
import type { Change } from "../../api/store.ts";
import { conditionOf, setCondition } from "../conditions.ts";
import { recordEvent } from "../events.ts";
import { withoutFinalizer } from "../garbage-collector.ts";
import type { Controller } from "../loop.ts";
import { splitKey } from "../loop.ts";
import { JobBackOff } from "./back-off.ts";
import type { JobPlan } from "./job-plan.ts";
import { TRACKING, isTracked, planJob } from "./job-plan.ts";

/** Real: from 1 s on, doubling. */
const FORBIDDEN_RETRY_MS = 1_000;

export class JobController implements Controller {
  readonly name = "job";
  readonly #registry: Registry;
  readonly #backOff: JobBackOff;

  /** `backOffBaseMs`: the pause after a first failure. Real: 10 000. */
  constructor(registry: Registry, backOffBaseMs: number) {
    this.#registry = registry;
    this.#backOff = new JobBackOff(backOffBaseMs);
  }

  keysOf({ collection, object }: Change): readonly string[] {
    if (collection === jobs.collection) return [keyOf(object)];
    const owner = collection === pods.collection ? jobOwner(object) : undefined;
    return owner === undefined ? [] : [`${object.metadata.namespace ?? ""}/${owner.name}`];
  }

  reconcile(key: string): number | undefined {
    const { namespace, name } = splitKey(key);
    const job = this.#registry.find(jobs, namespace, name);
    this.#releaseOrphans(namespace, name, job);
    if (job === undefined) return undefined;
    if (isFinished(job)) return this.#afterwards(job);
    const nowMs = this.#registry.clock.now();
    const plan = planJob(withStart(job, this.#registry.now), this.#podsOf(job), nowMs);
    this.#backOff.record(job.metadata.uid, plan.news, nowMs);
    this.#writeStatus(job, plan);
    for (const pod of plan.delete) this.#delete(job, pod);
    for (const pod of plan.release) this.#release(pod);
    return this.#create(job, plan, nowMs);
  }

  #podsOf({ metadata }: KubeObject): readonly KubeObject[] {
    const all = this.#registry.store.list(pods.collection);
    return all.filter((pod) => jobOwner(pod)?.uid === metadata.uid);
  }

  /** Pods that still carry the finalizer of a Job that is gone, or was replaced under its name. */
  #releaseOrphans(namespace: string | undefined, name: string, job: KubeObject | undefined): void {
    for (const pod of this.#registry.store.list(pods.collection)) {
      if (!isTracked(pod) || pod.metadata.namespace !== namespace) continue;
      const owner = jobOwner(pod) ?? { name: pod.metadata.labels?.["job-name"] ?? "", uid: "" };
      if (owner.name === name && owner.uid !== job?.metadata.uid) this.#release(pod);
    }
  }

  #release(pod: KubeObject): void {
    this.#registry.modify(pods, pod, (now) => withoutFinalizer(now, TRACKING));
  }

  #delete(job: KubeObject, pod: KubeObject): void {
    const { namespace, name } = pod.metadata;
    remove(this.#registry, pods, { namespace, name });
    this.#say(job, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
  }

  #create(job: KubeObject, plan: JobPlan, nowMs: number): number | undefined {
    const untilDeadline = plan.deadlineMs === undefined ? undefined : plan.deadlineMs - nowMs;
    if (plan.create === 0) return untilDeadline;
    const left = this.#backOff.leftMs(job.metadata.uid, nowMs);
    if (left > 0) return Math.min(left, untilDeadline ?? left);
    const forbidden = this.#whyForbidden(job);
    if (forbidden !== undefined) {
      this.#say(job, "Warning", "FailedCreate", forbidden);
      return Math.min(FORBIDDEN_RETRY_MS, untilDeadline ?? FORBIDDEN_RETRY_MS);
    }
    for (let made = 0; made < plan.create; made += 1) {
      const pod = this.#registry.create(pods, job.metadata.namespace, podOf(job));
      this.#say(job, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
    }
    return untilDeadline;
  }

  /** As admission says it. Every namespace has the account `default`. */
  #whyForbidden(job: KubeObject): string | undefined {
    const { name, namespace } = job.metadata;
    const account = textAt(job, "spec", "template", "spec", "serviceAccountName") ?? "default";
    if (account === "default") return undefined;
    if (this.#registry.find(serviceAccounts, namespace, account) !== undefined) return undefined;
    const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
    return `Error creating: pods "${name}-" is forbidden: ${why}`;
  }

  #writeStatus(job: KubeObject, plan: JobPlan): void {
    const { now } = this.#registry;
    const status = statusOf(job, plan, now);
    if (!sameValue(status, at(job, "status"))) {
      this.#registry.modify(jobs, job, (j) => ({ ...j, status }), "status");
    }
    if (!plan.ended || plan.ending === undefined) return;
    const { type, reason, message } = plan.ending;
    if (type === "FailureTarget") this.#say(job, "Warning", reason, message);
    else this.#say(job, "Normal", "Completed", "Job completed");
    this.#backOff.forget(job.metadata.uid);
  }

  /** Of a finished Job only ttlSecondsAfterFinished is left to see to. */
  #afterwards(job: KubeObject): number | undefined {
    for (const pod of this.#podsOf(job).filter(isTracked)) this.#release(pod);
    const ttl = at(job, "spec", "ttlSecondsAfterFinished");
    if (typeof ttl !== "number" || isTerminating(job)) return undefined;
    const left = finishedAt(job) + ttl * 1000 - this.#registry.clock.now();
    if (left > 0) return left;
    const { namespace, name, uid } = job.metadata;
    remove(
      this.#registry,
      jobs,
      { namespace, name },
      { propagationPolicy: "Foreground", preconditions: { uid } },
    );
    return undefined;
  }

  #say(job: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void {
    recordEvent(this.#registry, job, { component: "job-controller", type, reason, message });
  }
}

function jobOwner({
  metadata,
}: KubeObject): { readonly name: string; readonly uid: string } | undefined {
  return metadata.ownerReferences?.find(
    (owner) => owner.controller === true && owner.kind === "Job",
  );
}

export function isFinished(job: KubeObject): boolean {
  return hasCondition(job, "Complete") || hasCondition(job, "Failed");
}

function finishedAt(job: KubeObject): number {
  const condition = conditionOf(job, "Complete") ?? conditionOf(job, "Failed");
  return Date.parse(textAt(condition, "lastTransitionTime") ?? "");
}

/** The clock of a Job runs from its first look, or from when it was resumed. */
function withStart(job: KubeObject, now: string): KubeObject {
  const status = fieldsAt(job, "status");
  const suspended = at(job, "spec", "suspend") === true;
  if (suspended || status["startTime"] !== undefined) return job;
  return { ...job, status: { ...status, startTime: now } };
}

function statusOf(job: KubeObject, { counts, ending, ended }: JobPlan, now: string): Fields {
  const suspended = at(job, "spec", "suspend") === true;
  const started = fieldsAt(withStart(job, now), "status");
  const before = suspended ? without(started, "startTime") : started;
  const complete = ended && ending?.type === "SuccessCriteriaMet";
  return defined({
    ...before,
    conditions: conditionsOf(job, before, { ending, ended, now }),
    active: counts.active === 0 ? undefined : counts.active,
    ready: counts.ready,
    terminating: counts.terminating,
    succeeded: counts.succeeded === 0 ? undefined : counts.succeeded,
    failed: counts.failed === 0 ? undefined : counts.failed,
    uncountedTerminatedPods: {},
    completionTime: complete ? now : undefined,
  });
}

interface End extends Pick<JobPlan, "ending" | "ended"> {
  readonly now: string;
}

function conditionsOf(job: KubeObject, before: Fields, { ending, ended, now }: End): unknown {
  const said: {
    readonly type: string;
    readonly on: boolean;
    readonly reason: string;
    readonly message: string;
  }[] = [];
  const suspended = at(job, "spec", "suspend") === true;
  if (ending === undefined && suspended) {
    said.push({ type: "Suspended", on: true, reason: "JobSuspended", message: "Job suspended" });
  } else if (hasCondition(job, "Suspended")) {
    said.push({ type: "Suspended", on: false, reason: "JobResumed", message: "Job resumed" });
  }
  if (ending !== undefined) said.push({ ...ending, on: true });
  const final = ending?.type === "FailureTarget" ? "Failed" : "Complete";
  if (ending !== undefined && ended) said.push({ ...ending, type: final, on: true });
  if (said.length === 0) return before["conditions"];
  return said.reduce<Fields>((status, { on, ...condition }) => {
    const conditions = setCondition(status, { ...condition, status: on ? "True" : "False" }, now);
    return { ...status, conditions };
  }, before)["conditions"];
}

function podOf(job: KubeObject): Fields {
  const { name, uid } = job.metadata;
  const template = fieldsAt(job, "spec", "template");
  const owner = {
    apiVersion: "batch/v1",
    kind: "Job",
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  return {
    metadata: {
      generateName: `${name}-`,
      labels: textsAt(template, "metadata", "labels"),
      annotations: textsAt(template, "metadata", "annotations"),
      finalizers: [TRACKING],
      ownerReferences: [owner],
    },
    spec: template["spec"],
  };
}
