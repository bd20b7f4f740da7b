// A broker client on our own codec: for tests, the stand-in and the benchmark. Like thrift's callers
// it sends one call at a time per connection and waits for the answer without a limit of its own.
import { connect } from "node:net";
import type { Socket } from "node:net";

import { assert } from "../../assert.ts";
import { systemClock } from "../../clock.ts";
import { decodeReply, encodeCall } from "../codec.ts";
import type { MethodName, OperationStatus, RequestOf, ResponseOf } from "../protocol.ts";
import { Wire } from "../server-wire.ts";

export interface ConnectOptions {
  /** Loopback address to call from, where the server tells callers apart by it. */
  readonly localAddress?: string;
}

const NO_LIMIT_MS = 2 ** 31 - 1;

export class BrokerClient {
  /** For tests that look at bytes or break the connection. */
  readonly socket: Socket;
  readonly #wire: Wire;
  #seqId = 0;
  #busy = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#wire = new Wire(socket, systemClock, NO_LIMIT_MS);
  }

  static async connect(
    host: string,
    port: number,
    { localAddress }: ConnectOptions = {},
  ): Promise<BrokerClient> {
    const local = localAddress === undefined ? {} : { localAddress };
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true, ...local });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve();
      });
    });
    return new BrokerClient(socket);
  }

  /**
   * Makes one call. Rejects with `ApplicationError` when the answer is an exception (the connection
   * stays usable), else with `ConnectionLostError` or `MalformedError`.
   */
  call<M extends Exclude<MethodName, "pwrite">>(
    method: M,
    request: RequestOf<M>,
  ): Promise<ResponseOf<M>> {
    return this.#exchange(method, request, []);
  }

  /** Writes the chunks' bytes, which are not copied: keep them as they are until it resolves. */
  pwrite(request: RequestOf<"pwrite">, chunks: readonly Uint8Array[]): Promise<OperationStatus> {
    return this.#exchange("pwrite", request, chunks);
  }

  /** Closes the connection. A call that waits for its answer rejects. */
  close(): void {
    this.#wire.destroy("the client was closed");
  }

  async #exchange<M extends MethodName>(
    method: M,
    request: RequestOf<M>,
    payload: readonly Uint8Array[],
  ): Promise<ResponseOf<M>> {
    assert(!this.#busy, "a thrift connection carries one call at a time");
    this.#busy = true;
    try {
      this.#seqId += 1;
      await this.#wire.write(encodeCall(method, this.#seqId, request, payload));
      return await this.#wire.run(decodeReply(this.#wire.queue, method, this.#seqId));
    } finally {
      this.#busy = false;
    }
  }
}
