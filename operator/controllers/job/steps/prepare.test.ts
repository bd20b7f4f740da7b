// PENDING without a slot: may it run, and is it its turn?
import { awaitChange, poll } from "../../../runtime/result.ts";
import { backup } from "../../testing/samples.ts";
import { itPlans } from "../../testing/plans.ts";
import {
  MINUTE,
  NOT_ASKED,
  ago,
  failed,
  facts,
  mounted,
  readyRepository,
  row,
  table,
  version,
  slot,
} from "../../testing/seen.ts";

const DELETED = { meta: { deletionTimestamp: ago(MINUTE) } };

describe("the Repository, before a slot", () => {
  itPlans([
    {
      name: "must exist",
      given: { repository: undefined, slots: [] },
      step: "repositoryIsReady",
      reason: "RepositoryMissing",
      result: awaitChange("Repository prod to exist in this namespace"),
    },
    {
      name: "must not be deleted",
      given: {
        repository: {
          ...readyRepository(),
          metadata: { ...readyRepository().metadata, ...DELETED.meta },
        },
      },
      step: "repositoryIsReady",
      reason: "RepositoryDeleting",
      result: awaitChange("Repository prod, which is being deleted, to be made again"),
    },
    {
      name: "must have been checked",
      given: { repository: { ...readyRepository(), status: { observedGeneration: 1 } } },
      step: "repositoryIsReady",
      reason: "RepositoryNotReady",
      result: awaitChange("Repository prod to be ready (it was not checked yet)"),
    },
    {
      name: "must be writable for a Backup",
      given: { repository: readyRepository({ readOnly: true }) },
      step: "repositoryAllowsIt",
      end: ["FAILED", "RepositoryReadOnly"],
      message: /^Repository prod is readOnly: back up into another one/,
    },
    {
      name: "must allow the database",
      given: { repository: readyRepository({ allowedDatabases: ["crm"] }) },
      step: "repositoryAllowsIt",
      end: ["FAILED", "DatabaseNotAllowed"],
      message: /^database shop is not among the allowedDatabases of Repository prod/,
    },
  ]);
});

describe("the turn", () => {
  itPlans([
    {
      name: "comes after the pause between attempts",
      given: { status: { retryAfter: ago(-90_000) } },
      step: "backoffIsOver",
      reason: "WaitingToRetry",
      result: poll(90_000, `the next attempt at ${ago(-90_000)}`),
    },
    {
      name: "is waited for, with the place in the queue",
      given: { turn: { kind: "wait", position: 2, message: "Backup first" }, frontend: NOT_ASKED },
      step: "itsTurn",
      reason: "Queued",
      result: awaitChange("Backup first"),
      status: {
        queue: { position: 2, message: "Backup first" },
        message: "waits for Backup first",
      },
    },
    {
      name: "once come leaves no place in the queue",
      given: { status: { queue: { position: 1 } }, frontend: NOT_ASKED },
      step: "starRocksIsReached",
      reason: "AskingStarRocks",
      result: poll(2_000, "StarRocks to be asked"),
      status: { queue: undefined },
    },
  ]);
});

