// A Restore's source and targets: checked early, and again on the leader just before it is submitted.
import type { Backup } from "../../api/backup.generated.ts";
import type { Ended } from "../pods.ts";
import type { Restore } from "../../api/restore.generated.ts";
import { EXIT } from "../../agent/outcome.ts";
import { must } from "../../assert.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import { repositoryFolder, repositoryName } from "../names.ts";
import { attemptIdOf, frontendSeen, labelOf, mountOf, mySlot } from "../job/look.ts";
import type { Seen, SubmitRequest, Verdict } from "../job/model.ts";
import { TIMEOUT_MIN_SECONDS, takesObjectLists } from "../backup/preflight.ts";
import { again, runTask } from "../job/steps/finish.ts";
import { databaseOf } from "../job/steps/prepare.ts";
import { act, end, lookAgain, waitFor } from "../job/verdict.ts";
import { isFinal } from "../job/status.ts";
import { targetsOf, type Target } from "./targets.ts";

export function itIsNotTooLate(seen: Seen): Verdict | undefined {
  const { startBefore } = seen.settings;
  if (startBefore === undefined || seen.nowMs <= startBefore || mySlot(seen) !== undefined) {
    return undefined;
  }
  const when = new Date(startBefore).toISOString();
  const message = `startBefore ${when} is over: nothing was restored; make a new Restore if it is still wanted`;
  return end("FAILED", "StartBeforeOver", message);
}

/** Which snapshot: said, or the named Backup's. */
export function sourceIsKnown(seen: Seen): Verdict | undefined {
  if (seen.status.source?.snapshot !== undefined) return undefined;
  const { snapshot } = asRestore(seen).spec.source;
  if (snapshot === undefined) return backupIsFinished(seen);
  const known = seen.repository?.status?.snapshots?.catalog?.find((s) => s.name === snapshot.name);
  return record({
    snapshot: snapshot.name,
    timestamp: snapshot.timestamp,
    database: known?.database,
  });
}

function backupIsFinished(seen: Seen): Verdict {
  const { source } = seen;
  const name = asRestore(seen).spec.source.backup ?? "";
  if (source === undefined) {
    return waitFor("SourceMissing", `Backup ${name} to exist in this namespace`);
  }
  const { phase = "PENDING", snapshot } = source.status ?? {};
  if (!isFinal(phase)) {
    return waitFor("SourceNotFinished", `Backup ${name} to be FINISHED (it is ${phase})`);
  }
  if (phase !== "FINISHED" || snapshot?.timestamp === undefined) {
    const message = `Backup ${name} is ${phase}, so there is nothing to restore: name a Backup that is FINISHED`;
    return end("FAILED", "SourceNotFinished", message);
  }
  return (
    liesElsewhere(seen, source) ??
    record({
      snapshot: snapshot.name,
      timestamp: snapshot.timestamp,
      database: source.spec.database,
      backupUid: must(source.metadata.uid),
    })
  );
}

interface Source {
  readonly snapshot: string;
  readonly timestamp: string;
  readonly database: string | undefined;
  readonly backupUid?: string;
}

function record({ database, ...rest }: Source): Verdict {
  const source = { ...rest, ...(database === undefined ? {} : { database }) };
  return act([], "Starting", "its turn", { source });
}

/**
 * A Backup of another Repository is fine when both are the same place. Which folder of it the other one had is known
 * nowhere for sure: a snapshot that is not in ours is not found, before anything starts.
 */
function liesElsewhere(seen: Seen, { status, spec, metadata }: Backup): Verdict | undefined {
  const repository = must(seen.repository);
  if (status?.repositoryUID === repository.metadata.uid) return undefined;
  const { location } = repository.spec;
  if (status?.location === location) return undefined;
  const folder = repositoryFolder(
    repositoryName(repository.metadata, repository.spec.repositoryName),
  );
  const where = `${status?.location ?? "another place"} (Repository ${spec.repository})`;
  const message = `Backup ${metadata.name} lies in ${where}, and this Restore reads ${location}/${folder}: name that Repository, or the snapshot by name and timestamp`;
  return end("FAILED", "SourceElsewhere", message);
}

