// Pods: their defaults (shared with Job templates), what of a spec may change, and the STATUS people read.
import type { FieldError } from "../field-error.ts";
import { fieldForbidden, required, unsupported } from "../field-error.ts";
import type { Fields, KubeObject } from "../object.ts";
import {
  at,
  fieldsAt,
  isFields,
  isTerminating,
  listAt,
  numberAt,
  sameValue,
  textAt,
  withDefaults,
  without,
} from "../object.ts";
import { checkDnsLabel } from "../names.ts";
import { builtIn } from "../resource.ts";
import { AGE, NAME } from "./columns.ts";

export const pods = builtIn({
  plural: "pods",
  kind: "Pod",
  shortNames: ["po"],
  categories: ["all"],
  hasStatus: true,
  hasGeneration: true,
  subresources: ["log"],
  selectableFields: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
  ],
  columns: [
    NAME,
    { name: "Ready", type: "string", cell: readyContainers },
    { name: "Status", type: "string", cell: podStatus },
    { name: "Restarts", type: "string", cell: restarts },
    AGE,
    { name: "IP", type: "string", priority: 1, cell: (o) => textAt(o, "status", "podIP") ?? NONE },
    {
      name: "Node",
      type: "string",
      priority: 1,
      cell: (o) => textAt(o, "spec", "nodeName") ?? NONE,
    },
    { name: "Nominated Node", type: "string", priority: 1, cell: () => NONE },
    { name: "Readiness Gates", type: "string", priority: 1, cell: () => NONE },
  ],
  rules: {
    defaults: (pod) => ({ ...pod, spec: podSpecDefaults(fieldsAt(pod, "spec")) }),
    admit: (pod) => ({ ...pod, status: { phase: "Pending", qosClass: "BestEffort" } }),
    validate: (pod, old) => [
      ...checkPodSpec("spec", fieldsAt(pod, "spec")),
      ...(old === undefined ? [] : checkPodUpdate(fieldsAt(pod, "spec"), fieldsAt(old, "spec"))),
    ],
  },
});

const NONE = "<none>";

export function podSpecDefaults(spec: Fields): Fields {
  const filled = withDefaults(spec, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    serviceAccountName: "default",
    securityContext: {},
    schedulerName: "default-scheduler",
    enableServiceLinks: true,
  });
  const lists = ["containers", "initContainers"].filter((key) => Array.isArray(spec[key]));
  const containers = lists.map((key) => [key, listAt(spec, key).map(containerDefaults)] as const);
  return { ...filled, ...Object.fromEntries(containers) };
}

function containerDefaults(container: unknown): unknown {
  if (!isFields(container)) return container;
  const filled = withDefaults(container, {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: pullPolicy(textAt(container, "image") ?? ""),
  });
  const probes = ["livenessProbe", "readinessProbe", "startupProbe"]
    .filter((key) => isFields(container[key]))
    .map((key) => [key, probeDefaults(fieldsAt(container, key))] as const);
  const ports = listAt(container, "ports").map((port) =>
    isFields(port) ? withDefaults(port, { protocol: "TCP" }) : port,
  );
  return { ...filled, ...Object.fromEntries(probes), ...(ports.length === 0 ? {} : { ports }) };
}

function pullPolicy(image: string): string {
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? "latest";
  return tag === "latest" && !image.includes("@") ? "Always" : "IfNotPresent";
}

