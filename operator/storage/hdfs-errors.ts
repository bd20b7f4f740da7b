// What HDFS and the way to it answer, as storage errors. The tables below are the whole knowledge of
// exceptions; nothing else matches texts. The first that knows wins: words that say more than the exception
// they came in (a DataNode wraps the NameNode's in one without a name), the exception, the HTTP status.
//
// Addresses are told without their query, which may hold a delegation token.
import { AssertionError } from "node:assert";
import { redact } from "../log.ts";
import type { StorageErrorKind, StorageReason } from "./errors.ts";
import { StorageError, isStorageError } from "./errors.ts";
import { classifyNetworkCode } from "./network-errors.ts";
import { rightFor } from "./rights.ts";

/** The request that failed. */
export interface HdfsCall {
  /** The contract's method. */
  readonly operation: string;
  readonly key: string;
  /** `hdfs://name/path` of what it is about. */
  readonly place: string;
  /** `host:port` that was asked. */
  readonly host: string;
  /** A NameNode or gateway that was configured, or a DataNode it sent us to. */
  readonly role: "nameNode" | "dataNode";
}

/** An answer that is not what was asked for. */
export interface HdfsRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

interface Row {
  readonly kind: StorageErrorKind;
  readonly reason?: StorageReason | undefined;
  /** What a person can do. */
  readonly advice?: string | undefined;
  readonly retryAfterMs?: number;
}

interface Seen {
  readonly code: string;
  readonly text: string;
}

const NO_KERBEROS =
  "it asks for Kerberos, which is not supported: give a delegation token, or the address, user and password of a gateway (Knox, HttpFS) that takes HTTP Basic";
const CHECK_ADDRESS = "check hdfs.nameNodes, and that the network lets this pod reach them";
const REACH_DATANODES =
  "see that this DataNode runs (hdfs dfsadmin -report); agents must resolve and reach every DataNode at the name that the NameNode tells: check DNS and network policies, set dfs.datanode.hostname on it, or go through a gateway (Knox, HttpFS)";

/** HDFS gives a writer that vanished a minute before another may append. */
const LEASE_RETRY_MS = 10_000;

const transient: Row = { kind: "unavailable" };
const missing: Row = { kind: "notFound" };
const taken: Row = { kind: "alreadyExists" };
const late: Row = { kind: "timeout", reason: "EndpointUnreachable", advice: CHECK_ADDRESS };
const standby: Row = {
  kind: "unavailable",
  reason: "NameNodeStandby",
  advice:
    "name all NameNodes in hdfs.nameNodes, and see that one is active (hdfs haadmin -getAllServiceState)",
};
const leased: Row = { kind: "unavailable", retryAfterMs: LEASE_RETRY_MS };
const safeMode: Row = {
  kind: "unavailable",
  reason: "StoreReadOnly",
  advice:
    "the NameNode is in safe mode: it ends by itself when enough DataNodes have reported, or by `hdfs dfsadmin -safemode leave`",
};
const full: Row = {
  kind: "full",
  reason: "StorageFull",
  advice: "make room in this folder, or raise its quota",
};
const noDataNode: Row = {
  kind: "unavailable",
  reason: "StorageFull",
  advice: "no DataNode takes the block: they are down, full, or too few",
};
const denied: Row = { kind: "accessDenied", reason: "AccessDenied" };
const nobody: Row = {
  ...denied,
  advice:
    "name the user in hdfs.user: without one HDFS takes agents for dr.who (hadoop.http.staticuser.user)",
};
const notAFolder: Row = {
  kind: "wrongConfiguration",
  advice: "an object stands where a folder is needed",
};
const wrongKeys: Row = {
  kind: "wrongCredentials",
  reason: "WrongCredentials",
  advice: "check the user and password, or the delegation token",
};
const expired: Row = {
  kind: "wrongCredentials",
  reason: "CredentialsExpired",
  advice: "the delegation token is over: put a new one into the Secret",
};
const impersonation: Row = {
  kind: "wrongCredentials",
  reason: "RoleRefused",
  advice: "allow it by hadoop.proxyuser.<gateway's user>.hosts and .users on the NameNodes",
};
const noAppend: Row = {
  kind: "wrongConfiguration",
  reason: "WrongConfiguration",
  advice:
    "choose a folder that is replicated, not erasure-coded (`hdfs ec -getPolicy`): files that are larger than a part are appended to",
};
const wrongEndpoint: Row = {
  kind: "wrongConfiguration",
  reason: "WrongEndpoint",
  advice:
    "write the address of WebHDFS (commonly http://<NameNode>:9870 or https://<NameNode>:9871), or of a gateway with its path, into hdfs.nameNodes",
};
const lost: Row = {
  kind: "unavailable",
  advice: "DataNodes that hold its blocks are down, or the blocks are lost: see `hdfs fsck`",
};
const proxied: Row = {
  kind: "wrongConfiguration",
  reason: "ProxyRefused",
  advice: "check the proxy's address, user and password",
};

const PATH_TOO_LONG: Row = {
  kind: "wrongConfiguration",
  advice:
    "HDFS takes names of 255 bytes (dfs.namenode.fs-limits.max-component-length), of which a file being written needs 22",
};

