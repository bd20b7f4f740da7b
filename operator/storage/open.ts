// From a Repository's settings to a storage, with the layers around the driver in one visible order.
import type { Clock, Random } from "../clock.ts";
import { TerminalError } from "../errors.ts";
import type { Log } from "../log.ts";
import { limited } from "./limited.ts";
import { Meter, metered } from "./metered.ts";
import type { RetryOptions } from "./retrying.ts";
import { Retrier, retrying } from "./retrying.ts";
import type { Timeouts } from "./s3-bucket.ts";
import type { CredentialsSource, S3ClientOptions, S3Credentials } from "./s3-client.ts";
import { MAX_SOCKETS, makeS3Client } from "./s3-client.ts";
import type { CopyLimits } from "./s3-copy.ts";
import { parseS3Location } from "./s3-location.ts";
import { S3Storage } from "./s3.ts";
import type { Storage } from "./storage.ts";

export interface S3Settings extends S3ClientOptions {
  /** The store knows `If-None-Match: *`. Default true. */
  readonly conditionalPut?: boolean | undefined;
  readonly copyLimits?: Partial<CopyLimits> | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
}

export interface StorageConfig {
  /** `s3://bucket/prefix`; `s3a://` is the same. */
  readonly location: string;
  readonly s3?: S3Settings | undefined;
  /** Default: the process's own identity. */
  readonly credentials?: S3Credentials | CredentialsSource | undefined;
  readonly retry?: RetryOptions | undefined;
}

export interface StorageDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Counts every request's call. Default: nobody looks. */
  readonly meter?: Meter | undefined;
}

/** Of the connections, the part that calls may use; the rest is for bodies being read. */
const CALLS_SHARE = 1 / 2;

/** Opens without a request: a wrong place or key shows at the first call. */
export function openStorage(config: StorageConfig, deps: StorageDeps): Storage {
  const { clock, meter = new Meter() } = deps;
  const sockets = config.s3?.maxSockets ?? MAX_SOCKETS;
  const calls = Math.max(1, Math.floor(sockets * CALLS_SHARE));
  const retrier = new Retrier(deps, config.retry);
  const driver = openDriver(config, clock, retrier);
  return retrying(
    limited(metered(driver, meter, clock), { calls, bodies: Math.max(1, sockets - calls) }),
    retrier,
  );
}

function openDriver(config: StorageConfig, clock: Clock, steps: Retrier): Storage {
  if (!/^s3a?:/.test(config.location)) {
    throw new TerminalError(
      "InvalidLocation",
      "the location is of a kind that is not supported: write s3://<bucket>/<folder>",
    );
  }
  const { conditionalPut, copyLimits, timeouts, ...client } = config.s3 ?? {};
  return new S3Storage({
    client: makeS3Client(client, config.credentials),
    location: parseS3Location(config.location),
    clock,
    steps,
    conditionalPut,
    copyLimits,
    timeouts,
  });
}
