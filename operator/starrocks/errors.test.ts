// A row for each text of §2.8 and §11, as StarRocks prints it, and one for each row of the tables.
import { expect } from "chai";
import {
  classify,
  classifyJobEnd,
  explainTaskError,
  explainTaskErrors,
  refusedError,
  tidy,
} from "./errors.ts";
import type { FrontendReason } from "./frontend.ts";
import { JOB_END_CAUSES, type JobEndReason } from "./job-ends.ts";
import { REFUSALS, type Repeat } from "./refusals.ts";

type Row = readonly [
  text: string,
  reason: FrontendReason | "AlreadySo",
  heals?: "heals",
  repeat?: Repeat,
];

const denied = (privilege: string, on = "") =>
  `Access denied; you need (at least one of) the ${privilege} privilege(s)${on === "" ? "" : ` on ${on}`} for this operation. Please ask the admin to grant permission(s) or try activating existing roles using <set [default] role>. Current role(s): NONE. Inactivated role(s): NONE.`;

const refusals: readonly Row[] = [
  [
    "Unexpected exception: failed to list remote path: backup://mount/x. msg: Socket is closed by peer., broker: k8s_m5[TNetworkAddress(hostname:h, port:8000)]",
    "BrokerCallFailed",
    "heals",
    "quickly",
  ],
  [
    "Failed to get info of snapshot 's1' because: failed to list remote path: x. msg: Socket is closed by peer., broker: b. Maybe specified wrong backup timestamp",
    "BrokerCallFailed",
    "heals",
    "quickly",
  ],
  [
    "Failed to list snapshot in repo: k8s_m5, err: failed to list remote path: x. msg: java.net.SocketException: Broken pipe",
    "BrokerCallFailed",
    "heals",
    "quickly",
  ],
  [
    "Another backup or restore job is being submitted. Please wait and try again",
    "SubmissionBusy",
    "heals",
    "quickly",
  ],
  [
    "meta data may has been updated during this period, please try again",
    "StatementFailed",
    "heals",
    "quickly",
  ],
  ["UNKNOWN: leader is unknown, please retry later", "FrontendUnreachable", "heals", "elsewhere"],
  ["Access denied for user 'op' (using password: YES)", "AccessDenied"],
  [denied("EXPORT", "TABLE db1.t2"), "RightMissing"],
  [denied("OPERATE OR NODE", "SYSTEM"), "RightMissing"],
  [denied("ADMIN/OPERATOR"), "RightMissing"],
  ["Access denied for user 'op' to database 'shop'", "RightMissing"],
  ["Unexpected exception: BackupStatement failed", "RightMissing"],
  ["Unexpected exception: Broker(127.0.0.11:8000) has already in brokers.", "AlreadySo"],
  ["Broker(127.0.0.99:1) has not in brokers.", "AlreadySo"],
  ["No backup job is currently running", "AlreadySo"],
  ["No restore is currently running", "AlreadySo"],
  ["Failed to cancel job: Job with label s7 can not be cancelled. state: CANCELLED", "AlreadySo"],
  ["Snapshot with name 's7' already exist in repository", "LabelInUse"],
  ["Can only run one backup or restore job of a database at same time", "DatabaseBusy", "heals"],
  ["Failed to create repository: repository with same name already exist: r1", "RepositoryExists"],
  [
    "Getting analyzing error. Detail message: Repository [nosuch] does not exist.",
    "RepositoryMissing",
  ],
  ["Repository r1 does not exist", "RepositoryMissing"],
  ["Repository does not exist.", "RepositoryMissing"],
  ["Unexpected exception: Repository ro is read only", "RepositoryReadOnly"],
  [
    "Backup or restore job is running on this repository. Can not drop it",
    "RepositoryBusy",
    "heals",
  ],
  ["failed to get address of broker nosuch.", "BrokerNotAlive", "heals"],
  ["failed to get a broker address: failed to find alive broker: b1", "BrokerNotAlive", "heals"],
  ["Unknown broker name(nosuch)", "BrokerNotAlive", "heals"],
  ["broker does not exist: b1", "BrokerNotAlive", "heals"],
  [
    "Failed to get info of snapshot 's' because: Expected one file with path: x. get: 0. Maybe specified wrong backup timestamp",
    "SnapshotNotFound",
  ],
  [
    "Failed to get info of snapshot 's' because: Expected one file with path: x. get: 2. Maybe specified wrong backup timestamp",
    "SnapshotDamaged",
  ],
  ["Failed to get info: Expected one file with path: x. get: 10", "SnapshotDamaged"],
  ["md5sum does not equal. local: a, remote: b", "SnapshotDamaged"],
  ["file name should contains checksum", "SnapshotDamaged"],
  [
    "failed to get broker client: java.net.ConnectException: Connection refused",
    "BrokerCallFailed",
    "heals",
  ],
  [
    "Failed to create repository: failed to list remote path: backup://mount/x. msg: bad token, broker: k8s_j3",
    "BrokerCallFailed",
    "heals",
  ],
  ["failed to open reader on broker b", "BrokerCallFailed", "heals"],
  ["failed to open writer on broker b", "BrokerCallFailed", "heals"],
  ["failed to rename x to y", "BrokerCallFailed", "heals"],
  ["failed to delete remote path x", "BrokerCallFailed", "heals"],
  ["write exception: x", "BrokerCallFailed", "heals"],
  ["failed to check remote path exist: x", "BrokerCallFailed", "heals"],
  ["d != com.starrocks.thrift.TBrokerOperationStatusCode", "BrokerCallFailed", "heals"],
  [
    "Failed to create repository: Invalid repository dir. expected one repo info file",
    "BrokerCallFailed",
    "heals",
  ],
  ["Failed to get info of snapshot 's' because: nothing known", "SnapshotNotFound"],
  ["Incorrect repository name 'r-2'.", "RequestInvalid"],
  ["Table: t can not support backup restore, type: CLOUD_NATIVE", "SharedData"],
  ["Table: t can not support backup restore, type: MYSQL", "ObjectUnsupported"],
  ["Table 'v' is not a OLAP table", "ObjectUnsupported"],
  ["Do not support backing up table with temp partitions", "ObjectUnsupported"],
  ["Do not support restoring table with temp partitions", "ObjectUnsupported"],
  ["List partition table does not support backup/restore job", "ObjectUnsupported"],
  [
    "Base table b doest not existed in materialized view m when backup/restore",
    "ObjectUnsupported",
  ],
  ["Table t does not exist in snapshot s", "ObjectNotFound"],
  ["Partition p of table t does not exist in snapshot s", "ObjectNotFound"],
  ["target database: a is not existed in snapshot", "ObjectNotFound"],
  ["Database: shop is empty", "DatabaseEmpty"],
  ["Getting analyzing error. Detail message: Table not found..", "DatabaseEmpty"],
  ["Incorrect table name 'x'.", "ObjectNotFound"],
  ["Unknown table 'x'", "ObjectNotFound"],
  ["Unknown database 'x'.", "ObjectNotFound"],
  ["partition[p9] does not exist  in tablet1", "ObjectNotFound"],
  ["Unknown partition p9 in tablet1", "ObjectNotFound"],
  ["table t does not exist", "ObjectNotFound"],
  ["partition p does not exist  in tablet", "ObjectNotFound"],
  ["Missing backup_timestamp property.", "RequestInvalid"],
  ["timeout must be at least 10 min.", "RequestInvalid"],
  ["Duplicated table: T1", "RequestInvalid"],
  ["Duplicated alias name: a", "RequestInvalid"],
  ["Unknown backup job properties: [ttl]", "RequestInvalid"],
  ["Unknown restore job properties: [reserve_replica]", "RequestInvalid"],
  [
    "Getting syntax error at line 1, column 3. Detail message: No viable statement.",
    "RequestInvalid",
  ],
  ["Where clause should looks like: SNAPSHOT = 'your_snapshot_name'", "RequestInvalid"],
  ["Reach limit of connections", "FrontendUnreachable", "heals"],
  ["something that nobody has seen", "StatementFailed", "heals"],
];

