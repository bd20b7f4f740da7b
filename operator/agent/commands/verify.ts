// Verifies a snapshot without changing anything.
//
// `list` compares the listing with the manifest (missing, short, long, replaced, unexpected): a few
// requests per thousand files. `checksums` reads every byte besides and compares the md5 with the file's
// name, which finds flipped bits; a new ETag alone is no damage then, since the content is proven.
// A snapshot without our manifest (made by StarRocks itself, or never sealed) is compared with its
// `__info` and with what names can tell, as seal does.
import type { SnapshotLayout } from "../../broker/layout.ts";
import { splitChecksum } from "../../broker/layout.ts";
import { compareKeys } from "../../storage/key.ts";
import type { ObjectInfo } from "../../storage/storage.ts";
import type { ManifestFile } from "../manifest-list.ts";
import { readManifestList } from "../manifest-list.ts";
import type { ManifestSummary } from "../manifest.ts";
import { ManifestError, readManifest } from "../manifest.ts";
import { EXIT, type Outcome } from "../outcome.ts";
import { BoundedTasks } from "./bounded-tasks.ts";
import type { CommandDeps } from "./command.ts";
import { requireName, runCommand, succeeded } from "./command.ts";
import { DamageReport } from "./damage.ts";
import { md5Of } from "./hash-object.ts";
import { checkSnapshot, listSnapshot } from "./snapshot-check.ts";
import { requireHead } from "./snapshot-head.ts";
import { Tally } from "./tally.ts";

export type VerifyMode = "list" | "checksums";

export interface VerifyOptions {
  readonly label: string;
  readonly mode: VerifyMode;
  /** The backup timestamp that a Restore asks for; absent: whichever is there. */
  readonly timestamp?: string | undefined;
}

interface VerifyJob {
  readonly options: VerifyOptions;
  readonly snapshot: SnapshotLayout;
  readonly damage: DamageReport;
  readonly checksums: Checksums | undefined;
}

/** What was compared; numbers are those of the listing. */
interface Verified {
  readonly against: "manifest" | "info";
  readonly timestamp: string | undefined;
  readonly database: string | undefined;
  readonly tablets: number | undefined;
  readonly backupUid: string | undefined;
  /** Tablets whose files nothing lists, so that a missing one cannot be told. */
  readonly unlisted: number;
  readonly files: number;
  readonly bytes: number;
}

/** ok, damaged (43), or what {@link runCommand} says. */
export function runVerify(deps: CommandDeps, options: VerifyOptions): Promise<Outcome> {
  return runCommand(deps, async () => {
    const snapshot = deps.layout.snapshot(requireName(options.label));
    const damage = new DamageReport(deps.log);
    const checksums =
      options.mode === "checksums" ? new Checksums(deps, snapshot, damage) : undefined;
    const job: VerifyJob = { options, snapshot, damage, checksums };
    const summary = await usableManifest(deps, job);
    if (summary === undefined && (await isMissing(deps, snapshot)))
      return missing(deps, options, snapshot);
    const verified =
      summary === undefined ? await byInfo(deps, job) : await byManifest(deps, job, summary);
    await checksums?.drain();
    const detail = { label: options.label, mode: options.mode, ...verified };
    deps.log.info("verified", { ...detail, damaged: damage.count });
    return damage.count > 0
      ? damage.outcome(`snapshot ${options.label} is damaged`, detail)
      : succeeded(
          "Verified",
          `snapshot ${options.label} is whole: ${verified.files} files`,
          detail,
        );
  });
}

async function isMissing(
  { storage, signal }: CommandDeps,
  snapshot: SnapshotLayout,
): Promise<boolean> {
  for await (const _entry of storage.list(`${snapshot.root}/`, { signal })) return false;
  return true;
}

/** A mistyped name is told as such, not as damage. */
function missing(
  { storage }: CommandDeps,
  { label, mode }: VerifyOptions,
  snapshot: SnapshotLayout,
): Outcome {
  const where = `${storage.location}/${snapshot.root}/`;
  return {
    exitCode: EXIT.damaged,
    reason: "SnapshotMissing",
    message: `there is no snapshot ${label}: ${where} is empty; check its name, and the Repository's location and repositoryName`,
    detail: { label, mode },
  };
}

/**
 * The summary, when its list is the one that it names. A damaged manifest is damage; the snapshot is
 * then compared with its `__info` as if it had none.
 */
async function usableManifest(
  deps: CommandDeps,
  { snapshot, damage }: VerifyJob,
): Promise<ManifestSummary | undefined> {
  const { storage, signal } = deps;
  try {
    const summary = await readManifest(storage, snapshot, { signal });
    if (summary === undefined) return undefined;
    const list = await storage.stat(snapshot.manifestFiles(), { signal });
    if (list === undefined) throw new ManifestError("the manifest's list is missing");
    const isSame =
      list.size === summary.list.size &&
      (await md5Of(deps, list, summary.list.md5)) === summary.list.md5;
    if (!isSame)
      throw new ManifestError("the manifest's list is not the one that its summary names");
    return summary;
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const path = snapshot.below(snapshot.manifest());
    damage.add({ kind: "badManifest", path, note: error.message });
    return undefined;
  }
}

