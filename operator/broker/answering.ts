// Every call gets an answer, in the time its caller waits, in a shape its caller survives.
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { DeadlineError, messageOf, statusOf, UnknownDescriptorError } from "./broker-error.ts";
import type { Counters } from "./counters.ts";
import {
  BROKER_STATUS,
  type MethodName,
  type OperationStatus,
  type ResponseOf,
} from "./protocol.ts";
import type { CallContext } from "./server-handlers.ts";
import { RareWarnings } from "./server-rare-warnings.ts";

export const OK: OperationStatus = { statusCode: BROKER_STATUS.OK };
export const NO_BYTES: readonly Uint8Array[] = [];

/**
 * A failed answer of each method, with every field set that a caller dereferences: an FE dies of a NULL
 * `files` or `data` (BlobStorage.java), `isPathExist` is required on the wire.
 */
const FAILED: { readonly [M in MethodName]: (status: OperationStatus) => ResponseOf<M> } = {
  listPath: (opStatus) => ({ opStatus, files: [] }),
  checkPathExist: (opStatus) => ({ opStatus, isPathExist: false }),
  openReader: (opStatus) => ({ opStatus }),
  pread: (opStatus) => ({ opStatus, data: NO_BYTES }),
  openWriter: (opStatus) => ({ opStatus }),
  deletePath: (status) => status,
  renamePath: (status) => status,
  seek: (status) => status,
  closeReader: (status) => status,
  pwrite: (status) => status,
  closeWriter: (status) => status,
  ping: (status) => status,
};

/**
 * On these a descriptor of another agent means that the caller's connections lead to several agents: one was
 * made while its own node had none. A BE keeps connections for ever and uses them in turn, so tablets would
 * fail for as long; a new connection leads home. Not on closeWriter: an FE sends it after a failed open.
 */
const MOVES_BYTES: readonly MethodName[] = ["pread", "pwrite"];

export interface AnsweringOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** How long a caller waits. */
  readonly deadlineMs: number;
  /** Told of every call that was not done in time. */
  readonly missed: (method: MethodName) => void;
}

export class Answering {
  readonly #options: AnsweringOptions;
  readonly #warnings: RareWarnings;
  /** The deadlines of the calls that run. */
  readonly #running = new Set<AbortController>();
  #ended: Error | undefined;

  constructor(options: AnsweringOptions) {
    this.#options = options;
    this.#warnings = new RareWarnings(options.log, options.clock);
  }

  /**
   * Runs `work` against the call's deadline; a failure of any kind becomes a failed answer. Work that is
   * late is told by its signal and may go on behind the answer.
   */
  async answer<M extends MethodName>(
    method: M,
    call: CallContext,
    work: (signal: AbortSignal) => Promise<ResponseOf<M>>,
  ): Promise<ResponseOf<M>> {
    const { clock, deadlineMs, counters } = this.#options;
    const deadline = new AbortController();
    const leftMs = Math.max(0, call.receivedMs + deadlineMs - clock.monotonic());
    const cancel = clock.after(leftMs, () => deadline.abort(new DeadlineError(deadlineMs)));
    this.#running.add(deadline);
    try {
      if (this.#ended !== undefined) throw this.#ended;
      const answer = await Promise.race([work(deadline.signal), rejected(deadline.signal)]);
      counters.answered(method);
      return answer;
    } catch (error) {
      return this.#failed(method, call, error);
    } finally {
      cancel();
      this.#running.delete(deadline);
    }
  }

  /** Fails every call that runs or comes: a late answer helps nobody when the process ends. */
  end(reason: Error): void {
    this.#ended = reason;
    for (const deadline of this.#running) deadline.abort(reason);
  }

  #failed<M extends MethodName>(method: M, call: CallContext, error: unknown): ResponseOf<M> {
    if (error instanceof DeadlineError) this.#options.missed(method);
    if (error instanceof UnknownDescriptorError && MOVES_BYTES.includes(method)) call.hangUp();
    const message = messageOf(error);
    this.#options.counters.failed(method, message);
    // StarRocks repeats a failing task for a day, so not every failure gets a line.
    this.#warnings.warn(`${method} failed`, { remote: call.remote, error: message });
    return FAILED[method](statusOf(error));
  }
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
