// The statement: when it is sent, what an answer or none means.
import { expect } from "chai";
import { poll } from "../../../runtime/result.ts";
import { FrontendError, type FrontendReason } from "../../../starrocks/frontend.ts";
import { backup, restore } from "../../testing/samples.ts";
import { itPlans } from "../../testing/plans.ts";
import {
  LABEL,
  MINUTE,
  MOUNT,
  ago,
  facts,
  mounted,
  row,
  seen,
  table,
  version,
  TIMESTAMP,
} from "../../testing/seen.ts";
import { afterRefusal } from "./submit.ts";

const THEIRS = row({ label: "theirs", state: "FINISHED" });
const THEIRS_TEXT = "backup theirs 2026-01-02 03:00:00";
const SENT = { label: LABEL, attempt: 1, time: ago(MINUTE), before: "" };
const BACKUP_REQUEST = {
  kind: "backup",
  database: "shop",
  label: LABEL,
  repository: MOUNT,
  timeoutSeconds: 86_400,
} as const;
const NO_SNAPSHOT = { label: LABEL, timestamps: [], status: "ERROR: no snapshot" };
const SNAPSHOT = { label: LABEL, timestamps: [TIMESTAMP], status: "OK" };

describe("the statement", () => {
  const sends = {
    step: "submitted",
    reason: "Submitting",
    result: poll(0, "StarRocks to start"),
  };
  itPlans([
    {
      name: "is sent with what StarRocks' last job was",
      given: mounted({ frontend: { jobs: [THEIRS] } }),
      ...sends,
      actions: [{ kind: "submit", before: THEIRS_TEXT, request: BACKUP_REQUEST }],
    },
    {
      name: "names the tables of a whole database before 3.4",
      given: mounted({
        frontend: {
          facts: facts({ version: version(3, 3, 0) }),
          tables: [table("orders"), table("v", "view")],
        },
      }),
      ...sends,
      actions: [
        {
          kind: "submit",
          before: "",
          request: { ...BACKUP_REQUEST, tables: [{ name: "orders", partitions: [] }] },
        },
      ],
    },
    {
      name: "gives StarRocks its least timeout",
      given: mounted({ job: backup({ timeout: "10m" }) }),
      ...sends,
      actions: [
        { kind: "submit", before: "", request: { ...BACKUP_REQUEST, timeoutSeconds: 600 } },
      ],
    },
    {
      name: "is not sent when its label is somebody else's snapshot",
      given: mounted({ frontend: { snapshot: SNAPSHOT } }),
      step: "submitted",
      end: ["RETRY", "LabelInUse"],
      message: /^snapshot nightly_bbbbbbbb is in the repository already$/,
    },
    {
      name: "is sent again when nothing has happened since it was recorded",
      given: mounted({
        status: { submission: { ...SENT, before: THEIRS_TEXT } },
        frontend: { jobs: [THEIRS] },
      }),
      ...sends,
      actions: [{ kind: "submit", before: THEIRS_TEXT, request: BACKUP_REQUEST }],
    },
    {
      name: "of a Backup is sent again when another job has come and no snapshot is there",
      given: mounted({
        status: { submission: SENT },
        frontend: { jobs: [THEIRS], snapshot: NO_SNAPSHOT },
      }),
      ...sends,
      actions: [{ kind: "submit", before: THEIRS_TEXT, request: BACKUP_REQUEST }],
    },
    {
      name: "of a Backup was taken when its snapshot is there",
      given: mounted({
        status: { submission: SENT },
        frontend: { jobs: [THEIRS], snapshot: SNAPSHOT },
      }),
      step: "starRocksIsDone",
      reason: "Committing",
      result: poll(0, "the job's end"),
      actions: [
        { kind: "event", type: "Normal", reason: "PhaseChanged", message: "PENDING → COMMIT" },
      ],
      status: { phase: "COMMIT", submission: { ...SENT, accepted: true } },
    },
    {
      name: "of a Restore is never sent again when another job has come",
      given: mounted({
        job: restore(),
        status: { submission: SENT },
        frontend: {
          jobs: [THEIRS],
          tables: [],
          details: { database: "shop", tables: [{ name: "orders", partitions: [] }] },
        },
      }),
      step: "submitted",
      end: ["FAILED", "OutcomeUnknown"],
      message: /^RESTORE of nightly_bbbbbbbb was sent, and another job has run in database shop/,
    },
    {
      name: "was taken when its job is there",
      given: mounted({
        status: { submission: SENT },
        frontend: { jobs: [row({ state: "SNAPSHOTING" })] },
      }),
      step: "starRocksIsDone",
      reason: "Working",
      result: poll(2_000, "StarRocks (SNAPSHOTING)"),
      actions: [
        { kind: "event", type: "Normal", reason: "PhaseChanged", message: "PENDING → SNAPSHOTING" },
      ],
      status: { phase: "SNAPSHOTING", submission: { ...SENT, accepted: true } },
    },
    {
      name: "is not taken for an earlier Restore of the same snapshot",
      given: mounted({
        job: restore(),
        status: { submission: { ...SENT, before: `restore ${LABEL} 2026-01-02 03:00:00` } },
        frontend: {
          jobs: [row({ kind: "restore", state: "FINISHED" })],
          tables: [],
          details: { database: "shop", tables: [{ name: "orders", partitions: [] }] },
        },
      }),
      ...sends,
      actions: [
        {
          kind: "submit",
          before: `restore ${LABEL} 2026-01-02 03:00:00`,
          request: {
            kind: "restore",
            database: "shop",
            label: LABEL,
            timestamp: TIMESTAMP,
            repository: MOUNT,
            tables: [{ name: "orders", partitions: [] }],
            replicationNum: 1,
            timeoutSeconds: 86_400,
          },
        },
      ],
      status: { targets: [{ table: "orders", as: "orders", existed: false }] },
    },
  ]);
});

