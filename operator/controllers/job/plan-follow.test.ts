// From the statement to StarRocks' FINISHED: what is sent, what an answer means, what silence means.
import { expect } from "chai";
import { poll } from "../../runtime/result.ts";
import { FrontendError, type FrontendReason } from "../../starrocks/frontend.ts";
import { backup, restore } from "../testing/samples.ts";
import { itPlans } from "../testing/plans.ts";
import {
  LABEL,
  MINUTE,
  MOUNT,
  agent,
  ago,
  facts,
  failed,
  mounted,
  pod,
  row,
  seen,
  submitted,
  table,
  version,
  TIMESTAMP,
} from "../testing/seen.ts";
import { STARROCKS_PHASES, phaseOf } from "./steps/follow.ts";
import { afterRefusal } from "./steps/submit.ts";

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
    ["DatabaseBusy", 15_000],
    ["FrontendUnreachable", 15_000],
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

describe("StarRocks' states", () => {
  const states = [
    ...["PENDING", "SNAPSHOTING", "UPLOAD_SNAPSHOT", "UPLOADING", "SAVE_META", "UPLOAD_INFO"],
    ...["DOWNLOAD", "DOWNLOADING", "COMMIT", "COMMITTING", "FINISHED"],
  ];

  it("are all known but CANCELLED", () => {
    expect(Object.keys(STARROCKS_PHASES).sort()).to.deep.equal([...states].sort());
  });

  it("never take a phase back, and an unknown one keeps it", () => {
    const given = seen(submitted());
    for (const state of ["PENDING", "SNAPSHOTING", "UPLOAD_SNAPSHOT", "SOMETHING_NEW"]) {
      expect(phaseOf(given, row({ state })), state).to.equal("UPLOADING");
    }
  });

  itPlans([
    {
      name: "before the transfer say only themselves",
      given: submitted({
        status: { phase: "SNAPSHOTING" },
        frontend: { jobs: [row({ state: "SNAPSHOTING" })] },
      }),
      step: "starRocksIsDone",
      reason: "Working",
      result: poll(2_000, "StarRocks (SNAPSHOTING)"),
      status: { phase: "SNAPSHOTING" },
    },
    {
      name: "show what StarRocks complains about",
      given: submitted({
        status: { phase: "COMMIT" },
        frontend: { jobs: [row({ state: "UPLOAD_INFO", ok: false, statusText: "no broker" })] },
      }),
      step: "starRocksIsDone",
      reason: "Working",
      result: poll(2_000, "StarRocks (UPLOAD_INFO); StarRocks says: no broker"),
    },
    {
      name: "FINISHED leads to COMMIT",
      given: submitted({ frontend: { jobs: [row({ state: "FINISHED" })] } }),
      step: "starRocksIsDone",
      reason: "Committing",
      result: poll(0, "the job's end"),
      actions: [
        { kind: "event", type: "Normal", reason: "PhaseChanged", message: "UPLOADING → COMMIT" },
      ],
      status: { phase: "COMMIT", phaseStartTime: ago(0) },
    },
    {
      name: "FINISHED in COMMIT is written down",
      given: submitted({
        status: { phase: "COMMIT" },
        frontend: { jobs: [row({ state: "FINISHED" })] },
      }),
      step: "starRocksIsDone",
      reason: "Committing",
      result: poll(0, "the mount to close"),
      status: { doneTime: ago(0) },
    },
    {
      name: "CANCELLED by somebody fails it",
      given: submitted({
        frontend: { jobs: [row({ state: "CANCELLED", statusText: "user cancelled" })] },
      }),
      step: "starRocksIsDone",
      end: ["FAILED", "CancelledInStarRocks"],
      message: /^somebody cancelled it in StarRocks: user cancelled$/,
    },
    {
      name: "CANCELLED for a reason that heals costs a Backup's attempt",
      given: submitted({
        frontend: { jobs: [row({ state: "CANCELLED", statusText: "version already merged" })] },
      }),
      step: "starRocksIsDone",
      end: ["RETRY", "VersionMerged"],
      message: /^version already merged; compaction/,
    },
    {
      name: "CANCELLED for a reason that heals fails a Restore all the same",
      given: submitted({
        job: restore(),
        frontend: {
          jobs: [row({ kind: "restore", state: "CANCELLED", statusText: "state is not NORMAL" })],
        },
      }),
      step: "starRocksIsDone",
      end: ["FAILED", "TargetBusy"],
      message: /^state is not NORMAL;/,
    },
    {
      name: "of a damaged snapshot end a Restore before COMMIT",
      given: submitted({
        job: restore(),
        frontend: {
          jobs: [
            row({
              kind: "restore",
              state: "DOWNLOADING",
              taskErrors: ["invalid md5 of downloaded file x"],
            }),
          ],
        },
      }),
      step: "starRocksIsDone",
      end: ["FAILED", "SnapshotDamaged"],
      message: /^the snapshot is damaged: invalid md5 of downloaded file x;/,
    },
  ]);
});

