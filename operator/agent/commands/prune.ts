// Deletes one snapshot, or what a failed attempt left of it. The only command that destroys data, so it
// asks for proof: the manifest, or the staging note of an attempt of this very label, must carry the
// Backup's UID. A name that names another owner, or no evidence at all, is refused and nothing is touched.
//
// Order: `__info` (from then on no StarRocks sees the snapshot), `__meta`, content, the manifest's list,
// its summary last, because it is the proof that a repeated prune needs; then staging, its note last.
import type { SnapshotLayout, StagingLayout } from "../../broker/layout.ts";
import { OWN_PREFIX } from "../../broker/layout.ts";
import { TransientError } from "../../errors.ts";
import type { Outcome } from "../outcome.ts";
import type { CommandDeps } from "./command.ts";
import { refused, requireName, runCommand, succeeded } from "./command.ts";
import type { Deleted } from "./delete-all.ts";
import { deleteAll } from "./delete-all.ts";
import { readStagingNote } from "./staging-note.ts";
import { abortUploads, sweepStaging, tidyStagings, type Swept } from "./staging-sweep.ts";
import { readSummary } from "./summary.ts";

export interface PruneOptions {
  readonly label: string;
  /** UID of the Backup whose snapshot it must be. */
  readonly backupUid: string;
  /** Of an attempt whose statement was never accepted: the label may be somebody else's snapshot. */
  readonly stagingOnly?: boolean;
}

/** Something stored that says whose a snapshot is. */
interface Claim {
  readonly what: string;
  readonly backupUid: string;
  readonly label: string;
}

interface Evidence {
  readonly claims: readonly Claim[];
  /** Stagings of attempts of this label. */
  readonly stagings: readonly StagingLayout[];
}

/** ok (also when there is nothing), refused (44; nothing was deleted), or what {@link runCommand} says. */
export function runPrune(deps: CommandDeps, options: PruneOptions): Promise<Outcome> {
  return runCommand(deps, async () => {
    const { label } = options;
    if (options.stagingOnly === true) return await pruneStaging(deps, options);
    const snapshot = deps.layout.snapshot(requireName(label));
    const { claims, stagings } = await collectEvidence(deps, label, snapshot);
    const foreign = claims.find((c) => c.backupUid !== options.backupUid || c.label !== label);
    if (foreign !== undefined) {
      const { what, backupUid } = foreign;
      const whose = `${what} says that snapshot ${foreign.label} belongs to backup ${backupUid}`;
      return refused(`${whose}; nothing was deleted`, { label });
    }
    if (claims.length > 0) return prune(deps, { label, snapshot, stagings });
    if (!(await isEmpty(deps, snapshot))) {
      return refused(`nothing says whose snapshot ${label} is; nothing was deleted`, { label });
    }
    await tidy(deps, snapshot);
    return succeeded("Pruned", `there is nothing of snapshot ${label}`, nothingPruned(label));
  });
}

/** Stagings that carry this Backup's UID and label; the snapshot's folder is not even looked at. */
async function pruneStaging(
  deps: CommandDeps,
  { label, backupUid }: PruneOptions,
): Promise<Outcome> {
  const swept: Swept[] = [];
  for await (const staging of listStagings(deps)) {
    const note = await readStagingNote(deps.storage, staging, { signal: deps.signal });
    const isOurs = note?.label === label && note.backupUid === backupUid;
    if (isOurs) swept.push(await sweepStaging(deps, staging));
  }
  await tidyStagings(deps);
  const uploads = swept.reduce((n, s) => n + s.uploads, 0);
  const detail = { label, ...sum(swept), uploads, stagings: swept.length };
  return succeeded("Pruned", `the staging of label ${label} is gone`, detail);
}

async function collectEvidence(
  deps: CommandDeps,
  label: string,
  snapshot: SnapshotLayout,
): Promise<Evidence> {
  const claims: Claim[] = [];
  const stagings: StagingLayout[] = [];
  const summary = await readSummary(deps, snapshot);
  if (summary !== undefined) claims.push({ ...summary, what: "the manifest" });
  for await (const staging of listStagings(deps)) {
    const note = await readStagingNote(deps.storage, staging, { signal: deps.signal });
    if (note?.label !== label) continue;
    claims.push({ ...note, what: `the staging note ${staging.note()}` });
    stagings.push(staging);
  }
  return { claims, stagings };
}

async function* listStagings(deps: CommandDeps): AsyncGenerator<StagingLayout> {
  const { storage, layout, signal } = deps;
  for await (const entry of storage.list(layout.stagings(), { folded: true, signal })) {
    if (entry.kind !== "prefix") continue;
    yield layout.staging(entry.prefix.slice(layout.stagings().length, -1));
  }
}

interface PruneJob {
  readonly label: string;
  readonly snapshot: SnapshotLayout;
  readonly stagings: readonly StagingLayout[];
}

async function prune(deps: CommandDeps, { label, snapshot, stagings }: PruneJob): Promise<Outcome> {
  const { storage, signal, log } = deps;
  const folder = `${snapshot.root}/`;
  const isOwn = (key: string) => snapshot.below(key).startsWith(OWN_PREFIX);
  const isSummary = (key: string) => key === snapshot.manifest();
  let uploads = 0;
  const deleted = [
    await deleteAll(deps, snapshot.infos()),
    await deleteAll(deps, snapshot.metas()),
    await deleteAll(deps, folder, { keep: isOwn }),
  ];
  uploads += await abortUploads(deps, folder);
  deleted.push(await deleteAll(deps, folder, { keep: isSummary }));
  // While the summary is still there to prove whose the rest is.
  await requireOnly(deps, folder, isSummary);
  await storage.delete(snapshot.manifest(), { signal });
  for (const staging of stagings) {
    const swept = await sweepStaging(deps, staging);
    uploads += swept.uploads;
    deleted.push(swept);
  }
  await tidy(deps, snapshot);
  const detail = { ...nothingPruned(label), ...sum(deleted), uploads, stagings: stagings.length };
  log.info("pruned", detail);
  return succeeded("Pruned", `snapshot ${label} is gone: ${detail.files} files`, detail);
}

/** Of a prune that died, the files may be gone and their folders not. */
async function tidy(deps: CommandDeps, snapshot: SnapshotLayout): Promise<void> {
  await deps.storage.removeEmptyFolders(`${snapshot.root}/`, { signal: deps.signal });
  await tidyStagings(deps);
}

/** Somebody still writes there when something came back. */
async function requireOnly(
  { storage, signal }: CommandDeps,
  folder: string,
  isExpected: (key: string) => boolean,
): Promise<void> {
  for await (const entry of storage.list(folder, { signal })) {
    if (entry.kind === "object" && !isExpected(entry.key)) {
      throw new TransientError("NotEmpty", `${entry.key} is there after everything was deleted`);
    }
  }
}

async function isEmpty(
  { storage, signal }: CommandDeps,
  snapshot: SnapshotLayout,
): Promise<boolean> {
  for await (const _entry of storage.list(`${snapshot.root}/`, { signal })) return false;
  return true;
}

function nothingPruned(label: string) {
  return { label, files: 0, bytes: 0, uploads: 0, stagings: 0 };
}

function sum(deleted: readonly Deleted[]): { readonly files: number; readonly bytes: number } {
  return {
    files: deleted.reduce((n, d) => n + d.objects, 0),
    bytes: deleted.reduce((n, d) => n + d.bytes, 0),
  };
}
