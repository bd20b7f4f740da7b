// What the Eviction API does, as a drain of a node calls it: the pod counts as disrupted and is deleted.
import { isApiError, type ObjectKey } from "../../../operator/runtime/api.ts";
import { must } from "../../../operator/assert.ts";
import type { KubernetesClient } from "../client.ts";
import { POD, timestamp, type Condition } from "../core.ts";

/** Its node writes into the same status at any time. */
const TRIES_MAX = 10;

/** Rejects when there is no such pod. */
export async function evictPod(client: KubernetesClient, key: ObjectKey): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await tryToEvict(client, key);
      return;
    } catch (error) {
      if (tries === TRIES_MAX || !isApiError(error, "Conflict")) throw error;
    }
  }
}

async function tryToEvict(client: KubernetesClient, key: ObjectKey): Promise<void> {
  const pod = must(await client.get(POD, key), `pod ${key.namespace}/${key.name}`);
  const disrupted: Condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: timestamp(Date.now()),
  };
  const others = (pod.status?.conditions ?? []).filter((c) => c.type !== disrupted.type);
  const { resourceVersion, uid } = pod.metadata;
  await client.patch(
    POD,
    key,
    { status: { conditions: [...others, disrupted] } },
    { subresource: "status", ...(resourceVersion === undefined ? {} : { resourceVersion }) },
  );
  await client.delete(POD, key, uid === undefined ? {} : { uid });
}
