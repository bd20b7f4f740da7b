// Rows as releases print them (§1.8, §1.9, §11): columns come and go, nulls have two forms.
import { expect } from "chai";
import type { JobRow } from "./frontend.ts";
import {
  backendNode,
  brokerRow,
  frontendNode,
  jobRow,
  jobStatus,
  parseVersion,
  repositoryRow,
  snapshotDetails,
  snapshotRow,
  type SqlRow,
} from "./rows.ts";

const FRONTEND = { Name: "10.0.0.1_9010_1", IP: "fe-0.fe", QueryPort: "9030", Alive: "true" };
const frontends: readonly (readonly [string, SqlRow, boolean])[] = [
  ["2.3's leader", { ...FRONTEND, Role: "FOLLOWER", IsMaster: "true" }, true],
  ["2.3's follower", { ...FRONTEND, Role: "FOLLOWER", IsMaster: "false" }, false],
  ["2.5's leader", { ...FRONTEND, Role: "LEADER" }, true],
  ["2.5's observer", { ...FRONTEND, Role: "OBSERVER" }, false],
  ["3.5's leader", { Id: "1", ...FRONTEND, Role: "LEADER" }, true],
];

describe("rows of SHOW FRONTENDS", () => {
  for (const [what, row, leads] of frontends) {
    it(`tell ${what}`, () =>
      expect(frontendNode(row)).to.deep.equal({
        name: "10.0.0.1_9010_1",
        host: "fe-0.fe",
        queryPort: 9030,
        leads,
        alive: true,
      }));
  }

  it("name the column that is missing", () => {
    expect(() => frontendNode(FRONTEND)).to.throw(
      "no column Role, only Name, IP, QueryPort, Alive",
    );
  });
});

describe("rows of SHOW BACKENDS", () => {
  const base = { BackendId: "10004", IP: "be-0", Alive: "true" };
  const cases: readonly (readonly [string, SqlRow, boolean, boolean])[] = [
    ["serving", { ...base, SystemDecommissioned: "false" }, true, false],
    ["dead", { ...base, Alive: "false", SystemDecommissioned: "false" }, false, false],
    [
      "leaving",
      { ...base, SystemDecommissioned: "true", ClusterDecommissioned: "false" },
      true,
      true,
    ],
    ["leaving its cluster", { ...base, ClusterDecommissioned: "true" }, true, true],
    ["without such columns", base, true, false],
  ];
  for (const [what, row, alive, decommissioned] of cases) {
    it(`tell a BE ${what}`, () =>
      expect(backendNode(row)).to.deep.equal({ id: "10004", host: "be-0", alive, decommissioned }));
  }
});

describe("rows of SHOW BROKER and SHOW REPOSITORIES", () => {
  const broker = { Name: "b1", IP: "slot-0.backup.svc", Port: "8000", LastStartTime: null };
  it("tell a broker that was never alive", () =>
    expect(
      brokerRow({ ...broker, Alive: "false", LastUpdateTime: null, ErrMsg: "" }),
    ).to.deep.equal({
      name: "b1",
      host: "slot-0.backup.svc",
      port: 8000,
      alive: false,
      error: "",
    }));

  it("tell a dead broker's reason", () => {
    const error = "java.net.ConnectException: Connection refused";
    expect(brokerRow({ ...broker, Alive: "false", ErrMsg: error })).to.include({ error });
  });

  for (const nothing of [null, "\\N", ""]) {
    it(`take ${JSON.stringify(nothing)} for no error`, () =>
      expect(
        repositoryRow({
          RepoId: "10",
          RepoName: "r1",
          IsReadOnly: "true",
          Location: "backup://mount",
          Broker: "b1",
          ErrMsg: nothing,
        }),
      ).to.deep.equal({
        name: "r1",
        readOnly: true,
        location: "backup://mount",
        broker: "b1",
        error: "",
      }));
  }
});

const BACKUP: SqlRow = {
  JobId: "10273",
  SnapshotName: "snap3",
  DbName: "db1",
  State: "UPLOADING",
  BackupObjs: "[db1.t1], [db1.t2]",
  CreateTime: "2026-11-21 09:35:06",
  SnapshotFinishedTime: null,
  UnfinishedTasks: "10274=10006, 10275=10006",
  Progress: "[10274: 0/0], [10276: 0/0]",
  TaskErrMsg: "",
  Status: "[OK]",
  Timeout: "3600",
};
const PARSED: JobRow = {
  kind: "backup",
  database: "db1",
  label: "snap3",
  timestamp: undefined,
  state: "UPLOADING",
  jobId: 10_273,
  createdAt: "2026-11-21 09:35:06",
  downloaded: false,
  unfinishedTasks: 2,
  taskErrors: [],
  ok: true,
  statusCode: "OK",
  statusText: "",
};

