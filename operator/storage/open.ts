// From a Repository's settings to a storage, with the layers around the driver in one visible order.
import type { Clock, Random } from "../clock.ts";
import { TerminalError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Connection } from "./connection.ts";
import type { GcsSettings } from "./gcs-settings.ts";
import type { HdfsSettings } from "./hdfs-settings.ts";
import { limited } from "./limited.ts";
import { Meter, metered } from "./metered.ts";
import { openGcs } from "./open-gcs.ts";
import { openHdfs } from "./open-hdfs.ts";
import { openS3 } from "./open-s3.ts";
import type { RetryOptions } from "./retrying.ts";
import { Retrier, retrying } from "./retrying.ts";
import type { S3Settings } from "./s3-settings.ts";
import type { Storage } from "./storage.ts";
import { storeKindOf } from "./store-kind.ts";
import type { StoreKind } from "./store-kind.ts";

export interface StorageConfig {
  /** `s3://bucket/prefix` (or `s3a://`), `gs://bucket/prefix`, `hdfs://name/path`, `webhdfs://host:port/path`. */
  readonly location: string;
  /** Of the three, the one that fits the location. */
  readonly s3?: S3Settings | undefined;
  readonly gcs?: GcsSettings | undefined;
  readonly hdfs?: HdfsSettings | undefined;
  /** The way to any of them. */
  readonly connection?: Connection | undefined;
  readonly retry?: RetryOptions | undefined;
}

export interface StorageDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Counts every request's call. Default: nobody looks. */
  readonly meter?: Meter | undefined;
}

/** What a driver is opened with. It retries nothing but, by `steps`, single requests of calls that take many. */
export interface DriverDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly steps: Retrier;
  /** Connections at the most. */
  readonly maxSockets: number;
}

type OpenDriver = (config: StorageConfig, deps: DriverDeps) => Storage;

const DRIVERS: Readonly<Record<StoreKind, OpenDriver>> = {
  s3: openS3,
  gcs: openGcs,
  hdfs: openHdfs,
};

const MAX_SOCKETS = 128;
/** Of the connections, the part that calls may use; the rest is for bodies being read. */
const CALLS_SHARE = 1 / 2;

/** Opens without a request: a wrong place or key shows at the first call. */
export function openStorage(config: StorageConfig, deps: StorageDeps): Storage {
  const { clock, log, meter = new Meter() } = deps;
  const maxSockets = config.connection?.maxSockets ?? MAX_SOCKETS;
  const calls = Math.max(1, Math.floor(maxSockets * CALLS_SHARE));
  const steps = new Retrier(deps, config.retry);
  const driver = driverOf(config.location)(config, { clock, log, steps, maxSockets });
  return retrying(
    limited(metered(driver, meter, clock), { calls, bodies: Math.max(1, maxSockets - calls) }),
    steps,
  );
}

function driverOf(location: string): OpenDriver {
  const kind = storeKindOf(location);
  if (kind !== undefined) return DRIVERS[kind];
  throw new TerminalError(
    "InvalidLocation",
    "the location is of a kind that is not supported: write s3://<bucket>/<folder>, gs://<bucket>/<folder>, " +
      "hdfs://<name service>/<folder> or webhdfs://<host>:<port>/<folder>",
  );
}
