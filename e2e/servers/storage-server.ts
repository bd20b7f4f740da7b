// What every storage server of the tests looks like from outside, whatever it speaks: how a Repository and
// an agent reach it, and what it holds, asked of the server itself and never of the product.

export interface StorageServer {
  readonly kind: "s3" | "gcs" | "hdfs";
  /** A Repository's `location` for this folder, such as `a/b`. */
  location(folder: string): string;
  /** The rest that leads here, in a Repository's spec and in an agent's configuration: `s3`, `gcs` or `hdfs`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The credentials Secret, by file name; empty: there is none. Values that nobody looks at can be looked for. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Every object, in no order; not what {@link unfinished} tells. */
  list(): Promise<readonly StoredObject[]>;
  read(key: string): Promise<Buffer>;
  /** Writes an object whole, as somebody else would; `undefined` deletes it. */
  write(key: string, content: Buffer | undefined): Promise<void>;
  /** What a listing of objects does not show: open uploads, temporary files, empty folders. */
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