describe("rows of jobs", () => {
  const cases: readonly (readonly [string, SqlRow, Partial<JobRow>])[] = [
    ["a running backup", {}, {}],
    ["a job that has not run yet", { JobId: "-1" }, { jobId: undefined }],
    ["no tasks as an empty text", { UnfinishedTasks: "" }, { unfinishedTasks: 0 }],
    ["no tasks as NULL", { UnfinishedTasks: null }, { unfinishedTasks: 0 }],
    ["no tasks as \\N", { UnfinishedTasks: "\\N" }, { unfinishedTasks: 0 }],
    ["downloads that ended", { DownloadFinishedTime: "2026-11-21 09:36:00" }, { downloaded: true }],
    ["downloads that did not end", { DownloadFinishedTime: "\\N" }, { downloaded: false }],
    ["a state of a newer release", { State: "WAITING" }, { state: "WAITING" }],
    [
      "errors of tasks, each text once",
      {
        TaskErrMsg:
          "[10276: Couldn't open transport for h:8000 (Connection refused)], [10277: Socket is closed by peer.], [10278: Socket is closed by peer.]",
      },
      {
        taskErrors: [
          "Couldn't open transport for h:8000 (Connection refused)",
          "Socket is closed by peer.",
        ],
      },
    ],
    [
      "an error that holds brackets",
      { TaskErrMsg: "[1: broker k8s[TNetworkAddress(hostname:h, port:1)], and more]" },
      { taskErrors: ["broker k8s[TNetworkAddress(hostname:h, port:1)], and more"] },
    ],
  ];
  for (const [what, change, expected] of cases) {
    it(`tell ${what}`, () =>
      expect(jobRow("backup", { ...BACKUP, ...change })).to.deep.equal({ ...PARSED, ...expected }));
  }

  it("keep five errors of tasks, and not all of each", () => {
    const TaskErrMsg = Array.from({ length: 50 }, (_, i) => `[${i}: ${i} ${"x".repeat(900)}]`);
    const { taskErrors } = jobRow("backup", { ...BACKUP, TaskErrMsg: TaskErrMsg.join(", ") });
    expect(taskErrors).to.have.length(5);
    expect(taskErrors.every((t) => t.length === 500)).to.equal(true);
  });

  it("tell a restore by its own columns", () => {
    const { SnapshotName: _, ...row } = BACKUP;
    const restore = {
      ...row,
      Label: "snap3",
      Timestamp: "2026-11-21-01-35-06-837",
      State: "COMMIT",
    };
    expect(jobRow("restore", restore)).to.deep.equal({
      ...PARSED,
      kind: "restore",
      state: "COMMIT",
      timestamp: "2026-11-21-01-35-06-837",
    });
  });

  const statuses: readonly (readonly [string, boolean, string, string])[] = [
    ["[OK]", true, "OK", ""],
    ["[TIMEOUT, msg: ]", false, "TIMEOUT", ""],
    ["[COMMON_ERROR, msg: user cancelled]", false, "COMMON_ERROR", "user cancelled"],
    ["[NOT_FOUND, msg: a [b], c]", false, "NOT_FOUND", "a [b], c"],
    ["[BAD_FILE, msg: two\nlines]", false, "BAD_FILE", "two\nlines"],
    ["something new", false, "", "something new"],
    ["", false, "", ""],
  ];
  for (const [text, ok, statusCode, statusText] of statuses) {
    it(`read the status ${JSON.stringify(text)}`, () =>
      expect(jobStatus(text)).to.deep.equal({ ok, statusCode, statusText }));
  }
});

describe("rows of SHOW SNAPSHOT", () => {
  const T1 = "2026-11-21-01-35-06-837";
  const T2 = "2026-11-22-01-35-06-001";
  const cases: readonly (readonly [string, string | null, string, readonly string[], string])[] = [
    ["one timestamp", T1, "OK", [T1], "OK"],
    ["several", `${T1}\n${T2}`, "OK", [T1, T2], "OK"],
    ["none", "", "ERROR: no snapshot", [], "ERROR: no snapshot"],
    ["none as NULL", null, "ERROR: no snapshot", [], "ERROR: no snapshot"],
    ["a broken entry", `Invalid: __info_x.part\n${T1}`, "OK", [T1], "Invalid: __info_x.part"],
  ];
  for (const [what, Timestamp, Status, timestamps, status] of cases) {
    it(`tell ${what}`, () =>
      expect(snapshotRow({ Snapshot: "s1", Timestamp, Status })).to.deep.equal({
        label: "s1",
        timestamps,
        status,
      }));
  }

  it("tell what is in one", () => {
    const Details = JSON.stringify({
      database: "shop",
      backup_objects: { orders: { partitions: { p1: {}, p2: {} } }, v: {} },
    });
    expect(snapshotDetails({ Database: "shop", Details })).to.deep.equal({
      database: "shop",
      tables: [
        { name: "orders", partitions: ["p1", "p2"] },
        { name: "v", partitions: [] },
      ],
    });
  });
});

describe("versions", () => {
  const cases: readonly (readonly [string, readonly number[] | undefined])[] = [
    ["3.5.3 6a7b8c9", [3, 5, 3]],
    ["2.5.0 8c1d2f4", [2, 5, 0]],
    ["4.1.0-rc1 abc", [4, 1, 0]],
    ["3.4 abc", [3, 4, 0]],
    ["UNKNOWN 1f5a0c3", undefined],
    ["", undefined],
  ];
  for (const [text, numbers] of cases) {
    it(`read ${JSON.stringify(text)}`, () =>
      expect(parseVersion(text)).to.deep.equal({ text, numbers }));
  }
});
