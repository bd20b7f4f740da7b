// Pods of the program `pause`, as the `restricted` Pod Security standard wants them.
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster.ts";
import { PAUSE_IMAGE } from "../node-files.ts";

const POLL_MS = 100;

/** What {@link ../programs/pause/main.go} takes. */
export type Act = readonly [] | readonly ["answer" | "resolve" | "watch", string];

export function podSpec(node: string, act: Act) {
  return {
    nodeName: node,
    terminationGracePeriodSeconds: 1,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "pause",
        image: PAUSE_IMAGE,
        imagePullPolicy: "IfNotPresent",
        args: act,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
      },
    ],
  };
}

export interface PodOptions {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly act: Act;
}

/** Labelled `app: agent`. Resolves when it is ready. */
export async function runPod(cluster: Cluster, { namespace, name, node, act }: PodOptions) {
  const metadata = { name, namespace, labels: { app: "agent" } };
  const pod = { apiVersion: "v1", kind: "Pod", metadata, spec: podSpec(node, act) };
  await cluster.apply(JSON.stringify(pod));
  const ready = ["--for=condition=Ready", "--timeout=120s"];
  await cluster.kubectl("-n", namespace, "wait", `pod/${name}`, ...ready);
}

/** Resolves when nothing of it is left. */
export async function endPod(cluster: Cluster, namespace: string, name: string): Promise<void> {
  await cluster.kubectl("-n", namespace, "delete", "pod", name, "--timeout=120s");
}

/** Asks until the answer is as wished; rejects after two minutes with the last one. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isIt: (answer: T) => boolean,
): Promise<T> {
  const end = performance.now() + 120_000;
  for (;;) {
    const answer = await ask();
    if (isIt(answer)) return answer;
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(answer)} after 120 s`);
    await sleep(POLL_MS);
  }
}
