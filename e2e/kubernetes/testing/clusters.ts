// A cluster for one test file: started in a temporary folder, fast, with an image that is this Node.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startKubernetes, type Kubernetes, type KubernetesOptions } from "../cluster.ts";
import { POD, type ContainerSpec, type Pod, type PodSpec } from "../core.ts";

const NODE = "/usr/local/bin/node";
/** Three agents that start on two cores with nineteen other programs take half a minute. */
const WAIT_MS = 90_000;
const TIMES = { backOffMs: 50, retryMs: 50, volumeRefreshMs: 20, heartbeatMs: 100 };

export interface TestCluster {
  readonly kubernetes: Kubernetes;
  readonly dir: string;
  stop(): Promise<void>;
}

export async function startTestCluster(
  options: Partial<KubernetesOptions> = {},
): Promise<TestCluster> {
  const dir = await mkdtemp(join(tmpdir(), "kubernetes-"));
  const kubernetes = await startKubernetes({
    dir,
    nodes: 1,
    images: { node: { paths: { [NODE]: process.execPath }, environment: { FROM_IMAGE: "yes" } } },
    api: { controllers: { jobBackOffBaseMs: 100 } },
    ...options,
    times: { ...TIMES, ...options.times },
  });
  return {
    kubernetes,
    dir,
    stop: async () => {
      await kubernetes.stop(500);
      // Who was stopped may be in the middle of a file.
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A container that runs a piece of JavaScript. */
export function script(code: string, change: Partial<ContainerSpec> = {}): ContainerSpec {
  return { name: "main", image: "node", command: [NODE, "-e", code], ...change };
}

/** Never ends by itself, and not by SIGTERM before it has said so. */
export const FOREVER = `process.on("SIGTERM", () => { console.log("bye"); process.exit(0); });
  console.log("up"); setInterval(() => {}, 1000);`;

export async function createPod(
  kubernetes: Kubernetes,
  name: string,
  spec: Partial<PodSpec>,
  metadata: Partial<Pod["metadata"]> = {},
): Promise<Pod> {
  return await kubernetes.client.create(POD, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", ...metadata },
    spec: { nodeName: "node-a", restartPolicy: "Never", containers: [], ...spec },
  });
}

/** The pod once `condition` holds; rejects with its last state when it does not in time. */
export async function podWhen(
  kubernetes: Kubernetes,
  name: string,
  condition: (pod: Pod) => boolean,
): Promise<Pod> {
  let last: Pod | undefined;
  await eventually(async () => {
    last = await kubernetes.client.get(POD, { namespace: "default", name });
    return last !== undefined && condition(last);
  }).catch((error: unknown) => {
    throw new Error(`pod ${name} is not so: ${JSON.stringify(last?.status)}`, { cause: error });
  });
  return last as Pod;
}

export function podPhase(phase: string): (pod: Pod) => boolean {
  return (pod) => pod.status?.phase === phase;
}

export function podReady(pod: Pod): boolean {
  return pod.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") === true;
}

export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not become so in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function logOf(
  kubernetes: Kubernetes,
  name: string,
  container = "main",
): Promise<string> {
  const key = { namespace: "default", name };
  return kubernetes.client.log(key, { container, tailLines: 1000, limitBytes: 1_000_000 });
}
