// All files being written: who may open one, which descriptor is whose, and what waits for its rename.
import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Storage } from "../storage/storage.ts";
import type { Admission } from "./admission.ts";
import { BrokerError, UnknownDescriptorError } from "./broker-error.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { fdKey, HandleTable, Remembered } from "./handles.ts";
import type { StagingLayout } from "./layout.ts";
import { PartStream } from "./part-stream.ts";
import { BROKER_STATUS, type BrokerFd } from "./protocol.ts";
import { wrongChecksum } from "./publisher.ts";
import { Writer, type WriterRole } from "./writer.ts";

/** A BE pings every 5 s; the reference broker forgets a silent client after the same time. */
const BE_IDLE_MAX_MS = 300_000;
/** The FE pings under another client id, so nothing refreshes its files between calls. */
const FE_IDLE_MAX_MS = 1_800_000;
/** Closed and not renamed: the BE renames at once, or never. */
const CLOSED_IDLE_MAX_MS = 300_000;
/**
 * With no room left, a file that nobody has asked for this long is given up for one that is wanted now: longer
 * than any answer takes, so its BE has gone elsewhere (it reached another agent meanwhile) or has died.
 */
const IDLE_UNDER_PRESSURE_MS = 40_000;
const CLOSES_REMEMBERED = 4096;

export interface WritersOptions {
  readonly storage: Storage;
  readonly pool: BufferPool;
  readonly staging: StagingLayout;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly log: Log;
}

/** How a close ended; a repeat gets the same. */
export type CloseResult = { readonly ok: true } | { readonly ok: false; readonly error: Error };

interface ClosedWriter {
  readonly writer: Writer;
  readonly sinceMs: number;
}

export class Writers {
  readonly #options: WritersOptions;
  readonly #open: HandleTable<Writer>;
  readonly #closes = new Remembered<CloseResult>(CLOSES_REMEMBERED);
  #closed: ClosedWriter[] = [];

  constructor(options: WritersOptions) {
    this.#options = options;
    this.#open = new HandleTable(options.clock, options.pool.slots * 2);
  }

  /** Open files and those that wait for their rename: each may hold memory. */
  get count(): number {
    return this.#open.size + this.#closed.length;
  }

  /**
   * Opens a file. A second open of the same file by the same client discards the first: the BE repeats
   * an openWriter whose answer it lost. Throws {@link BrokerError} when no more can be served in time.
   */
  open(role: WriterRole, key: string, clientId: string): BrokerFd {
    this.#discardEarlier(key, clientId);
    if (role === "content") this.#requireAdmission();
    const { storage, pool, staging, log } = this.#options;
    const dataId = randomBytes(12).toString("hex");
    const isFinal = role === "direct";
    const uploadTo = { key: isFinal ? key : staging.data(dataId), temporary: !isFinal };
    const stream = new PartStream(storage, pool, uploadTo);
    const writer = new Writer({ role, key, clientId, dataId, stream, log });
    const idleMaxMs = role === "content" ? BE_IDLE_MAX_MS : FE_IDLE_MAX_MS;
    return this.#open.add(writer, clientId, idleMaxMs);
  }

  /** The open file; throws {@link BrokerError} for a descriptor that is not open here. */
  get(fd: BrokerFd): Writer {
    const writer = this.#open.get(fd);
    if (writer === undefined) throw new UnknownDescriptorError();
    return writer;
  }

  find(fd: BrokerFd): Writer | undefined {
    return this.#open.get(fd);
  }

  /** How the close of this descriptor ended, if it was closed here. */
  closeResult(fd: BrokerFd): CloseResult | undefined {
    return this.#closes.get(fdKey(fd));
  }

  /** Takes a file out of the open ones and remembers how that ended. */
  closed(fd: BrokerFd, result: CloseResult): void {
    this.#open.remove(fd);
    this.#closes.set(fdKey(fd), result);
  }

