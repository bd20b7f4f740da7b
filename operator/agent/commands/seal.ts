// Seals a snapshot: finishes what agents answered and did not do, compares every tablet of `__info` with
// what is stored, and writes the manifest. Only then does a Backup say FINISHED.
//
// Every step can be repeated after a crash at any point. A hole takes `__info` away first, so a snapshot
// that is not whole is never visible; nothing else is deleted then. What is not proven to be this
// Backup's is refused untouched. A failed call of the storage is never taken for a hole: it ends with
// exit 1, and the operator starts the command again.
import type { SnapshotLayout, StagingLayout } from "../../broker/layout.ts";
import { finishIntents, listIntents } from "../../broker/intents.ts";
import { describeError } from "../../errors.ts";
import { isNotFound, isStorageError } from "../../storage/errors.ts";
import type { WrittenList } from "../manifest-list.ts";
import { ManifestListWriter } from "../manifest-list.ts";
import type { ManifestSummary } from "../manifest.ts";
import { writeManifest } from "../manifest.ts";
import type { Outcome } from "../outcome.ts";
import type { CommandDeps } from "./command.ts";
import { refused, requireName, runCommand, succeeded } from "./command.ts";
import { DamageReport } from "./damage.ts";
import { deleteAll } from "./delete-all.ts";
import { checkSnapshot } from "./snapshot-check.ts";
import type { WholeHead } from "./snapshot-head.ts";
import { listHead, requireHead } from "./snapshot-head.ts";
import type { StagingNote } from "./staging-note.ts";
import { readStagingNote, writeStagingNote } from "./staging-note.ts";
import { abortUploads, sweepStaging, tidyStagings } from "./staging-sweep.ts";
import { readSummary } from "./summary.ts";

export interface SealOptions {
  readonly label: string;
  /** Names the staging folder. */
  readonly attempt: string;
  /** UID of the Backup. */
  readonly backupUid: string;
  /** As SHOW SNAPSHOT said it; absent: whichever is there. */
  readonly timestamp?: string | undefined;
}

interface SealJob {
  readonly options: SealOptions;
  readonly snapshot: SnapshotLayout;
  readonly staging: StagingLayout;
  readonly damage: DamageReport;
  /** The summary of an earlier seal. */
  readonly sealed: ManifestSummary | undefined;
}

/** ok, damaged (43; `__info` is gone then), refused (44; nothing changed), or what {@link runCommand} says. */
export function runSeal(deps: CommandDeps, options: SealOptions): Promise<Outcome> {
  return runCommand(deps, async () => {
    const snapshot = deps.layout.snapshot(requireName(options.label));
    const staging = deps.layout.staging(requireName(options.attempt));
    const sealed = await readSummary(deps, snapshot);
    const damage = new DamageReport(deps.log);
    const job: SealJob = { options, snapshot, staging, damage, sealed };
    const refusal = (await checkOwner(deps, job)) ?? (await checkTimestamp(deps, job));
    if (refusal !== undefined) return refused(refusal, { label: options.label });
    if (sealed !== undefined && (await isUnchanged(deps, job, sealed))) {
      return finish(deps, job, sealed);
    }
    await finishOpenIntents(deps, job);
    return sealWhole(deps, job);
  });
}

/** A sentence when the evidence names another owner, or when there is none. */
async function checkOwner(deps: CommandDeps, job: SealJob): Promise<string | undefined> {
  const { options, staging, sealed } = job;
  const note = await readStagingNote(deps.storage, staging, { signal: deps.signal });
  const evidence = [
    { what: `the staging note of ${options.attempt}`, owner: note },
    { what: "the manifest", owner: sealed },
  ];
  for (const { what, owner } of evidence) {
    if (owner === undefined) continue;
    const { backupUid, label } = owner;
    if (backupUid !== options.backupUid || label !== options.label) {
      return `${what} belongs to backup ${backupUid} with label ${label}; nothing was changed`;
    }
  }
  return note === undefined && sealed === undefined
    ? `neither a staging note of ${options.attempt} nor a manifest says whose snapshot ${options.label} is`
    : undefined;
}

/** A sentence when the one snapshot that is there is not the one asked for: no reason to hide it. */
async function checkTimestamp(deps: CommandDeps, job: SealJob): Promise<string | undefined> {
  const { label, timestamp } = job.options;
  if (timestamp === undefined) return undefined;
  const [info, ...more] = (await listHead(deps, job.snapshot)).infos;
  if (info === undefined || more.length > 0 || info.timestamp === timestamp) return undefined;
  return `snapshot ${label} has the timestamp ${info.timestamp}, not ${timestamp}; nothing was changed`;
}

