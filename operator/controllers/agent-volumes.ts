// What lies in an agent's pod, and where: its configuration, and the Secrets and ConfigMaps that its Repository
// names. Each volume is mounted in a folder of its own name, beside that of the configuration file, which names the
// others relative to itself. Pure.
//
// All of it is read anew by the kubelet when it changes; only the agent knows what it reads anew.
import type { Repository } from "../api/repository.generated.ts";
import { ANNOTATIONS } from "../api/group.ts";
import type { Volume, VolumeMount } from "../runtime/objects.ts";

type Spec = Repository["spec"];

const ROOT = "/etc/starrocks-backup";

const POD = "pod";
const CONFIG = "agent.yaml";
const ORDERS = "annotations";

/** In the container; for the command line. */
export const POD_FILES = {
  config: `${ROOT}/${POD}/${CONFIG}`,
  annotations: `${ROOT}/${POD}/${ORDERS}`,
} as const;

/** Seen from the configuration file. */
export const BESIDE = {
  credentials: "../credentials",
  proxy: "../proxy",
  caBundle: "../ca/ca.crt",
  token: "../identity/token",
} as const;

export function volumesOf(spec: Spec): readonly Volume[] {
  const { credentialsSecret, connection = {}, agent } = spec;
  return [
    ownPod(),
    ...secretVolume("credentials", credentialsSecret),
    ...caVolume(connection.caBundle),
    ...secretVolume("proxy", connection.proxy?.credentialsSecret),
    ...tokenVolume(agent.serviceAccountToken),
  ];
}

export function mountsOf(spec: Spec): readonly VolumeMount[] {
  return volumesOf(spec).map(({ name }) => ({
    name,
    mountPath: `${ROOT}/${name}`,
    readOnly: true,
  }));
}

function ownPod(): Volume {
  const items = [
    { path: CONFIG, fieldRef: { fieldPath: `metadata.annotations['${ANNOTATIONS.config}']` } },
    { path: ORDERS, fieldRef: { fieldPath: "metadata.annotations" } },
  ];
  return { name: POD, downwardAPI: { items } };
}

function secretVolume(name: string, secret: { readonly name: string } | undefined): Volume[] {
  return secret === undefined ? [] : [{ name, secret: { secretName: secret.name } }];
}

type CaBundle = NonNullable<NonNullable<Spec["connection"]>["caBundle"]>;

/** Of a Secret of cert-manager the certificate of the authority alone, not the key beside it. */
function caVolume({ configMap, secret }: CaBundle = {}): Volume[] {
  const itemsOf = (key: string) => [{ key, path: "ca.crt" }];
  if (configMap !== undefined) {
    return [{ name: "ca", configMap: { name: configMap.name, items: itemsOf(configMap.key) } }];
  }
  if (secret === undefined) return [];
  return [{ name: "ca", secret: { secretName: secret.name, items: itemsOf(secret.key) } }];
}

/** For the storage's cloud alone: its audience is none of the API server's, which the schema sees to. */
function tokenVolume(token: Spec["agent"]["serviceAccountToken"]): Volume[] {
  if (token === undefined) return [];
  const { audience, expirationSeconds } = token;
  const serviceAccountToken = { path: "token", audience, expirationSeconds };
  return [{ name: "identity", projected: { sources: [{ serviceAccountToken }] } }];
}
