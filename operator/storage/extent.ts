// Which part of an object an answer holds, held against what was asked for. Stores and proxies that do not know
// ranges answer more, less or something else with a good status; taken for the answer it would become wrong bytes in a
// table, or a file that ends early in silence.
import { StorageError } from "./errors.ts";
import type { ObjectInfo, ReadOptions } from "./storage.ts";

interface Purpose {
  readonly operation: string;
  readonly key: string;
}

export interface Extent {
  /** Bytes that must come; undefined when the answer does not say, as of a body in chunks. */
  readonly length: number | undefined;
  /** Of the whole object. */
  readonly size: number | undefined;
}

/** Throws kind `wrongConfiguration` for any other bytes than those of `wanted`. */
export function requireExtent(
  purpose: Purpose,
  answer: { readonly contentRange: string | undefined; readonly contentLength: number | undefined },
  wanted: ReadOptions,
): Extent {
  const { start = 0, length = Number.POSITIVE_INFINITY } = wanted;
  const extent = extentOf(answer);
  const size = extent?.size ?? Number.POSITIVE_INFINITY;
  if (extent?.first === start && extent.length === Math.min(length, size - start)) {
    return { length: finite(extent.length), size: finite(size) };
  }
  const { operation, key } = purpose;
  const range = `${Number.isFinite(length) ? length : "all"} bytes from ${start}`;
  throw new StorageError(
    "wrongConfiguration",
    `${operation} of ${key}: the store answered another range than ${range}; it, or a proxy before it, does not know ranges`,
    { operation, key, reason: "WrongEndpoint" },
  );
}

/**
 * That the object is the one that is wished and has a byte at `start`. Throws kind `changed` or `invalidRange`. Nothing
 * is before the first byte: `start` 0 is good of an empty object, too.
 */
export function requireWished(
  { operation, key }: Purpose,
  { etag, size }: ObjectInfo,
  wished: ReadOptions,
): void {
  const { start = 0 } = wished;
  if (wished.etag !== undefined && wished.etag !== etag) {
    const message = `${operation} of ${key}: it is another object now`;
    throw new StorageError("changed", message, { operation, key });
  }
  if (start > 0 && start >= size) {
    const message = `${operation} of ${key} begins at ${start} of ${size} bytes`;
    throw new StorageError("invalidRange", message, { operation, key });
  }
}

/** Undefined: it says nothing that could be understood. */
function extentOf({
  contentRange,
  contentLength = Number.POSITIVE_INFINITY,
}: {
  readonly contentRange: string | undefined;
  readonly contentLength: number | undefined;
}): { readonly first: number; readonly length: number; readonly size: number } | undefined {
  if (contentRange === undefined) return { first: 0, length: contentLength, size: contentLength };
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange) ?? [];
  if (first === undefined) return undefined;
  return { first: Number(first), length: Number(last) - Number(first) + 1, size: Number(size) };
}

function finite(bytes: number): number | undefined {
  return Number.isFinite(bytes) ? bytes : undefined;
}
