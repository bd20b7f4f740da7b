// The twelve broker methods in terms of Storage. Everything StarRocks forces on a broker comes together
// here: who may ask (token, one repository, one snapshot, one direction), what an answer must look like
// even when it is an error (`files`, `data`, `isPathExist` always set), and that every call is answered in
// the time its caller waits. What is slow goes on behind the answer; publisher.ts says what is durable then.
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Storage } from "../storage/storage.ts";
import { Access, type AccessOptions } from "./access.ts";
import { Admission } from "./admission.ts";
import { Answering, NO_BYTES, OK } from "./answering.ts";
import type { Bandwidth } from "./bandwidth.ts";
import { BrokerError } from "./broker-error.ts";
import { BufferPool } from "./buffer-pool.ts";
import type { Counters } from "./counters.ts";
import { Listing } from "./listing.ts";
import { PART_SUFFIX, requirePublishNames, roleOf } from "./place.ts";
import { BROKER_STATUS, type MethodName, type RequestOf, type ResponseOf } from "./protocol.ts";
import { Publisher, unknownSource } from "./publisher.ts";
import { Readers } from "./readers.ts";
import type { SealedFolders } from "./sealed-folders.ts";
import type { BrokerHandlers, CallContext, Payload } from "./server-handlers.ts";
import type { Writer } from "./writer.ts";
import { Writers } from "./writers.ts";

