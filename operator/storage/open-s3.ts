// From settings to the S3 driver.
import type { DriverDeps, StorageConfig } from "./open.ts";
import { makeS3Client } from "./s3-client.ts";
import { parseS3Location } from "./s3-location.ts";
import { writtenAs } from "./s3-written.ts";
import { S3Storage } from "./s3.ts";
import type { Storage } from "./storage.ts";

export function openS3(
  config: StorageConfig,
  { clock, log, steps, maxSockets }: DriverDeps,
): Storage {
  const { location, s3 = {}, connection = {} } = config;
  const { conditionalPut, copyLimits, timeouts } = s3;
  const written = writtenAs(s3);
  const place = parseS3Location(location);
  const client = makeS3Client(s3, { ...connection, maxSockets }, { clock, log });
  return new S3Storage({
    client,
    location: place,
    clock,
    log,
    steps,
    conditionalPut,
    copyLimits,
    timeouts,
    written,
  });
}
