// A Restore before anything is changed: its source, its snapshot, its targets.
import { awaitChange, poll } from "../../runtime/result.ts";
import type { Ended } from "../pods.ts";
import { FrontendError } from "../../starrocks/frontend.ts";
import type { Backup } from "../../api/backup.generated.ts";
import { backup, restore, BACKUP_UID, REPOSITORY_UID } from "../testing/samples.ts";
import { itPlans } from "../testing/plans.ts";
import {
  LABEL,
  MINUTE,
  NOT_ASKED,
  RESTORE_ATTEMPT,
  TIMESTAMP,
  ago,
  facts,
  mounted,
  readyRepository,
  slot,
  table,
  task,
  taskEnded,
  version,
  type Delta,
} from "../testing/seen.ts";

const NO_TASKS = { seal: undefined, verify: undefined, prune: undefined };
const NO_SOURCE = { source: undefined, verified: undefined };
const given = (delta: Delta = {}): Delta => ({ job: restore(), ...delta });

describe("startBefore", () => {
  const job = restore({ startBefore: ago(MINUTE) });
  itPlans([
    {
      name: "that is over refuses",
      given: given({ job }),
      step: "itIsNotTooLate",
      end: ["FAILED", "StartBeforeOver"],
      message: /^startBefore 2026-01-02T03:03:05.000Z is over: nothing was restored/,
    },
    {
      name: "that is over does not matter any more with a slot",
      given: given({ job, slots: [slot({ lentTo: RESTORE_ATTEMPT })], frontend: NOT_ASKED }),
      step: "starRocksIsReached",
      reason: "AskingStarRocks",
      result: poll(2_000, "StarRocks to be asked"),
    },
  ]);
});

describe("the source", () => {
  const finished = (delta: Partial<NonNullable<Backup["status"]>> = {}): Backup =>
    backup(
      {},
      {
        status: {
          phase: "FINISHED",
          snapshot: { name: LABEL, timestamp: TIMESTAMP },
          repositoryUID: REPOSITORY_UID,
          location: "s3://backups/starrocks",
          ...delta,
        },
      },
    );
  const renamed = (made: Backup): Backup => ({
    ...made,
    spec: { ...made.spec, repository: "old-prod" },
  });
  const known = { snapshot: LABEL, timestamp: TIMESTAMP };
  itPlans([
    {
      name: "is the Backup that is named",
      given: given({ status: NO_SOURCE, source: finished() }),
      step: "sourceIsKnown",
      reason: "Starting",
      result: poll(0, "its turn"),
      status: { source: { ...known, database: "shop", backupUid: BACKUP_UID } },
    },
    {
      name: "is the snapshot that is named, with what the catalogue knows",
      given: given({
        job: restore({ source: { snapshot: { name: LABEL, timestamp: TIMESTAMP } } }),
        status: NO_SOURCE,
        repository: {
          ...readyRepository(),
          status: {
            ...readyRepository().status,
            observedGeneration: 1,
            snapshots: { catalog: [{ name: LABEL, database: "crm" }] },
          },
        },
      }),
      step: "sourceIsKnown",
      reason: "Starting",
      result: poll(0, "its turn"),
      status: { source: { ...known, database: "crm" } },
    },
    {
      name: "is waited for when the Backup is not there",
      given: given({ status: NO_SOURCE }),
      step: "sourceIsKnown",
      reason: "SourceMissing",
      result: awaitChange("Backup nightly to exist in this namespace"),
    },
    {
      name: "is waited for until the Backup is done",
      given: given({ status: NO_SOURCE, source: finished({ phase: "UPLOADING" }) }),
      step: "sourceIsKnown",
      reason: "SourceNotFinished",
      result: awaitChange("Backup nightly to be FINISHED (it is UPLOADING)"),
    },
    {
      name: "that failed is none",
      given: given({ status: NO_SOURCE, source: finished({ phase: "FAILED" }) }),
      step: "sourceIsKnown",
      end: ["FAILED", "SourceNotFinished"],
      message: /^Backup nightly is FAILED, so there is nothing to restore/,
    },
    {
      name: "that lies in another Repository is refused",
      given: given({
        status: NO_SOURCE,
        source: finished({ repositoryUID: "another", location: "s3://else" }),
      }),
      step: "sourceIsKnown",
      end: ["FAILED", "SourceElsewhere"],
      message:
        /^Backup nightly lies in s3:\/\/else \(Repository prod\), and this Restore reads s3:\/\/backups\/starrocks\/__starrocks_repository_prod/,
    },
    ...[
      { name: "of a Repository that was made again", of: (made: Backup) => made },
      { name: "of a Repository of another name", of: renamed },
    ].map(({ name, of }) => ({
      name: `is at the same place ${name}`,
      given: given({ status: NO_SOURCE, source: of(finished({ repositoryUID: "another" })) }),
      step: "sourceIsKnown",
      reason: "Starting",
      result: poll(0, "its turn"),
      status: { source: { ...known, database: "shop", backupUid: BACKUP_UID } },
    })),
  ]);
});