describe("classify", () => {
  for (const [text, reason, heals, repeat = "no"] of refusals) {
    it(`takes ${JSON.stringify(text.slice(0, 90))} for ${reason}`, () => {
      const verdict = classify(text, "op");
      expect([verdict.reason, verdict.heals, verdict.repeat]).to.deep.equal([
        reason,
        heals === "heals",
        repeat,
      ]);
      expect(verdict.advice).to.not.equal("");
    });
  }

  it("has an example of every row", () => {
    const met = new Set(refusals.map(([text]) => REFUSALS.find((r) => r.text.test(text))));
    expect(REFUSALS.filter((r) => !met.has(r)).map((r) => r.text.source)).to.deep.equal([]);
  });

  const grants: readonly (readonly [string, string])[] = [
    [denied("REPOSITORY", "SYSTEM"), "GRANT REPOSITORY ON SYSTEM TO USER 'op'@'%'"],
    [denied("OPERATE OR NODE", "SYSTEM"), "GRANT OPERATE ON SYSTEM TO USER 'op'@'%'"],
    [
      denied("NODE", "SYSTEM"),
      "GRANT cluster_admin TO USER 'op'@'%'; SET DEFAULT ROLE ALL TO 'op'@'%' (2.5: GRANT NODE_PRIV ON *.* TO 'op'@'%')",
    ],
    [denied("EXPORT", "TABLE db1.t2"), "GRANT EXPORT ON TABLE db1.t2 TO USER 'op'@'%'"],
    [denied("INSERT", "TABLE db1.1st`"), "GRANT INSERT ON TABLE db1.`1st` TO USER 'op'@'%'"],
    [
      denied("CREATE TABLE", "DATABASE shop"),
      "GRANT CREATE TABLE ON DATABASE shop TO USER 'op'@'%'",
    ],
    [
      denied("CREATE DATABASE", "CATALOG default_catalog"),
      "GRANT CREATE DATABASE ON CATALOG default_catalog TO USER 'op'@'%'",
    ],
    [denied("EXPORT"), "GRANT EXPORT ON ALL TABLES IN ALL DATABASES TO USER 'op'@'%'"],
    [denied("REPOSITORY"), "GRANT REPOSITORY ON SYSTEM TO USER 'op'@'%'"],
    [denied("ADMIN", "SYSTEM"), "GRANT ADMIN_PRIV ON *.* TO 'op'@'%'"],
    [denied("ADMIN/OPERATOR"), "GRANT ADMIN_PRIV ON *.* TO 'op'@'%'"],
    [denied("LOAD", "DATABASE shop"), "GRANT LOAD_PRIV ON shop.* TO 'op'@'%'"],
    ["Access denied for user 'op' to database 'shop'", "GRANT LOAD_PRIV ON shop.* TO 'op'@'%'"],
    ["BackupStatement failed", "GRANT LOAD_PRIV ON <database>.* TO 'op'@'%'"],
  ];
  for (const [text, grant] of grants) {
    it(`says ${grant}`, () => expect(classify(text, "op").advice).to.include(`run: ${grant}`));
  }
});