async function byManifest(
  deps: CommandDeps,
  job: VerifyJob,
  summary: ManifestSummary,
): Promise<Verified> {
  const { options, snapshot, damage } = job;
  const { timestamp, database, tablets, backupUid } = summary;
  if (options.timestamp !== undefined && options.timestamp !== timestamp) {
    const path = `__info_${options.timestamp}`;
    damage.add({ kind: "noInfo", path, note: `only ${timestamp} is there` });
  }
  const tally = new Tally(deps, "verified files");
  await joinListing(deps, job, { summary, tally });
  const { files, bytes } = tally;
  // The list was proven to be the summary's; this catches a summary that was tampered with.
  if (damage.count === 0 && (files !== summary.files || bytes !== summary.bytes)) {
    const note = `it counts ${summary.files} files of ${summary.bytes} bytes`;
    damage.add({ kind: "badManifest", path: snapshot.below(snapshot.manifest()), note });
  }
  const about = { timestamp, database, tablets, backupUid };
  return { against: "manifest", ...about, unlisted: 0, files, bytes };
}

interface Join {
  readonly summary: ManifestSummary;
  readonly tally: Tally;
}

/** Walks the manifest's list and the listing side by side: both are in the order of keys. */
async function joinListing(
  deps: CommandDeps,
  job: VerifyJob,
  { summary, tally }: Join,
): Promise<void> {
  const { storage, signal } = deps;
  const { snapshot, damage } = job;
  const known = readManifestList(storage, snapshot.manifestFiles(), summary.list, { signal });
  const listed = listSnapshot(deps, snapshot);
  try {
    let file = await next(known);
    let object = await next(listed);
    while (file !== undefined || object !== undefined) {
      const order = compareRows(file, object, snapshot);
      if (file !== undefined && order < 0) damage.add({ kind: "missing", path: file.path });
      if (object !== undefined && order >= 0) {
        tally.add(object.size);
        await checkObject(job, object, order === 0 ? file : undefined);
        object = await next(listed);
      }
      if (file !== undefined && order <= 0) file = await next(known);
    }
  } finally {
    await known.return(undefined);
    await listed.return(undefined);
  }
}

async function next<T>(rows: AsyncGenerator<T>): Promise<T | undefined> {
  const row = await rows.next();
  return row.done === true ? undefined : row.value;
}

/** Negative: only the file is there; positive: only the object; zero: both, the same path. */
function compareRows(
  file: ManifestFile | undefined,
  object: ObjectInfo | undefined,
  snapshot: SnapshotLayout,
): number {
  if (file === undefined) return 1;
  return object === undefined ? -1 : compareKeys(file.path, snapshot.below(object.key));
}

async function checkObject(
  { snapshot, damage, checksums }: VerifyJob,
  object: ObjectInfo,
  file: ManifestFile | undefined,
): Promise<void> {
  const path = snapshot.below(object.key);
  if (file === undefined) {
    damage.add({ kind: "unexpected", path });
  } else if (object.size !== file.size) {
    const note = `${object.size} bytes instead of ${file.size}`;
    damage.add({ kind: object.size < file.size ? "short" : "long", path, note });
  } else if (checksums !== undefined && splitChecksum(path) !== undefined) {
    await checksums.check(object);
  } else if (object.etag !== file.etag) {
    damage.add({ kind: "replaced", path });
  }
}

async function byInfo(
  deps: CommandDeps,
  { options, snapshot, damage, checksums }: VerifyJob,
): Promise<Verified> {
  const head = await requireHead(deps, { snapshot, damage, timestamp: options.timestamp });
  const nothing = { files: 0, bytes: 0, unlisted: 0 };
  const counts =
    head === undefined
      ? nothing
      : await checkSnapshot(deps, {
          snapshot,
          head,
          damage,
          onFile: (object, path) =>
            splitChecksum(path) === undefined ? undefined : checksums?.check(object),
        });
  return {
    against: "info",
    timestamp: head?.infoFile.timestamp,
    database: head?.info.database,
    tablets: head?.info.tablets.size,
    backupUid: undefined,
    ...counts,
  };
}

const PARALLEL_READS = 4;

/** Reads files, a few beside each other, and compares their md5 with their names. */
class Checksums {
  readonly #deps: CommandDeps;
  readonly #snapshot: SnapshotLayout;
  readonly #damage: DamageReport;
  readonly #tasks = new BoundedTasks(PARALLEL_READS);

  constructor(deps: CommandDeps, snapshot: SnapshotLayout, damage: DamageReport) {
    this.#deps = deps;
    this.#snapshot = snapshot;
    this.#damage = damage;
  }

  /** Resolves when there is room for the next one; the result goes into the report. */
  check(object: ObjectInfo): Promise<void> {
    return this.#tasks.start(async () => {
      const path = this.#snapshot.below(object.key);
      const wanted = splitChecksum(path)?.md5 ?? "";
      const actual = await md5Of(this.#deps, object, wanted);
      if (wanted === actual) return;
      this.#damage.add({ kind: "checksum", path, note: `its content has md5 ${actual}` });
    });
  }

  drain(): Promise<void> {
    return this.#tasks.drain();
  }
}
