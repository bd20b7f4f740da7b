// What is left after everything was done: what stays by design, and what nobody wants. Pure.
import { ANNOTATIONS } from "../../operator/api/group.ts";
import { MOUNT_PREFIX } from "../../operator/controllers/names.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { countText } from "./text.ts";

export interface Leftovers {
  /** Sentences on what stays, and why. */
  readonly kept: readonly string[];
  /** What must not be there; empty is what is hoped for. */
  readonly unwanted: readonly string[];
}

export function leftInKubernetes(found: {
  readonly jobs: readonly KubernetesObject[];
  readonly pods: readonly KubernetesObject[];
  readonly slots: readonly KubernetesObject[];
}): Leftovers {
  const isLent = ({ metadata }: KubernetesObject): boolean =>
    metadata.annotations?.[ANNOTATIONS.lentTo] !== undefined;
  return {
    kept: [
      "no Job and no pod of ours",
      `${countText(found.slots.length, "slot Service")}, kept, all idle`,
    ],
    unwanted: [
      ...found.jobs.map((job) => `Job ${job.metadata.name}`),
      ...found.pods.map((pod) => `pod ${pod.metadata.name}`),
      ...found.slots
        .filter(isLent)
        .map((slot) => `slot ${slot.metadata.name}, which is still lent`),
    ],
  };
}

type Row = Readonly<Record<string, string | null>>;

export function leftInStarRocks(found: {
  readonly brokers: readonly Row[];
  readonly repositories: readonly Row[];
  /** What agents did that a real FE or BE would not survive. */
  readonly violations: readonly string[];
}): Leftovers {
  const names = found.repositories.map((row) => row["RepoName"] ?? "");
  const mounts = names.filter((name) => name.startsWith(MOUNT_PREFIX));
  return {
    kept: [
      "no broker",
      `kept by design, one for each slot, and of no use without a broker: repository ${mounts.join(", ")}`,
    ],
    unwanted: [
      ...found.brokers.map((row) => `broker ${row["Name"]}`),
      ...names.filter((name) => !mounts.includes(name)).map((name) => `repository ${name}`),
      ...found.violations.map((text) => `against the protocol: ${text}`),
    ],
  };
}

export function leftInS3(found: {
  readonly keys: readonly string[];
  readonly openUploads: readonly { readonly key: string }[];
  /** `prefix/__starrocks_repository_name/`. */
  readonly folder: string;
  /** Names of the snapshots that shall be there. */
  readonly snapshots: readonly string[];
}): Leftovers {
  const { keys, openUploads, folder, snapshots } = found;
  const wanted = (key: string): boolean =>
    key === `${folder}${REPOSITORY_INFO}` ||
    (snapshots.some((name) => key.startsWith(`${folder}__ss_${name}/`)) && !key.endsWith(".part"));
  const missing = snapshots.filter(
    (name) => !keys.some((key) => key.startsWith(`${folder}__ss_${name}/`)),
  );
  const files = keys.filter(wanted).length;
  return {
    kept: [
      `${countText(files, "object")}: the repository's note and ${snapshots.map((name) => `__ss_${name}`).join(", ")}`,
      "no staged object, no .part, no open upload",
    ],
    unwanted: [
      ...keys.filter((key) => !wanted(key)).map((key) => `object ${key}`),
      ...openUploads.map(({ key }) => `unfinished upload of ${key}`),
      ...missing.map((name) => `nothing of snapshot ${name}`),
    ],
  };
}

const REPOSITORY_INFO = "__repo_info";