describe("refusedError", () => {
  it("says what was asked, what StarRocks said and what to do, without its prefixes", () => {
    const text =
      "Getting analyzing error from line 1, column 3 to line 1, column 9. Detail message: Unknown database 'x'.";
    const error = refusedError("BACKUP of database x", tidy(text), classify(text, "op"));
    expect(error.message).to.equal(
      "BACKUP of database x: Unknown database 'x'; correct the name; before 3.4 RESTORE makes no database: run CREATE DATABASE first",
    );
  });

  it("cuts secrets out, and credentials in URLs", () => {
    const text = "no such token s3cr3t at s3://key:secret@host/x?sig=abc";
    expect(tidy(text, ["s3cr3t", ""])).to.equal("no such token *** at s3://***@host/x?***");
  });

  it("is short and on one line", () => {
    expect(tidy(`a\n${"b".repeat(5000)}`))
      .to.have.length(1001)
      .and.to.match(/^a b+…$/);
  });
});

const ends: readonly (readonly [string, string, JobEndReason, "heals"?])[] = [
  ["COMMON_ERROR", "user cancelled", "UserCancelled"],
  ["COMMON_ERROR", "user cancelled, current state: DOWNLOADING", "UserCancelled"],
  ["TIMEOUT", "", "TimedOut", "heals"],
  ["TIMEOUT", "restore job with label: l  timeout.", "TimedOut", "heals"],
  [
    "OLAP_VERSION_ALREADY_MERGED",
    "make snapshot failed, version already merged",
    "VersionMerged",
    "heals",
  ],
  [
    "COMMON_ERROR",
    "failed to choose replica to make snapshot for tablet 1. visible version: 2",
    "ReplicaUnhealthy",
    "heals",
  ],
  [
    "COMMON_ERROR",
    "failed to get address of broker b1 when try to send upload snapshot task: x",
    "BrokerNotAlive",
    "heals",
  ],
  [
    "COMMON_ERROR",
    "Partition p1 in table t1 has different replication num '1' with partition in repository, which is 3",
    "ReplicationConflict",
  ],
  ["COMMON_ERROR", "Table t2 already exist but with different schema", "TargetConflict"],
  ["COMMON_ERROR", "Table t2 already exist but with different key type", "TargetConflict"],
  [
    "COMMON_ERROR",
    "Partition p1 in table t1 has different range with partition in repository",
    "TargetConflict",
  ],
  [
    "COMMON_ERROR",
    "Partition p1 in table t1 has conflict range with existing ranges",
    "TargetConflict",
  ],
  ["COMMON_ERROR", "No partition exist in single partitioned table t1", "TargetConflict"],
  ["COMMON_ERROR", "Table t1 is automatic bucket partition, can not be restored", "TargetConflict"],
  ["BAD_REPLACE", "Table: v has existed and it is not a View", "TargetConflict"],
  ["COMMON_ERROR", "Table t1's state is not NORMAL: SCHEMA_CHANGE", "TargetBusy", "heals"],
  ["COMMON_ERROR", "failed to find 3 different hosts to create table: t1", "TooFewBackends"],
  [
    "COMMON_ERROR",
    "Failed to create replicas for restore. unfinished marks: 1=2",
    "ReplicaUnhealthy",
    "heals",
  ],
  ["COMMON_ERROR", "check colocate restore failed", "TargetConflict"],
  ["COMMON_ERROR", "Do not support restoring table with temp partitions", "ObjectUnsupported"],
  ["NOT_FOUND", "table t1 has been dropped", "ObjectNotFound"],
  ["NOT_FOUND", "database 10001 has been dropped", "ObjectNotFound"],
  ["NOT_FOUND", "partition 10007 has been dropped", "ObjectNotFound"],
  ["NOT_FOUND", "index 10009 has been dropped", "ObjectNotFound"],
  ["NOT_FOUND", "database 10001 does not exist", "ObjectNotFound"],
  ["NOT_FOUND", "partition p1 does not exist  in tablet1", "ObjectNotFound"],
  [
    "COMMON_ERROR",
    "Table t2 already exist but with different schema, errMsg: column k",
    "TargetConflict",
  ],
  ["UNSUPPORTED", "Table: t can not support backup restore, type: {}MYSQL", "ObjectUnsupported"],
  ["NOT_FOUND", "table t1 does not exist", "ObjectNotFound"],
  // An agent that dies while the FE reads __meta gives the same words as a damaged file.
  ["COMMON_ERROR", "Failed to read backup meta from file", "BrokerCallFailed", "heals"],
  ["COMMON_ERROR", "md5sum does not equal. local: a, remote: b", "SnapshotDamaged"],
  ["COMMON_ERROR", "failed to list remote path: x. msg: y", "BrokerCallFailed", "heals"],
  ["COMMON_ERROR", "failed to get a broker address: x", "BrokerCallFailed", "heals"],
  ["COMMON_ERROR", "something new", "JobFailed", "heals"],
];

