// Pods for tests, as the API server hands them out: a test says what matters to it.
import type { ContainerSpec, Pod, PodSpec } from "../core.ts";

export function pod(spec: Partial<PodSpec> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web-1", namespace: "team", uid: "u-1", ...metadata },
    spec: { nodeName: "node-a", restartPolicy: "Never", containers: [container()], ...spec },
  };
}

export function container(spec: Partial<ContainerSpec> = {}): ContainerSpec {
  return { name: "main", image: "node", ...spec };
}
