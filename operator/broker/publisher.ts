// How written content becomes visible under its final name, and what is durable when a caller is told so.
//
// content   its name is known only at the rename. Small: one put under the final name, from memory.
//           Large: a staged upload, completed and moved by the store; if that takes longer than a caller
//           should wait, an intent is stored and the caller is answered (intents.ts).
// frontend  `__meta`, `__info`: the FE's delete, write and rename may reach different agents, so the close
//           leaves a staged object and a note beside it, and any agent can carry out the rename. Never
//           answered early. `__info`, which makes the snapshot visible, is refused while an intent is open.
// direct    at close, under the name that was asked for, by the same rules.
//
// If we die: before an answer, the caller repeats (the BE its tablet, the FE the whole file); after it, the
// object or its intent is there. What is staged and never renamed is swept by the seal.
import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { ObjectInfo, Storage, WriteOptions } from "../storage/storage.ts";
import { BrokerError } from "./broker-error.ts";
import { finishIntent, finishIntents, listIntents, recordIntent, type Intent } from "./intents.ts";
import { splitChecksum, type StagingLayout } from "./layout.ts";
import { makesVisible } from "./place.ts";
import { BROKER_STATUS } from "./protocol.ts";
import type { Writer } from "./writer.ts";

const INTENT_RETRY_MS = 15_000;
const LATE = Symbol("late");

export interface PublisherOptions {
  readonly storage: Storage;
  readonly staging: StagingLayout;
  readonly clock: Clock;
  readonly log: Log;
  /** After this time a rename is answered with an intent instead of the finished copy. */
  readonly answerAfterMs: number;
  /** Ends the finishing of intents; they stay for a successor. */
  readonly stopped: AbortSignal;
}

/** A closed FE file as its note names it: `<md5>-<size>-<data id>`. */
interface ClosedFile {
  readonly noteKey: string;
  readonly md5: string;
  readonly size: number;
  readonly dataId: string;
}

export class Publisher {
  readonly #options: PublisherOptions;
  /** Renames that run, by target: a repeat joins them. */
  readonly #running = new Map<string, Promise<void>>();
  /** Intents that this agent is working on, by id. */
  readonly #own = new Map<string, Promise<void>>();
  /** The finishing of others' intents, while it runs. */
  #finishing: Promise<number> | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Intents of this agent that are not finished yet. */
  get openIntents(): number {
    return this.#own.size;
  }

  /**
   * A rename to this target that runs here, as the promise of its end, or that was answered and is not
   * finished: then it is as good as done. Undefined when there is neither.
   */
  underWay(target: string): Promise<void> | undefined {
    if (this.#own.has(intentId(target))) return Promise.resolve();
    return this.#running.get(target);
  }

  /**
   * Publishes a closed content file. Resolves when the bytes are durable: object, or intent. The writer is
   * used up either way.
   */
  publishContent(writer: Writer, target: string, signal: AbortSignal): Promise<void> {
    const run = this.#publish(writer, target, signal)
      .catch((error: unknown) => {
        writer.giveUp(error);
        throw error;
      })
      .finally(() => this.#running.delete(target));
    this.#running.set(target, run);
    return run;
  }

  /** Whether a target is there, or promised by an intent: then its rename was done by somebody. */
  async isPublished(target: string, signal: AbortSignal): Promise<boolean> {
    const { storage, staging } = this.#options;
    if ((await storage.stat(target, { signal })) !== undefined) return true;
    return (await storage.stat(staging.intent(intentId(target)), { signal })) !== undefined;
  }

  /** Makes a closed FE file durable, under a staged name. */
  async stageFrontend(writer: Writer, signal: AbortSignal): Promise<void> {
    const { storage, staging } = this.#options;
    const { stream, dataId, key } = writer;
    const staged = { signal, temporary: true };
    await this.#store(writer, staging.data(dataId), staged);
    const note = `${staging.closedOf(key)}${stream.md5()}-${stream.position}-${dataId}`;
    await storage.put(note, Buffer.from(JSON.stringify({ path: key })), staged);
  }

  /** Publishes a file under the name it was opened with. What a rename would refuse is refused here too. */
  async publishDirect(writer: Writer, signal: AbortSignal): Promise<void> {
    const { key, stream } = writer;
    const named = splitChecksum(key.slice(key.lastIndexOf("/") + 1))?.md5;
    if (named !== undefined && named !== stream.md5()) throw wrongChecksum(stream.md5(), named);
    if (makesVisible(key)) await this.#requireNoIntents(signal);
    await this.#store(writer, key, { signal });
  }

  /** The FE's rename of `__meta` or `__info`, whoever staged it. Done when it resolves. */
  async renameFrontend(names: RenameKeys, signal: AbortSignal): Promise<void> {
    const { storage, staging } = this.#options;
    const closed = await this.#closedFiles(names.source, signal);
    const file = closed.find((f) => f.md5 === names.md5);
    if (file === undefined) {
      await this.#requirePublished(names, closed, signal);
      return;
    }
    if (makesVisible(names.target)) await this.#requireNoIntents(signal);
    // Fine also when an earlier try got that far, and left the note.
    await storage.move(staging.data(file.dataId), names.target, { signal, size: file.size });
    await this.#discard(closed, signal);
  }

  /** Forgets what was staged for an FE path (its `.part` was deleted). */
  async discardFrontend(source: string, signal: AbortSignal): Promise<void> {
    await this.#discard(await this.#closedFiles(source, signal), signal);
  }

  /**
   * Finishes what dead agents of this attempt left; also live ones', which is harmless. Resolves with how
   * many were open. The signal ends the waiting only: a copy may take longer than any caller waits, and
   * must not begin anew whenever one asks.
   */
  async finishOthers(signal: AbortSignal): Promise<number> {
    this.#finishing ??= this.#finishAllOthers().finally(() => {
      this.#finishing = undefined;
    });
    return await raceAbort(this.#finishing, signal);
  }

  /** Waits until no intent of this agent is open. */
  async settle(): Promise<void> {
    await Promise.all(this.#own.values());
  }

  async #finishAllOthers(): Promise<number> {
    const { storage, staging, log, stopped } = this.#options;
    const skip = (id: string): boolean => this.#own.has(id);
    return await finishIntents(storage, staging, log, { signal: stopped, skip });
  }

  async #publish(writer: Writer, target: string, signal: AbortSignal): Promise<void> {
    const { stream } = writer;
    if (!stream.isUploading) {
      await stream.put(target, { signal });
      return;
    }
    // From now on: the parts that are still on their way use up the caller's patience too.
    const late = waitFor(this.#options.clock, this.#options.answerAfterMs, LATE);
    await stream.flush();
    await this.#publishLarge(writer, target, late);
  }

  async #publishLarge(writer: Writer, target: string, late: Promise<typeof LATE>): Promise<void> {
    const { storage, staging } = this.#options;
    const upload = writer.stream.uploaded();
    const size = writer.stream.position;
    const finished = upload.complete().then(() => storage.move(upload.key, target, { size }));
    if ((await Promise.race([finished, late])) !== LATE) return;
    const id = intentId(target);
    const intent: Intent = {
      version: 1,
      id,
      from: upload.key,
      to: target,
      size,
      upload: upload.state(),
    };
    await recordIntent(storage, staging, intent);
    this.#own.set(id, this.#finishLater(intent, finished));
  }

