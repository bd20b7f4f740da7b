// The Job objects of one Backup or Restore: agents that serve its attempt, and one-shot commands.
import { ANNOTATIONS, LABELS } from "../../api/group.ts";
import { must } from "../../assert.ts";
import type { Job } from "../../runtime/objects.ts";
import type { ControllerDeps } from "../deps.ts";
import { agentJob } from "../jobs.ts";
import { MOUNT_LOCATION, jobName, mountName, nodeSuffix } from "../names.ts";
import { mountToken, tokenSha256 } from "../token.ts";
import { attemptIdOf, attemptOf, frontendSeen, labelOf } from "./look.ts";
import type { Action, Seen } from "./model.ts";

/** Pods of one node that fail before the attempt does: agents are replaced, but not for ever. */
const AGENT_FAILURES_MAX = 20;
const TASK_FAILURES_MAX = 3;
/** Beyond the statement's timeout: start, commit and drain. It ends agents when no operator does. */
const AGENT_EXTRA_SECONDS = 2 * 3600;
const TASK_SECONDS = 6 * 3600;
/** The BE's timeouts: 10 s in 2.5, 30 s or none since 3.1 (starrocks.md §4.5). Unknown: the shorter one. */
const OLD_DEADLINE_SECONDS = 8;
const DEADLINE_SECONDS = 25;

export async function serveJob(
  deps: ControllerDeps,
  seen: Seen,
  { node, slot }: Extract<Action, { kind: "createAgent" }>,
): Promise<Job> {
  const repository = must(seen.repository);
  const { metadata } = seen.job;
  const attempt = attemptIdOf(seen);
  const token = mountToken(await deps.mountKey(), must(repository.metadata.uid), slot);
  const { bandwidth } = seen.settings;
  return agentJob({
    name: jobName(metadata, attemptOf(seen), node === undefined ? "any" : nodeSuffix(node)),
    component: "agent",
    repository,
    owner: { kind: seen.job.kind, meta: metadata },
    image: repository.spec.agent.image ?? deps.agentImage,
    command: "serve",
    flags: {
      mode: seen.settings.verb,
      label: labelOf(seen),
      attempt,
      "backup-uid": must(metadata.uid),
      "mount-location": MOUNT_LOCATION,
      "mount-repository": mountName(repository.metadata, slot),
      "token-sha256": tokenSha256(token),
      "deadline-seconds": String(deadlineSeconds(seen)),
    },
    labels: { [LABELS.attempt]: attempt, [LABELS.slot]: String(slot) },
    annotations: node === undefined ? {} : { [LABELS.node]: node },
    podAnnotations: bandwidth === undefined ? {} : { [ANNOTATIONS.bandwidth]: String(bandwidth) },
    node,
    serves: true,
    backoffLimit: AGENT_FAILURES_MAX,
    deadlineSeconds: Math.ceil(seen.settings.timeoutMs / 1000) + AGENT_EXTRA_SECONDS,
    bandwidth,
  });
}

function deadlineSeconds(seen: Seen): number {
  const numbers = frontendSeen(seen)?.facts.version.numbers;
  if (numbers === undefined) return OLD_DEADLINE_SECONDS;
  const [major, minor] = numbers;
  return major > 3 || (major === 3 && minor >= 1) ? DEADLINE_SECONDS : OLD_DEADLINE_SECONDS;
}

export function taskJob(
  deps: ControllerDeps,
  seen: Seen,
  { task, id, flags }: Extract<Action, { kind: "runTask" }>,
): Job {
  const repository = must(seen.repository);
  const { metadata, kind } = seen.job;
  return agentJob({
    name: jobName(metadata, task),
    component: task,
    repository,
    owner: { kind, meta: metadata },
    image: repository.spec.agent.image ?? deps.agentImage,
    command: task,
    flags,
    annotations: { [LABELS.task]: id },
    serves: false,
    backoffLimit: TASK_FAILURES_MAX,
    deadlineSeconds: TASK_SECONDS,
  });
}
