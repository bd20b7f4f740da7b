// What the server asks of the code behind it, and what it gives along with each call.

import type { MethodName, RequestOf, ResponseOf } from "./protocol.ts";

/** Where a call came from, and how long it may be of interest. */
export interface CallContext {
  /** Number of the connection, unique in this process. A descriptor is not tied to one. */
  readonly connection: number;
  /** `address:port` of the caller. */
  readonly remote: string;
  /** When the call's fixed part had been read: `clock.monotonic()`. Deadlines count from here. */
  readonly receivedMs: number;
  /**
   * Aborted when the connection is lost or closed by force: nobody will read the answer. Not aborted
   * by a caller that merely closes its sending side.
   */
  readonly signal: AbortSignal;
  /** Closes the connection after this call's answer: the caller connects anew, maybe to another agent. */
  readonly hangUp: () => void;
}

/**
 * The data of a pwrite, as it arrives. What the handler leaves unread is read and thrown away before
 * the call is answered.
 */
export interface Payload {
  /** Bytes the caller announced. The chunks add up to exactly this, or the iteration throws. */
  readonly length: number;
  /**
   * The bytes as the socket gave them, uncopied, never empty ones. May be called once, and is of use
   * only while the handler runs. While the consumer does not ask for the next chunk, the socket is
   * not read. Throws when the connection ends before the last byte.
   */
  chunks(): AsyncIterable<Buffer>;
}

/**
 * The service's side of every method. A failure that the caller should see is a status in the
 * response. A handler that rejects is our bug: the caller gets a TApplicationException, which fails a
 * BE's task; from 3.4 on the BE repeats all calls but pwrite once (thrift_rpc_helper.cpp).
 *
 * The chunks of a pread's answer belong to the server until they are written: never reuse them.
 */
export type BrokerHandlers = {
  readonly [M in Exclude<MethodName, "pwrite">]: (
    request: RequestOf<M>,
    call: CallContext,
  ) => Promise<ResponseOf<M>>;
} & {
  pwrite(
    request: RequestOf<"pwrite">,
    payload: Payload,
    call: CallContext,
  ): Promise<ResponseOf<"pwrite">>;
};

/** A call that was received and not answered yet; a watchdog reads these. */
export interface InFlightCall {
  readonly method: MethodName;
  readonly connection: number;
  /** `receivedMs` of the call. */
  readonly sinceMs: number;
  /** How much of the time since then was spent waiting for the caller's bytes, not for us. */
  readonly peerMs: number;
}
