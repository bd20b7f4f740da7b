// Lists the snapshots of a repository: a few requests per snapshot, never their content. Each becomes a
// log line "snapshot"; the totals go into the outcome.
import type { SnapshotLayout } from "../../broker/layout.ts";
import { splitChecksum } from "../../broker/layout.ts";
import type { Outcome } from "../outcome.ts";
import { readIfThere } from "../read-object.ts";
import { parseInfoName, peekDatabase } from "../snapshot-info.ts";
import { BoundedTasks } from "./bounded-tasks.ts";
import type { CommandDeps } from "./command.ts";
import { runCommand, succeeded } from "./command.ts";
import { readSummary } from "./summary.ts";

/** What a line says of one snapshot. */
export interface CatalogEntry {
  readonly label: string;
  /** Of every `__info` with a good name; more than one is a fault. */
  readonly timestamps: readonly string[];
  /** StarRocks would show and restore it: `__info` and `__meta` are there. */
  readonly complete: boolean;
  /** It has our manifest; the fields below are known then. */
  readonly sealed: boolean;
  readonly backupUid?: string;
  readonly files?: number;
  readonly bytes?: number;
  readonly tablets?: number;
  readonly sealedAt?: string;
  /** From the manifest, else from the beginning of `__info`. */
  readonly database?: string;
}

const PARALLEL_SNAPSHOTS = 8;
/** `database` is the first key that the FE writes. */
const HEAD_BYTES = 4096;

export function runCatalog(deps: CommandDeps): Promise<Outcome> {
  return runCommand(deps, async () => {
    const { storage, layout, log, signal } = deps;
    const totals = { snapshots: 0, complete: 0, incomplete: 0, sealed: 0, files: 0, bytes: 0 };
    const tasks = new BoundedTasks(PARALLEL_SNAPSHOTS);
    try {
      for await (const row of storage.list(layout.snapshots(), { folded: true, signal })) {
        const label = row.kind === "prefix" ? layout.labelOf(row.prefix) : undefined;
        if (label === undefined || label === "") continue;
        await tasks.start(async () => {
          const entry = await describeSnapshot(deps, label);
          log.info("snapshot", entry);
          totals.snapshots += 1;
          totals[entry.complete ? "complete" : "incomplete"] += 1;
          totals.sealed += entry.sealed ? 1 : 0;
          totals.files += entry.files ?? 0;
          totals.bytes += entry.bytes ?? 0;
        });
      }
    } finally {
      await tasks.drain();
    }
    const { snapshots, complete } = totals;
    return succeeded("Listed", `${snapshots} snapshots, ${complete} of them complete`, totals);
  });
}

async function describeSnapshot(deps: CommandDeps, label: string): Promise<CatalogEntry> {
  const snapshot = deps.layout.snapshot(label);
  const { timestamps, infoKeys, hasMeta, hasManifest } = await listTop(deps, snapshot);
  const summary = hasManifest ? await readSummary(deps, snapshot) : undefined;
  const database = summary?.database ?? (await readDatabase(deps, infoKeys[0]));
  return {
    label,
    timestamps,
    complete: timestamps.length > 0 && hasMeta,
    sealed: summary !== undefined,
    ...(summary && {
      backupUid: summary.backupUid,
      files: summary.files,
      bytes: summary.bytes,
      tablets: summary.tablets,
      sealedAt: summary.sealedAt,
    }),
    ...(database !== undefined && { database }),
  };
}

interface Top {
  readonly timestamps: readonly string[];
  readonly infoKeys: readonly string[];
  readonly hasMeta: boolean;
  readonly hasManifest: boolean;
}

/** The few files at the top of a snapshot; its content is one folded row. */
async function listTop({ storage, signal }: CommandDeps, snapshot: SnapshotLayout): Promise<Top> {
  const timestamps: string[] = [];
  const infoKeys: string[] = [];
  let hasMeta = false;
  let hasManifest = false;
  for await (const row of storage.list(`${snapshot.root}/`, { folded: true, signal })) {
    if (row.kind !== "object") continue;
    const name = snapshot.below(row.key);
    const info = parseInfoName(name);
    if (info !== undefined) {
      timestamps.push(info.timestamp);
      infoKeys.push(row.key);
    }
    hasMeta ||= splitChecksum(name)?.name === "__meta";
    hasManifest ||= row.key === snapshot.manifest();
  }
  return { timestamps, infoKeys, hasMeta, hasManifest };
}

async function readDatabase(
  { storage, signal }: CommandDeps,
  key: string | undefined,
): Promise<string | undefined> {
  if (key === undefined) return undefined;
  // Not there: deleted since it was listed.
  const head = await readIfThere(storage, key, { length: HEAD_BYTES, signal });
  return head && peekDatabase(head);
}