  /** Keeps a closed content file for its rename. */
  awaitRename(writer: Writer): void {
    this.#closed.push({ writer, sinceMs: this.#options.clock.monotonic() });
  }

  /**
   * Hands out the closed file that a rename means: by name and by md5. Throws {@link BrokerError} when
   * the name's md5 is not that of what was written. Undefined when nothing of that name was written here.
   */
  takeClosed(key: string, md5: string): Writer | undefined {
    const candidates = this.#closed.filter((c) => c.writer.key === key);
    const match = candidates.find((c) => c.writer.stream.md5() === md5);
    const taken = match ?? candidates.at(-1);
    if (taken === undefined) return undefined;
    this.#closed = this.#closed.filter((c) => c !== taken);
    if (match !== undefined) return match.writer;
    const error = wrongChecksum(taken.writer.stream.md5(), md5);
    taken.writer.giveUp(error);
    throw error;
  }

  touch(clientId: string): void {
    this.#open.touch(clientId);
  }

  /** Gives up every file of that key, open or closed. */
  discard(key: string, why: string): void {
    const reason = new Error(why);
    const open = this.#open.takeWhere((w) => w.key === key);
    for (const writer of [...open, ...this.#takeClosedWhere((c) => c.writer.key === key)]) {
      writer.giveUp(reason);
    }
  }

  /** Gives up what its client has left alone for too long. Call it now and then. */
  expire(): void {
    const now = this.#options.clock.monotonic();
    const stale = this.#takeClosedWhere((c) => now - c.sinceMs > CLOSED_IDLE_MAX_MS);
    for (const writer of [...this.#open.expire(), ...stale]) {
      this.#options.log.warn("a file that its writer left alone is given up", { key: writer.key });
      writer.giveUp(new Error("its writer left it alone for too long"));
    }
  }

  /** Gives up everything; resolves when stored parts are freed. */
  async abortAll(why: string): Promise<void> {
    const reason = new Error(why);
    const all = [...this.#open.takeWhere(() => true), ...this.#takeClosedWhere(() => true)];
    await Promise.allSettled(all.map((w) => w.stream.abort(reason)));
  }

  #discardEarlier(key: string, clientId: string): void {
    const reason = new Error("the file was opened again");
    const open = this.#open.takeWhere((w) => w.key === key && w.clientId === clientId);
    const closed = this.#takeClosedWhere(
      (c) => c.writer.key === key && c.writer.clientId === clientId,
    );
    for (const writer of [...open, ...closed]) writer.giveUp(reason);
  }

  #requireAdmission(): void {
    const { limit } = this.#options.admission;
    if (this.count < limit || this.#makeRoom()) return;
    throw new BrokerError(
      BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
      `${this.count} files are being written and the storage takes no more than ${limit} in time; StarRocks ` +
        "sends the tablet again by itself",
    );
  }

  /** Whether a file that its writer left alone could be given up. */
  #makeRoom(): boolean {
    const writer = this.#open.takeIdle(IDLE_UNDER_PRESSURE_MS) ?? this.#takeOldestClosed();
    if (writer === undefined) return false;
    this.#options.log.warn("a file that its writer left alone is given up for another one", {
      key: writer.key,
    });
    writer.giveUp(new Error("its writer left it alone, and the room was needed"));
    return true;
  }

  #takeOldestClosed(): Writer | undefined {
    const [oldest] = this.#closed;
    const now = this.#options.clock.monotonic();
    if (oldest === undefined || now - oldest.sinceMs <= IDLE_UNDER_PRESSURE_MS) return undefined;
    this.#closed.shift();
    return oldest.writer;
  }

  #takeClosedWhere(matches: (closed: ClosedWriter) => boolean): Writer[] {
    const taken = this.#closed.filter(matches);
    this.#closed = this.#closed.filter((c) => !matches(c));
    return taken.map((c) => c.writer);
  }
}