describe("time that passes", () => {
  const progress = { state: "UPLOADING", time: ago(MINUTE), lastChangeTime: ago(6 * MINUTE) };
  const still = { ...progress, bytes: 0, files: 0, calls: 0, tablets: { done: 0, total: 0 } };
  itPlans([
    {
      name: "without a move is told, with the last errors",
      given: submitted({
        status: { progress: still },
        agents: [
          agent({
            figures: { bytes: 0, bytesPerSecond: 0, files: 0, calls: 0, lastError: "SlowDown" },
          }),
        ],
        frontend: { jobs: [row({ taskErrors: ["disk full"] })] },
      }),
      step: "starRocksIsDone",
      reason: "NoProgress",
      result: poll(
        2_000,
        "StarRocks (UPLOADING); nothing has moved for 6 min; last errors: disk full; SlowDown",
      ),
    },
    {
      name: "without a move ends the attempt after noProgressTimeout",
      given: submitted({ job: backup({ noProgressTimeout: "5m" }), status: { progress: still } }),
      step: "starRocksIsDone",
      end: ["RETRY", "NoProgress"],
      message:
        /^nothing moved for noProgressTimeout, in UPLOADING: StarRocks \(UPLOADING\); nothing/,
    },
    {
      name: "beyond timeout fails the job",
      given: submitted({
        job: backup({ timeout: "10m" }),
        status: { submission: { ...SENT, time: ago(11 * MINUTE), accepted: true } },
      }),
      step: "starRocksIsDone",
      end: ["FAILED", "TimedOut"],
      message: /^not done within timeout, in UPLOADING: StarRocks \(UPLOADING\)$/,
    },
    {
      name: "in UPLOAD_INFO after a change of leader ends the attempt after 15 minutes",
      given: submitted({
        status: { phase: "COMMIT", phaseStartTime: ago(16 * MINUTE) },
        frontend: { jobs: [row({ state: "UPLOAD_INFO", ok: false, statusText: "no file" })] },
      }),
      step: "starRocksIsDone",
      end: ["RETRY", "CommitStuck"],
      message: /^StarRocks is in UPLOAD_INFO for 15 minutes;.*: no file$/,
    },
  ]);
});

describe("a job that StarRocks does not show", () => {
  itPlans([
    {
      name: "is waited for: a right may be missing",
      given: submitted({ frontend: { jobs: [], snapshot: NO_SNAPSHOT } }),
      step: "starRocksIsDone",
      reason: "JobNotVisible",
      result: poll(
        4_000,
        "StarRocks to show backup nightly_bbbbbbbb in database shop; a missing right (EXPORT on its tables) hides it",
      ),
    },
    {
      name: "is done when its snapshot is there",
      given: submitted({ frontend: { jobs: [], snapshot: SNAPSHOT } }),
      step: "starRocksIsDone",
      reason: "Committing",
      result: poll(0, "the job's end"),
      actions: [
        { kind: "event", type: "Normal", reason: "PhaseChanged", message: "UPLOADING → COMMIT" },
      ],
      status: { phase: "COMMIT" },
    },
    {
      name: "is lost when another one has run since",
      given: submitted({ frontend: { jobs: [THEIRS], snapshot: NO_SNAPSHOT } }),
      step: "starRocksIsDone",
      end: ["RETRY", "JobLost"],
      message: /^StarRocks shows no backup .*, and another job has run there since$/,
    },
    {
      name: "is lost after noProgressTimeout",
      given: submitted({
        status: { submission: { ...SENT, time: ago(31 * MINUTE), accepted: true } },
        frontend: { jobs: [] },
      }),
      step: "starRocksIsDone",
      end: ["RETRY", "JobLost"],
      message: /^StarRocks shows no backup nightly_bbbbbbbb in database shop$/,
    },
    {
      name: "is an unknown outcome for a Restore",
      given: submitted({ job: restore(), frontend: { jobs: [THEIRS] } }),
      step: "starRocksIsDone",
      end: ["FAILED", "OutcomeUnknown"],
      message: /so nobody can tell whether it was carried out/,
    },
  ]);
});

describe("beside StarRocks' work", () => {
  const working = {
    step: "starRocksIsDone",
    reason: "Working",
    result: poll(2_000, "StarRocks (UPLOADING)"),
  };
  itPlans([
    {
      name: "a BE that moved gets an agent",
      given: submitted({ nodes: { nodes: ["worker-0", "worker-5"], unplaced: [] } }),
      ...working,
      actions: [{ kind: "createAgent", node: "worker-5", slot: 0 }],
    },
    {
      name: "agents hear of a bandwidth that was changed",
      given: submitted({ job: backup({ bandwidth: "50Mi" }) }),
      ...working,
      actions: [
        {
          kind: "annotateAgents",
          annotations: { "backup.starrocks.io/bandwidth": String(50 * 1024 ** 2) },
        },
      ],
    },
    {
      name: "agents hear of a bandwidth that was taken away",
      given: submitted({
        agents: [
          agent({ pods: [pod({ annotations: { "backup.starrocks.io/bandwidth": "1048576" } })] }),
        ],
      }),
      ...working,
      actions: [{ kind: "annotateAgents", annotations: { "backup.starrocks.io/bandwidth": null } }],
    },
    {
      name: "a wrong configuration ends it",
      given: submitted({
        agents: [
          agent({
            state: "failed",
            ended: { exitCode: 42, reason: "AccessDenied", message: "no such key", detail: {} },
          }),
        ],
      }),
      step: "starRocksIsDone",
      end: ["FAILED", "AccessDenied"],
      message: /^no such key$/,
    },
    {
      name: "StarRocks that is away is waited for",
      given: submitted({ frontend: failed("FrontendUnreachable", true, "no FE answers") }),
      step: "starRocksAnswers",
      reason: "FrontendUnreachable",
      result: poll(15_000, "StarRocks: no FE answers"),
    },
    {
      name: "a right that goes missing once it runs is waited for",
      given: submitted({ frontend: failed("RightMissing", false, "run GRANT") }),
      step: "starRocksAnswers",
      reason: "RightMissing",
      result: poll(15_000, "StarRocks: run GRANT"),
    },
  ]);
});
