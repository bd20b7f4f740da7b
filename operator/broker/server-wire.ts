// One socket as bytes in and frames out, for the server and for the client of tests.
//
// The socket is read only while somebody waits for bytes: what arrives unasked is kept and stops the
// reading, so that a connection holds about one socket chunk (64 KiB) here and one in the stream,
// and TCP holds back the sender. Writing waits until the kernel has taken the bytes.
//
// A peer that closes its sending side ends the input only: it may still be waiting for an answer.
import type { Socket } from "node:net";

import type { Clock } from "../clock.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { Steps } from "./codec-reader.ts";
import { PeerTimer } from "./server-peer-timer.ts";

/** The connection ended, or was ended by us, before what was asked of it was done. */
export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError" as const;
}

/** The socket must have been made with `allowHalfOpen`. */
export class Wire {
  readonly queue = new ByteQueue();
  readonly timer: PeerTimer;
  readonly #socket: Socket;
  /** Why no more bytes will come. */
  #inputEnd: ConnectionLostError | undefined;
  #closed = false;
  #arrival: PromiseWithResolvers<void> | undefined;
  #drained: PromiseWithResolvers<void> | undefined;
  #paused = false;
  #onClosed: (() => void) | undefined;

  constructor(socket: Socket, clock: Clock, peerMsMax: number) {
    this.#socket = socket;
    this.timer = new PeerTimer(clock, peerMsMax, () => {
      this.destroy(`the peer kept a call waiting for ${peerMsMax} ms`);
    });
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("end", () => this.#inputEnded("the peer closed the connection"));
    socket.on("error", (error) => this.#inputEnded("the connection failed", error));
    socket.on("drain", () => this.#settleDrained());
    socket.on("close", () => this.#socketClosed());
  }

  /** The reason for which no more bytes come, once that is so. Bytes may still be in the queue. */
  get inputEnd(): ConnectionLostError | undefined {
    return this.#inputEnd;
  }

  /** The socket is gone in both directions. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Called once when the socket is gone, at once if it is already. */
  onClosed(fn: () => void): void {
    this.#onClosed = fn;
    if (this.#closed) fn();
  }

  /** Waits until so many bytes can be taken; rejects with {@link ConnectionLostError}. */
  async atLeast(count: number): Promise<void> {
    while (this.queue.length < count) {
      if (this.#inputEnd !== undefined) throw this.#inputEnd;
      await this.arrival();
    }
  }

  /** Runs steps of the codec to their end, waiting for the bytes they ask for. */
  async run<T>(steps: Steps<T>): Promise<T> {
    let step = steps.next();
    while (step.done !== true) {
      await this.atLeast(step.value);
      step = steps.next();
    }
    return step.value;
  }

  /** Resolves when bytes arrive, the input ends, or {@link wake} is called. */
  async arrival(): Promise<void> {
    if (this.#paused) {
      this.#paused = false;
      this.#socket.resume();
    }
    this.timer.waiting();
    // Shared: a payload that its consumer abandoned may still wait while the rest is thrown away.
    this.#arrival ??= Promise.withResolvers<void>();
    await this.#arrival.promise;
  }

  /** Lets those who wait for bytes look again. */
  wake(): void {
    const arrival = this.#arrival;
    if (arrival === undefined) return;
    this.#arrival = undefined;
    this.timer.resumed();
    arrival.resolve();
  }

  /** Writes the chunks in one go and waits until the kernel took them. They are not copied. */
  async write(chunks: readonly Uint8Array[]): Promise<void> {
    if (!this.#socket.writable) throw this.#lost();
    this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    this.#socket.uncork();
    while (this.#socket.writableNeedDrain && !this.#closed) {
      this.timer.waiting();
      this.#drained ??= Promise.withResolvers<void>();
      await this.#drained.promise;
    }
    if (this.#closed) throw this.#lost();
  }

  /** Closes once everything written has left, for which the peer has one call's time. */
  end(): void {
    this.timer.start();
    this.timer.waiting();
    this.#socket.destroySoon();
  }

  /** Closes at once; whoever waits is told the reason. */
  destroy(reason: string): void {
    this.#inputEnded(reason);
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    this.queue.push(chunk);
    if (this.#arrival === undefined) {
      this.#paused = true;
      this.#socket.pause();
    } else {
      this.wake();
    }
  }

  #inputEnded(reason: string, cause?: Error): void {
    this.#inputEnd ??= new ConnectionLostError(reason, cause === undefined ? {} : { cause });
    this.wake();
  }

  #settleDrained(): void {
    const drained = this.#drained;
    if (drained === undefined) return;
    this.#drained = undefined;
    this.timer.resumed();
    drained.resolve();
  }

  #socketClosed(): void {
    this.#closed = true;
    this.#inputEnded("the connection was closed");
    this.#settleDrained();
    this.timer.stop();
    this.#onClosed?.();
  }

  #lost(): ConnectionLostError {
    return this.#inputEnd ?? new ConnectionLostError("the connection was closed");
  }
}
