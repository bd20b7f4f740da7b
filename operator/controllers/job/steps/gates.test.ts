// What is asked before every step, and before the first one.
import { done, poll } from "../../../runtime/result.ts";
import { backup, restore } from "../../testing/samples.ts";
import { itPlans } from "../../testing/plans.ts";
import { MINUTE, ago, failed, row, submitted } from "../../testing/seen.ts";

const DELETED = { meta: { deletionTimestamp: ago(MINUTE) } };
const DELETED_LONG_AGO = { meta: { deletionTimestamp: ago(10 * MINUTE) } };
const UNFINALIZED = { finalizers: [] };

describe("before the first step", () => {
  itPlans([
    {
      name: "puts the finalizer on",
      given: { job: backup({}, { meta: UNFINALIZED }) },
      step: "finalizerIsThere",
      reason: "Starting",
      result: poll(0, "the finalizer"),
      actions: [{ kind: "addFinalizer" }],
      status: { phase: "PENDING" },
    },
    {
      name: "makes nothing in a namespace that goes",
      given: { job: backup({}, { meta: UNFINALIZED }), vanishing: true },
      step: "finalizerIsThere",
      reason: "Vanishing",
      result: done("its namespace is being deleted"),
    },
    {
      name: "does nothing for a job that was let go",
      given: { job: backup({}, { meta: { ...UNFINALIZED, ...DELETED.meta } }) },
      step: "none",
      reason: "Done",
      result: done("nothing is left to do"),
    },
    {
      name: "does nothing for a job that ended, and keeps what was told",
      given: { status: { phase: "FAILED", reason: "TableMissing", message: "it is not there" } },
      step: "none",
      reason: "TableMissing",
      result: done("it is not there"),
      status: { reason: "TableMissing", message: "it is not there" },
    },
  ]);
});

describe("gates", () => {
  const letGo = (why: string) =>
    `deleted without a complete clean-up after 10 minutes (${why}); the Repository removes what is left`;
  itPlans([
    {
      name: "let a deleted job go when StarRocks is away for 10 minutes",
      given: {
        job: backup({}, DELETED_LONG_AGO),
        frontend: failed("FrontendUnreachable", true, "no FE answers"),
      },
      step: "isLetGo",
      reason: "LetGo",
      result: done(letGo("no FE answers")),
      actions: [
        { kind: "event", type: "Warning", reason: "LetGo", message: letGo("no FE answers") },
        { kind: "removeFinalizer" },
      ],
    },
    {
      name: "let a deleted job go when its namespace goes for 10 minutes",
      given: { job: backup({}, DELETED_LONG_AGO), vanishing: true },
      step: "isLetGo",
      reason: "LetGo",
      result: done(letGo("its namespace is being deleted")),
      actions: [
        {
          kind: "event",
          type: "Warning",
          reason: "LetGo",
          message: letGo("its namespace is being deleted"),
        },
        { kind: "removeFinalizer" },
      ],
    },
    {
      name: "cancel a job that is deleted",
      given: { job: backup({}, DELETED) },
      step: "isNotDeleted",
      end: ["CANCELLED", "Deleted"],
      message: /^it was deleted before it was done$/,
    },
    {
      name: "cancel it also when StarRocks answers after 10 minutes",
      given: { job: backup({}, DELETED_LONG_AGO) },
      step: "isNotDeleted",
      end: ["CANCELLED", "Deleted"],
      message: /^it was deleted/,
    },
    {
      name: "fail a spec that is wrong",
      given: { invalid: ["spec.database is needed", "spec.tables: twice"] },
      step: "specIsValid",
      end: ["FAILED", "InvalidSpec"],
      message: /^spec.database is needed; spec.tables: twice$/,
    },
    {
      name: "cancel when told to",
      given: { job: backup({ cancel: true }) },
      step: "isNotCancelled",
      end: ["CANCELLED", "Cancelled"],
      message: /^spec.cancel is true$/,
    },
    {
      name: "cancel a Restore that downloads",
      given: submitted({ job: restore({ cancel: true }) }),
      step: "isNotCancelled",
      end: ["CANCELLED", "Cancelled"],
      message: /^spec.cancel is true$/,
    },
    {
      name: "let a Restore finish that StarRocks commits, though we have not written it yet",
      given: submitted({
        job: restore({ cancel: true }),
        frontend: { jobs: [row({ kind: "restore", state: "COMMITTING" })] },
      }),
      step: "starRocksIsDone",
      reason: "Working",
      result: poll(2_000, "StarRocks (COMMITTING)"),
      actions: [
        { kind: "event", type: "Normal", reason: "PhaseChanged", message: "DOWNLOADING → COMMIT" },
      ],
      status: { phase: "COMMIT" },
    },
    {
      name: "let a deleted Restore finish in COMMIT",
      given: submitted({
        job: restore({}, DELETED),
        status: { phase: "COMMIT" },
        frontend: { jobs: [row({ kind: "restore", state: "COMMITTING" })] },
      }),
      step: "starRocksIsDone",
      reason: "Working",
      result: poll(2_000, "StarRocks (COMMITTING)"),
    },
    {
      name: "fail when the Repository went while it ran",
      given: submitted({ repository: undefined }),
      step: "repositoryIsTheSame",
      end: ["FAILED", "RepositoryGone"],
      message: /^Repository prod was deleted while this Backup ran$/,
    },
    {
      name: "fail when another Repository has its name now",
      given: submitted({ status: { repositoryUID: "another" } }),
      step: "repositoryIsTheSame",
      end: ["FAILED", "RepositoryGone"],
      message: /^Repository prod was deleted and made again while this Backup ran$/,
    },
  ]);
});
