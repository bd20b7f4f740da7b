// Where an HDFS repository lies, and at which addresses its NameNodes are asked. Parsed by hand, as S3's:
// URL parsers decode and rewrite paths, and HDFS takes nearly any character in a name.
import { TerminalError } from "../errors.ts";

export interface HdfsLocation {
  readonly scheme: "hdfs" | "webhdfs" | "swebhdfs";
  /** Name service or `host[:port]`. Only a WebHDFS scheme's is ever asked. */
  readonly authority: string;
  /** Absolute path of the folder, without a slash at the end; empty: the root. */
  readonly path: string;
}

const SHAPE = /^(hdfs|webhdfs|swebhdfs):\/\/([^/]*)(?:\/(.*))?$/;
const AUTHORITY = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const WITH_PORT = /:\d{1,5}$/;
/** What each NameNode answers at. */
const WEBHDFS_PATH = "/webhdfs/v1";

/** Reads a location. A wrong one is a `TerminalError` that says what to write. */
export function parseHdfsLocation(location: string): HdfsLocation {
  const [, scheme = "", authority = "", rest = ""] =
    SHAPE.exec(location) ?? refuse("does not begin with hdfs://, webhdfs:// or swebhdfs://");
  if (authority.includes("@")) {
    refuse("carries a user, who belongs into hdfs.user or the Secret that credentialsSecret names");
  }
  if (authority === "") refuse("names no host or name service");
  if (!AUTHORITY.test(authority)) refuse(`has no usable host (${JSON.stringify(authority)})`);
  if (scheme !== "hdfs" && !WITH_PORT.test(authority)) {
    refuse("has no port, which WebHDFS needs (commonly 9870, and 9871 for https)");
  }
  return { scheme: scheme as HdfsLocation["scheme"], authority, path: folderOf(rest) };
}

/** The location as logs and messages show it. */
export function formatHdfsLocation({ scheme, authority, path }: HdfsLocation): string {
  return `${scheme}://${authority}${path}`;
}

/** The addresses to ask, each ending in `/webhdfs/v1`, in the order given. */
export function nameNodesOf(location: HdfsLocation, given: readonly string[] = []): URL[] {
  if (given.length > 0) return given.map(readAddress);
  const { scheme, authority } = location;
  if (scheme === "hdfs") {
    throw new TerminalError(
      "InvalidLocation",
      "an hdfs:// location is reached by WebHDFS: name the NameNodes' addresses in hdfs.nameNodes " +
        "(such as http://namenode:9870), or write webhdfs://<host>:<port>/<folder>",
    );
  }
  return [readAddress(`${scheme === "swebhdfs" ? "https" : "http"}://${authority}`)];
}

function readAddress(text: string): URL {
  const address = URL.canParse(text) ? new URL(text) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol)) {
    return refuseAddress("is no http:// or https:// address");
  }
  if (address.username !== "" || address.password !== "") {
    refuseAddress("carries a user or password, which belong into the Secret of credentialsSecret");
  }
  if (address.search !== "" || address.hash !== "") refuseAddress("has a query or fragment");
  const path = address.pathname.replace(/\/+$/, "");
  address.pathname = path.endsWith(WEBHDFS_PATH) ? path : `${path}${WEBHDFS_PATH}`;
  return address;
}

function folderOf(rest: string): string {
  const path = rest.replace(/\/+$/, "");
  if (path === "") return "";
  if (/[?#]/.test(path)) refuse("has a query or fragment (`?` or `#`)");
  const segments = path.split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    refuse("has an empty or relative segment (`//`, `.` or `..`) in its path");
  }
  return `/${path}`;
}

// Nothing is repeated: what is wrong in it may be a secret.
function refuse(what: string): never {
  throw new TerminalError(
    "InvalidLocation",
    `the location ${what}: write hdfs://<name service>/<folder> with hdfs.nameNodes, ` +
      "webhdfs://<host>:<port>/<folder>, or swebhdfs:// for https",
  );
}

function refuseAddress(what: string): never {
  throw new TerminalError(
    "WrongConfiguration",
    `an address in hdfs.nameNodes ${what}: write http://<host>:9870, https://<host>:9871 or ` +
      "https://<gateway>:<port>/<its path>",
  );
}
