// Our manifest of a sealed snapshot: a list of all its files (gzip, a JSON line per file, in the order
// of a listing) and a small summary. Both lie beside StarRocks' files under names that it ignores.
//
// The summary is written last and names the list's md5: a snapshot is sealed when it has a summary. A
// list without one is what an interrupted seal left, and counts as no manifest. The list can have
// hundreds of megabytes and is never held: see manifest-list.ts.
import type { SnapshotLayout } from "../broker/layout.ts";
import type { CallOptions, Storage } from "../storage/storage.ts";
import { parseIfThere } from "./read-object.ts";

export interface ManifestSummary {
  readonly version: 1;
  /** UID of the Backup that this snapshot belongs to: what prune asks for. */
  readonly backupUid: string;
  readonly label: string;
  /** StarRocks' own, verbatim. */
  readonly timestamp: string;
  readonly database: string;
  readonly attempt: string;
  readonly tablets: number;
  /** All files but our own, `__info` and `__meta` included. */
  readonly files: number;
  readonly bytes: number;
  /** ISO 8601, UTC. */
  readonly sealedAt: string;
  readonly list: { readonly key: string; readonly size: number; readonly md5: string };
}

/** The manifest is damaged or of a version that we do not know: not a failed read. */
export class ManifestError extends Error {
  override readonly name = "ManifestError" as const;
}

/** Larger than any summary that we write; what is longer is not ours. */
const SUMMARY_BYTES_MAX = 64 * 1024;

/**
 * The summary, or undefined when there is none. Throws {@link ManifestError} for one that cannot be
 * understood; errors of the storage pass through.
 */
export async function readManifest(
  storage: Storage,
  snapshot: SnapshotLayout,
  options: CallOptions = {},
): Promise<ManifestSummary | undefined> {
  const range = { ...options, length: SUMMARY_BYTES_MAX };
  return parseIfThere({ storage, key: snapshot.manifest(), options: range }, parseSummary);
}

/** Makes the snapshot sealed. */
export async function writeManifest(
  storage: Storage,
  snapshot: SnapshotLayout,
  summary: ManifestSummary,
  options: CallOptions = {},
): Promise<void> {
  await storage.put(snapshot.manifest(), Buffer.from(`${JSON.stringify(summary)}\n`), options);
}

type FieldType = "string" | "number" | "object";

const FIELDS: Readonly<Record<Exclude<keyof ManifestSummary, "version">, FieldType>> = {
  backupUid: "string",
  label: "string",
  timestamp: "string",
  database: "string",
  attempt: "string",
  tablets: "number",
  files: "number",
  bytes: "number",
  sealedAt: "string",
  list: "object",
};

const LIST_FIELDS: Readonly<Record<keyof ManifestSummary["list"], FieldType>> = {
  key: "string",
  size: "number",
  md5: "string",
};

function parseSummary(content: string): ManifestSummary {
  const value = parseObject(content);
  if (value["version"] !== 1) {
    throw new ManifestError(`the manifest has version ${String(value["version"])}, not 1`);
  }
  requireFields(value, FIELDS);
  requireFields(value["list"] as Record<string, unknown>, LIST_FIELDS);
  return value as unknown as ManifestSummary;
}

function requireFields(
  value: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, FieldType>>,
): void {
  for (const [field, type] of Object.entries(fields)) {
    if (typeof value[field] !== type || value[field] === null) {
      throw new ManifestError(`the manifest has no ${field}`);
    }
  }
}

/** A JSON object, or {@link ManifestError}. */
export function parseObject(content: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new ManifestError("it is not JSON", { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ManifestError("it is not a JSON object");
  }
  return value as Record<string, unknown>;
}
