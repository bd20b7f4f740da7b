// The agents and one-shot Jobs of a job, with figures read from the agents' logs.
import { LABELS } from "../../api/group.ts";
import type { Job, Pod } from "../../runtime/objects.ts";
import type { ControllerDeps } from "../deps.ts";
import { addFigures, byAge, endOf, isOver, stateOf, troubleOf, viewOfPod } from "../pods.ts";
import type { AgentFigures, AgentView, TaskView } from "../pods.ts";
import { figuresOfPod } from "./agent-logs.ts";
import type { TaskName } from "./model.ts";
import type { Own } from "./observe-own.ts";

const LOGS_AT_ONCE = 8;
/** Pods of one agent's Job whose logs are read: the last ones. */
const PODS_MAX = 4;

export async function observeAgents(
  deps: ControllerDeps,
  { jobs: all, pods }: Own,
  attempt: string,
): Promise<readonly AgentView[]> {
  const jobs = all.filter(
    (j) => isComponent(j, "agent") && j.metadata.labels?.[LABELS.attempt] === attempt,
  );
  const views: AgentView[] = [];
  for (let at = 0; at < jobs.length; at += LOGS_AT_ONCE) {
    const some = jobs.slice(at, at + LOGS_AT_ONCE);
    views.push(...(await Promise.all(some.map((j) => viewOfAgent(deps, j, podsOf(j, pods))))));
  }
  return views.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function viewOfAgent(
  deps: ControllerDeps,
  job: Job,
  pods: readonly Pod[],
): Promise<AgentView> {
  return {
    name: job.metadata.name,
    node: job.metadata.annotations?.[LABELS.node],
    state: stateOf(job),
    deleting: job.metadata.deletionTimestamp !== undefined,
    pods: pods.filter((p) => !isOver(p)).map(viewOfPod),
    trouble: troubleOf(job, pods),
    ended: endOf(pods),
    figures: await figuresOf(deps, pods),
  };
}

async function figuresOf(
  deps: ControllerDeps,
  pods: readonly Pod[],
): Promise<AgentFigures | undefined> {
  const figures: AgentFigures[] = [];
  for (const pod of [...byAge(pods)].slice(0, PODS_MAX).reverse()) {
    const found = await figuresOfPod(deps, pod);
    if (found !== undefined) figures.push(found);
  }
  return addFigures(figures);
}

export function observeTasks({
  jobs,
  pods,
}: Own): Readonly<Record<TaskName, TaskView | undefined>> {
  const view = (task: TaskName): TaskView | undefined => {
    const found = jobs.find((j) => isComponent(j, task));
    return found && viewOfTask(found, podsOf(found, pods));
  };
  return { seal: view("seal"), verify: view("verify"), prune: view("prune") };
}

export function viewOfTask(job: Job, pods: readonly Pod[]): TaskView {
  return {
    name: job.metadata.name,
    id: job.metadata.annotations?.[LABELS.task] ?? "",
    createdAt: job.metadata.creationTimestamp ?? "",
    state: stateOf(job),
    deleting: job.metadata.deletionTimestamp !== undefined,
    trouble: troubleOf(job, pods),
    ended: endOf(pods),
  };
}

export function podsOf(job: Job, pods: readonly Pod[]): readonly Pod[] {
  return pods.filter((pod) =>
    pod.metadata.ownerReferences?.some((owner) => owner.uid === job.metadata.uid),
  );
}

function isComponent(job: Job, component: string): boolean {
  return job.metadata.labels?.[LABELS.component] === component;
}
