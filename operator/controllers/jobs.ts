// The Jobs that run agents, and the slots' Services, as plain objects. Pure.
//
// Agents have no Kubernetes rights and no secret on their command line: settings come from an annotation of
// their own pod, credentials from a mounted Secret (agent-volumes.ts), and of the token only its hash.
import type { Repository } from "../api/repository.generated.ts";
import { ANNOTATIONS, APP_NAME, LABELS, MANAGED_BY } from "../api/group.ts";
import { EXIT } from "../agent/outcome.ts";
import { NODE_FLAGS } from "../agent/node-flags.ts";
import { must } from "../assert.ts";
import type { ObjectMeta } from "../runtime/api.ts";
import type { Container, Job, PodSpec, ResourceRequirements, Service } from "../runtime/objects.ts";
import { agentConfig, memoryMiB } from "./agent-config.ts";
import { mountsOf, POD_FILES, volumesOf } from "./agent-volumes.ts";
import { BROKER_PORT, slotServiceName } from "./names.ts";
import { serviceForm } from "./slot-address.ts";

/** Where things lie in our image. */
export const IMAGE = {
  node: "/usr/local/bin/node",
  operator: "/app/operator/main.js",
  agent: "/app/operator/agent/main.js",
} as const;

/** What a process needs beside file content: 200 MiB were seen under load (docs/benchmarks.md), and some air. */
const OVERHEAD_MIB = 256;
const GRACE_SECONDS = 30;

/** Component labels of pods: agents, and one-shot commands. */
export const COMPONENTS = ["agent", "probe", "catalog", "seal", "verify", "prune"] as const;
/** Component labels of what the operator makes. */
export type Component = (typeof COMPONENTS)[number] | "slot";

export interface AgentJob {
  readonly name: string;
  readonly component: Component;
  readonly repository: Repository;
  /** The Backup or Restore; undefined: the Repository's own. */
  readonly owner: { readonly kind: string; readonly meta: ObjectMeta } | undefined;
  readonly image: string;
  /** Command of the agent and its flags. */
  readonly command: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly podAnnotations?: Readonly<Record<string, string>>;
  /** It must run there; undefined: anywhere. */
  readonly node?: string | undefined;
  readonly serves: boolean;
  readonly backoffLimit: number;
  readonly deadlineSeconds: number;
  /** Bytes per second; undefined: as the Repository says. */
  readonly bandwidth?: number | undefined;
}

export function agentJob(options: AgentJob): Job {
  const { repository, owner, component } = options;
  const labels = {
    [LABELS.name]: APP_NAME,
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.component]: component,
    [LABELS.repositoryUid]: must(repository.metadata.uid),
    ...(owner === undefined
      ? {}
      : { [LABELS.jobUid]: must(owner.meta.uid), [LABELS.jobKind]: owner.kind }),
    ...options.labels,
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: options.name,
      namespace: must(repository.metadata.namespace),
      labels,
      ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
    },
    spec: {
      backoffLimit: options.backoffLimit,
      activeDeadlineSeconds: options.deadlineSeconds,
      // A pod that Kubernetes took away is no failure of ours; wrong settings do not heal by another try.
      podFailurePolicy: {
        rules: [
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
          {
            action: "FailJob",
            onExitCodes: { operator: "In", values: failAtOnce(options.serves) },
          },
        ],
      },
      template: {
        metadata: {
          labels: { ...repository.spec.agent.labels, ...labels },
          annotations: {
            ...repository.spec.agent.annotations,
            ...STAY,
            ...options.podAnnotations,
            [ANNOTATIONS.config]: agentConfig(repository, options.bandwidth),
          },
        },
        spec: podSpec(options),
      },
    },
  };
}

/** One-shot commands end for good on a verdict, too: it would be the same again. */
function failAtOnce(serves: boolean): readonly number[] {
  return serves ? [EXIT.misconfigured] : [EXIT.misconfigured, EXIT.damaged, EXIT.refused];
}