export interface ServiceOptions extends AccessOptions {
  readonly storage: Storage;
  readonly attempt: string;
  readonly createTime: string;
  /** How long a caller waits for an answer: 8 s for 2.5, else 25 s. */
  readonly deadlineMs: number;
  /** After this time a large file's rename is answered with an intent. */
  readonly answerAfterMs: number;
  readonly slots: number;
  readonly partBytes: number;
  readonly bandwidth: Bandwidth;
  readonly counters: Counters;
  /** Restore: what the snapshot held when it was sealed; undefined: nobody can tell. */
  readonly sealed?: () => SealedFolders | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Calls that are late when the storage takes less than the writers send; others say nothing about that. */
const CARRYING: ReadonlySet<MethodName> = new Set(["pwrite", "closeWriter", "renamePath"]);

export class BrokerService implements BrokerHandlers {
  readonly #options: ServiceOptions;
  readonly #access: Access;
  readonly #answering: Answering;
  readonly #stop = new AbortController();
  readonly #admission: Admission;
  readonly #writers: Writers;
  readonly #readers: Readers;
  readonly #publisher: Publisher;
  readonly #listing: Listing;
  #draining = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
    const { storage, clock, log, slots } = options;
    const staging = options.layout.staging(options.attempt);
    this.#access = new Access(options);
    this.#answering = new Answering({
      ...options,
      missed: (method) => {
        if (CARRYING.has(method)) this.#admission.missed(this.#writers.count);
      },
    });
    const pool = new BufferPool(slots, options.partBytes);
    // One slot is kept for the FE: `__meta` must get through when tablets fill the rest.
    this.#admission = new Admission({
      clock,
      slots: slots - 1,
      deadlineMs: options.deadlineMs,
      bytesPerSecond: () => options.bandwidth.bytesPerSecond,
    });
    this.#writers = new Writers({ storage, pool, staging, admission: this.#admission, clock, log });
    this.#readers = new Readers(storage, pool, clock);
    this.#publisher = new Publisher({
      storage,
      staging,
      clock,
      log,
      answerAfterMs: options.answerAfterMs,
      stopped: this.#stop.signal,
    });
    this.#listing = new Listing({
      ...options,
      openInfo: (key) => this.#readers.infoOf(key),
    });
  }

  /** What is open, for progress lines and the drain. */
  open(): { readonly writers: number; readonly readers: number; readonly intents: number } {
    return {
      writers: this.#writers.count,
      readers: this.#readers.count,
      intents: this.#publisher.openIntents,
    };
  }

  /** Finishes what dead agents of this attempt left behind. Safe at any time. */
  async finishLeftIntents(signal: AbortSignal): Promise<number> {
    return await this.#publisher.finishOthers(signal);
  }

  /** Gives up files whose writer or reader is gone. Call it now and then. */
  expire(): void {
    this.#writers.expire();
    this.#readers.expire();
  }

  /** From now on no file is opened; what runs goes on. */
  beginDrain(): void {
    this.#draining = true;
  }

  /** Resolves when every answered rename is finished. */
  async settle(): Promise<void> {
    await this.#publisher.settle();
  }

  /**
   * Answers every call with an error and gives up everything that is open. Intents that are not finished
   * stay for a successor. Resolves when the storage has freed what it could; nobody needs to wait for that.
   */
  async stop(): Promise<void> {
    this.#draining = true;
    this.#answering.end(isEnding());
    this.#stop.abort(new Error("the agent is ending"));
    this.#readers.closeAll();
    await this.#writers.abortAll("the agent is ending");
  }

  async ping(request: RequestOf<"ping">): Promise<ResponseOf<"ping">> {
    this.#writers.touch(request.clientId);
    this.#readers.touch(request.clientId);
    this.#options.counters.answered("ping");
    return await Promise.resolve(OK);
  }

  async listPath(
    request: RequestOf<"listPath">,
    call: CallContext,
  ): Promise<ResponseOf<"listPath">> {
    return await this.#answering.answer("listPath", call, async (signal) => {
      const asked = this.#access.requirePath(request.path, request.properties);
      const nameOnly = request.fileNameOnly ?? false;
      const files = await this.#listing.list(request.path, asked, nameOnly, signal);
      return { opStatus: OK, files };
    });
  }

  async checkPathExist(
    request: RequestOf<"checkPathExist">,
    call: CallContext,
  ): Promise<ResponseOf<"checkPathExist">> {
    return await this.#answering.answer("checkPathExist", call, async (signal) => {
      const asked = this.#access.requirePath(request.path, request.properties);
      return { opStatus: OK, isPathExist: await this.#listing.exists(asked, signal) };
    });
  }

  async openReader(
    request: RequestOf<"openReader">,
    call: CallContext,
  ): Promise<ResponseOf<"openReader">> {
    return await this.#answering.answer("openReader", call, async (signal) => {
      this.#requireOpenable();
      const { place } = this.#access.requirePath(request.path, request.properties);
      const { clientId } = request;
      if (place.kind === "repoInfo") {
        const bytes = this.#listing.repoInfo();
        return { opStatus: OK, fd: this.#readers.openBytes(request.path, bytes, clientId) };
      }
      const key = this.#access.requireFile(place, request.path);
      const startOffset = requireSmall(request.startOffset, "offset");
      const fd = await this.#readers.open({ key, clientId, startOffset }, signal);
      return { opStatus: OK, fd };
    });
  }

  async pread(request: RequestOf<"pread">, call: CallContext): Promise<ResponseOf<"pread">> {
    const { bandwidth, counters, deadlineMs } = this.#options;
    return await this.#answering.answer("pread", call, async (signal) => {
      const reader = this.#readers.get(request.fd);
      const offset = requireSmall(request.offset, "offset");
      // Short answers are fine to FE and BE; late ones fail the tablet. Half the time is the storage's.
      const share = bandwidth.shareBytes(this.#readers.count, deadlineMs / 2);
      const length = Math.min(requireSmall(request.length, "length"), share);
      const data = await reader.read(offset, length, signal);
      const bytes = data.reduce((sum, chunk) => sum + chunk.length, 0);
      if (bytes === 0) {
        const statusCode = BROKER_STATUS.END_OF_FILE;
        return { opStatus: { statusCode, message: "end of file" }, data: NO_BYTES };
      }
      await bandwidth.take(bytes, signal);
      counters.gave(reader, offset + bytes);
      return { opStatus: OK, data };
    });
  }

  /** Not used by StarRocks' backup, and not supported by its own broker either (HDFSBrokerServiceImpl). */
  async seek(_request: RequestOf<"seek">, call: CallContext): Promise<ResponseOf<"seek">> {
    return await this.#answering.answer("seek", call, () => {
      const message = "seek is not served: pread carries its offset";
      throw new BrokerError(BROKER_STATUS.OPERATION_NOT_SUPPORTED, message);
    });
  }

  async closeReader(
    request: RequestOf<"closeReader">,
    call: CallContext,
  ): Promise<ResponseOf<"closeReader">> {
    return await this.#answering.answer("closeReader", call, async () => {
      const reader = this.#readers.close(request.fd);
      if (reader?.servedEnd === true) this.#options.counters.finished(reader);
      return await Promise.resolve(OK);
    });
  }

  async openWriter(
    request: RequestOf<"openWriter">,
    call: CallContext,
  ): Promise<ResponseOf<"openWriter">> {
    return await this.#answering.answer("openWriter", call, async () => {
      this.#requireOpenable();
      const { place } = this.#access.requirePath(request.path, request.properties);
      const { clientId, path } = request;
      if (place.kind === "repoInfo") {
        const fd = this.#writers.open("discard", path, clientId);
        return await Promise.resolve({ opStatus: OK, fd });
      }
      const key = this.#access.requireWritable(place, path);
      const role = roleOf(place.kind === "snapshot" ? place.rest : "");
      return { opStatus: OK, fd: this.#writers.open(role, key, clientId) };
    });
  }

  async pwrite(
    request: RequestOf<"pwrite">,
    payload: Payload,
    call: CallContext,
  ): Promise<ResponseOf<"pwrite">> {
    return await this.#answering.answer("pwrite", call, async (signal) => {
      const writer = this.#writers.get(request.fd);
      const offset = requireSmall(request.offset, "offset");
      const chunks = this.#throttled(payload, signal);
      const incoming = { offset, length: payload.length, chunks };
      await writer.serially(() => writer.write(incoming, signal));
      this.#options.counters.took(writer, offset + payload.length);
      return OK;
    });
  }

  async closeWriter(
    request: RequestOf<"closeWriter">,
    call: CallContext,
  ): Promise<ResponseOf<"closeWriter">> {
    return await this.#answering.answer("closeWriter", call, async (signal) => {
      const writer = this.#writers.find(request.fd);
      if (writer !== undefined) {
        await writer.serially(() => this.#closeOnce(request, writer, signal));
      }
      const result = this.#writers.closeResult(request.fd);
      // Unknown here: `get` says why, in the words of an unknown descriptor.
      if (result === undefined) this.#writers.get(request.fd);
      if (result?.ok === false) throw result.error;
      return OK;
    });
  }

  async renamePath(
    request: RequestOf<"renamePath">,
    call: CallContext,
  ): Promise<ResponseOf<"renamePath">> {
    return await this.#answering.answer("renamePath", call, async (signal) => {
      const from = this.#access.requirePath(request.srcPath, request.properties);
      const to = this.#access.requirePath(request.destPath, request.properties);
      const source = this.#access.requireWritable(from.place, request.srcPath);
      const target = this.#access.requireWritable(to.place, request.destPath);
      const { md5 } = requirePublishNames(source, target);
      if (from.place.kind === "snapshot" && roleOf(from.place.rest) === "frontend") {
        await this.#publisher.renameFrontend({ source, target, md5 }, signal);
      } else {
        await this.#renameContent(this.#writers.takeClosed(source, md5), target, signal);
      }
      this.#options.counters.finished({ key: target, clientId: "" });
      return OK;
    });
  }

  /** Files only; a snapshot's folder is deleted by the Backup's deletion, never through a mount. */
  async deletePath(
    request: RequestOf<"deletePath">,
    call: CallContext,
  ): Promise<ResponseOf<"deletePath">> {
    return await this.#answering.answer("deletePath", call, async (signal) => {
      const { place } = this.#access.requirePath(request.path, request.properties);
      const key = this.#access.requireWritable(place, request.path);
      if (key.endsWith(PART_SUFFIX)) {
        this.#writers.discard(key, "it was deleted");
        await this.#publisher.discardFrontend(key, signal);
      } else {
        await this.#deleteFile(key, signal);
      }
      return OK;
    });
  }

  async #deleteFile(key: string, signal: AbortSignal): Promise<void> {
    const { storage } = this.#options;
    if ((await storage.stat(key, { signal })) !== undefined) {
      await storage.delete(key, { signal });
      return;
    }
    for await (const _entry of storage.list(`${key}/`, { folded: true, signal })) {
      throw new BrokerError(
        BROKER_STATUS.NOT_AUTHORIZED,
        `${key} is a folder: delete its Backup resource with deletionPolicy Delete instead`,
      );
    }
  }

  async #renameContent(
    writer: Writer | undefined,
    target: string,
    signal: AbortSignal,
  ): Promise<void> {
    const underWay = this.#publisher.underWay(target);
    if (underWay !== undefined) {
      // The same name has the same md5, so the same content: what was written again is not needed.
      writer?.giveUp("another rename publishes the same content");
      await underWay;
    } else if (writer !== undefined) {
      await this.#publisher.publishContent(writer, target, signal);
    } else if (!(await this.#publisher.isPublished(target, signal))) {
      throw unknownSource();
    }
  }

  async #closeOnce(
    request: RequestOf<"closeWriter">,
    writer: Writer,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#writers.closeResult(request.fd) !== undefined) return;
    try {
      await this.#finish(writer, signal);
      this.#writers.closed(request.fd, { ok: true });
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      this.#writers.closed(request.fd, { ok: false, error: failure });
      writer.giveUp(failure);
    }
  }

  async #finish(writer: Writer, signal: AbortSignal): Promise<void> {
    if (writer.stream.failure !== undefined) throw writer.stream.failure;
    switch (writer.role) {
      case "discard":
        this.#options.log.info("__repo_info is answered by the agent; what was written is ignored");
        return;
      case "content":
        this.#writers.awaitRename(writer);
        // The rename waits for it; its failure is kept in the stream.
        writer.stream.flush().catch(() => {});
        return;
      case "frontend":
        await this.#publisher.stageFrontend(writer, signal);
        return;
      case "direct":
        await this.#publisher.publishDirect(writer, signal);
    }
  }

  async *#throttled(payload: Payload, signal: AbortSignal): AsyncIterable<Buffer> {
    const { bandwidth } = this.#options;
    for await (const chunk of payload.chunks()) {
      const wait = bandwidth.take(chunk.length, signal);
      if (wait !== undefined) await wait;
      yield chunk;
    }
  }

  #requireOpenable(): void {
    if (this.#draining) throw isEnding();
  }
}

function isEnding(): BrokerError {
  return new BrokerError(
    BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
    "this agent is ending; StarRocks sends the file again by itself",
  );
}

function requireSmall(value: bigint, what: string): number {
  if (value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new BrokerError(BROKER_STATUS.INVALID_ARGUMENT, `${what} ${value} is out of range`);
}
