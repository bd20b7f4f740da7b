// The built-in kinds the operator touches, with the fields it writes and reads and no others. Shapes are
// those of the wire; a field that is missing here is still there in the JSON, only unknown to the compiler.
//
// What would surprise: a Secret's `data` is base64 and must never be logged; `Lease` times have microseconds
// (MicroTime) while all others have seconds.
import type { Kind, KubernetesObject, ObjectMeta } from "./api.ts";

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly secretKeyRef?: {
      readonly name: string;
      readonly key: string;
      readonly optional?: boolean;
    };
  };
}

export interface ResourceRequirements {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

export interface Probe {
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string };
  readonly httpGet?: { readonly path: string; readonly port: number | string };
  readonly exec?: { readonly command: readonly string[] };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

export interface SecurityContext {
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  readonly seccompProfile?: { readonly type: string };
}

export interface PodSecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly fsGroup?: number;
  readonly seccompProfile?: { readonly type: string };
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
}

export interface KeyToPath {
  readonly key: string;
  readonly path: string;
  readonly mode?: number;
}

export interface DownwardApiItem {
  readonly path: string;
  readonly fieldRef: { readonly fieldPath: string };
}

export type Volume = { readonly name: string } & (
  | {
      readonly secret: {
        readonly secretName: string;
        readonly items?: readonly KeyToPath[];
        readonly defaultMode?: number;
        readonly optional?: boolean;
      };
    }
  | {
      readonly configMap: {
        readonly name: string;
        readonly items?: readonly KeyToPath[];
        readonly defaultMode?: number;
        readonly optional?: boolean;
      };
    }
  | { readonly downwardAPI: { readonly items: readonly DownwardApiItem[] } }
  | { readonly emptyDir: { readonly medium?: string; readonly sizeLimit?: string } }
  | { readonly projected: { readonly sources: readonly VolumeProjection[] } }
);

/** As much of it as we use. */
export interface VolumeProjection {
  readonly serviceAccountToken: {
    readonly path: string;
    readonly audience: string;
    readonly expirationSeconds: number;
  };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly EnvVar[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly protocol?: string;
  }[];
  readonly resources?: ResourceRequirements;
  readonly volumeMounts?: readonly VolumeMount[];
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly securityContext?: SecurityContext;
  readonly terminationMessagePath?: string;
  readonly terminationMessagePolicy?: "File" | "FallbackToLogsOnError";
}

export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
}

export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeSelectorRequirement[];
  readonly matchFields?: readonly NodeSelectorRequirement[];
}

export interface NodeSelectorRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
  readonly values?: readonly string[];
}

export interface Affinity {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms: readonly NodeSelectorTerm[];
    };
    readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
      readonly weight: number;
      readonly preference: NodeSelectorTerm;
    }[];
  };
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly restartPolicy?: "Never" | "OnFailure" | "Always";
  readonly nodeName?: string;
  /** The headless Service that gives it a name: `<hostname>.<subdomain>.<namespace>.svc`. */
  readonly subdomain?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly affinity?: Affinity;
  readonly tolerations?: readonly Toleration[];
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly shareProcessNamespace?: boolean;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly priorityClassName?: string;
  readonly securityContext?: PodSecurityContext;
  readonly terminationGracePeriodSeconds?: number;
  readonly activeDeadlineSeconds?: number;
}

export interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly signal?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

/** A condition of a built-in kind; ours are metav1.Condition, which is stricter. */
export interface ObjectCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface Pod extends KubernetesObject {
  readonly spec?: PodSpec;
  readonly status?: {
    readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly hostIP?: string;
    readonly startTime?: string;
    readonly conditions?: readonly ObjectCondition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface PodFailurePolicyRule {
  readonly action: "FailJob" | "FailIndex" | "Ignore" | "Count";
  readonly onExitCodes?: {
    readonly containerName?: string;
    readonly operator: "In" | "NotIn";
    readonly values: readonly number[];
  };
  readonly onPodConditions?: readonly {
    readonly type: string;
    readonly status: "True" | "False" | "Unknown";
  }[];
}

export interface Job extends KubernetesObject {
  readonly spec?: {
    readonly template: PodTemplate;
    readonly backoffLimit?: number;
    readonly activeDeadlineSeconds?: number;
    readonly ttlSecondsAfterFinished?: number;
    readonly completions?: number;
    readonly parallelism?: number;
    readonly suspend?: boolean;
    readonly podReplacementPolicy?: "TerminatingOrFailed" | "Failed";
    readonly podFailurePolicy?: { readonly rules: readonly PodFailurePolicyRule[] };
  };
  readonly status?: {
    readonly conditions?: readonly ObjectCondition[];
    readonly active?: number;
    readonly ready?: number;
    readonly succeeded?: number;
    readonly failed?: number;
    readonly terminating?: number;
    readonly startTime?: string;
    readonly completionTime?: string;
  };
}

export interface Service extends KubernetesObject {
  readonly spec?: {
    readonly type?: "ClusterIP" | "NodePort" | "LoadBalancer";
    readonly clusterIP?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly targetPort?: number | string;
      readonly nodePort?: number;
      readonly protocol?: "TCP";
    }[];
    readonly sessionAffinity?: "None" | "ClientIP";
    readonly sessionAffinityConfig?: { readonly clientIP: { readonly timeoutSeconds: number } };
    readonly internalTrafficPolicy?: "Cluster" | "Local";
    readonly trafficDistribution?: string;
    readonly publishNotReadyAddresses?: boolean;
  };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
    };
  };
}

