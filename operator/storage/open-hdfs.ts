// From settings to the driver of HDFS.
import { TerminalError } from "../errors.ts";
import type { DriverDeps, StorageConfig } from "./open.ts";
import type { Storage } from "./storage.ts";

export function openHdfs(_config: StorageConfig, _deps: DriverDeps): Storage {
  throw new TerminalError(
    "InvalidLocation",
    "this kind of storage is being built: write s3://<bucket>/<folder>",
  );
}
