// The one statement that must not be sent twice. Whether it was accepted is read from StarRocks: the
// last job of the database is ours (yes), still the one that was there before (no), or another one.
import { must } from "../../../assert.ts";
import type { FrontendError } from "../../../starrocks/frontend.ts";
import { mySlot, frontendSeen, labelOf, lastJobs, myRow } from "../look.ts";
import type { Seen, StatusPatch, Step, SubmitRequest, Verdict } from "../model.ts";
import { mayStandBack, standBack } from "./prepare.ts";
import { act, end, lookAgain, POLL_MS, SLOW_POLL_MS } from "../verdict.ts";

/** Sends what `request` makes; a verdict of `request` is passed on. */
export function submitOnce(request: (seen: Seen) => SubmitRequest | Verdict): Step {
  return (seen) => {
    const { submission } = seen.status;
    if (myRow(seen) !== undefined) return undefined;
    if (submission?.accepted === true) return undefined;
    if (submission === undefined) return labelIsTaken(seen) ?? send(seen, request(seen));
    if (lastJobs(seen) === (submission.before ?? "")) return send(seen, request(seen));
    return seen.job.kind === "Restore" ? outcomeUnknown(seen) : sentAndForgotten(seen, request);
  };
}

/** Known before anything is sent: after a lost answer somebody else's snapshot would look like ours. */
function labelIsTaken(seen: Seen): Verdict | undefined {
  const isTaken = (frontendSeen(seen)?.snapshot?.timestamps.length ?? 0) > 0;
  return isTaken
    ? labelInUse(seen, `snapshot ${labelOf(seen)} is in the repository already`)
    : undefined;
}

function send(seen: Seen, request: SubmitRequest | Verdict): Verdict {
  if ("result" in request) return request;
  return act(
    [{ kind: "submit", request, before: lastJobs(seen) }],
    "Submitting",
    "StarRocks to start",
    touched(seen, request),
  );
}

/** What a Restore makes and overwrites is written down before it is sent: its failure is told by it. */
function touched(seen: Seen, request: SubmitRequest): StatusPatch | undefined {
  if (request.kind === "backup") return undefined;
  const there = new Set(frontendSeen(seen)?.tables?.map((t) => t.name));
  const targets = request.tables.map(({ name, as = name }) => {
    return { table: name, as, existed: there.has(as) };
  });
  // The status holds so many and no more: those that can lose something first.
  return { targets: targets.sort((a, b) => Number(b.existed) - Number(a.existed)) };
}

/** Another job took the place of ours, or ours was never accepted: the repository knows. */
function sentAndForgotten(
  seen: Seen,
  request: (seen: Seen) => SubmitRequest | Verdict,
): Verdict | undefined {
  const { snapshot } = must(frontendSeen(seen));
  // The label's folder guards it: StarRocks refuses a label that has one.
  return (snapshot?.timestamps.length ?? 0) > 0 ? undefined : send(seen, request(seen));
}

function outcomeUnknown(seen: Seen): Verdict {
  const database = must(frontendSeen(seen)).database;
  return end(
    "FAILED",
    "OutcomeUnknown",
    `RESTORE of ${labelOf(seen)} was sent, and another job has run in database ${database} since, so nobody can tell whether it was carried out: look at the target tables, then make a new Restore`,
  );
}

const REFUSALS: Readonly<Partial<Record<FrontendError["reason"], "wait" | "again">>> = {
  DatabaseBusy: "wait",
  SubmissionBusy: "again",
  OutcomeUnknown: "again",
  RepositoryMissing: "again",
  BrokerNotAlive: "again",
  FrontendUnreachable: "wait",
  StarRocksOperatorMissing: "wait",
  ClusterNotFound: "wait",
  ClusterForbidden: "wait",
  ClusterNotReady: "wait",
  FrontendServiceMissing: "wait",
};

/** Refusals that only a person can mend: the job has failed. */
const FINAL: ReadonlySet<FrontendError["reason"]> = new Set([
  "RightMissing",
  "SharedData",
  "ObjectNotFound",
  "ObjectUnsupported",
  "DatabaseEmpty",
  "RequestInvalid",
  "SnapshotNotFound",
  "SnapshotDamaged",
]);

/** What a refused BACKUP or RESTORE means. Pure: `apply` asks it when the statement was refused. */
export function afterRefusal(seen: Seen, error: FrontendError): Verdict {
  const { reason, message } = error;
  if (reason === "LabelInUse") return labelInUse(seen, message);
  if (reason === "DatabaseBusy" && mayStandBack(seen)) return standBack(message);
  if (FINAL.has(reason)) return end("FAILED", reason, message);
  const slot = mySlot(seen);
  if (isOldToken(error) && slot !== undefined) {
    // The operator's key is a new one: the mount is made again with a token of it.
    return act([{ kind: "dropMount", slot: slot.index }], "Mounting", "a mount with a new token");
  }
  const what = REFUSALS[reason];
  if (what !== undefined || error.heals) {
    return lookAgain(reason, `StarRocks: ${message}`, what === "wait" ? SLOW_POLL_MS : POLL_MS);
  }
  return end("RETRY", reason, message);
}

function isOldToken(error: FrontendError): boolean {
  return error.reason === "BrokerCallFailed" && error.message.includes("is not this mount's");
}

function labelInUse(seen: Seen, message: string): Verdict {
  const { job, status } = seen;
  if (status.submission?.label === labelOf(seen)) {
    // Sent before, and accepted then: whether it is whole is read from the repository.
    return act([], "Submitting", "what became of the statement", {
      submission: { ...status.submission, accepted: true },
    });
  }
  if (job.kind === "Backup" && job.spec.snapshotName !== undefined) {
    const what = `snapshot ${labelOf(seen)} is in the repository already`;
    return end("FAILED", "SnapshotNameInUse", `${what}: choose another snapshotName, or none`);
  }
  return end("RETRY", "LabelInUse", message);
}
