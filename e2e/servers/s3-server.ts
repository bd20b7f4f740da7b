// What every S3 server of the tests looks like from outside.

export interface S3Server {
  /** `http://127.0.0.1:<port>`; buckets are addressed by path. */
  readonly endpoint: string;
  /** A bucket that exists and is empty at the start. */
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  stop(): Promise<void>;
}
