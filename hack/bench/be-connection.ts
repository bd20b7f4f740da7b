// One connection of a BE to the agent, as cheap as Node allows, so that the machine's cores are left to
// the agent: what arrives is read into one fixed buffer, a pread's data is counted and forgotten, a
// pwrite's data is written from where it lies. A BE does the same in C++ (fs_broker.cpp) with one copy.
import { connect, type Socket } from "node:net";
import { ByteQueue } from "../../operator/broker/byte-queue.ts";
import { decodeReply, encodeCall } from "../../operator/broker/codec.ts";
import {
  BROKER_VERSION,
  type BrokerFd,
  type MethodName,
  type OperationStatus,
  type RequestOf,
  type ResponseOf,
} from "../../operator/broker/protocol.ts";
import { readPreadAnswer } from "./pread-answer.ts";

const READ_BUFFER_BYTES = 1024 * 1024;

/** The call that waits for its answer. */
interface Pending {
  /** Takes what arrives. The bytes are valid during the call only. */
  take: (bytes: Buffer) => void;
  fail: (error: Error) => void;
}

export class BeConnection {
  readonly #socket: Socket;
  readonly #pending: Pending;
  #seqId = 0;

  private constructor(socket: Socket, pending: Pending) {
    this.#socket = socket;
    this.#pending = pending;
    socket.on("error", (error) => pending.fail(error));
    socket.on("close", () => pending.fail(new Error("the agent closed the connection")));
  }

  static async open(port: number): Promise<BeConnection> {
    const ready = Promise.withResolvers<void>();
    const pending: Pending = { take: () => {}, fail: () => {} };
    const socket = connect({
      host: "127.0.0.1",
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
        callback: (count, bytes) => {
          pending.take((bytes as Buffer).subarray(0, count));
          return true;
        },
      },
    });
    socket.once("connect", ready.resolve);
    socket.once("error", ready.reject);
    await ready.promise;
    return new BeConnection(socket, pending);
  }

  /** Any call whose answer is small. */
  async call<M extends Exclude<MethodName, "pwrite" | "pread">>(
    method: M,
    request: RequestOf<M>,
  ): Promise<ResponseOf<M>> {
    return await this.#exchange(method, request);
  }

  /** Writes the bytes uncopied: they must stay as they are until it resolves. */
  async pwrite(fd: BrokerFd, offset: number, data: Buffer): Promise<OperationStatus> {
    const request = { version: BROKER_VERSION.VERSION_ONE, fd, offset: BigInt(offset) };
    return await this.#exchange("pwrite", request, [data]);
  }

  /** How many bytes came; 0 at the end of the file. */
  async pread(fd: BrokerFd, offset: number, length: number): Promise<number> {
    const version = BROKER_VERSION.VERSION_ONE;
    const request = { version, fd, offset: BigInt(offset), length: BigInt(length) };
    const answer = Promise.withResolvers<number>();
    this.#pending.fail = answer.reject;
    let head: Buffer | undefined;
    let left = -1;
    let dataBytes = 0;
    this.#pending.take = (bytes) => {
      if (left >= 0) {
        left -= bytes.length;
      } else {
        head = head === undefined ? bytes : Buffer.concat([head, bytes]);
        const found = readPreadAnswer(head);
        if (found === undefined) {
          head = Buffer.from(head);
          return;
        }
        dataBytes = found.dataBytes;
        left = found.answerBytes - head.length;
      }
      if (left === 0) answer.resolve(dataBytes);
      else if (left < 0) answer.reject(new Error("more bytes than one answer"));
    };
    this.#send("pread", request);
    return await answer.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #exchange<M extends MethodName>(
    method: M,
    request: RequestOf<M>,
    payload: readonly Uint8Array[] = [],
  ): Promise<ResponseOf<M>> {
    const answer = Promise.withResolvers<ResponseOf<M>>();
    const queue = new ByteQueue();
    const steps = decodeReply(queue, method, this.#seqId + 1);
    let step = steps.next();
    this.#pending.fail = answer.reject;
    this.#pending.take = (bytes) => {
      queue.push(Buffer.from(bytes));
      try {
        while (step.done !== true && queue.length >= step.value) step = steps.next();
        if (step.done === true) answer.resolve(step.value);
      } catch (error) {
        answer.reject(error);
      }
    };
    this.#send(method, request, payload);
    return await answer.promise;
  }

  #send<M extends MethodName>(
    method: M,
    request: RequestOf<M>,
    payload: readonly Uint8Array[] = [],
  ): void {
    this.#seqId += 1;
    this.#socket.cork();
    for (const chunk of encodeCall(method, this.#seqId, request, payload))
      this.#socket.write(chunk);
    this.#socket.uncork();
  }
}
