// Secrets and ConfigMaps on their way into a pod: read from the API server each time, so that a pod never
// starts with an older one than was there when the pod was made.
import type { Kind } from "../../../operator/runtime/api.ts";
import type { KubernetesClient } from "../client.ts";
import { CONFIG_MAP, SECRET, type DataObject } from "../core.ts";

export type SourceKind = "Secret" | "ConfigMap";

/** A Secret's or ConfigMap's values as bytes; undefined when there is no such object. */
export type ReadSource = (
  kind: SourceKind,
  name: string,
) => Promise<ReadonlyMap<string, Buffer> | undefined>;

const KINDS: Readonly<Record<SourceKind, Kind<DataObject>>> = {
  Secret: SECRET,
  ConfigMap: CONFIG_MAP,
};

export function sourcesOf(client: KubernetesClient, namespace: string): ReadSource {
  return async (kind, name) => {
    const object = await client.get(KINDS[kind], { namespace, name });
    return object === undefined ? undefined : valuesOf(kind, object);
  };
}

function valuesOf(kind: SourceKind, object: DataObject): ReadonlyMap<string, Buffer> {
  const encoding = kind === "Secret" ? "base64" : "utf8";
  return new Map([
    ...buffers(object.data, encoding),
    ...buffers(kind === "Secret" ? undefined : object.binaryData, "base64"),
  ]);
}

function buffers(
  data: Readonly<Record<string, string>> | undefined,
  encoding: BufferEncoding,
): [string, Buffer][] {
  return Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]);
}
