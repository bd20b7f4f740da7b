// Which WebHDFS operation an HTTP request is, and to whom, told from its method, path and query.
import type { IncomingMessage } from "node:http";

export interface HdfsRequest {
  /** `CREATE`, `OPEN`, `RENAME`, …; empty: no WebHDFS request. */
  readonly operation: string;
  readonly method: string;
  /** Whether it goes to a DataNode, or back to a gateway for the bytes. Questions go to NameNodes. */
  readonly role: "nameNode" | "dataNode";
  /** Decoded, without `/webhdfs/v1`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** `user.name`; empty: nobody's. */
  readonly user: string;
}

const PREFIX = /^.*?\/webhdfs\/v1/;

export function readHdfsRequest({ method = "GET", url = "/" }: IncomingMessage): HdfsRequest {
  const at = url.indexOf("?");
  const [path, search] = at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
  const query = new URLSearchParams(search);
  const isHdfs = PREFIX.test(path);
  // A NameNode writes itself into where it sends us; a gateway asks for the data.
  const redirected = query.has("namenoderpcaddress") || query.get("data") === "true";
  return {
    operation: isHdfs ? (query.get("op") ?? "").toUpperCase() : "",
    method,
    role: redirected ? "dataNode" : "nameNode",
    path: decodeURIComponent(path.replace(PREFIX, "")),
    query,
    user: query.get("user.name") ?? "",
  };
}