/** No autoscaler moves an agent, and no mesh puts its proxy between StarRocks and the broker. */
const STAY = {
  "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
  "karpenter.sh/do-not-disrupt": "true",
  "sidecar.istio.io/inject": "false",
  "linkerd.io/inject": "disabled",
} as const;

function podSpec(options: AgentJob): PodSpec {
  const { agent } = options.repository.spec;
  return {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: GRACE_SECONDS,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // As PID 1 the agent would be deaf to the SIGKILL of its own watchdog: the kernel drops it.
    shareProcessNamespace: true,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [container(options)],
    volumes: volumesOf(options.repository.spec),
    ...(options.node === undefined ? {} : { affinity: onNode(options.node) }),
    ...optional("serviceAccountName", agent.serviceAccountName),
    ...optional("nodeSelector", agent.nodeSelector),
    ...optional("tolerations", agent.tolerations),
    ...optional("imagePullSecrets", agent.imagePullSecrets),
    ...optional("priorityClassName", agent.priorityClassName),
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function onNode(node: string): NonNullable<PodSpec["affinity"]> {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [node] }] as const;
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
    },
  };
}

function container(options: AgentJob): Container {
  const { repository, command, flags, serves } = options;
  const all = {
    config: POD_FILES.config,
    "termination-log": "/dev/termination-log",
    ...(serves ? { listen: `$(POD_IP):${BROKER_PORT}`, annotations: POD_FILES.annotations } : {}),
    ...flags,
  };
  return {
    name: "agent",
    image: options.image,
    command: [IMAGE.node, ...NODE_FLAGS, IMAGE.agent],
    args: [command, ...Object.entries(all).map(([name, value]) => `--${name}=${value}`)],
    env: [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
    resources: resourcesOf(repository),
    volumeMounts: mountsOf(repository.spec),
    ...(serves ? SERVING : {}),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

const SERVING = {
  ports: [{ name: "broker", containerPort: BROKER_PORT }],
  readinessProbe: { tcpSocket: { port: BROKER_PORT }, periodSeconds: 1, failureThreshold: 3 },
} as const;

function resourcesOf(repository: Repository): ResourceRequirements {
  const { resources } = repository.spec.agent;
  if (resources !== undefined) return textual(resources);
  const memory = `${memoryMiB(repository.spec) + OVERHEAD_MIB}Mi`;
  return { requests: { cpu: "250m", memory }, limits: { memory } };
}

function textual(
  resources: NonNullable<Repository["spec"]["agent"]["resources"]>,
): ResourceRequirements {
  const text = (all: Readonly<Record<string, number | string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(all).map(([k, v]) => [k, String(v)]));
  return { requests: text(resources.requests), limits: text(resources.limits) };
}

/** Value of a selector that no pod has: an idle slot refuses at once. */
export const NOBODY = "none";

/** A slot's address in StarRocks. Idle: nobody is selected. */
export function slotService(repository: Repository, slot: number): Service {
  const uid = must(repository.metadata.uid);
  const { type = "ClusterIP", annotations } = repository.spec.agent.service ?? {};
  const form = serviceForm(repository);
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: slotServiceName(repository.metadata, slot),
      namespace: must(repository.metadata.namespace),
      labels: {
        [LABELS.name]: APP_NAME,
        [LABELS.managedBy]: MANAGED_BY,
        [LABELS.component]: "slot",
        [LABELS.repositoryUid]: uid,
        [LABELS.slot]: String(slot),
      },
      ...(form === undefined
        ? {}
        : { annotations: { ...annotations, [ANNOTATIONS.service]: form } }),
    },
    spec: {
      type,
      selector: { [LABELS.repositoryUid]: uid, [LABELS.attempt]: NOBODY },
      ports: [{ name: "broker", port: BROKER_PORT, targetPort: BROKER_PORT, protocol: "TCP" }],
      // One caller talks to one agent, the one on its own node: design.md, decision 2.
      sessionAffinity: "ClientIP",
      trafficDistribution: "PreferSameNode",
    },
  };
}