describe("StarRocks, before a slot", () => {
  itPlans([
    {
      name: "that is away is waited for",
      given: { frontend: failed("FrontendUnreachable", true, "no FE answers") },
      step: "starRocksIsReached",
      reason: "FrontendUnreachable",
      result: poll(15_000, "StarRocks: no FE answers"),
    },
    {
      name: "that lacks a right ends it, with the GRANT",
      given: { frontend: failed("RightMissing", false, "run GRANT EXPORT") },
      step: "starRocksIsReached",
      end: ["FAILED", "RightMissing"],
      message: /^run GRANT EXPORT$/,
    },
    {
      name: "that shares its data cannot back up",
      given: { frontend: { facts: facts({ runMode: "shared_data" }) } },
      step: "sharesNothing",
      end: ["FAILED", "SharedData"],
      message: /^this StarRocks runs in shared-data mode/,
    },
    {
      name: "has no such database",
      given: { frontend: { tables: undefined } },
      step: "objectsExist",
      end: ["FAILED", "DatabaseMissing"],
      message: /^database shop does not exist in StarRocks, or its user may not see it/,
    },
    {
      name: "has no such table, but one of other case",
      given: { job: backup({ tables: [{ name: "Orders" }] }) },
      step: "objectsExist",
      end: ["FAILED", "TableMissing"],
      message: /^table shop.Orders does not exist: did you mean orders\?$/,
    },
    {
      name: "has no such table at all",
      given: { job: backup({ tables: [{ name: "people" }] }) },
      step: "objectsExist",
      end: ["FAILED", "TableMissing"],
      message: /^table shop.people does not exist: its user sees \w+(, \w+)*$/,
    },
    {
      name: "has a view by that name",
      given: {
        job: backup({ tables: [{ name: "v" }] }),
        frontend: { tables: [table("v", "view")] },
      },
      step: "objectsExist",
      end: ["FAILED", "ObjectUnsupported"],
      message: /^shop.v is a view \(OLAP\), which this operator does not back up/,
    },
    {
      name: "has no such partition",
      given: {
        job: backup({ tables: [{ name: "orders", partitions: ["p1", "p9"] }] }),
        frontend: { partitions: new Map([["orders", ["p1", "p2"]]]) },
      },
      step: "objectsExist",
      end: ["FAILED", "PartitionMissing"],
      message: /^table shop.orders has no partition p9: it has p1, p2$/,
    },
    {
      name: "has nothing that can be backed up in the database",
      given: { frontend: { tables: [table("v", "view")] } },
      step: "objectsExist",
      end: ["FAILED", "DatabaseEmpty"],
      message: /^database shop has no table that StarRocks can back up$/,
    },
    {
      name: "has somebody else's snapshot of that name",
      given: {
        job: backup({ snapshotName: "before_upgrade" }),
        repository: {
          ...readyRepository(),
          status: {
            ...readyRepository().status,
            observedGeneration: 1,
            snapshots: { catalog: [{ name: "before_upgrade", backupUid: "another" }] },
          },
        },
      },
      step: "nameIsFree",
      end: ["FAILED", "SnapshotNameInUse"],
      message: /^snapshot before_upgrade is in the repository already/,
    },
    {
      name: "leaves things out of a whole database, which is listed once",
      given: {
        frontend: {
          tables: [
            table("a"),
            table("v", "view"),
            table("m", "materializedView"),
            table("e", "other"),
          ],
        },
      },
      step: "leftOutIsListed",
      reason: "Starting",
      result: poll(0, "the slot"),
      status: {
        leftOut: [
          {
            name: "m",
            kind: "materialized view",
            why: "StarRocks leaves materialized views out unless enable_backup_materialized_view is true: make them again after a restore",
          },
          {
            name: "e",
            kind: "table of another engine",
            why: "StarRocks does not back up tables of engine MYSQL",
          },
        ],
      },
    },
    {
      name: "takes materialized views along where StarRocks says so",
      given: {
        frontend: {
          takesMaterializedViews: true,
          tables: [table("a"), table("v", "view"), table("m", "materializedView")],
        },
      },
      step: "leftOutIsListed",
      reason: "Starting",
      result: poll(0, "the slot"),
      status: { leftOut: [] },
    },
    {
      name: "of an old version leaves views out as well",
      given: {
        frontend: {
          facts: facts({ version: version(3, 3, 9) }),
          tables: [table("a"), table("v", "view")],
        },
      },
      step: "leftOutIsListed",
      reason: "Starting",
      result: poll(0, "the slot"),
      status: {
        leftOut: [
          {
            name: "v",
            kind: "view",
            why: "this StarRocks version backs up tables only; views need 3.4",
          },
        ],
      },
    },
    {
      name: "runs another tool's job in the database",
      given: { status: { leftOut: [] }, frontend: { jobs: [row({ label: "theirs" })] } },
      step: "databaseIsFree",
      reason: "DatabaseBusy",
      result: poll(
        15_000,
        "backup theirs in database shop, which this job did not start (UPLOADING), to end",
      ),
    },
    {
      name: "waits until a job of another Repository has read how its own ended there",
      given: {
        status: { leftOut: [] },
        frontend: { jobs: [row({ label: "theirs", state: "CANCELLED" })] },
        unread: [{ who: "Backup ops/theirs", verb: "backup", label: "theirs", before: "" }],
      },
      step: "databaseIsFree",
      reason: "DatabaseBusy",
      result: poll(2_000, "Backup ops/theirs, to read how its backup theirs ended"),
    },
    {
      name: "waits for no end that StarRocks does not show",
      given: {
        status: { leftOut: [] },
        frontend: { jobs: [row({ label: "theirs", state: "CANCELLED" })] },
        unread: [
          { who: "Restore ops/theirs", verb: "restore", label: "theirs", before: "" },
          { who: "Backup ops/others", verb: "backup", label: "others", before: "" },
          {
            who: "Backup ops/theirs",
            verb: "backup",
            label: "theirs",
            before: `backup theirs ${row().createdAt}`,
          },
        ],
      },
      step: "slotIsLent",
      reason: "Starting",
      result: poll(0, "the slot"),
      actions: [{ kind: "lendSlot", slot: slot(), attempt: 1 }],
    },
    {
      name: "gives its slot back when another tool's job comes before the statement is sent",
      given: mounted({ frontend: { jobs: [row({ label: "theirs" })] } }),
      step: "databaseIsFree",
      end: ["WAIT", "DatabaseBusy"],
      message: /^backup theirs in database shop, .* runs there, so the slot is given back/,
    },
  ]);
});
