// PENDING, from nothing to a mount that is open: what is asked before a job starts, and each step on the way.
import { awaitChange, done, poll } from "../../runtime/result.ts";
import { backup, restore } from "../testing/samples.ts";
import { itPlans } from "../testing/plans.ts";
import {
  ADDRESS,
  MINUTE,
  MOUNT,
  NOT_ASKED,
  agent,
  ago,
  broker,
  failed,
  facts,
  mount,
  mounted,
  pod,
  readyRepository,
  row,
  slot,
  submitted,
  table,
  version,
} from "../testing/seen.ts";

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
      name: "does nothing for a job that ended",
      given: { status: { phase: "FINISHED" } },
      step: "none",
      reason: "Done",
      result: done("nothing is left to do"),
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
      message: /^table shop.people does not exist: look at SHOW TABLES$/,
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
  ]);
});

describe("the slot", () => {
  const status = { leftOut: [] };
  itPlans([
    {
      name: "is the first that is free and whose pods are gone",
      given: {
        status,
        slots: [slot({ lentTo: "else-1" }), slot({ index: 1, busy: true }), slot({ index: 2 })],
      },
      step: "slotIsLent",
      reason: "Starting",
      result: poll(0, "the slot"),
      actions: [{ kind: "lendSlot", slot: slot({ index: 2 }), attempt: 1 }],
    },
    {
      name: "is waited for while old pods are there",
      given: { status, slots: [slot({ busy: true })] },
      step: "slotIsLent",
      reason: "WaitingForSlot",
      result: awaitChange("the pods of the last job in a slot to go"),
    },
    {
      name: "is written down once it is lent",
      given: {
        status: { ...status, queue: { position: 1 }, retryAfter: ago(MINUTE) },
        slots: [slot({ lentTo: "bbbbbbbb-1" })],
      },
      step: "slotIsLent",
      reason: "Starting",
      result: poll(0, "the agents"),
      status: {
        slot: { name: "sr-aaaaaaaa-0", index: 0, attempt: 1 },
        attempt: 1,
        attemptStartTime: ago(0),
        queue: undefined,
        retryAfter: undefined,
        repositoryUID: "aaaaaaaa-1111-4111-8111-111111111111",
        location: "s3://backups/starrocks",
        snapshot: { name: "nightly_bbbbbbbb" },
      },
    },
  ]);
});

describe("agents", () => {
  const nodes = { nodes: ["worker-0", "worker-1"], unplaced: [] };
  itPlans([
    {
      name: "are made on every node with a BE that has none",
      given: mounted({ nodes }),
      step: "agentsArePlaced",
      reason: "StartingAgents",
      result: poll(0, "the agents"),
      actions: [{ kind: "createAgent", node: "worker-1", slot: 0 }],
      status: { warnings: undefined },
    },
    {
      name: "are one for all when no node is known, with a warning",
      given: mounted({ nodes: { nodes: [], unplaced: ["be-9"] }, agents: [] }),
      step: "agentsArePlaced",
      reason: "StartingAgents",
      result: poll(0, "the agents"),
      actions: [{ kind: "createAgent", node: undefined, slot: 0 }],
      status: {
        warnings: [
          "no Kubernetes node is known for BEs be-9: one agent serves all; where StarRocks is outside this cluster, broker traffic is plain text",
        ],
      },
    },
    {
      name: "are waited for, each with its trouble",
      given: mounted({
        nodes,
        agents: [
          agent({ pods: [], trouble: "Unschedulable: no node fits" }),
          agent({ node: "worker-1" }),
        ],
        status: { attemptStartTime: ago(30_000) },
      }),
      step: "agentsServe",
      reason: "StartingAgents",
      result: poll(5_000, "agents to serve: node worker-0 (Unschedulable: no node fits)"),
    },
    {
      name: "are done without after a minute when others serve",
      given: mounted({
        nodes,
        agents: [agent({ pods: [pod({ ready: false })] }), agent({ node: "worker-1" })],
        status: { attemptStartTime: ago(61_000) },
        frontend: { brokers: [] },
      }),
      step: "brokerIsAlive",
      reason: "Mounting",
      result: poll(0, "StarRocks' broker"),
      actions: [{ kind: "addBroker", slot: 0 }],
    },
    {
      name: "are given up after 10 minutes",
      given: mounted({
        agents: [agent({ pods: [] })],
        status: { attemptStartTime: ago(10 * MINUTE + 1_000) },
      }),
      step: "agentsServe",
      end: ["RETRY", "AgentsNotReady"],
      message: /^waited 10 minutes for agents to serve: node worker-0$/,
    },
    {
      name: "that are wrongly configured end the job",
      given: mounted({
        agents: [
          agent({
            state: "failed",
            ended: { exitCode: 42, reason: "AccessDenied", message: "no such key", detail: {} },
          }),
        ],
      }),
      step: "agentsServe",
      end: ["FAILED", "AccessDenied"],
      message: /^no such key$/,
    },
    {
      name: "whose Job gave up end the attempt",
      given: mounted({
        agents: [agent({ state: "failed", node: undefined, trouble: "BackoffLimitExceeded" })],
        nodes: { nodes: [], unplaced: [] },
      }),
      step: "agentsServe",
      end: ["RETRY", "AgentFailed"],
      message: /^the agent of any node failed: BackoffLimitExceeded$/,
    },
  ]);
});

