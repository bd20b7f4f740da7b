// What --kill does in the middle of an upload: SIGKILL for an agent, then for the operator. It tells what
// it does; that the job goes on is seen by whoever watches the job.
import type { Backup } from "../../operator/api/backup.generated.ts";
import { LABELS } from "../../operator/api/group.ts";
import { must } from "../../operator/assert.ts";
import { viewOfPod } from "../../operator/controllers/pods.ts";
import { PODS, type Pod } from "../../operator/runtime/objects.ts";
import { NAMESPACE } from "../world.ts";
import type { Stage } from "./stage.ts";
import { durationText } from "./text.ts";

const BETWEEN_MS = 3_000;
const OPERATOR_AWAY_MS = 3_000;
const LEADS = '"message":"leads"';

/** Resolves once both have been replaced. */
export async function killAgentAndOperator(stage: Stage, backup: string): Promise<void> {
  const uid = await untilUploading(stage, backup);
  const agentIsBack = killAgent(stage, uid);
  const operatorIsBack = stage.pause(BETWEEN_MS).then(async () => killOperator(stage));
  await Promise.all([agentIsBack, operatorIsBack]);
}

/** The Backup's UID, once bytes flow. */
async function untilUploading(stage: Stage, name: string): Promise<string> {
  let found: Backup | undefined;
  await stage.until(async () => {
    found = await stage.world.get<Backup>("Backup", name);
    const { phase, progress } = found?.status ?? {};
    if (phase === "COMMIT" || phase === "FINISHED") throw new Error("uploaded before the kill");
    return phase === "UPLOADING" && (progress?.bytes ?? 0) > 0;
  });
  return must(found?.metadata.uid);
}

async function killAgent(stage: Stage, uid: string): Promise<void> {
  const victim = must((await servingAgents(stage, uid)).at(-1), "an agent that serves");
  const node = must(victim.spec?.nodeName);
  const { name } = victim.metadata;
  stage.world.kubernetes.killPod(NAMESPACE, name);
  const killedMs = Date.now();
  kill(stage, `the agent on ${node} (pod ${name}): SIGKILL`);
  await stage.until(async () =>
    (await servingAgents(stage, uid)).some(
      (pod) => pod.spec?.nodeName === node && pod.metadata.name !== name,
    ),
  );
  const away = durationText(Date.now() - killedMs);
  stage.good(
    `another agent serves on ${node} after ${away}; StarRocks sends what was under way again`,
  );
}

async function servingAgents(stage: Stage, uid: string): Promise<readonly Pod[]> {
  const labelSelector = `${LABELS.jobUid}=${uid},${LABELS.component}=agent`;
  const { client } = stage.world.kubernetes;
  const { items } = await client.list(PODS, { namespace: NAMESPACE, labelSelector });
  return items.filter((pod) => viewOfPod(pod).ready);
}

async function killOperator(stage: Stage): Promise<void> {
  const linesBefore = stage.world.operatorLines.length;
  await stage.killOperator();
  const killedMs = Date.now();
  kill(stage, "the operator: SIGKILL. Bytes flow on without it");
  await stage.pause(OPERATOR_AWAY_MS);
  stage.startOperator();
  stage.tell("the operator is started anew; it waits until the dead one's Lease is over");
  await stage.until(() =>
    Promise.resolve(
      stage.world.operatorLines.slice(linesBefore).some((line) => line.includes(LEADS)),
    ),
  );
  stage.good(
    `it leads after ${durationText(Date.now() - killedMs)}, and finds the job by its names`,
  );
}

function kill(stage: Stage, text: string): void {
  stage.tell(`${stage.screen.paint("yellow", "!")} ${text}`);
}
