// One connection of the broker server: reads a call, has it handled, writes the answer, and so on.
// Strictly one call at a time, which is all that thrift's callers ever send (TBinaryProtocol, unframed);
// bytes that come early wait. A call that was read is answered, unless its connection is lost.
//
// A connection may be idle for ever: FE and BE pool them without validating (starrocks.md 4.3), and
// closing an idle one costs them a failed call later.
import { must } from "../assert.ts";
import { describeError } from "../errors.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { decodeCall, encodeException, encodeReply } from "./codec.ts";
import type { AcceptedCall, IncomingCall } from "./codec.ts";
import { APPLICATION_ERROR, MalformedError } from "./codec-wire.ts";
import type { CodecLimits } from "./codec-wire.ts";
import type { MethodName } from "./protocol.ts";
import type { BrokerHandlers, CallContext, InFlightCall } from "./server-handlers.ts";
import { SocketPayload } from "./server-payload.ts";
import type { RareWarnings } from "./server-rare-warnings.ts";
import type { Wire } from "./server-wire.ts";

/** Who calls. */
export interface Caller {
  readonly address: string;
  readonly port: number;
}

export interface ConnectionDeps {
  readonly handlers: BrokerHandlers;
  readonly log: Log;
  readonly warnings: RareWarnings;
  readonly clock: Clock;
  readonly limits: CodecLimits;
}

type Chunks = readonly Uint8Array[];

export class Connection {
  readonly id: number;
  readonly address: string;
  readonly remote: string;
  readonly #wire: Wire;
  readonly #deps: ConnectionDeps;
  #stopping = false;
  #stillSinceMs: number;
  #current: { readonly call: AcceptedCall; readonly sinceMs: number } | undefined;

  constructor(id: number, caller: Caller, wire: Wire, deps: ConnectionDeps) {
    this.id = id;
    this.address = caller.address;
    this.remote = `${caller.address}:${caller.port}`;
    this.#stillSinceMs = deps.clock.monotonic();
    this.#wire = wire;
    this.#deps = deps;
  }

  /** The call being worked on. */
  inFlight(): InFlightCall | undefined {
    if (this.#current === undefined) return undefined;
    const { call, sinceMs } = this.#current;
    const peerMs = this.#wire.timer.spentMs;
    return { method: call.method, connection: this.id, sinceMs, peerMs };
  }

  /** When it last got an answer, or connected: bytes that make no call do not count. */
  get stillSinceMs(): number {
    return this.#stillSinceMs;
  }

  /** Serves calls until the caller goes, or {@link stop} was called and nothing is left to answer. */
  async serve(): Promise<void> {
    try {
      while (await this.#nextCallBegan()) await this.#serveCall();
      this.#wire.end();
    } catch (error) {
      this.#broke(error);
    }
  }

  /** Answers what has begun, then closes. */
  stop(): void {
    this.#stopping = true;
    this.#wire.wake();
  }

  /** Waits for the first byte of a call; false when there will be none. */
  async #nextCallBegan(): Promise<boolean> {
    const wire = this.#wire;
    while (wire.queue.length === 0) {
      if (this.#stopping || wire.inputEnd !== undefined) return false;
      await wire.arrival();
    }
    return true;
  }

  async #serveCall(): Promise<void> {
    const { timer, queue } = this.#wire;
    timer.start();
    try {
      const call = await this.#wire.run(decodeCall(queue, this.#deps.limits));
      await this.#wire.write(await this.#answer(call));
      this.#stillSinceMs = this.#deps.clock.monotonic();
    } finally {
      timer.stop();
    }
  }

  async #answer(call: IncomingCall): Promise<Chunks> {
    const payload = call.payload && new SocketPayload(this.#wire, call.payload);
    const answer = call.kind === "accepted" ? await this.#handle(call, payload) : refusal(call);
    // Also after a failure: the caller reads no answer before it has sent everything.
    await payload?.finish();
    return answer;
  }

  async #handle(call: AcceptedCall, payload: SocketPayload | undefined): Promise<Chunks> {
    const abort = new AbortController();
    const receivedMs = this.#deps.clock.monotonic();
    const { id: connection, remote } = this;
    const { signal } = abort;
    const context: CallContext = {
      connection,
      remote,
      receivedMs,
      signal,
      hangUp: () => this.stop(),
    };
    this.#wire.onClosed(() => abort.abort(this.#wire.inputEnd));
    this.#current = { call, sinceMs: receivedMs };
    try {
      const response = await invoke(this.#deps.handlers, call, payload, context);
      return encodeReply(call.method, call.seqId, response as never);
    } catch (error) {
      this.#logFailure(call.method, error, this.#wire.closed || payload?.lost === true);
      // The error's own text stays in the log: this one is shown by StarRocks to whoever asks.
      const message = `internal error of the backup agent in ${call.method}, see its log`;
      const code = APPLICATION_ERROR.INTERNAL_ERROR;
      return encodeException(call.method, call.seqId, code, message);
    } finally {
      this.#current = undefined;
      this.#wire.onClosed(() => {});
    }
  }

  #logFailure(method: MethodName, error: unknown, callerIsGone: boolean): void {
    const fields = { method, connection: this.id, error: describeError(error) };
    if (callerIsGone) this.#deps.log.debug("a broker call ended with its connection", fields);
    else this.#deps.log.error("a broker call failed without an answer of its own", fields);
  }

  #broke(error: unknown): void {
    const reason = describeError(error);
    const fields = { connection: this.id, remote: this.remote, reason };
    if (error instanceof MalformedError) {
      this.#deps.warnings.warn("closed a connection that does not speak the protocol", fields);
    } else {
      this.#deps.warnings.warn("a connection ended in the middle of a call", fields);
    }
    this.#wire.destroy(reason);
  }
}

function refusal(call: Extract<IncomingCall, { kind: "refused" }>): Chunks {
  return encodeException(call.name, call.seqId, call.code, call.message);
}

async function invoke(
  handlers: BrokerHandlers,
  call: AcceptedCall,
  payload: SocketPayload | undefined,
  context: CallContext,
): Promise<unknown> {
  if (call.method === "pwrite") return handlers.pwrite(call.request, must(payload), context);
  // The method's name picks handler and request type alike; TypeScript cannot see that they agree.
  const handle = handlers[call.method].bind(handlers) as (
    request: unknown,
    call: CallContext,
  ) => Promise<unknown>;
  return handle(call.request, context);
}