describe("the snapshot", () => {
  const unverified = (delta: Delta = {}): Delta =>
    given({ ...delta, status: { verified: undefined }, frontend: NOT_ASKED });
  const verify = (exitCode: number, delta: Partial<Ended> = {}): Delta =>
    unverified({ tasks: { ...NO_TASKS, verify: taskEnded(RESTORE_ATTEMPT, exitCode, delta) } });
  itPlans([
    {
      name: "is compared with its manifest first",
      given: unverified(),
      step: "snapshotIsWhole",
      reason: "Verifying",
      result: poll(0, "the verify Job"),
      actions: [
        {
          kind: "runTask",
          task: "verify",
          id: RESTORE_ATTEMPT,
          flags: { label: LABEL, timestamp: TIMESTAMP, mode: "list" },
        },
      ],
    },
    {
      name: "is waited for while it is compared",
      given: unverified({ tasks: { ...NO_TASKS, verify: task(RESTORE_ATTEMPT) } }),
      step: "snapshotIsWhole",
      reason: "Verifying",
      result: awaitChange("Job nightly-bbbbbbbb-task"),
    },
    {
      name: "that is whole goes on, and what nobody can know is kept",
      given: verify(0, { detail: { database: "other", unlisted: 7 } }),
      step: "snapshotIsWhole",
      reason: "Starting",
      result: poll(0, "its turn"),
      status: {
        verified: true,
        unlistedTablets: 7,
        source: { snapshot: LABEL, timestamp: TIMESTAMP, database: "shop" },
      },
    },
    {
      name: "that is not whole is not restored",
      given: verify(43, { reason: "SnapshotDamaged" }),
      step: "snapshotIsWhole",
      end: ["FAILED", "SnapshotDamaged"],
      message: /^nothing was restored: the message; restore another snapshot$/,
    },
    {
      name: "that is not there is not restored",
      given: verify(43, { reason: "SnapshotMissing" }),
      step: "snapshotIsWhole",
      end: ["FAILED", "SnapshotMissing"],
      message: /^nothing was restored: the message$/,
    },
    {
      name: "that is not the asked one is not restored",
      given: verify(44),
      step: "snapshotIsWhole",
      end: ["FAILED", "TheReason"],
      message: /^the message$/,
    },
    {
      name: "is compared again when that failed",
      given: verify(1),
      step: "snapshotIsWhole",
      reason: "VerifyingFailed",
      result: poll(15_000, "verify, which failed and is tried again: the message"),
      actions: [{ kind: "deleteTask", task: "verify", id: RESTORE_ATTEMPT }],
    },
  ]);
});

