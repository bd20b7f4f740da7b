// Which S3 operation an HTTP request is, told from its method, path and query. Path-style only.
import type { IncomingMessage } from "node:http";
import type { RequestKind, StoreRequest } from "./dialect.ts";

export type S3Operation =
  | "PutObject"
  | "CopyObject"
  | "GetObject"
  | "HeadObject"
  | "DeleteObject"
  | "DeleteObjects"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "UploadPartCopy"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  | "ListObjectsV2"
  | "ListMultipartUploads"
  | "HeadBucket"
  | "Other";

const KINDS = {
  PutObject: "put",
  CopyObject: "copy",
  GetObject: "read",
  HeadObject: "stat",
  DeleteObject: "delete",
  DeleteObjects: "delete",
  CreateMultipartUpload: "begin",
  UploadPart: "part",
  UploadPartCopy: "copy",
  CompleteMultipartUpload: "complete",
  AbortMultipartUpload: "abort",
  ListObjectsV2: "list",
  ListMultipartUploads: "listUploads",
  HeadBucket: "other",
  Other: "other",
} as const satisfies Record<S3Operation, RequestKind>;

export interface S3Request extends StoreRequest {
  readonly operation: S3Operation;
  readonly bucket: string;
  readonly query: URLSearchParams;
}

export function readS3Request(request: IncomingMessage): S3Request {
  const [path = "", search = ""] = splitOnce(request.url ?? "/", "?");
  const query = new URLSearchParams(search);
  const [bucket = "", key = ""] = splitOnce(decodeURIComponent(path).slice(1), "/");
  const copies = request.headers["x-amz-copy-source"] !== undefined;
  const method = request.method ?? "GET";
  const operation = key === "" ? ofBucket(method, query) : ofObject(method, { query, copies });
  return { operation, kind: KINDS[operation], bucket, key, query, signer: signerOf(request) };
}

/** The key id. */
function signerOf({ headers }: IncomingMessage): string {
  return /Credential=([^/]+)/.exec(headers.authorization ?? "")?.[1] ?? "";
}

function ofBucket(method: string, query: URLSearchParams): S3Operation {
  if (method === "HEAD") return "HeadBucket";
  if (method === "POST" && query.has("delete")) return "DeleteObjects";
  if (method === "GET" && query.has("uploads")) return "ListMultipartUploads";
  if (method === "GET" && query.get("list-type") === "2") return "ListObjectsV2";
  return "Other";
}

function ofObject(
  method: string,
  { query, copies }: { readonly query: URLSearchParams; readonly copies: boolean },
): S3Operation {
  const row = OF_OBJECT[method];
  if (row === undefined) return "Other";
  if (query.has("uploadId")) return copies ? row.copiedPart : row.ofUpload;
  return copies ? row.copied : row.plain;
}

interface ObjectRow {
  readonly plain: S3Operation;
  /** With an upload id. */
  readonly ofUpload: S3Operation;
  /** With `x-amz-copy-source`. */
  readonly copied: S3Operation;
  readonly copiedPart: S3Operation;
}

const OF_OBJECT: Readonly<Record<string, ObjectRow>> = {
  PUT: {
    plain: "PutObject",
    ofUpload: "UploadPart",
    copied: "CopyObject",
    copiedPart: "UploadPartCopy",
  },
  POST: always("CreateMultipartUpload", "CompleteMultipartUpload"),
  DELETE: always("DeleteObject", "AbortMultipartUpload"),
  GET: always("GetObject", "Other"),
  HEAD: always("HeadObject", "HeadObject"),
};

function always(plain: S3Operation, ofUpload: S3Operation): ObjectRow {
  return { plain, ofUpload, copied: plain, copiedPart: ofUpload };
}

function splitOnce(text: string, at: string): readonly string[] {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + at.length)];
}