function probeDefaults(probe: Fields): Fields {
  return withDefaults(probe, {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
}

export function checkPodSpec(path: string, spec: Fields): FieldError[] {
  const containers = listAt(spec, "containers");
  const policy = spec["restartPolicy"];
  const policies = ["Always", "OnFailure", "Never"];
  return [
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...containers.flatMap((c, i) => checkContainer(`${path}.containers[${i}]`, c)),
    ...listAt(spec, "initContainers").flatMap((c, i) =>
      checkContainer(`${path}.initContainers[${i}]`, c),
    ),
    ...checkMounts(path, spec),
    ...(policies.includes(String(policy))
      ? []
      : [unsupported(`${path}.restartPolicy`, policy, policies)]),
  ];
}

function checkContainer(path: string, container: unknown): FieldError[] {
  const name = textAt(container, "name") ?? "";
  return [
    ...(name === "" ? [required(`${path}.name`)] : checkDnsLabel(`${path}.name`, name)),
    ...((textAt(container, "image") ?? "") === "" ? [required(`${path}.image`)] : []),
  ];
}

function checkMounts(path: string, spec: Fields): FieldError[] {
  const volumes = new Set(listAt(spec, "volumes").map((volume) => textAt(volume, "name")));
  return listAt(spec, "containers").flatMap((container, i) =>
    listAt(container, "volumeMounts").flatMap((mount, j) => {
      const name = textAt(mount, "name");
      if (volumes.has(name)) return [];
      const where = `${path}.containers[${i}].volumeMounts[${j}].name`;
      return [{ path: where, reason: "FieldValueNotFound", message: `Not found: "${name}"` }];
    }),
  );
}

const MUTABLE = ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"];
const PIN =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
  "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function checkPodUpdate(spec: Fields, old: Fields): FieldError[] {
  return sameValue(fixedPart(spec), fixedPart(old)) ? [] : [fieldForbidden("spec", PIN)];
}

function fixedPart(spec: Fields): Fields {
  const imageless = (key: string): readonly unknown[] =>
    listAt(spec, key).map((c) => (isFields(c) ? without(c, "image", "imagePullPolicy") : c));
  return {
    ...without(spec, ...MUTABLE),
    containers: imageless("containers"),
    initContainers: imageless("initContainers"),
  };
}

function readyContainers(pod: KubeObject): string {
  const all = listAt(pod, "spec", "containers").length;
  const ready = listAt(pod, "status", "containerStatuses").filter((s) => at(s, "ready") === true);
  return `${ready.length}/${all}`;
}

function restarts(pod: KubeObject): string {
  const counts = listAt(pod, "status", "containerStatuses").map((s) => numberAt(s, "restartCount"));
  return String(counts.reduce<number>((sum, count) => sum + (count ?? 0), 0));
}

/** What `kubectl get pods` calls STATUS: the first container with something to say, else the phase. */
export function podStatus(pod: KubeObject): string {
  if (isTerminating(pod)) return "Terminating";
  const init = listAt(pod, "status", "initContainerStatuses").find((s) => !isDone(s));
  if (init !== undefined && textAt(pod, "status", "phase") === "Pending") {
    const reason = containerReason(init);
    if (reason !== undefined && reason !== "PodInitializing") return `Init:${reason}`;
  }
  const containers = listAt(pod, "status", "containerStatuses").map(containerReason);
  const said = containers.find((reason) => reason !== undefined);
  const whole = textAt(pod, "status", "reason") ?? textAt(pod, "status", "phase") ?? "Unknown";
  return said ?? whole;
}

function isDone(status: unknown): boolean {
  return at(status, "state", "terminated", "exitCode") === 0;
}

function containerReason(status: unknown): string | undefined {
  const waiting = textAt(status, "state", "waiting", "reason");
  if (waiting !== undefined) return waiting;
  const terminated = at(status, "state", "terminated");
  if (!isFields(terminated)) return undefined;
  const reason = textAt(terminated, "reason") ?? "";
  return reason === "" ? `ExitCode:${String(terminated["exitCode"])}` : reason;
}

export function isPodReady(pod: KubeObject): boolean {
  return listAt(pod, "status", "conditions").some(
    (c) => textAt(c, "type") === "Ready" && textAt(c, "status") === "True",
  );
}

/** Succeeded or Failed: it will never run again. */
export function isPodFinished(pod: KubeObject): boolean {
  return ["Succeeded", "Failed"].includes(textAt(pod, "status", "phase") ?? "");
}
