// The built-in kinds as nodes and Services read and write them: only the fields they use, as they are on
// the wire. The API server keeps whatever else an object holds.
import type { Kind, KubernetesObject, ObjectMeta } from "../../operator/runtime/api.ts";

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastHeartbeatTime?: string;
}

export interface PodMeta extends ObjectMeta {
  readonly deletionGracePeriodSeconds?: number;
}

export interface Pod extends KubernetesObject {
  readonly kind: "Pod";
  readonly metadata: PodMeta;
  readonly spec: PodSpec;
  readonly status?: PodStatus;
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly restartPolicy?: "Always" | "OnFailure" | "Never";
  readonly serviceAccountName?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly activeDeadlineSeconds?: number;
  readonly initContainers?: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
  readonly volumes?: readonly Volume[];
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly EnvFromSource[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly VolumeMount[];
  readonly readinessProbe?: ProbeSpec;
  readonly livenessProbe?: ProbeSpec;
  readonly startupProbe?: ProbeSpec;
  readonly terminationMessagePath?: string;
  readonly terminationMessagePolicy?: "File" | "FallbackToLogsOnError";
  readonly restartPolicy?: string;
  readonly lifecycle?: object;
}

export interface KeySelector {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

export interface FieldRef {
  readonly fieldPath: string;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: FieldRef;
    readonly secretKeyRef?: KeySelector;
    readonly configMapKeyRef?: KeySelector;
    readonly resourceFieldRef?: object;
  };
}

export interface EnvFromSource {
  readonly prefix?: string;
  readonly secretRef?: { readonly name: string; readonly optional?: boolean };
  readonly configMapRef?: { readonly name: string; readonly optional?: boolean };
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly subPathExpr?: string;
}

export interface KeyToPath {
  readonly key: string;
  readonly path: string;
  readonly mode?: number;
}

export interface SecretSource {
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

export interface DownwardFile {
  readonly path: string;
  readonly mode?: number;
  readonly fieldRef?: FieldRef;
  readonly resourceFieldRef?: object;
}

/** As in Kubernetes: without an audience the API server's own, for an hour when nothing is said. */
export interface TokenProjection {
  readonly path: string;
  readonly audience?: string;
  readonly expirationSeconds?: number;
}

/** What a projected volume is made of; each other kind of volume is one of these. */
export interface Projection {
  readonly secret?: SecretSource & { readonly name: string };
  readonly configMap?: SecretSource & { readonly name: string };
  readonly downwardAPI?: { readonly items?: readonly DownwardFile[] };
  readonly serviceAccountToken?: TokenProjection;
}

export interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly secret?: SecretSource & { readonly secretName: string; readonly defaultMode?: number };
  readonly configMap?: SecretSource & { readonly name: string; readonly defaultMode?: number };
  readonly downwardAPI?: {
    readonly items?: readonly DownwardFile[];
    readonly defaultMode?: number;
  };
  readonly projected?: {
    readonly sources?: readonly Projection[];
    readonly defaultMode?: number;
  };
}

export interface ProbeSpec {
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string };
  readonly httpGet?: {
    readonly port: number | string;
    readonly host?: string;
    readonly path?: string;
    readonly scheme?: string;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly exec?: { readonly command?: readonly string[] };
  readonly grpc?: object;
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

export interface PodStatus {
  readonly phase?: PodPhase;
  readonly reason?: string | null;
  readonly message?: string | null;
  readonly conditions?: readonly Condition[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly hostIP?: string;
  readonly hostIPs?: readonly { readonly ip: string }[];
  readonly startTime?: string;
}

export interface Terminated {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly containerID?: string;
}

export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly containerID?: string;
  readonly state: ContainerState;
  readonly lastState: { readonly terminated?: Terminated };
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
}

export interface Node extends KubernetesObject {
  readonly kind: "Node";
  readonly spec?: object;
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export interface Lease extends KubernetesObject {
  readonly kind: "Lease";
  readonly spec: {
    readonly holderIdentity: string;
    readonly leaseDurationSeconds: number;
    readonly renewTime: string;
  };
}

/** A Secret's values are base64, a ConfigMap's text (with `binaryData` beside it in base64). */
export interface DataObject extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface Service extends KubernetesObject {
  readonly kind: "Service";
  readonly spec: ServiceSpec;
}

export interface ServiceSpec {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly ports?: readonly ServicePort[];
  readonly selector?: Readonly<Record<string, string>>;
  readonly trafficDistribution?: string;
  readonly internalTrafficPolicy?: "Cluster" | "Local";
  readonly sessionAffinity?: "None" | "ClientIP";
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
  readonly protocol?: string;
}

export interface EndpointSlice extends KubernetesObject {
  readonly kind: "EndpointSlice";
  readonly endpoints?: readonly SliceEndpoint[] | null;
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly nodeName?: string;
  readonly conditions?: {
    readonly ready?: boolean;
    readonly serving?: boolean;
    readonly terminating?: boolean;
  };
}

export interface Event extends KubernetesObject {
  readonly kind: "Event";
  readonly [field: string]: unknown;
}

function core<T extends KubernetesObject>(kind: string, plural: string): Kind<T> {
  return { apiVersion: "v1", kind, plural, namespaced: true };
}

export const POD = core<Pod>("Pod", "pods");
export const SECRET = core<DataObject>("Secret", "secrets");
export const CONFIG_MAP = core<DataObject>("ConfigMap", "configmaps");
export const SERVICE = core<Service>("Service", "services");
export const EVENT = core<Event>("Event", "events");
export const NODE: Kind<Node> = { ...core<Node>("Node", "nodes"), namespaced: false };
export const NAMESPACE: Kind<KubernetesObject> = {
  ...core("Namespace", "namespaces"),
  namespaced: false,
};
export const LEASE: Kind<Lease> = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};
export const ENDPOINT_SLICE: Kind<EndpointSlice> = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
};

/** A time as Kubernetes writes it: whole seconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/** `namespace/name`, or the name alone. */
export function keyOf(object: KubernetesObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}