/**
 * Words carry paths, which people choose: each of these is more of a sentence than a name may be (a folder
 * `release` has a lease in it).
 */
const BY_WORDS: readonly (readonly [words: RegExp, row: Row])[] = [
  [/Hadoop IPC port/, wrongEndpoint],
  [/Permission denied: user=dr\.who,/, nobody],
  [/in safe ?mode/i, safeMode],
  [/is not allowed to impersonate/, impersonation],
  [/\(is not a directory\)/, notAFolder],
  [/token .*(is expired|can't be found in cache)/, expired],
  [/maximum path component name limit/, PATH_TOO_LONG],
  [/directory item limit/, full],
  [/minReplication nodes/, noDataNode],
  [/quota .*exceeded/i, full],
  [/append on EC file|append to files with striped/i, noAppend],
  [/is not supported in state standby/, standby],
  [/Failed to (CREATE_FILE|APPEND_FILE|TRUNCATE_FILE|RECOVER_LEASE) /, leased],
  [/No lease on |Lease mismatch on |lease recovery is in progress|is being recovered/i, leased],
];

const BY_EXCEPTION: Readonly<Record<string, Row>> = {
  FileNotFoundException: missing,
  FileAlreadyExistsException: taken,
  AccessControlException: denied,
  AuthorizationException: denied,
  AuthenticationException: wrongKeys,
  InvalidToken: expired,
  SecurityException: wrongKeys,
  StandbyException: standby,
  ObserverRetryOnActiveException: standby,
  RetriableException: transient,
  SafeModeException: safeMode,
  DSQuotaExceededException: full,
  NSQuotaExceededException: full,
  QuotaByStorageTypeExceededException: full,
  ClusterStorageCapacityExceededException: full,
  MaxDirectoryItemsExceededException: full,
  DiskOutOfSpaceException: full,
  PathComponentTooLongException: PATH_TOO_LONG,
  InvalidPathException: { kind: "wrongConfiguration", advice: "HDFS does not take this name" },
  ParentNotDirectoryException: notAFolder,
  PathIsNotEmptyDirectoryException: notAFolder,
  AlreadyBeingCreatedException: leased,
  RecoveryInProgressException: leased,
  LeaseExpiredException: transient,
  NotReplicatedYetException: transient,
  ConnectException: transient,
  NoRouteToHostException: transient,
  SocketTimeoutException: transient,
  ConnectTimeoutException: transient,
  UnknownHostException: transient,
  BlockMissingException: lost,
  CannotObtainBlockLengthException: lost,
  IllegalArgumentException: { kind: "wrongConfiguration", reason: "WrongConfiguration" },
  HadoopIllegalArgumentException: { kind: "wrongConfiguration", reason: "WrongConfiguration" },
  UnsupportedOperationException: noAppend,
};

const BY_STATUS: Readonly<Record<number, Row>> = {
  401: wrongKeys,
  403: {
    kind: "accessDenied",
    reason: "AccessDenied",
    advice: "the gateway refuses this user: give it the right there",
  },
  404: wrongEndpoint,
  405: wrongEndpoint,
  407: proxied,
  408: late,
  429: { kind: "throttled" },
  507: full,
};

/** Exceptions of the table, for its test. */
export const KNOWN_HDFS_EXCEPTIONS: readonly string[] = Object.keys(BY_EXCEPTION);

const UNKNOWN: Row = { kind: "unknown" };

/** The storage error for an answer that is not the wanted one. */
export function classifyHdfsAnswer(refusal: HdfsRefusal, call: HdfsCall): StorageError {
  const seen = look(refusal);
  const { status, headers } = refusal;
  return make(call, seen, {
    row: rowOf(refusal, seen),
    status,
    retryAfterMs: retryAfter(headers["retry-after"]),
  });
}

/** The storage error for whatever broke a request off. Our own bugs stay what they are. */
export function classifyHdfsFailure(error: unknown, call: HdfsCall): Error {
  if (isStorageError(error) || error instanceof AssertionError) return error;
  const seen = lookAtFailure(error);
  const row = classifyNetworkCode(seen.code) ?? UNKNOWN;
  return make(call, seen, { row: { ...row, advice: adviceOn(row, call) } });
}

/** What network codes mean is the same for every store; what to change here is not. */
function adviceOn({ reason, advice }: Row, { role }: HdfsCall): string | undefined {
  if (reason === "WrongEndpoint") return wrongEndpoint.advice;
  if (reason !== "EndpointUnreachable") return advice;
  return role === "dataNode" ? REACH_DATANODES : CHECK_ADDRESS;
}

/** The NameNode that was asked does not lead, or does not know yet: another one may. */
export function isNotLeading(error: unknown): error is StorageError {
  if (!isStorageError(error)) return false;
  return error.detail.reason === "NameNodeStandby" || error.detail.code === "RetriableException";
}

/** Nobody answers, or only something before it. */
export function isSilent(error: unknown): error is StorageError {
  if (!isStorageError(error)) return false;
  const { status } = error.detail;
  return status === undefined || (status >= 502 && status <= 504);
}

/** A folder that was to be removed is not empty. */
export function isNotEmpty(error: unknown): boolean {
  return isStorageError(error) && error.detail.code === "PathIsNotEmptyDirectoryException";
}

/** The server does not know how to list by pages: a gateway, or an old one. */
export function isWithoutPages(error: unknown): boolean {
  return isStorageError(error) && WITHOUT_PAGES.test(error.what);
}

// As HDFS 2, HttpFS and its predecessors say it.
const WITHOUT_PAGES =
  /parameter "op"|No enum constant .*LISTSTATUS_BATCH|Invalid HTTP GET operation/;

/** A path whose parent is a file, which HDFS calls a missing right. */
export function isUnderAFile(error: unknown): boolean {
  if (!isStorageError(error)) return false;
  return (
    /is not a directory\)/.test(error.message) ||
    error.detail.code === "ParentNotDirectoryException"
  );
}

function rowOf({ status, headers, body }: HdfsRefusal, { code, text }: Seen): Row {
  const said = BY_WORDS.find(([words]) => words.test(text) || words.test(body.slice(0, 1000)));
  if (said !== undefined && status >= 400) return said[1];
  if (status === 401) return unauthorized(headers["www-authenticate"]);
  const known = own(BY_EXCEPTION, code);
  if (known !== undefined) return known;
  // Only HDFS names its exceptions; what has none comes from something before it, or from something else.
  const named = code.endsWith("Exception");
  if (!named && BY_STATUS[status] !== undefined) return BY_STATUS[status];
  if (status < 400) return wrongEndpoint;
  return status >= 500 && !named ? transient : { kind: "unknown" };
}

function unauthorized(challenges: string | readonly string[] | undefined): Row {
  const offered = [challenges ?? []].flat().join(",");
  if (!/negotiate/i.test(offered) || /basic/i.test(offered)) return wrongKeys;
  return { ...wrongKeys, advice: NO_KERBEROS };
}

function own(table: Readonly<Record<string, Row>>, code: string): Row | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

function look({ status, body }: HdfsRefusal): Seen {
  const { exception, message } = remoteException(body);
  if (exception !== undefined) return { code: exception, text: firstLine(message ?? "") };
  return { code: `HTTP ${status}`, text: /^\s*</.test(body) ? "a page, no JSON" : firstLine(body) };
}

function remoteException(body: string): { exception?: string; message?: string } {
  try {
    const { RemoteException: said } = JSON.parse(body) as {
      readonly RemoteException?: { readonly exception?: unknown; readonly message?: unknown };
    };
    if (typeof said?.exception !== "string") return {};
    return { exception: said.exception, message: textOf(said.message) };
  } catch {
    return {};
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function lookAtFailure(error: unknown): Seen {
  if (!(error instanceof Error)) return { code: "Unknown", text: String(error) };
  const { code, errors } = error as Error & { code?: unknown; errors?: readonly unknown[] };
  // A refused connection to a name with several addresses is an AggregateError without words.
  const [first] = errors ?? [];
  const text = error.message === "" && first instanceof Error ? first.message : error.message;
  return { code: typeof code === "string" ? code : error.name, text: firstLine(text) };
}

// A DataNode sends the stack along.
function firstLine(text: string): string {
  const [line = ""] = text.trim().split("\n");
  return redact(line.replace(/\s+/g, " ")).slice(0, 300).trim();
}

// Seconds; the other form, a date, is not worth a clock here.
function retryAfter(header: string | readonly string[] | undefined): number | undefined {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function make(
  call: HdfsCall,
  { code, text }: Seen,
  how: { readonly row: Row; readonly status?: number; readonly retryAfterMs?: number | undefined },
): StorageError {
  const { row, status } = how;
  const words = text === "" ? "" : `: ${text.replace(/\.$/, "")}`;
  const who = call.role === "dataNode" ? `the DataNode ${call.host}` : call.host;
  const said = code.startsWith("HTTP ") || status === undefined ? code : `${code} (${status})`;
  const what = `${call.operation} of ${call.place} failed at ${who}: ${said}${words}`;
  const advice = row === denied ? grant(call, text) : row.advice;
  return new StorageError(row.kind, what, {
    operation: call.operation,
    key: call.key,
    code,
    status,
    retryAfterMs: how.retryAfterMs ?? row.retryAfterMs,
    reason: row.reason,
    advice,
  });
}

/** Where HDFS names the file or folder it refused, a person need look no further: it is seldom what was asked for. */
function grant({ operation, place }: HdfsCall, text: string): string {
  const [, access = "", path] = /access=(\w+), inode="([^"]+)"/.exec(text) ?? [];
  if (path === undefined) return `give hdfs.user ${rightFor("hdfs", operation)}: ${place}`;
  const right = access.toLowerCase().split("_").join(" and ");
  const below = access.startsWith("WRITE") ? ", or make the folders below it for that user" : "";
  return `give hdfs.user ${right} permission on ${path} (hdfs dfs -chown, -chmod or -setfacl)${below}`;
}
