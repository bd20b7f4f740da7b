// What every storage server of the tests looks like from outside, whatever it speaks: how a Repository and
// an agent reach it, and what it holds, asked of the server itself and never of the product.

export interface StorageServer {
  readonly kind: "s3" | "gcs" | "hdfs";
  /** A Repository's `location` for this folder, such as `a/b`. */
  location(folder: string): string;
  /** The rest of a Repository's spec that leads here: `s3`, `gcs` or `hdfs`. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** The same as the agents' configuration file has it. */
  readonly agentConfig: Readonly<Record<string, unknown>>;
  /** The credentials Secret, by file name; values that the server does not look at can still be looked for. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Every object, in no order; not what {@link unfinished} tells. */
  list(): Promise<readonly StoredObject[]>;
  read(key: string): Promise<Buffer>;
  /** Writes an object whole, as somebody else would; `undefined` deletes it. */
  write(key: string, content: Buffer | undefined): Promise<void>;
  /** What a listing of objects does not show and somebody pays for: open uploads, temporary files, empty folders. */
  unfinished(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface StoredObject {
  /** From the root: the folder of {@link StorageServer.location} is its beginning. */
  readonly key: string;
  readonly size: number;
  /** As the product should tell it; undefined: this server has none of its own. */
  readonly etag: string | undefined;
}