export interface Secret extends KubernetesObject {
  readonly type?: string;
  /** Base64. Never logged. */
  readonly data?: Readonly<Record<string, string>>;
  /** Write only: the API server turns it into `data`. Never logged. */
  readonly stringData?: Readonly<Record<string, string>>;
}

export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface Node extends KubernetesObject {
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly {
      readonly key: string;
      readonly value?: string;
      readonly effect: string;
    }[];
  };
  readonly status?: {
    readonly conditions?: readonly ObjectCondition[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  };
}

export interface Namespace extends KubernetesObject {
  readonly status?: { readonly phase?: "Active" | "Terminating" };
}

/** Read for its `metadata.deletionTimestamp`: while a CRD goes away, so do all its objects. */
export interface CustomResourceDefinition extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly ObjectCondition[] };
}

export interface EndpointSlice extends KubernetesObject {
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: {
      readonly ready?: boolean;
      readonly serving?: boolean;
      readonly terminating?: boolean;
    };
    readonly nodeName?: string;
    readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
}

export interface Lease extends KubernetesObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly leaseTransitions?: number;
    /** MicroTime: `2006-01-02T15:04:05.000000Z`. */
    readonly acquireTime?: string;
    readonly renewTime?: string;
  };
}

export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** core/v1: what `kubectl describe` shows, and the same storage as events.k8s.io/v1. */
export interface Event extends KubernetesObject {
  readonly involvedObject: ObjectReference;
  readonly type?: "Normal" | "Warning";
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
  readonly source?: { readonly component?: string; readonly host?: string };
  readonly reportingComponent?: string;
  readonly reportingInstance?: string;
}

export const PODS: Kind<Pod> = define("v1", "Pod", "pods");
export const SERVICES: Kind<Service> = define("v1", "Service", "services");
export const SECRETS: Kind<Secret> = define("v1", "Secret", "secrets");
export const CONFIG_MAPS: Kind<ConfigMap> = define("v1", "ConfigMap", "configmaps");
export const EVENTS: Kind<Event> = define("v1", "Event", "events");
export const JOBS: Kind<Job> = define("batch/v1", "Job", "jobs");
export const LEASES: Kind<Lease> = define("coordination.k8s.io/v1", "Lease", "leases");
export const ENDPOINT_SLICES: Kind<EndpointSlice> = define(
  "discovery.k8s.io/v1",
  "EndpointSlice",
  "endpointslices",
);
export const NODES: Kind<Node> = { ...define("v1", "Node", "nodes"), namespaced: false };
export const NAMESPACES: Kind<Namespace> = {
  ...define("v1", "Namespace", "namespaces"),
  namespaced: false,
};
export const CUSTOM_RESOURCE_DEFINITIONS: Kind<CustomResourceDefinition> = {
  ...define("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions"),
  namespaced: false,
};

function define(apiVersion: string, kind: string, plural: string) {
  return { apiVersion, kind, plural, namespaced: true } as const;
}

/** Whether a condition of that type is True. */
export function isConditionTrue(
  conditions: readonly ObjectCondition[] | undefined,
  type: string,
): boolean {
  return conditions?.some((one) => one.type === type && one.status === "True") ?? false;
}

/** A reference to an object, as events carry it. */
export function referenceTo(object: KubernetesObject): ObjectReference {
  const { namespace, name, uid, resourceVersion }: ObjectMeta = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}
