import { expect } from "chai";
import { AssertionError } from "node:assert";
import { StorageError } from "./errors.ts";
import type { HdfsCall } from "./hdfs-errors.ts";
import {
  KNOWN_HDFS_EXCEPTIONS,
  classifyHdfsAnswer,
  classifyHdfsFailure,
  isNotLeading,
  isSilent,
  isUnderAFile,
  isWithoutPages,
} from "./hdfs-errors.ts";

const CALL: HdfsCall = {
  operation: "put",
  key: "a/b",
  place: "hdfs://ns1/backup/a/b",
  host: "nn1:9870",
  role: "nameNode",
};

function answered(status: number, exception: string, message = "words"): StorageError {
  const body = JSON.stringify({ RemoteException: { exception, javaClassName: "x", message } });
  return classifyHdfsAnswer({ status, headers: {}, body }, CALL);
}

function page(status: number, body: string, headers = {}): StorageError {
  return classifyHdfsAnswer({ status, headers, body }, CALL);
}

function broken(code: string, call = CALL): Error {
  return classifyHdfsFailure(Object.assign(new Error("broken"), { code }), call);
}

describe("classifyHdfsAnswer", () => {
  // As a cluster of Hadoop 3.4.2 said them, where it could be made to.
  for (const [status, exception, message, kind, reason] of [
    [404, "FileNotFoundException", "File /x does not exist.", "notFound", undefined],
    [403, "FileAlreadyExistsException", "rename destination /x", "alreadyExists", undefined],
    [403, "AccessControlException", "Permission denied: user=eve", "accessDenied", "AccessDenied"],
    [403, "AccessControlException", "/a/x (is not a directory)", "wrongConfiguration", undefined],
    [403, "StandbyException", "Operation category READ", "unavailable", "NameNodeStandby"],
    [403, "RetriableException", "NameNode still not started", "unavailable", undefined],
    [403, "SafeModeException", "Cannot create file /x.", "unavailable", "StoreReadOnly"],
    [403, "RetriableException", "Name node is in safe mode.", "unavailable", "StoreReadOnly"],
    [403, "NSQuotaExceededException", "The NameSpace quota", "full", "StorageFull"],
    [403, "DSQuotaExceededException", "The DiskSpace quota", "full", "StorageFull"],
    [
      403,
      "RemoteException",
      "The DiskSpace quota of /x is exceeded: quota = 1",
      "full",
      "StorageFull",
    ],
    [
      403,
      "IOException",
      "could only be written to 0 of the 1 minReplication nodes.",
      "unavailable",
      "StorageFull",
    ],
    [403, "AlreadyBeingCreatedException", "Failed to APPEND_FILE", "unavailable", undefined],
    [
      403,
      "RemoteException",
      "Failed to APPEND_FILE /x because lease recovery is in progress",
      "unavailable",
      undefined,
    ],
    [
      403,
      "UnsupportedOperationException",
      "Append on EC file without new block",
      "wrongConfiguration",
      "WrongConfiguration",
    ],
    [403, "PathComponentTooLongException", "limit=255 length=260", "wrongConfiguration", undefined],
    [403, "InvalidToken", "token (…) is expired", "wrongCredentials", "CredentialsExpired"],
    [
      401,
      "SecurityException",
      "token (…) can't be found in cache",
      "wrongCredentials",
      "CredentialsExpired",
    ],
    [
      403,
      "AuthorizationException",
      "User: knox is not allowed to impersonate eve",
      "wrongCredentials",
      "RoleRefused",
    ],
    [401, "AuthenticationException", "bad", "wrongCredentials", "WrongCredentials"],
    [403, "BlockMissingException", "Could not obtain block", "unavailable", undefined],
    [500, "RuntimeException", "odd", "unknown", undefined],
  ] as const) {
    it(`takes ${exception} (${message.slice(0, 40)}) for ${kind}`, () => {
      const error = answered(status, exception, message);
      expect(error).to.include({ kind });
      expect(error.detail).to.include({ code: exception, status, reason });
      expect(error.what).to.include(message.replace(/\.$/, "")).and.include("nn1:9870");
    });
  }

  // `release` has a lease in it. Whatever folder a person chooses, its name is no reason.
  for (const [status, exception, message, kind] of [
    [404, "FileNotFoundException", "File does not exist: /backups/release/x", "notFound"],
    [404, "FileNotFoundException", "Failed to append to no file /backups/erasure/x", "notFound"],
    [
      403,
      "AccessControlException",
      'Permission denied: user=eve, access=WRITE, inode="/Please/x":hdfs:hdfs:drwxr-xr-x',
      "accessDenied",
    ],
    [403, "FileAlreadyExistsException", "rename destination /lease exists", "alreadyExists"],
    [
      403,
      "PathIsNotEmptyDirectoryException",
      "`/backups/release is non empty': Directory is not empty",
      "wrongConfiguration",
    ],
  ] as const) {
    it(`reads no reason out of a path: ${message}`, () => {
      expect(answered(status, exception, message)).to.include({ kind });
    });
  }

  for (const words of [
    "Failed to TRUNCATE_FILE /x for DFSClient_1 on 10.0.0.1 because this file lease is currently owned by DFSClient_2 on 10.0.0.2",
    "Failed to APPEND_FILE /x for DFSClient_1 on 10.0.0.1 because DFSClient_1 is already the current lease holder.",
    "No lease on /x (inode 17): File is not open for writing. Holder DFSClient_1 does not have any open files.",
    "File /x is being recovered but transition to completed failed",
  ]) {
    it(`waits for another's lease, whatever it is wrapped in: ${words.slice(0, 40)}`, () => {
      const error = answered(403, "RemoteException", words);
      expect(error).to.include({ kind: "unavailable" });
      expect(error.detail.retryAfterMs).to.equal(10_000);
    });
  }

  for (const [status, body, kind, reason] of [
    [401, "", "wrongCredentials", "WrongCredentials"],
    [403, "<html>no</html>", "accessDenied", "AccessDenied"],
    [404, "<html>none</html>", "wrongConfiguration", "WrongEndpoint"],
    [200, "<html>log in</html>", "wrongConfiguration", "WrongEndpoint"],
    [302, "", "wrongConfiguration", "WrongEndpoint"],
    [407, "", "wrongConfiguration", "ProxyRefused"],
    [
      404,
      "It looks like you are making an HTTP request to a Hadoop IPC port.",
      "wrongConfiguration",
      "WrongEndpoint",
    ],
    [429, "", "throttled", undefined],
    [502, "", "unavailable", undefined],
    [503, "<html>busy</html>", "unavailable", undefined],
  ] as const) {
    it(`takes a bare ${status} ${body.slice(0, 20)} for ${kind}`, () => {
      const error = page(status, body);
      expect(error).to.include({ kind });
      expect(error.detail.reason).to.equal(reason);
    });
  }

  it("tells who may not write what to do about it", () => {
    const error = answered(403, "AccessControlException", "Permission denied: user=eve");
    expect(error.detail.advice).to.include("hdfs.user").and.include("hdfs://ns1/backup/a/b");
  });

  for (const [access, inode, advice] of [
    ["WRITE", "/backup", /give hdfs\.user write permission on \/backup \(.*make the folders below/],
    [
      "READ_EXECUTE",
      "/backup/a",
      /give hdfs\.user read and execute permission on \/backup\/a \(.*\)$/,
    ],
  ] as const) {
    it(`names the folder that HDFS names: ${access}`, () => {
      const message = `Permission denied: user=eve, access=${access}, inode="${inode}":root:hdfs:drwxr-xr-x`;
      expect(answered(403, "AccessControlException", message).detail.advice).to.match(advice);
    });
  }

  it("tells who has named no user to name one", () => {
    const message =
      'Permission denied: user=dr.who, access=EXECUTE, inode="/backup":hdfs:hdfs:drwxr-x---';
    const { kind, detail } = answered(403, "AccessControlException", message);
    expect({ kind, reason: detail.reason }).to.deep.equal({
      kind: "accessDenied",
      reason: "AccessDenied",
    });
    expect(detail.advice).to.include("name the user in hdfs.user");
  });

  it("says of Kerberos what can be done instead", () => {
    const error = page(401, "", { "www-authenticate": "Negotiate" });
    expect(error.detail).to.include({ reason: "WrongCredentials" });
    expect(error.detail.advice).to.match(/Kerberos.*delegation token.*HTTP Basic/);
    const both = page(401, "", { "www-authenticate": ["Negotiate", 'Basic realm="x"'] });
    expect(both.detail.advice).to.not.include("Kerberos");
  });

  it("leaves out a DataNode's stack, and the query of an address", () => {
    const message =
      "failed at http://dn1:9864/x?delegation=SECRET now\n\tat org.apache.Foo(Foo.java:1)";
    const error = answered(403, "RemoteException", message);
    expect(error.message)
      .to.include("http://dn1:9864/x")
      .and.not.match(/SECRET|Foo\.java/);
  });

  it("lets HDFS keep a vanished writer's lease before it is asked again", () => {
    expect(answered(403, "RecoveryInProgressException").detail.retryAfterMs).to.equal(10_000);
    expect(page(503, "", { "retry-after": "7" }).detail.retryAfterMs).to.equal(7000);
  });
});

describe("classifyHdfsFailure", () => {
  for (const [code, kind, reason] of [
    ["ECONNREFUSED", "unavailable", "EndpointUnreachable"],
    ["ENOTFOUND", "unavailable", "EndpointUnreachable"],
    ["ETIMEDOUT", "timeout", "EndpointUnreachable"],
    ["ECONNRESET", "unavailable", undefined],
    ["SELF_SIGNED_CERT_IN_CHAIN", "wrongConfiguration", "CertificateUntrusted"],
    ["EPROTO", "wrongConfiguration", "WrongEndpoint"],
    ["HPE_INVALID_CONSTANT", "wrongConfiguration", "WrongEndpoint"],
    ["EODD", "unknown", undefined],
  ] as const) {
    it(`takes ${code} for ${kind}`, () => {
      const error = broken(code);
      expect(error).to.be.instanceOf(StorageError).and.include({ kind });
      expect((error as StorageError).detail.reason).to.equal(reason);
    });
  }

  it("says of a DataNode that agents must reach it", () => {
    const error = broken("ENOTFOUND", { ...CALL, host: "dn1:9864", role: "dataNode" });
    expect(error.message).to.include("the DataNode dn1:9864").and.include("every DataNode");
    expect((error as StorageError).detail.reason).to.equal("EndpointUnreachable");
  });

  it("leaves our own bugs and errors that are classified as they are", () => {
    const bug = new AssertionError({ message: "bug" });
    const known = new StorageError("full", "x", { operation: "put", key: "k" });
    expect(classifyHdfsFailure(bug, CALL)).to.equal(bug);
    expect(classifyHdfsFailure(known, CALL)).to.equal(known);
  });

  it("knows each exception of its table", () => {
    for (const exception of KNOWN_HDFS_EXCEPTIONS) {
      expect(answered(403, exception), exception).to.not.include({ kind: "unknown" });
    }
  });
});

describe("what the driver asks of an error", () => {
  it("whether another NameNode leads, and whether this one answers", () => {
    const words = "Operation category WRITE is not supported in state standby";
    for (const [error, notLeading, silent] of [
      [answered(403, "StandbyException"), true, false],
      [answered(403, "RemoteException", words), true, false],
      [answered(403, "RetriableException"), true, false],
      [broken("ECONNREFUSED"), false, true],
      [broken("ETIMEDOUT"), false, true],
      [page(503, ""), false, true],
      [answered(404, "FileNotFoundException"), false, false],
      [page(401, ""), false, false],
      [page(500, ""), false, false],
    ] as const) {
      expect([isNotLeading(error), isSilent(error)], error.message).to.deep.equal([
        notLeading,
        silent,
      ]);
    }
  });

  for (const [without, exception, message] of [
    [
      true,
      "IllegalArgumentException",
      'Invalid value for webhdfs parameter "op": LISTSTATUS_BATCH is not',
    ],
    [true, "QueryParamException", "No enum constant org.apache.Operation.LISTSTATUS_BATCH"],
    [false, "IllegalArgumentException", 'Invalid value for webhdfs parameter "offset": x'],
    [false, "FileNotFoundException", "File /backup/shop does not exist."],
  ] as const) {
    it(`whether a server can list by pages: ${message}`, () => {
      expect(isWithoutPages(answered(400, exception, message))).to.equal(without);
    });
  }

  it("whether a file is in the way, which HDFS calls a missing right", () => {
    const inTheWay = answered(403, "AccessControlException", "/a/x (is not a directory)");
    expect(isUnderAFile(inTheWay)).to.equal(true);
    expect(isUnderAFile(answered(403, "AccessControlException"))).to.equal(false);
  });
});
