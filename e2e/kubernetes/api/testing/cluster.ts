// A registry with controllers under a manual clock: the server without its HTTP, for tests that own the time.
import { ManualClock } from "../../../../operator/testing/manual-clock.ts";
import type { ControllerOptions } from "../../controllers/start.ts";
import { startControllers } from "../../controllers/start.ts";
import { jobs } from "../kinds/jobs.ts";
import { pods } from "../kinds/pods.ts";
import { namespaces, nodes } from "../kinds/cluster.ts";
import type { Fields, KubeObject } from "../object.ts";
import { fieldsAt, textAt } from "../object.ts";
import type { Validate } from "../registry.ts";
import { Registry } from "../registry.ts";
import type { Resource } from "../resource.ts";
import { StatusError } from "../status.ts";
import { Store } from "../store.ts";

export interface TestRegistry {
  readonly registry: Registry;
  readonly clock: ManualClock;
  /** What controllers threw; tests look that there is nothing. */
  readonly problems: readonly Error[];
  /** Lets controllers do what they will at this moment. */
  settle(): Promise<void>;
  stop(): void;
}

export function testRegistry(
  options: {
    readonly controllers?: Omit<ControllerOptions, "failed">;
    readonly validate?: Validate;
  } = {},
): TestRegistry {
  const clock = new ManualClock();
  const { validate, controllers } = options;
  const registry = new Registry(new Store(1000), {
    clock,
    clusterIpPrefix: "127.96.0",
    ...(validate === undefined ? {} : { validate }),
  });
  const problems: Error[] = [];
  const failed = (error: Error): number => problems.push(error);
  const stop = startControllers(registry, { ...controllers, failed });
  for (const name of ["default", "kube-node-lease"]) {
    registry.create(namespaces, undefined, { metadata: { name } });
  }
  // Each round of controllers is one turn of the event loop; long chains of deletions need several.
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 6; round += 1) await clock.advance(0);
  };
  return { registry, clock, problems, settle, stop };
}

/** What it refused; throws when it refused nothing. */
export function refusal(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** The server must be settled: resources of definitions are there from the write on. */
export function customResource(registry: Registry, kind = "Thing"): Resource {
  const found = registry.resources.ofKind({ apiVersion: "example.com/v1", kind });
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}

/** A CustomResourceDefinition with a bit of everything. */
export function thingDefinition(): Fields {
  const spec = {
    type: "object",
    required: ["size"],
    properties: {
      size: { type: "integer", format: "int32", minimum: 1, maximum: 9 },
      color: { type: "string", enum: ["red", "blue"], default: "red" },
      name: { type: "string", pattern: "^[a-z]+$", maxLength: 5 },
      tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
      parts: {
        type: "array",
        maxItems: 3,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        items: {
          type: "object",
          required: ["name"],
          properties: { name: { type: "string" }, count: { type: "integer", default: 1 } },
        },
      },
      amount: { "x-kubernetes-int-or-string": true },
      free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      labels: { type: "object", additionalProperties: { type: "string" } },
      at: { type: "string", format: "date-time" },
      maybe: { type: "string", nullable: true },
    },
  };
  const status = {
    type: "object",
    default: { observedGeneration: -1 },
    properties: {
      observedGeneration: { type: "integer" },
      phase: { type: "string" },
      conditions: {
        type: "array",
        items: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
  };
  const columns = [
    { name: "Size", type: "integer", jsonPath: ".spec.size" },
    { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ];
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "things.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "things", kind: "Thing", shortNames: ["th"], categories: ["demo"] },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          selectableFields: [{ jsonPath: ".spec.color" }],
          schema: { openAPIV3Schema: { type: "object", properties: { spec, status } } },
        },
      ],
    },
  };
}

export function job(name: string, spec: Fields = {}, pod: Fields = {}): Fields {
  const containers = [{ name: "main", image: "x" }];
  const template = { spec: { restartPolicy: "Never", containers, ...pod } };
  return { metadata: { name }, spec: { template, ...spec } };
}

export function node(name: string, change: Fields = {}): Fields {
  const labels = { "kubernetes.io/hostname": name };
  const status = { conditions: [{ type: "Ready", status: "True" }] };
  return { metadata: { name, labels }, status, ...change };
}

export function addNode(registry: Registry, name: string, change: Fields = {}): KubeObject {
  return registry.create(nodes, undefined, node(name, change));
}

export function podsOf(registry: Registry): readonly KubeObject[] {
  return registry.store.list(pods.collection);
}

export function jobNow(registry: Registry, name: string): KubeObject {
  return registry.get(jobs, "default", name);
}

/** What the kubelet says of a pod. */
export function setPodStatus(registry: Registry, pod: KubeObject, status: Fields): void {
  registry.modify(
    pods,
    pod,
    (now) => ({ ...now, status: { ...fieldsAt(now, "status"), ...status } }),
    "status",
  );
}

/** The pod ended with that exit code, as the kubelet says it. */
export function endPod(registry: Registry, pod: KubeObject, exitCode: number): void {
  const terminated = { exitCode, reason: exitCode === 0 ? "Completed" : "Error" };
  setPodStatus(registry, pod, {
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    containerStatuses: [{ name: "main", state: { terminated } }],
  });
}

export function conditionTexts(object: KubeObject): readonly string[] {
  const all = (fieldsAt(object, "status")["conditions"] ?? []) as readonly unknown[];
  return all.map((c) =>
    [textAt(c, "type"), textAt(c, "status"), textAt(c, "reason")].join(" ").trim(),
  );
}
