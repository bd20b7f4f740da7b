// A harming proxy before an S3 server, itself in the shape of one.
import { HarmingProxy } from "./harming-proxy.ts";
import { S3Dialect } from "./s3-dialect.ts";
import type { S3Request } from "./s3-request.ts";
import type { S3Server } from "./s3-server.ts";
import type { OpenUpload } from "./upload-account.ts";

export interface FaultProxyOptions {
  /** Answer ListMultipartUploads from the account instead of passing it on. */
  readonly answerListUploads?: boolean;
  /** The address that it listens on; default loopback. */
  readonly host?: string | undefined;
}

/** Starts one on a port of its own. Stopping it leaves the server behind it running. */
export async function startFaultProxy(
  upstream: S3Server,
  { answerListUploads = false, host }: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const dialect = new S3Dialect(answerListUploads);
  const proxy = new FaultProxy(dialect, upstream, host);
  proxy.endpoint = await proxy.through(upstream.endpoint);
  return proxy;
}

export class FaultProxy extends HarmingProxy<S3Request> implements S3Server {
  endpoint = "";
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly #dialect: S3Dialect;

  constructor(dialect: S3Dialect, upstream: S3Server, host?: string) {
    const { bucket, accessKeyId, secretAccessKey } = upstream;
    super(dialect, host);
    this.#dialect = dialect;
    this.bucket = bucket;
    this.accessKeyId = accessKeyId;
    this.secretAccessKey = secretAccessKey;
  }

  /** Uploads begun and neither completed nor aborted. */
  openUploads(): OpenUpload[] {
    return this.#dialect.account.open();
  }
}
