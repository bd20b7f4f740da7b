// What the S3 client throws, as storage errors; what it means is in s3-error-rows.ts. The client's error
// objects are not kept as causes: they carry key ids, signed strings and whole answers. The store's own
// words are kept, shortened, without query strings.
import { AssertionError } from "node:assert";
import { redact } from "../log.ts";
import { StorageError, isStorageError } from "./errors.ts";
import type { S3Call, Seen } from "./s3-error-rows.ts";
import { findRow } from "./s3-error-rows.ts";

/** The storage error for whatever the client threw. Our own bugs stay what they are. */
export function classifyS3Error(error: unknown, call: S3Call): Error {
  if (isStorageError(error) || error instanceof AssertionError) return error;
  const seen = look(error);
  const row = findRow(seen);
  const kind = typeof row.kind === "function" ? row.kind(call) : row.kind;
  const what = `${call.operation} of s3://${call.bucket}/${call.objectKey}`;
  return new StorageError(kind, describeFailure(what, seen), {
    reason: row.reason,
    advice: typeof row.advice === "function" ? row.advice(call, seen) : row.advice,
    operation: call.operation,
    key: call.key,
    code: seen.code,
    status: seen.status,
    requestId: seen.requestId,
    retryAfterMs: seen.retryAfterMs,
  });
}

/** The storage error for a code that stood inside a good answer (one key of many). */
export function classifyS3Code(code: string, text: string, call: S3Call): Error {
  return classifyS3Error(Object.assign(new Error(text), { name: code }), call);
}

interface ClientError extends Error {
  readonly code?: unknown;
  /** Of a proxy's refusal. */
  readonly statusCode?: unknown;
  readonly Region?: unknown;
  readonly errors?: readonly unknown[];
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: {
    readonly statusCode?: number;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

/** What there is to see of whatever the client threw. */
export function look(error: unknown): Seen {
  if (!(error instanceof Error)) return { code: "Unknown", text: String(error) };
  const thrown: ClientError = error;
  const headers = thrown.$response?.headers ?? {};
  const region = typeof thrown.Region === "string" ? thrown.Region : headers["x-amz-bucket-region"];
  return {
    // The client renames network errors to TimeoutError; their own code says more.
    code: typeof thrown.code === "string" ? thrown.code : thrown.name,
    status: statusOf(thrown),
    text: wordsOf(thrown),
    region,
    requestId: thrown.$metadata?.requestId,
    retryAfterMs: retryAfter(headers["retry-after"]),
  };
}

function statusOf({ $metadata, $response, statusCode }: ClientError): number | undefined {
  const ofProxy = typeof statusCode === "number" ? statusCode : undefined;
  return $metadata?.httpStatusCode ?? $response?.statusCode ?? ofProxy;
}

function wordsOf(error: ClientError): string {
  // A refused connection to a name with several addresses is an AggregateError without words.
  const [first] = error.errors ?? [];
  const text = error.message === "" && first instanceof Error ? first.message : error.message;
  return text === "UnknownError" ? "" : redact(text.replace(/\s+/g, " ")).slice(0, 300);
}

// Seconds; the other form, a date, is not worth a clock here.
function retryAfter(header: string | undefined): number | undefined {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** What failed, and why in the store's words. */
export function describeFailure(what: string, seen: Seen): string {
  const status = seen.status === undefined ? "" : ` (${seen.status})`;
  const words = seen.text === "" ? "" : `: ${seen.text.replace(/\.$/, "")}`;
  return `${what} failed: ${seen.code}${status}${words}`;
}
