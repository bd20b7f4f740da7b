// From settings to the driver of Google Cloud Storage.
import { GcsClient } from "./gcs-client.ts";
import { parseGcsLocation } from "./gcs-location.ts";
import { GcsStorage } from "./gcs.ts";
import type { DriverDeps, StorageConfig } from "./open.ts";
import type { Storage } from "./storage.ts";

export function openGcs(config: StorageConfig, { clock, steps, maxSockets }: DriverDeps): Storage {
  const { location, gcs = {}, connection } = config;
  const { endpoint, credentials, storageClass, kmsKeyName, timeouts } = gcs;
  const place = parseGcsLocation(location);
  const client = new GcsClient({ endpoint, credentials, connection, maxSockets, clock });
  const writing = { storageClass, kmsKeyName };
  return new GcsStorage({ client, location: place, clock, steps, writing, timeouts });
}
