// Kubernetes Events: what happened to an object, for `kubectl describe`. A supplement and nothing else: to
// record one never throws, never waits, and is dropped when there are too many. The same event again
// becomes a count on the first one.
//
// It must never carry a secret: URLs lose their queries and user info here, and the caller says nothing
// else that is one.
import type { Clock, Random } from "../clock.ts";
import { describeError, printable } from "../errors.ts";
import type { Log } from "../log.ts";
import { redact } from "../log.ts";
import type { Api, KubernetesObject, ObjectKey } from "./api.ts";
import { isApiError } from "./api.ts";
import { LruMap } from "./lru-map.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import type { Event } from "./objects.ts";
import { EVENTS, referenceTo } from "./objects.ts";
import { TokenBucket } from "./rate-limit.ts";

export interface EventDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: RuntimeMetrics;
  /** Shows as the event's source. */
  readonly component: string;
  /** The pod. */
  readonly instance: string;
}

export interface EventInput {
  readonly type: "Normal" | "Warning";
  /** UpperCamelCase; the same as in the condition it goes with. */
  readonly reason: string;
  readonly message: string;
}

interface Pending extends EventInput {
  readonly object: KubernetesObject;
  readonly atMs: number;
}

interface Written {
  readonly key: ObjectKey;
  readonly count: number;
}

const QUEUE_MAX = 200;
/** The API server refuses longer ones. */
const MESSAGE_BYTES_MAX = 1024;
const REASON_CHARS_MAX = 128;
/** Of how many objects and events the past is remembered. */
const MEMORY_MAX = 500;
/** Of one object: so many at once, and one more in five minutes, as client-go has it. */
const PER_OBJECT = { burst: 25, perSecond: 1 / 300 };

export class EventRecorder {
  readonly #deps: EventDeps;
  readonly #queue: Pending[] = [];
  readonly #written = new LruMap<string, Written>(MEMORY_MAX);
  readonly #buckets = new LruMap<string, TokenBucket>(MEMORY_MAX);
  #writing: Promise<void> | undefined;

  constructor(deps: EventDeps) {
    this.#deps = deps;
  }

  /** Writes it soon, if it can be. */
  record(object: KubernetesObject, event: EventInput): void {
    if (this.#queue.length >= QUEUE_MAX || !this.#bucketOf(object).tryTake()) {
      this.#deps.metrics.eventsDropped.inc();
      return;
    }
    const message = cutBytes(printable(redact(event.message)), MESSAGE_BYTES_MAX);
    const reason = event.reason.slice(0, REASON_CHARS_MAX);
    const atMs = this.#deps.clock.now();
    this.#queue.push({ object, type: event.type, reason, message, atMs });
    this.#writing ??= this.#drain();
  }

  /** Resolves when what was recorded is written or given up, at the latest after `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#deps.clock.after(limitMs, resolve);
    await Promise.race([this.#writing, late]);
    cancel();
  }

  #bucketOf(object: KubernetesObject): TokenBucket {
    const { uid = object.metadata.name } = object.metadata;
    return this.#buckets.getOrAdd(uid, () => new TokenBucket(this.#deps.clock, PER_OBJECT));
  }

  async #drain(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        await this.#write(next);
      } catch (error) {
        // Also in a terminating namespace, which takes no new objects.
        this.#deps.metrics.eventsDropped.inc();
        this.#deps.log.debug("an event could not be written", {
          event: next.reason,
          error: describeError(error),
        });
      }
    }
    this.#writing = undefined;
  }

  async #write(pending: Pending): Promise<void> {
    const { object, type, reason, message } = pending;
    const same = JSON.stringify([object.metadata.uid, type, reason, message]);
    const before = this.#written.get(same);
    const written =
      (before === undefined ? undefined : await this.#count(before, pending)) ??
      (await this.#create(pending));
    this.#written.set(same, written);
  }

  /** `undefined`: the event is gone; they are kept for an hour. */
  async #count({ key, count }: Written, { atMs }: Pending): Promise<Written | undefined> {
    const patch = { count: count + 1, lastTimestamp: time(atMs) };
    try {
      await this.#deps.api.patch(EVENTS, key, patch);
      return { key, count: count + 1 };
    } catch (error) {
      if (isApiError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async #create({ object, type, reason, message, atMs }: Pending): Promise<Written> {
    const { api, component, instance, random } = this.#deps;
    const { namespace = "default", name } = object.metadata;
    const unique = Math.floor(random() * 2 ** 48).toString(16);
    const key = { namespace, name: `${name.slice(0, 200)}.${atMs.toString(16)}${unique}` };
    const event: Event = {
      apiVersion: EVENTS.apiVersion,
      kind: EVENTS.kind,
      metadata: key,
      involvedObject: referenceTo(object),
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: time(atMs),
      lastTimestamp: time(atMs),
      source: { component },
      reportingComponent: component,
      reportingInstance: instance,
    };
    await api.create(EVENTS, event);
    return { key, count: 1 };
  }
}

/** RFC 3339 with whole seconds. */
function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** At most so many bytes of UTF-8, with no character cut in two. */
function cutBytes(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax - "…".length * 3;
  // Continuation bytes are 10xxxxxx.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.subarray(0, end).toString("utf8")}…`;
}
