// Descriptors: random 128-bit names of open readers and writers, good over any connection. They are the
// only guard of reads, writes and closes (those calls carry no token), so they are never guessable and
// never {0,0}, which an FE sends after a failed openWriter (BlobStorage.java).
//
// Handles end by close, by expiry (their client is silent: BEs ping every 5 s, the FE never does for its
// files), or with the process. Pings alone keep one only for so long: a BE that was restarted pings under
// the name of the one that died, for files that nobody will ever close. How a writer's close ended is remembered for a while: a BE repeats it.
import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import { BrokerError } from "./broker-error.ts";
import { BROKER_STATUS, type BrokerFd } from "./protocol.ts";

/** A handle that is only pinged for lives so many times as long as one whose client is silent. */
const PINGED_FACTOR = 4;

interface Entry<T> {
  readonly value: T;
  readonly clientId: string;
  readonly idleMaxMs: number;
  usedMs: number;
  /** Used, or its client pinged. */
  aliveMs: number;
}

export class HandleTable<T> {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #entries = new Map<string, Entry<T>>();

  /** At most `max` handles are open at a time. */
  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Throws {@link BrokerError} when too many are open. */
  add(value: T, clientId: string, idleMaxMs: number): BrokerFd {
    if (this.#entries.size >= this.#max) {
      throw new BrokerError(
        BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
        `${this.#max} files are open; StarRocks sends the tablet again by itself`,
      );
    }
    const fd = randomFd();
    const now = this.#clock.monotonic();
    this.#entries.set(fdKey(fd), { value, clientId, idleMaxMs, usedMs: now, aliveMs: now });
    return fd;
  }

  /** Using a handle keeps it alive. Undefined for a descriptor that is not open here. */
  get(fd: BrokerFd): T | undefined {
    const entry = this.#entries.get(fdKey(fd));
    if (entry === undefined) return undefined;
    entry.usedMs = this.#clock.monotonic();
    entry.aliveMs = entry.usedMs;
    return entry.value;
  }

  remove(fd: BrokerFd): void {
    this.#entries.delete(fdKey(fd));
  }

  /** A ping of a client keeps all its handles alive, for a while. */
  touch(clientId: string): void {
    const now = this.#clock.monotonic();
    for (const entry of this.#entries.values()) {
      if (entry.clientId === clientId) entry.aliveMs = now;
    }
  }

  /** Takes out and returns what has been idle for too long. */
  expire(): T[] {
    const now = this.#clock.monotonic();
    return this.#takeWhere(
      ({ usedMs, aliveMs, idleMaxMs }) =>
        now - aliveMs > idleMaxMs || now - usedMs > idleMaxMs * PINGED_FACTOR,
    );
  }

  /** Takes out and returns what has been unused longest, and for more than `idleMs`. Pings do not count. */
  takeIdle(idleMs: number): T | undefined {
    let oldest: Entry<T> | undefined;
    for (const entry of this.#entries.values()) {
      if (oldest === undefined || entry.usedMs < oldest.usedMs) oldest = entry;
    }
    if (oldest === undefined || this.#clock.monotonic() - oldest.usedMs <= idleMs) return undefined;
    return this.#takeWhere((entry) => entry === oldest)[0];
  }

  /** Takes out and returns everything that matches. */
  takeWhere(matches: (value: T) => boolean): T[] {
    return this.#takeWhere((entry) => matches(entry.value));
  }

  #takeWhere(matches: (entry: Entry<T>) => boolean): T[] {
    const taken: T[] = [];
    for (const [key, entry] of this.#entries) {
      if (!matches(entry)) continue;
      this.#entries.delete(key);
      taken.push(entry.value);
    }
    return taken;
  }
}

/** The last answers to something, forgotten oldest first. */
export class Remembered<V> {
  readonly #max: number;
  readonly #values = new Map<string, V>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    const oldest = this.#values.keys().next();
    if (this.#values.size > this.#max && oldest.done !== true) this.#values.delete(oldest.value);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }
}

export function fdKey(fd: BrokerFd): string {
  return `${fd.high}:${fd.low}`;
}

function randomFd(): BrokerFd {
  const bytes = randomBytes(16);
  return { high: bytes.readBigInt64BE(0), low: bytes.readBigInt64BE(8) };
}