/** Missing, short or replaced files are found before anything is changed. */
export function snapshotIsWhole(seen: Seen): Verdict | undefined {
  if (seen.status.verified === true) return undefined;
  const timestamp = seen.status.source?.timestamp ?? "";
  const id = attemptIdOf(seen);
  const task = runTask(seen, "verify", id, { label: labelOf(seen), timestamp, mode: "list" });
  return task.verdict ?? verified(seen, must(task.ended));
}

function verified(seen: Seen, ended: Ended): Verdict {
  switch (ended.exitCode) {
    case EXIT.damaged: {
      const advice = ended.reason === "SnapshotDamaged" ? "; restore another snapshot" : "";
      return end("FAILED", ended.reason, `nothing was restored: ${ended.message}${advice}`);
    }
    case EXIT.refused:
      return end("FAILED", ended.reason, ended.message);
    case EXIT.ok: {
      const source = must(seen.status.source);
      const database = source.database ?? text(ended.detail["database"]);
      const next = { ...source, ...(database === undefined ? {} : { database }) };
      const unlisted = ended.detail["unlisted"];
      const unknown =
        typeof unlisted === "number" && unlisted > 0 ? { unlistedTablets: unlisted } : {};
      return act([], "Starting", "its turn", { verified: true, source: next, ...unknown });
    }
    default:
      return again(seen, "verify", attemptIdOf(seen));
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A database that is missing is made by StarRocks from 3.4 on, and by a person before. */
export function databaseExists(seen: Seen): Verdict | undefined {
  const { tables, facts } = must(frontendSeen(seen));
  const database = databaseOf(seen);
  if (database === undefined)
    return end(
      "FAILED",
      "DatabaseUnknown",
      "nothing says which database the snapshot is of: set spec.database",
    );
  if (tables !== undefined || takesObjectLists(facts.version)) return undefined;
  const message = `database ${database} does not exist, and StarRocks ${facts.version.text} does not make it: run CREATE DATABASE first`;
  return end("FAILED", "DatabaseMissing", message);
}

/** Early, as far as the spec names tables; the whole list comes with the snapshot's content. */
export function namedTargetsAreFree(seen: Seen): Verdict | undefined {
  const { spec } = asRestore(seen);
  if (spec.tables === undefined || seen.status.submission !== undefined) return undefined;
  const selected = spec.tables.map((t) => ({ name: t.name, partitions: t.partitions ?? [] }));
  const checked = targetsOf(seen, selected);
  return "result" in checked ? checked : undefined;
}

export function contentIsKnown(seen: Seen): Verdict | undefined {
  const { details } = must(frontendSeen(seen));
  if (details === undefined)
    return lookAgain("Starting", "StarRocks to read the snapshot's content");
  if (!(details instanceof FrontendError)) return undefined;
  if (details.heals) return lookAgain(details.reason, `StarRocks: ${details.message}`);
  return end("FAILED", details.reason, details.message);
}

/** Made and checked from what StarRocks says now: right before the statement. */
export function restoreRequest(seen: Seen): SubmitRequest | Verdict {
  const { details } = must(frontendSeen(seen));
  if (details === undefined || details instanceof FrontendError) {
    return lookAgain("Starting", "StarRocks to read the snapshot's content");
  }
  const checked = targetsOf(seen, details.tables);
  if ("result" in checked) return checked;
  const [first, ...others] = checked.targets.map(tableOf);
  if (first === undefined)
    return end("FAILED", "SnapshotEmpty", `snapshot ${labelOf(seen)} holds no table`);
  return {
    kind: "restore",
    database: must(databaseOf(seen)),
    label: labelOf(seen),
    timestamp: must(seen.status.source?.timestamp),
    repository: must(mountOf(seen)),
    tables: [first, ...others],
    replicationNum: checked.replicationNum,
    timeoutSeconds: Math.max(TIMEOUT_MIN_SECONDS, Math.ceil(seen.settings.timeoutMs / 1000)),
  };
}

function tableOf(target: Target): { name: string; partitions: readonly string[]; as?: string } {
  const { name, partitions, as } = target;
  return as === undefined ? { name, partitions } : { name, partitions, as };
}

export function asRestore(seen: Seen): Restore {
  if (seen.job.kind !== "Restore") throw new Error("a step of Restores met a Backup");
  return seen.job;
}
