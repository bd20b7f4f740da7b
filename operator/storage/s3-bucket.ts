// One bucket with a prefix, spoken to through one client: every request of the driver goes through
// `send`, which puts a limit on its time, follows the caller's signal and classifies what goes wrong.
import type { S3Client } from "@aws-sdk/client-s3";
import type { Clock } from "../clock.ts";
import { StorageError } from "./errors.ts";
import type { S3Call } from "./s3-error-rows.ts";
import { classifyS3Error } from "./s3-errors.ts";
import type { S3Location } from "./s3-location.ts";
import type { WrittenAs } from "./s3-written.ts";
import { neededFor } from "./s3-written.ts";
import type { ObjectInfo } from "./storage.ts";
import { within } from "./within.ts";

/** What a request is for. */
export interface Purpose {
  /** The contract's method. */
  readonly operation: string;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
  /** The store works on it for long (Complete, copies) before it answers. */
  readonly slow?: boolean;
  /** As `WriteOptions` says. */
  readonly temporary?: boolean | undefined;
}

export interface Timeouts {
  /** A request with its body and its answer. */
  readonly requestMs: number;
  /** The same, when the store has long work with it. */
  readonly slowRequestMs: number;
  /** Between two chunks of a body that is waited for. */
  readonly stallMs: number;
}

export interface SendOptions {
  readonly abortSignal: AbortSignal;
}

export interface BucketOptions {
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  readonly written: WrittenAs;
}

export class S3Bucket {
  readonly name: string;
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  readonly #written: WrittenAs;
  /** The store has taken an object's bytes: keys and rights are good. */
  tookBody = false;
  readonly #client: S3Client;
  readonly #prefix: string;

  constructor(client: S3Client, location: S3Location, how: BucketOptions) {
    this.name = location.bucket;
    this.clock = how.clock;
    this.timeouts = how.timeouts;
    this.#written = how.written;
    this.#client = client;
    this.#prefix = location.prefix;
  }

  /** The key as the store knows it. */
  objectKey(key: string): string {
    return this.#prefix + key;
  }

  /** The key as the contract knows it. */
  contractKey(objectKey: string): string {
    return objectKey.slice(this.#prefix.length);
  }

  /** What an object that begins is besides its bytes. */
  writtenAs({ temporary }: Pick<Purpose, "temporary"> = {}): WrittenAs {
    if (temporary !== true) return this.#written;
    const { StorageClass: _, ...rest } = this.#written;
    return rest;
  }

  /** Runs one request. Rejects with a `StorageError`, or the signal's reason when it was aborted. */
  async send<T>(
    purpose: Purpose,
    request: (client: S3Client, options: SendOptions) => Promise<T>,
  ): Promise<T> {
    const limitMs = purpose.slow === true ? this.timeouts.slowRequestMs : this.timeouts.requestMs;
    const late = () => this.late(purpose, limitMs);
    try {
      return await within(
        { clock: this.clock, limitMs, signal: purpose.signal, late },
        (abortSignal) => request(this.#client, { abortSignal }),
      );
    } catch (error) {
      throw this.failure(error, purpose);
    }
  }

  /** The error to throw for what a request threw. */
  failure(error: unknown, purpose: Purpose): unknown {
    const { signal } = purpose;
    return signal?.aborted === true ? signal.reason : classifyS3Error(error, this.call(purpose));
  }

  late(purpose: Purpose, limitMs: number): StorageError {
    const { operation, key } = purpose;
    return new StorageError(
      "timeout",
      `${operation} of s3://${this.name}/${this.objectKey(key)} had no answer in ${limitMs} ms`,
      { operation, key },
    );
  }

  call({ operation, key }: Purpose): S3Call {
    const writingNeeds = neededFor(this.#written);
    return { operation, key, bucket: this.name, objectKey: this.objectKey(key), writingNeeds };
  }

  /** An object as answers tell it. ETags are kept without the quotes that only some answers have. */
  info(purpose: Purpose, size: number | undefined, etag: string | undefined): ObjectInfo {
    const { operation, key } = purpose;
    if (size === undefined || etag === undefined) {
      const lacking = size === undefined ? "length" : "ETag";
      throw new StorageError(
        "unavailable",
        `${operation} of s3://${this.name}/${this.objectKey(key)}: the answer has no ${lacking}`,
        { operation, key },
      );
    }
    return { key, size, etag: etag.replace(/^"|"$/g, "") };
  }
}
