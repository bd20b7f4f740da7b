// What a proxy has to know of a store's protocol to do harm to one request and not to another, and to look like
// the store when it refuses. One small object for each protocol: s3-dialect.ts, gcs-dialect.ts, hdfs-dialect.ts.
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** What a request does, whatever the store calls it. */
export type RequestKind =
  | "put"
  | "begin"
  | "part"
  | "complete"
  | "abort"
  | "read"
  | "stat"
  | "list"
  | "listUploads"
  | "copy"
  | "delete"
  | "other";

export interface StoreRequest {
  /** The store's own name for it. */
  readonly operation: string;
  readonly kind: RequestKind;
  /** Decoded; empty: it is about none. */
  readonly key: string;
  /** Who signed it; empty: nobody, or this store's requests do not say. */
  readonly signer: string;
}

/** A small answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Leads to the server of this URL by way of the proxy: the same path on one of the proxy's own ports. */
export type Through = (url: string) => Promise<string>;

export interface Dialect<R extends StoreRequest> {
  /** The server must see the Host that the client sent, because it is signed. */
  readonly keepsHost: boolean;
  read(request: IncomingMessage): R;
  /** The failure that heals when it is tried again. */
  readonly internal: { readonly status: number; readonly code: string };
  /** Fills an error that looks like the store's own. */
  error(status: number, code: string): { readonly type: string; readonly body: string };
  /** Whether the answer is read whole and shown to `see` before it goes on. For small ones alone. */
  watches(request: R): boolean;
  /** Takes note of a watched answer; tells what goes on in its place, lengths not counted. */
  see(request: R, answer: Answer, through: Through): Promise<Answer>;
  /** The body of an answer that the proxy gives by itself; undefined: it is passed on. */
  answerFor?(request: R): string | undefined;
  /** A listing's body without the rows whose key contains one of these. */
  withoutRows(body: string, keys: readonly string[]): string;
}