describe("the target", () => {
  const content = (...names: readonly string[]) => ({
    database: "shop",
    tables: names.map((name) => ({ name, partitions: ["p1", "p2"] })),
  });
  const before = (delta: Delta = {}): Delta => given({ frontend: { tables: [] }, ...delta });
  const open = (delta: Delta = {}): Delta =>
    mounted({
      job: restore(),
      ...delta,
      frontend: { tables: [], details: content("orders"), ...delta.frontend },
    });
  const oneBe = facts();
  itPlans([
    {
      name: "needs a database",
      given: before({ status: { source: { snapshot: LABEL, timestamp: TIMESTAMP } } }),
      step: "databaseExists",
      end: ["FAILED", "DatabaseUnknown"],
      message: /^nothing says which database the snapshot is of: set spec.database$/,
    },
    {
      name: "database is not made by an old StarRocks",
      given: before({
        frontend: { tables: undefined, facts: facts({ version: version(3, 3, 1) }) },
      }),
      step: "databaseExists",
      end: ["FAILED", "DatabaseMissing"],
      message: /^database shop does not exist, and StarRocks 3.3.1 does not make it/,
    },
    {
      name: "database is made by a new StarRocks",
      given: before({ frontend: { tables: undefined } }),
      step: "slotIsLent",
      reason: "Starting",
      result: poll(0, "the slot"),
      actions: [{ kind: "lendSlot", slot: slot(), attempt: 1 }],
    },
    {
      name: "that is named and exists is refused before a slot is taken",
      given: before({
        job: restore({ tables: [{ name: "orders" }] }),
        frontend: { tables: [table("orders")] },
      }),
      step: "namedTargetsAreFree",
      end: ["FAILED", "TargetExists"],
      message: /^table shop.orders exists: restore it under another name/,
    },
    {
      name: "under another name must be free",
      given: before({
        job: restore({ tables: [{ name: "orders", as: "old" }], existing: "Overwrite" }),
        frontend: { tables: [table("old")] },
      }),
      step: "namedTargetsAreFree",
      end: ["FAILED", "TargetExists"],
      message:
        /^table shop.old exists, and StarRocks restores under another name only to a free one/,
    },
    {
      name: "must be named, each, to be overwritten",
      given: open({
        job: restore({ existing: "Overwrite", overwriteTables: ["items"] }),
        frontend: { tables: [table("orders")] },
      }),
      step: "submitted",
      end: ["FAILED", "TargetExists"],
      message: /^table shop.orders exists:/,
    },
    {
      name: "waits until StarRocks has read the content",
      given: open({ frontend: { details: undefined } }),
      step: "contentIsKnown",
      reason: "Starting",
      result: poll(2_000, "StarRocks to read the snapshot's content"),
    },
    {
      name: "waits for a content that may be read later",
      given: open({ frontend: { details: new FrontendError("BrokerNotAlive", true, "dead") } }),
      step: "contentIsKnown",
      reason: "BrokerNotAlive",
      result: poll(2_000, "StarRocks: dead"),
    },
    {
      name: "is refused when the content cannot be read",
      given: open({ frontend: { details: new FrontendError("SnapshotDamaged", false, "bad") } }),
      step: "contentIsKnown",
      end: ["FAILED", "SnapshotDamaged"],
      message: /^bad$/,
    },
    {
      name: "is refused when the snapshot has no such table",
      given: open({ job: restore({ tables: [{ name: "people" }] }) }),
      step: "submitted",
      end: ["FAILED", "TableNotInSnapshot"],
      message: /^snapshot nightly_bbbbbbbb holds no table people: it has orders$/,
    },
    {
      name: "is refused when the snapshot has no such partition",
      given: open({ job: restore({ tables: [{ name: "orders", partitions: ["p1", "p9"] }] }) }),
      step: "submitted",
      end: ["FAILED", "PartitionNotInSnapshot"],
      message: /^snapshot nightly_bbbbbbbb holds no partition p9 of table orders: it has p1, p2$/,
    },
    {
      name: "is refused when the snapshot is empty",
      given: open({ frontend: { details: content() } }),
      step: "submitted",
      end: ["FAILED", "SnapshotEmpty"],
      message: /holds no table$/,
    },
    {
      name: "needs as many BEs as replicas",
      given: open({ job: restore({ replicationNum: 3 }), frontend: { facts: oneBe } }),
      step: "submitted",
      end: ["FAILED", "TooFewBackends"],
      message: /^replicationNum 3 needs as many BEs, and 1 are alive: set replicationNum to 1/,
    },
    {
      name: "keeps the number of replicas that it has",
      given: open({
        job: restore({ existing: "Overwrite", overwriteTables: ["orders"], replicationNum: 1 }),
        frontend: { tables: [table("orders")], replication: new Map([["orders", 2]]) },
      }),
      step: "submitted",
      end: ["FAILED", "ReplicationConflict"],
      message: /^replicationNum is 1, and the tables to overwrite have 2 replicas/,
    },
    {
      name: "cannot have two numbers of replicas",
      given: open({
        job: restore({ existing: "Overwrite", overwriteTables: ["orders", "items"] }),
        frontend: {
          tables: [table("orders"), table("items")],
          details: content("orders", "items"),
          replication: new Map([
            ["orders", 2],
            ["items", 1],
          ]),
        },
      }),
      step: "submitted",
      end: ["FAILED", "ReplicationConflict"],
      message: /different numbers of replicas \(orders: 2, items: 1\): make one Restore for each/,
    },
    {
      name: "is written down, with what it replaces, and each table is said in the statement",
      given: open({
        job: restore({
          existing: "Overwrite",
          overwriteTables: ["orders"],
          tables: [{ name: "orders" }, { name: "items", as: "items_old", partitions: ["p1"] }],
        }),
        frontend: {
          tables: [table("orders")],
          details: content("orders", "items", "people"),
          replication: new Map([["orders", 1]]),
        },
      }),
      step: "submitted",
      reason: "Submitting",
      result: poll(0, "StarRocks to start"),
      actions: [
        {
          kind: "submit",
          before: "",
          request: {
            kind: "restore",
            database: "shop",
            label: LABEL,
            timestamp: TIMESTAMP,
            repository: "k8s_aaaaaaaa_0",
            tables: [
              { name: "orders", partitions: [] },
              { name: "items", partitions: ["p1"], as: "items_old" },
            ],
            replicationNum: 1,
            timeoutSeconds: 86_400,
          },
        },
      ],
      status: {
        targets: [
          { table: "orders", as: "orders", existed: true },
          { table: "items", as: "items_old", existed: false },
        ],
      },
    },
  ]);
});
