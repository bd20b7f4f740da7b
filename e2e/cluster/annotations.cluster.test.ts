// How long what the operator writes at a pod takes to be a file in it: agents are told so to drain, and their bandwidth. The
// time is printed, not judged; that it arrives at all is.
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import { describeOnCluster } from "./describe.ts";
import { sharedCluster } from "./shared.ts";
import { eventually, podSpec } from "./testing/pods.ts";

const NAMESPACE = "annotations";
const TIMES = 5;
/** Not in step with any interval of the kubelet. */
const PAUSE_MS = 2700;

describeOnCluster("an annotation of a running pod", () => {
  it("reaches the file of its downward API", async () => {
    const cluster = await sharedCluster();
    await cluster.createNamespace(NAMESPACE);
    await startWatcher(cluster);
    const delays: number[] = [];
    for (let i = 0; i < TIMES; i++) {
      await sleep(PAUSE_MS);
      const begun = Date.now();
      await cluster.kubectl(
        "-n",
        NAMESPACE,
        "annotate",
        "pod",
        "watcher",
        `order=${i}`,
        "--overwrite",
      );
      delays.push((await seenAt(cluster, `"${i}"`)) - begun);
    }
    await cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false");
    const sorted = delays.toSorted((a, b) => a - b);
    const [p50 = NaN, max = NaN] = [sorted[Math.floor(TIMES / 2)], sorted.at(-1)];
    process.stdout.write(
      `      (an annotation takes ${p50} ms, at most ${max} ms of ${TIMES} times: ${delays.join(", ")})\n`,
    );
    expect(delays).to.have.lengthOf(TIMES);
  });
});

async function startWatcher(cluster: Cluster): Promise<void> {
  const spec = podSpec("node-a", ["watch", "/orders/order"]);
  const items = [{ path: "order", fieldRef: { fieldPath: "metadata.annotations['order']" } }];
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "watcher", namespace: NAMESPACE, annotations: { order: "first" } },
    spec: {
      ...spec,
      volumes: [{ name: "orders", downwardAPI: { items } }],
      containers: spec.containers.map((container) => ({
        ...container,
        volumeMounts: [{ name: "orders", mountPath: "/orders" }],
      })),
    },
  };
  await cluster.apply(JSON.stringify(pod));
  await seenAt(cluster, '"first"');
}

/** When the pod saw it, in milliseconds of Date.now(): node and test have one clock. */
async function seenAt(cluster: Cluster, value: string): Promise<number> {
  const ask = async () => {
    const log = await cluster.kubectl("-n", NAMESPACE, "logs", "watcher").catch(() => "");
    return log.split("\n").find((line) => line.endsWith(` ${value}`)) ?? "";
  };
  const line = await eventually(ask, (found) => found !== "");
  return Date.parse(line.split(" ")[0] ?? "");
}
