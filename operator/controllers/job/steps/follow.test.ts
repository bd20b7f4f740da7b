// While StarRocks works: what its states, its silence and passing time mean.
import { expect } from "chai";
import { done, poll } from "../../../runtime/result.ts";
import { backup, restore } from "../../testing/samples.ts";
import { itPlans } from "../../testing/plans.ts";
import {
  LABEL,
  MINUTE,
  NOT_ASKED,
  agent,
  ago,
  facts,
  failed,
  pod,
  row,
  seen,
  submitted,
  TIMESTAMP,
} from "../../testing/seen.ts";
import { STARROCKS_PHASES, phaseOf } from "./follow.ts";

const THEIRS = row({ label: "theirs", state: "FINISHED" });
const SENT = { label: LABEL, attempt: 1, time: ago(MINUTE), before: "" };
const NO_SNAPSHOT = { label: LABEL, timestamps: [], status: "ERROR: no snapshot" };
const SNAPSHOT = { label: LABEL, timestamps: [TIMESTAMP], status: "OK" };

describe("StarRocks' states", () => {
  const states = [
    "PENDING SNAPSHOTING UPLOAD_SNAPSHOT UPLOADING SAVE_META UPLOAD_INFO",
    "DOWNLOAD DOWNLOADING COMMIT COMMITTING FINISHED",
  ];

  it("are all known but CANCELLED", () => {
    const known = states.flatMap((some) => some.split(" "));
    expect(Object.keys(STARROCKS_PHASES).sort()).to.deep.equal(known.sort());
  });

  it("never take a phase back, and an unknown one keeps it", () => {
    const given = seen(submitted());
    for (const state of ["PENDING", "SNAPSHOTING", "UPLOAD_SNAPSHOT", "SOMETHING_NEW"]) {
      expect(phaseOf(given, row({ state })), state).to.equal("UPLOADING");
    }
  });

  itPlans([
    {
      name: "that replace data are not ended for an agent, which they need no more",
      given: submitted({
        job: restore(),
        agents: [agent({ state: "failed", pods: [], trouble: "BackoffLimitExceeded" })],
        status: { phase: "COMMIT" },
        frontend: { jobs: [row({ kind: "restore", state: "COMMITTING" })] },
      }),
      step: "starRocksIsDone",
      reason: "Working",
      result: poll(2_000, "StarRocks (COMMITTING)"),
      status: { phase: "COMMIT" },
    },
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
    {
      name: "of a snapshot that goes while it is restored end a Restore before COMMIT",
      given: submitted({
        job: restore(),
        frontend: {
          jobs: [
            row({
              kind: "restore",
              state: "DOWNLOADING",
              taskErrors: ["x has changed since it was sealed: 3 files are there now"],
            }),
          ],
        },
      }),
      step: "starRocksIsDone",
      end: ["FAILED", "SnapshotDamaged"],
      message: /^the snapshot is damaged: x has changed since it was sealed/,
    },
  ]);
});

const MOVING = { state: "COMMITTING", percent: 99, unfinishedTasks: 3 };

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
        "StarRocks (UPLOADING); nothing has moved for 6 min; last errors: SlowDown; disk full",
      ),
    },
    {
      name: "without a move names what is lost",
      given: submitted({
        status: { progress: still },
        agents: [
          agent({ pods: [pod({ ready: false })], trouble: "DeletionByTaintManager: its taint" }),
          agent({ node: "worker-1", pods: [pod()], trouble: "an old pod's" }),
        ],
        frontend: {
          jobs: [row({})],
          facts: facts({
            backends: [
              { id: "1", host: "be-0", alive: true, decommissioned: false },
              { id: "2", host: "be-1", alive: false, decommissioned: false },
            ],
          }),
        },
      }),
      step: "starRocksIsDone",
      reason: "NoProgress",
      result: poll(
        2_000,
        "StarRocks (UPLOADING); nothing has moved for 6 min; BE be-1 is not alive; agent of node worker-0: DeletionByTaintManager: its taint",
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
      name: "in COMMITTING is told only, also beyond timeout: cancelling would lose the tables",
      given: submitted({
        job: restore({ noProgressTimeout: "5m", timeout: "10m" }),
        status: {
          phase: "COMMIT",
          submission: { ...SENT, time: ago(11 * MINUTE), accepted: true },
          progress: { ...still, ...MOVING },
        },
        frontend: { jobs: [row({ kind: "restore", state: "COMMITTING", unfinishedTasks: 3 })] },
      }),
      step: "starRocksIsDone",
      reason: "NoProgress",
      result: poll(2_000, "StarRocks (COMMITTING); nothing has moved for 6 min"),
    },
    {
      name: "beyond timeout fails the job",
      given: submitted({
        job: backup({ timeout: "10m" }),
        status: { submission: { ...SENT, time: ago(11 * MINUTE), accepted: true } },
      }),
      step: "starRocksIsDone",
      end: ["RETRY", "TimedOut"],
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
    {
      name: "in UPLOAD_INFO ends at once when the files went with the old leader",
      given: submitted({
        status: { phase: "COMMIT", phaseStartTime: ago(0) },
        frontend: {
          jobs: [
            row({ state: "UPLOAD_INFO", ok: false, statusText: "file is invalid: /tmp/__meta" }),
          ],
        },
      }),
      step: "starRocksIsDone",
      end: ["RETRY", "CommitStuck"],
      message: /^the files of SAVE_META went with the FE .*: file is invalid: \/tmp\/__meta$/,
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
        "StarRocks to show backup nightly_bbbbbbbb in database shop; a missing right hides it: GRANT EXPORT on all its tables (2.5: LOAD_PRIV on the database) to the user of StarRocks",
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
    {
      name: "nothing is made for a job that is over, though its slot looks lent yet",
      given: submitted({
        status: { phase: "CANCELLED", reason: "Cancelled", message: "as asked" },
        frontend: NOT_ASKED,
        agents: [],
      }),
      step: "none",
      reason: "Cancelled",
      result: done("as asked"),
    },
  ]);
});
