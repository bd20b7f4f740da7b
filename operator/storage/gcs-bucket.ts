// One bucket with a prefix, spoken to through one client: every request of the driver goes through here, which puts
// a limit on its time, follows the caller's signal and classifies what goes wrong.
import type { IncomingMessage } from "node:http";
import { assert } from "../assert.ts";
import type { Clock } from "../clock.ts";
import { StorageError } from "./errors.ts";
import type { GcsClient, GcsRequest } from "./gcs-client.ts";
import type { GcsCall } from "./gcs-errors.ts";
import { GcsRefusal, classifyGcsError, isPage } from "./gcs-errors.ts";
import type { HttpAnswer } from "./gcs-http.ts";
import { readText } from "./gcs-http.ts";
import type { GcsLocation } from "./gcs-location.ts";
import type { ObjectInfo } from "./storage.ts";
import { within } from "./within.ts";

/** What a request is for. */
export interface Purpose {
  /** The contract's method. */
  readonly operation: string;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
  /** The store works on it for long (rewrites, the end of an upload) before it answers. */
  readonly slow?: boolean;
  /** As `WriteOptions` says. */
  readonly temporary?: boolean | undefined;
  /** Statuses that are no failure; default: 200 to 299. */
  readonly accept?: readonly number[];
}

export interface GcsTimeouts {
  /** A request with its body and its answer. */
  readonly requestMs: number;
  /** The same, when the store has long work with it. */
  readonly slowRequestMs: number;
  /** Between two chunks of a body that is waited for. */
  readonly stallMs: number;
}

/** What is written beside the content of every object; absent: as the bucket says. */
export interface GcsWriting {
  readonly storageClass?: string | undefined;
  readonly kmsKeyName?: string | undefined;
}

/** An object as the API tells it. Sizes are texts there. */
export interface GcsObject {
  readonly name?: string;
  readonly size?: string;
  readonly generation?: string;
  readonly crc32c?: string;
}

export const OBJECT_FIELDS = "name,size,generation,crc32c";

export interface TextAnswer {
  readonly status: number;
  readonly headers: HttpAnswer["headers"];
  readonly text: string;
}

export class GcsBucket {
  readonly name: string;
  readonly clock: Clock;
  readonly timeouts: GcsTimeouts;
  readonly #writing: GcsWriting;
  readonly #client: GcsClient;
  readonly #prefix: string;

  constructor(
    client: GcsClient,
    location: GcsLocation,
    how: {
      readonly clock: Clock;
      readonly timeouts: GcsTimeouts;
      readonly writing: GcsWriting;
    },
  ) {
    this.name = location.bucket;
    this.clock = how.clock;
    this.timeouts = how.timeouts;
    this.#writing = how.writing;
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
  writing({ temporary }: Pick<Purpose, "temporary">): GcsWriting {
    return temporary === true ? { ...this.#writing, storageClass: undefined } : this.#writing;
  }

  /** The path of the bucket's objects, or of one of them. */
  path(key?: string): string {
    return `/storage/v1/b/${this.name}/o${key === undefined ? "" : `/${this.#encoded(key)}`}`;
  }

  /** The path that copies one object to another. */
  rewritePath(from: string, to: string): string {
    return `${this.path(from)}/rewriteTo/b/${this.name}/o/${this.#encoded(to)}`;
  }

  /** Where objects are written. */
  get uploadPath(): string {
    return `/upload${this.path()}`;
  }

  #encoded(key: string): string {
    const name = this.objectKey(key);
    // In a path they would lead to the bucket itself. Google has no such objects.
    assert(name !== "." && name !== "..", () => `${name} is no object's name`);
    return encodeURIComponent(name);
  }

  /** One request with the whole of its answer. Rejects with a `StorageError`, or the signal's reason. */
  send(purpose: Purpose, request: GcsRequest): Promise<TextAnswer> {
    return this.#limited(purpose, async (signal) => {
      const answer = await this.#client.send(request, signal);
      const text = await readText(answer);
      const { status, headers } = answer;
      if (!isWanted(purpose, status) || isPage(status, text))
        throw new GcsRefusal(status, headers, text);
      return { status, headers, text };
    });
  }

  /** The same, for an object as the answer. */
  async sendForObject(purpose: Purpose, request: GcsRequest): Promise<GcsObject> {
    return this.parse(purpose, await this.send(purpose, request));
  }

  /** One request whose body the caller reads. From then on its end is the caller's to bring about. */
  open(
    purpose: Purpose,
    request: GcsRequest,
  ): Promise<{ readonly head: HttpAnswer; readonly body: IncomingMessage }> {
    return this.#limited(purpose, async (signal) => {
      const head = await this.#client.send(request, signal);
      if (isWanted(purpose, head.status)) return { head, body: head.body };
      throw new GcsRefusal(head.status, head.headers, await readText(head));
    });
  }

  /** An answer's JSON. */
  parse(purpose: Purpose, { text }: TextAnswer): object {
    try {
      return JSON.parse(text) as object;
    } catch {
      throw this.#unusable(purpose, "is no JSON: check gcs.endpoint", "WrongEndpoint");
    }
  }

  /** An object as the contract tells it. */
  info(purpose: Purpose, { size, generation }: GcsObject): ObjectInfo {
    if (size === undefined || generation === undefined) {
      throw this.#unusable(purpose, `has no ${size === undefined ? "size" : "generation"}`);
    }
    return { key: purpose.key, size: Number(size), etag: generation };
  }

  /** The error to throw for what a request threw. */
  failure(error: unknown, purpose: Purpose): unknown {
    const { signal } = purpose;
    return signal?.aborted === true ? signal.reason : classifyGcsError(error, this.call(purpose));
  }

  late(purpose: Purpose, limitMs: number): StorageError {
    const { operation, key } = purpose;
    return new StorageError(
      "timeout",
      `${operation} of gs://${this.name}/${this.objectKey(key)} had no answer in ${limitMs} ms`,
      { operation, key },
    );
  }

  call({ operation, key }: Purpose): GcsCall {
    const nowMs = this.clock.now();
    return { operation, key, bucket: this.name, objectKey: this.objectKey(key), nowMs };
  }

  async #limited<T>(purpose: Purpose, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limitMs = purpose.slow === true ? this.timeouts.slowRequestMs : this.timeouts.requestMs;
    const late = () => this.late(purpose, limitMs);
    try {
      return await within({ clock: this.clock, limitMs, signal: purpose.signal, late }, work);
    } catch (error) {
      throw this.failure(error, purpose);
    }
  }

  #unusable({ operation, key }: Purpose, what: string, reason?: "WrongEndpoint"): StorageError {
    return new StorageError(
      reason === undefined ? "unavailable" : "wrongConfiguration",
      `${operation} of gs://${this.name}/${this.objectKey(key)}: the answer ${what}`,
      { operation, key, reason },
    );
  }
}

function isWanted({ accept }: Purpose, status: number): boolean {
  return accept === undefined ? status >= 200 && status < 300 : accept.includes(status);
}
