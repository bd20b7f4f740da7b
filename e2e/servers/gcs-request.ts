// Which operation of Google Cloud Storage's JSON API an HTTP request is, told from its method, path, query and range.
import type { IncomingMessage } from "node:http";
import type { RequestKind, StoreRequest } from "./dialect.ts";

const KINDS = {
  InsertObject: "put",
  BeginUpload: "begin",
  UploadChunk: "part",
  AskUpload: "other",
  FinishUpload: "complete",
  CancelUpload: "abort",
  GetObject: "stat",
  ReadObject: "read",
  ListObjects: "list",
  RewriteObject: "copy",
  DeleteObject: "delete",
  Other: "other",
} as const satisfies Record<string, RequestKind>;

export type GcsOperation = keyof typeof KINDS;

export interface GcsRequest extends StoreRequest {
  readonly operation: GcsOperation;
  readonly bucket: string;
  /** Where a rewrite goes. */
  readonly to: string;
  readonly query: URLSearchParams;
}

export function readGcsRequest(request: IncomingMessage): GcsRequest {
  const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://gcs");
  const [, upload, bucket, rest = ""] =
    /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/(.*))?$/.exec(pathname) ?? [];
  const [key = "", to = ""] = rest.split(/\/rewriteTo\/b\/[^/]+\/o\//).map(decodeURIComponent);
  // Of what is written only the query or the body tells the name; our driver says it in the query.
  const about = { key: key === "" ? (query.get("name") ?? "") : key, to, query };
  const operation = bucket === undefined ? "Other" : told(request, upload, { ...about, key });
  return {
    ...about,
    bucket: decodeURIComponent(bucket ?? ""),
    operation,
    kind: KINDS[operation],
    signer: "",
  };
}

function told(
  { method = "GET", headers }: IncomingMessage,
  upload: string | undefined,
  about: { readonly key: string; readonly to: string; readonly query: URLSearchParams },
): GcsOperation {
  if (upload === undefined) return ofObject(method, about);
  return ofUpload(method, about.query, headers["content-range"]);
}

function ofUpload(method: string, query: URLSearchParams, range: string | undefined): GcsOperation {
  if (!query.has("upload_id")) {
    return query.get("uploadType") === "resumable" ? "BeginUpload" : "InsertObject";
  }
  if (method === "DELETE") return "CancelUpload";
  if (range === "bytes */*") return "AskUpload";
  return range?.endsWith("/*") === true ? "UploadChunk" : "FinishUpload";
}

function ofObject(
  method: string,
  { key, to, query }: { key: string; to: string; query: URLSearchParams },
): GcsOperation {
  if (key === "") return method === "GET" ? "ListObjects" : "Other";
  if (to !== "") return method === "POST" ? "RewriteObject" : "Other";
  if (method === "DELETE") return "DeleteObject";
  if (method !== "GET") return "Other";
  return query.get("alt") === "media" ? "ReadObject" : "GetObject";
}