describe("a refused statement", () => {
  const refused = (reason: FrontendReason, heals = false, message = "it says no") =>
    afterRefusal(seen(mounted()), new FrontendError(reason, heals, message));

  const FINAL: readonly FrontendReason[] = [
    "RightMissing",
    "SharedData",
    "ObjectNotFound",
    "ObjectUnsupported",
    "DatabaseEmpty",
    "RequestInvalid",
    "SnapshotNotFound",
    "SnapshotDamaged",
  ];
  for (const reason of FINAL) {
    it(`fails the job: ${reason}`, () => {
      expect(refused(reason).end).to.deep.equal({
        outcome: "FAILED",
        reason,
        message: "it says no",
      });
    });
  }

  const WAITS: readonly (readonly [FrontendReason, number])[] = [
    ["FrontendUnreachable", 15_000],
    ["ClusterNotFound", 15_000],
    ["ClusterNotReady", 15_000],
    ["ClusterForbidden", 15_000],
    ["FrontendServiceMissing", 15_000],
    ["StarRocksOperatorMissing", 15_000],
    ["SubmissionBusy", 2_000],
    ["OutcomeUnknown", 2_000],
    ["RepositoryMissing", 2_000],
    ["BrokerNotAlive", 2_000],
  ];
  for (const [reason, afterMs] of WAITS) {
    it(`is looked at again: ${reason}`, () => {
      const result = poll(afterMs, "StarRocks: it says no");
      expect(refused(reason)).to.deep.equal({ reason, result });
    });
  }

  it("is looked at again when StarRocks may say otherwise later", () => {
    const result = poll(2_000, "StarRocks: it says no");
    expect(refused("StatementFailed", true)).to.deep.equal({ reason: "StatementFailed", result });
  });

  it("gives the slot back when another tool's job was quicker", () => {
    const { end } = refused("DatabaseBusy", true);
    expect(end).to.deep.include({ outcome: "WAIT", reason: "DatabaseBusy" });
  });

  it("waits with the slot when that job may be ours, sent before", () => {
    const given = seen(mounted({ status: { submission: SENT } }));
    const busy = new FrontendError("DatabaseBusy", true, "it says no");
    const result = poll(15_000, "StarRocks: it says no");
    expect(afterRefusal(given, busy)).to.deep.equal({ reason: "DatabaseBusy", result });
  });

  it("costs the attempt when nothing better is known", () => {
    const end = { outcome: "RETRY", reason: "BrokerCallFailed", message: "it says no" };
    expect(refused("BrokerCallFailed").end).to.deep.equal(end);
  });

  it("makes the mount again when its token is an old one", () => {
    const { actions, end } = refused("BrokerCallFailed", true, "the token is not this mount's");
    expect(actions).to.deep.equal([{ kind: "dropMount", slot: 0 }]);
    expect(end).to.equal(undefined);
  });

  it("names the snapshotName that is in use", () => {
    const given = seen(mounted({ job: backup({ snapshotName: "before" }) }));
    const { end } = afterRefusal(given, new FrontendError("LabelInUse", false, "it is there"));
    expect(end?.outcome).to.equal("FAILED");
    expect(end?.reason).to.equal("SnapshotNameInUse");
  });

  it("takes another label when ours is in use", () => {
    const end = { outcome: "RETRY", reason: "LabelInUse", message: "it says no" };
    expect(refused("LabelInUse").end).to.deep.equal(end);
  });

  it("means that it was taken when it was sent before", () => {
    const given = seen(mounted({ status: { submission: SENT } }));
    const { status, end } = afterRefusal(given, new FrontendError("LabelInUse", false, "there"));
    expect(end).to.equal(undefined);
    expect(status).to.deep.equal({ submission: { ...SENT, accepted: true } });
  });
});
