// What the benchmark has to know of a kind of store: how its server is started, how an agent reaches it, and
// how its own client moves the same bytes without an agent. One file for each: s3.ts, gcs.ts, hdfs.ts.
//
// A reference client never goes through a driver of the product's: a slow driver would be compared with itself.

import type { StoreKind } from "../../../operator/storage/store-kind.ts";

export const STORE_KINDS = ["s3", "gcs", "hdfs"] as const satisfies readonly StoreKind[];

/** A running server as plain data: for the agent's files, and for the process of the reference client. */
export interface StoreAddress {
  readonly kind: StoreKind;
  readonly endpoint: string;
  /** Bucket, or absolute folder: what comes before {@link PREFIX} of every key. */
  readonly root: string;
  /** Of the agent's Repository. */
  readonly location: string;
  /** `s3`, `gcs` or `hdfs` of the agent's configuration. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The agent's Secret, by file name; empty: it has none. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** The client by itself. Made once for a run: its connections are warm, as the agent's are. */
export interface ReferenceClient {
  /** A small object, in one request if the store can. */
  put(key: string, body: Buffer): Promise<void>;
  /** A large one, as this client is quick with. */
  upload(key: string, body: Buffer): Promise<void>;
  /** The same in parts, each durable, where `upload` does without: what a writer of unknown length must do. */
  uploadInParts?(key: string, body: Buffer): Promise<void>;
  /** A whole object, into nothing; resolves with its length in bytes. */
  read(key: string): Promise<number>;
  /** Gives an object its final name, as the store can. */
  rename(from: string, to: string): Promise<void>;
  /** Whether there is an object whose key begins so; the prefix ends with a slash. */
  has(prefix: string): Promise<boolean>;
  /** Deletes everything. */
  clear(): Promise<void>;
}

export interface RunningStore {
  readonly address: StoreAddress;
  /** For people. */
  readonly name: string;
  /** What about this server bends the numbers: sentences for people. */
  readonly limits: readonly string[];
  stop(): Promise<void>;
}

/** Stands before a server and takes note of what is asked of it. */
export interface CountingProxy {
  /** The server's, by way of it. */
  readonly address: StoreAddress;
  /** The operations since the last call, as the store calls them. */
  take(): readonly string[];
  stop(): Promise<void>;
}

export interface BenchStore {
  /** Starts a server. Rejects with what to type where it is not installed. */
  start(): Promise<RunningStore>;
  client(address: StoreAddress): ReferenceClient;
  count(address: StoreAddress): Promise<CountingProxy>;
  /** Its client has {@link ReferenceClient.uploadInParts}. */
  readonly hasParts: boolean;
  /** The aim for requests that a small file may cost, listings included. */
  readonly smallFileRequestsMax: number;
}

/** Parts that a client sends are as large as the agent's. Bytes. */
export const PART_BYTES = 8 * 1024 * 1024;
