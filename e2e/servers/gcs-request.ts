// Which operation of Google Cloud Storage's JSON API an HTTP request is, told from its method, path, query and range.
import type { IncomingMessage } from "node:http";

export type GcsOperation =
  | "InsertObject"
  | "BeginUpload"
  | "UploadChunk"
  | "AskUpload"
  | "FinishUpload"
  | "CancelUpload"
  | "GetObject"
  | "ReadObject"
  | "ListObjects"
  | "RewriteObject"
  | "DeleteObject"
  | "Other";

export interface GcsRequest {
  readonly operation: GcsOperation;
  readonly bucket: string;
  /** Empty where only the body tells it: of what is inserted and of uploads that are begun. */
  readonly key: string;
  /** Where a rewrite goes. */
  readonly to: string;
  readonly query: URLSearchParams;
}

export function readGcsRequest(request: IncomingMessage): GcsRequest {
  const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://gcs");
  const [, upload, bucket, rest = ""] =
    /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/(.*))?$/.exec(pathname) ?? [];
  const [key = "", to = ""] = rest.split(/\/rewriteTo\/b\/[^/]+\/o\//).map(decodeURIComponent);
  const about = { bucket: decodeURIComponent(bucket ?? ""), key, to, query };
  return { ...about, operation: bucket === undefined ? "Other" : told(request, upload, about) };
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