describe("classifyJobEnd", () => {
  for (const [statusCode, statusText, reason, heals] of ends) {
    it(`takes ${JSON.stringify(`${statusCode} ${statusText}`.slice(0, 80))} for ${reason}`, () => {
      const end = classifyJobEnd({ statusCode, statusText });
      expect([end.reason, end.heals]).to.deep.equal([reason, heals === "heals"]);
      expect(end.message).to.include("; ");
      expect(end.message.startsWith(";")).to.equal(false);
    });
  }

  it("has an example of every row", () => {
    const met = new Set(ends.map(([c, t]) => JOB_END_CAUSES.find((x) => x.text.test(`${c} ${t}`))));
    expect(JOB_END_CAUSES.filter((c) => !met.has(c)).map((c) => c.text.source)).to.deep.equal([]);
  });
});

describe("explainTaskError", () => {
  const hints: readonly (readonly [string, string])[] = [
    ["Cannot truncate a file by broker, path=x.part", "leftover .part"],
    ["invalid md5 of downloaded file", "corrupt"],
    ["get nothing from remote path: D", "missing in the snapshot"],
    ["invalid tablet file name", "none of StarRocks'"],
    ["capacity limit reached", "disk is full"],
    ["unexpected file list size=2", "listed a file twice"],
    ["Couldn't open transport for h:8000", "cannot reach its agent"],
  ];
  for (const [text, hint] of hints) {
    it(`explains ${text}`, () =>
      expect(explainTaskError(text)).to.include(text).and.to.include(hint));
  }

  it("says a cause once, however many tasks it meets", () => {
    const full = ["capacity limit reached, file: a", "new", "capacity limit reached, file: b"];
    expect(explainTaskErrors(full)).to.deep.equal([
      "capacity limit reached, file: a (a BE's disk is full)",
      "new",
    ]);
  });

  it("passes on what it does not know", () => expect(explainTaskError("new")).to.equal("new"));
});
