// The Secrets and ConfigMaps that a Repository's pods are given: whether they are there with the keys that are needed,
// because a pod waits for one that is missing for ever and without a word, and whether one has changed since the last
// check. What stands in them is looked at nowhere else, and goes nowhere.
import { createHash } from "node:crypto";
import type { Repository } from "../../api/repository.generated.ts";
import { must } from "../../assert.ts";
import type { Api, ObjectMeta } from "../../runtime/api.ts";
import { CONFIG_MAPS, SECRETS } from "../../runtime/objects.ts";
import { storeKindOf } from "../../storage/store-kind.ts";
import type { StoreKind } from "../../storage/store-kind.ts";
import type { Missing } from "./model.ts";

export interface References {
  /** Changes with the spec and with everything that it refers to, and tells nothing of it. */
  readonly checkedWith: string;
  /** Why pods cannot have what they need; undefined: they can. */
  readonly missing: Missing | undefined;
}

interface Found {
  readonly metadata: ObjectMeta;
  /** Keys with something in them. */
  readonly keys: readonly string[];
}

interface Reference {
  readonly kind: "Secret" | "ConfigMap";
  readonly name: string;
  readonly reason: Missing["reason"];
  /** What it must have, for a person. */
  readonly needs: string;
  /** What is wrong with these keys; undefined: nothing. */
  readonly wrongWith: (keys: readonly string[]) => string | undefined;
}

export async function observeReferences(
  api: Api,
  { metadata, spec }: Repository,
): Promise<References> {
  const references = referencesOf(spec);
  const found = await Promise.all(
    references.map((reference) => find(api, must(metadata.namespace), reference)),
  );
  const versions = found.map((one) => `${one?.metadata.uid}/${one?.metadata.resourceVersion}`);
  const digest = createHash("sha256").update(versions.join()).digest("hex").slice(0, 16);
  const [missing] = references.flatMap((one, i) => problemOf(one, found[i]) ?? []);
  return { checkedWith: `${metadata.generation ?? 0}-${digest}`, missing };
}

function referencesOf({
  location,
  credentialsSecret,
  connection,
}: Repository["spec"]): Reference[] {
  const { caBundle, proxy } = connection ?? {};
  return [
    ...reference(credentialsSecret, CREDENTIALS[storeKindOf(location) ?? "s3"]),
    ...bundle("ConfigMap", caBundle?.configMap),
    ...bundle("Secret", caBundle?.secret),
    ...reference(proxy?.credentialsSecret, PROXY),
  ];
}

type Kept = Omit<Reference, "name">;

function reference(named: { readonly name: string } | undefined, kept: Kept): Reference[] {
  return named === undefined ? [] : [{ ...kept, name: named.name }];
}

function bundle(
  kind: Reference["kind"],
  named: { readonly name: string; readonly key: string } | undefined,
): Reference[] {
  if (named === undefined) return [];
  const needs = `it needs the certificates (PEM) of the authorities in its key ${named.key}, as connection.caBundle says`;
  return reference(named, {
    kind,
    reason: "CaBundleMissing",
    needs,
    wrongWith: lacks([named.key]),
  });
}

function secretWith(needs: string, wrongWith: Reference["wrongWith"]): Kept {
  return { kind: "Secret", reason: "CredentialsMissing", needs, wrongWith };
}

const PROXY = secretWith(
  "it needs the keys user and password, for connection.proxy",
  lacks(["user", "password"]),
);

const CREDENTIALS: Readonly<Record<StoreKind, Kept>> = {
  s3: secretWith(
    "it needs the keys accessKeyId and secretAccessKey",
    lacks(["accessKeyId", "secretAccessKey"]),
  ),
  gcs: secretWith(
    "it needs the key credentials.json, a service account's key or the configuration of a workload identity federation",
    lacks(["credentials.json"]),
  ),
  hdfs: secretWith(
    "it needs the keys user and password (for a gateway), or delegationToken alone",
    passwordOrToken,
  ),
};

function lacks(needed: readonly string[]): Reference["wrongWith"] {
  return (keys) => {
    const missing = needed.filter((key) => !keys.includes(key));
    return missing.length === 0 ? undefined : `has no key ${missing.join(" and ")}`;
  };
}

function passwordOrToken(keys: readonly string[]): string | undefined {
  if (!keys.includes("delegationToken")) return lacks(["user", "password"])(keys);
  const besides = ["user", "password"].filter((key) => keys.includes(key));
  return besides.length === 0 ? undefined : `has delegationToken beside ${besides.join(" and ")}`;
}

function problemOf(
  { kind, name, reason, needs, wrongWith }: Reference,
  found: Found | undefined,
): Missing | undefined {
  const wrong = found === undefined ? "does not exist in this namespace" : wrongWith(found.keys);
  return wrong === undefined
    ? undefined
    : { reason, message: `${kind} ${name} ${wrong}: ${needs}` };
}

async function find(
  api: Api,
  namespace: string,
  { kind, name }: Reference,
): Promise<Found | undefined> {
  if (kind === "Secret") {
    const secret = await api.get(SECRETS, { namespace, name });
    return secret && { metadata: secret.metadata, keys: filled(secret.data) };
  }
  const map = await api.get(CONFIG_MAPS, { namespace, name });
  return map && { metadata: map.metadata, keys: filled({ ...map.data, ...map.binaryData }) };
}

function filled(data: Readonly<Record<string, string>> = {}): readonly string[] {
  return Object.keys(data).filter((key) => data[key] !== "");
}