/** A few requests: what a repeated seal needs to see. The content is verify's business. */
async function isUnchanged(
  deps: CommandDeps,
  { options, snapshot, staging }: SealJob,
  sealed: ManifestSummary,
): Promise<boolean> {
  const { storage, signal } = deps;
  if (options.timestamp !== undefined && options.timestamp !== sealed.timestamp) return false;
  const { infos, metas } = await listHead(deps, snapshot);
  if (infos.length !== 1 || metas.length !== 1) return false;
  if (infos[0]?.timestamp !== sealed.timestamp) return false;
  const list = await storage.stat(snapshot.manifestFiles(), { signal });
  if (list?.size !== sealed.list.size) return false;
  for await (const _open of listIntents(storage, staging, { signal })) return false;
  return true;
}

async function finishOpenIntents(deps: CommandDeps, { staging, damage }: SealJob): Promise<void> {
  const { storage, log, signal } = deps;
  try {
    await finishIntents(storage, staging, log, { signal });
  } catch (error) {
    // The bytes are in neither place: a file that was answered for does not exist.
    const isLost = isStorageError(error) && error.detail.operation === "finishIntent";
    if (!isLost || !isNotFound(error)) throw error;
    damage.add({ kind: "lost", path: error.detail.key, note: describeError(error) });
  }
}

async function sealWhole(deps: CommandDeps, job: SealJob): Promise<Outcome> {
  const { snapshot, damage, options } = job;
  const head =
    damage.count > 0
      ? undefined
      : await requireHead(deps, { snapshot, damage, timestamp: options.timestamp });
  const summary = head === undefined ? undefined : await writeList(deps, job, head);
  if (summary === undefined) return hide(deps, job);
  await writeManifest(deps.storage, snapshot, summary, { signal: deps.signal });
  return finish(deps, job, summary);
}

/** Compares everything and writes the list on the way; undefined when there is damage. */
async function writeList(
  deps: CommandDeps,
  job: SealJob,
  head: WholeHead,
): Promise<ManifestSummary | undefined> {
  const { storage, signal } = deps;
  const { options, snapshot, damage, sealed } = job;
  const key = snapshot.manifestFiles();
  await abortUploads(deps, key);
  const writer = new ManifestListWriter(storage, key, { signal });
  let written: WrittenList;
  let counts: Awaited<ReturnType<typeof checkSnapshot>>;
  try {
    counts = await checkSnapshot(deps, {
      snapshot,
      head,
      damage,
      onFile: ({ size, etag }, path) => writer.add({ path, size, etag }),
    });
    if (damage.count > 0) {
      await writer.abort();
      return undefined;
    }
    if (sealed !== undefined) await unseal(deps, job);
    written = await writer.finish();
  } catch (error) {
    await writer.abort().catch(() => {});
    throw error;
  }
  return {
    version: 1,
    backupUid: options.backupUid,
    label: options.label,
    timestamp: head.infoFile.timestamp,
    database: head.info.database,
    attempt: options.attempt,
    tablets: head.info.tablets.size,
    files: counts.files,
    bytes: counts.bytes,
    sealedAt: new Date(deps.clock.now()).toISOString(),
    list: { key, ...written },
  };
}

// A summary must never stand beside a list that it does not name. Without it the note is the evidence
// of whose snapshot this is, so it comes back first.
async function unseal(
  { storage, signal, clock }: CommandDeps,
  { options: { backupUid, label, attempt }, snapshot, staging }: SealJob,
): Promise<void> {
  const createdAt = new Date(clock.now()).toISOString();
  const note: StagingNote = { version: 1, backupUid, label, attempt, createdAt };
  await writeStagingNote(storage, staging, note, { signal });
  await storage.delete(snapshot.manifest(), { signal });
}

/** Takes the snapshot out of sight. A summary stays, as does the note: prune asks for either. */
async function hide(deps: CommandDeps, { snapshot, damage, options }: SealJob): Promise<Outcome> {
  const { objects } = await deleteAll(deps, snapshot.infos());
  const hidden = objects > 0 ? ", so its __info was deleted" : "";
  return damage.outcome(`snapshot ${options.label} is not whole${hidden}`, {
    label: options.label,
  });
}

async function finish(
  deps: CommandDeps,
  { staging, snapshot }: SealJob,
  summary: ManifestSummary,
): Promise<Outcome> {
  // Of copies that were begun anew because the store's answer was lost: no agent is left to know them.
  await abortUploads(deps, `${snapshot.root}/`);
  const swept = await sweepStaging(deps, staging);
  await tidyStagings(deps);
  const { label, timestamp, database, tablets, files, bytes, sealedAt } = summary;
  const detail = { label, timestamp, database, tablets, files, bytes, sealedAt };
  deps.log.info("sealed", { ...detail, sweptObjects: swept.objects, sweptUploads: swept.uploads });
  return succeeded(
    "Sealed",
    `snapshot ${label} is whole: ${tablets} tablets, ${files} files`,
    detail,
  );
}