  /** Never rejects: an intent that cannot be finished stays, is logged, and keeps `__info` back. */
  async #finishLater(intent: Intent, finished: Promise<ObjectInfo>): Promise<void> {
    const { storage, staging, clock, log, stopped } = this.#options;
    const copied = await finished.catch((error: unknown) => {
      log.warn("a large copy failed, trying again", { to: intent.to, error: describeError(error) });
    });
    for (;;) {
      try {
        if (copied === undefined) await finishIntent(storage, staging, intent, { signal: stopped });
        else await storage.delete(staging.intent(intent.id), { signal: stopped });
        this.#own.delete(intent.id);
        return;
      } catch (error) {
        if (stopped.aborted) return;
        log.error("an answered rename could not be finished yet", {
          to: intent.to,
          error: describeError(error),
        });
        await clock.sleep(INTENT_RETRY_MS, stopped).catch(() => {});
      }
    }
  }

  /** Writes content that needs no rename: a put, or the end of its upload. */
  async #store(writer: Writer, key: string, options: WriteOptions): Promise<void> {
    const { stream } = writer;
    await stream.flush();
    if (stream.isUploading) await stream.uploaded().complete({ signal: options.signal });
    else await stream.put(key, options);
  }

  async #closedFiles(source: string, signal: AbortSignal): Promise<ClosedFile[]> {
    const { storage, staging } = this.#options;
    const prefix = staging.closedOf(source);
    const files: ClosedFile[] = [];
    for await (const entry of storage.list(prefix, { signal })) {
      if (entry.kind !== "object") continue;
      const [md5 = "", size = "", dataId = ""] = entry.key.slice(prefix.length).split("-");
      files.push({ noteKey: entry.key, md5, size: Number(size), dataId });
    }
    return files;
  }

  async #discard(files: readonly ClosedFile[], signal: AbortSignal): Promise<void> {
    const { storage, staging } = this.#options;
    if (files.length === 0) return;
    // Data first: a note without data is understood (renameFrontend), data without a note would be litter.
    await storage.deleteMany(
      files.map((f) => staging.data(f.dataId)),
      { signal },
    );
    await storage.deleteMany(
      files.map((f) => f.noteKey),
      { signal },
    );
  }

  async #requirePublished(
    names: RenameKeys,
    closed: readonly ClosedFile[],
    signal: AbortSignal,
  ): Promise<void> {
    if (closed[0] !== undefined) throw wrongChecksum(closed[0].md5, names.md5);
    const there = await this.#options.storage.stat(names.target, { signal });
    if (there === undefined) throw unknownSource();
  }

  async #requireNoIntents(signal: AbortSignal): Promise<void> {
    const { storage, staging } = this.#options;
    await this.finishOthers(signal);
    await raceAbort(this.settle(), signal);
    for await (const id of listIntents(storage, staging, { signal })) {
      throw new BrokerError(
        BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
        `the copy ${id} of a large file is not finished; the FE asks again in 3 s`,
      );
    }
  }
}

export interface RenameKeys {
  /** Storage keys. */
  readonly source: string;
  readonly target: string;
  readonly md5: string;
}

export function wrongChecksum(written: string, named: string): BrokerError {
  return new BrokerError(
    BROKER_STATUS.INVALID_ARGUMENT,
    `the md5 of what was written is ${written}, the name says ${named}: nothing was published`,
  );
}

export function unknownSource(): BrokerError {
  return new BrokerError(
    BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
    "the file to rename was not written to this agent: the agent was replaced meanwhile; StarRocks sends the " +
      "file again by itself",
  );
}

/** One target has one content, so one intent; whoever looks for it finds it by name. */
function intentId(target: string): string {
  return createHash("sha256").update(target).digest("hex").slice(0, 32);
}

async function waitFor<T>(clock: Clock, ms: number, value: T): Promise<T> {
  return await new Promise((resolve) => {
    clock.after(ms, () => resolve(value));
  });
}

function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