describe("the mount", () => {
  itPlans([
    {
      name: "begins with the broker",
      given: mounted({ frontend: { brokers: [] } }),
      step: "brokerIsAlive",
      reason: "Mounting",
      result: poll(0, "StarRocks' broker"),
      actions: [{ kind: "addBroker", slot: 0 }],
    },
    {
      name: "drops an old address of the slot",
      given: mounted({ frontend: { brokers: [broker({ host: "10.1.2.3" })] } }),
      step: "brokerIsAlive",
      reason: "Mounting",
      result: poll(0, "an old address of the slot to go"),
      actions: [{ kind: "dropBroker", slot: 0 }],
    },
    {
      name: "waits for StarRocks' heartbeat",
      given: mounted({ frontend: { brokers: [broker({ alive: false })] } }),
      step: "brokerIsAlive",
      reason: "Mounting",
      result: poll(1_000, `StarRocks to reach the agents at ${ADDRESS}:8000 (not tried yet)`),
    },
    {
      name: "is given up when StarRocks cannot reach the agents",
      given: mounted({
        status: { attemptStartTime: ago(12 * MINUTE) },
        frontend: { brokers: [broker({ alive: false, error: "Connection refused" })] },
      }),
      step: "brokerIsAlive",
      end: ["RETRY", "BrokerNotAlive"],
      message:
        /^waited 10 minutes for StarRocks to reach .* \(Connection refused\): look at NetworkPolicies/,
    },
    {
      name: "is made when the slot has none",
      given: mounted({ frontend: { repositories: [] } }),
      step: "mountIsMade",
      reason: "Mounting",
      result: poll(0, "the mount"),
      actions: [{ kind: "createMount", slot: 0 }],
    },
    ...[mount({ readOnly: true }), mount({ broker: "b" }), mount({ location: "s3://x" })].map(
      (other) => ({
        name: `is made again when an old one is other: ${JSON.stringify(other)}`,
        given: mounted({ frontend: { repositories: [other] } }),
        step: "mountIsMade",
        reason: "Mounting",
        result: poll(0, "an old mount to go"),
        actions: [{ kind: "dropMount", slot: 0 } as const],
      }),
    ),
    {
      name: "once open leads to the statement",
      given: mounted({ job: backup({ tables: [{ name: "orders", partitions: ["p1"] }] }) }),
      step: "submitted",
      reason: "Submitting",
      result: poll(0, "StarRocks to start"),
      actions: [
        {
          kind: "submit",
          before: "",
          request: {
            kind: "backup",
            database: "shop",
            label: "nightly_bbbbbbbb",
            repository: MOUNT,
            timeoutSeconds: 86_400,
            tables: [{ name: "orders", partitions: ["p1"] }],
          },
        },
      ],
    },
  ]);
});
