// A broker server on loopback with handlers of a test's choice, and the callers that a test needs:
// well-behaved ones (BrokerClient) and raw sockets that send what they like. Waiting is done in turns
// of the event loop, never in time.
import { connect } from "node:net";
import type { Socket } from "node:net";

import { assert } from "../../assert.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { encodeCall } from "../codec.ts";
import { BROKER_STATUS } from "../protocol.ts";
import { BrokerServer } from "../server.ts";
import type { BrokerHandlers, ServerLimits } from "../server.ts";
import { BrokerClient } from "./client.ts";
import { recordingLog } from "./recording-log.ts";
import { SAMPLES } from "./samples.ts";

const HOST = "127.0.0.1";
export const OK = { statusCode: BROKER_STATUS.OK } as const;
export const FD = { high: 1n, low: 2n };
/** The fixed part of a pwrite. */
export const PWRITE = { version: 1, fd: FD, offset: 0n } as const;
export const PING = { version: 1, clientId: "127.0.0.1" } as const;

/** Handlers that answer every method with its sample. */
export function sampleHandlers(): BrokerHandlers {
  const handlers = SAMPLES.map(({ method, response }) => [method, () => Promise.resolve(response)]);
  return Object.fromEntries(handlers) as BrokerHandlers;
}

/** A connection whose bytes the test chooses. */
export class RawPeer {
  readonly socket: Socket;
  readonly #received: Buffer[] = [];
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#received.push(chunk));
    socket.on("end", () => {
      this.#ended = true;
    });
    // A reset is an end as well, and tests that want to see one look at `ended`.
    socket.on("error", () => {
      this.#ended = true;
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** The server closed, with or without a reset. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when the kernel took the bytes. */
  send(...chunks: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(Buffer.concat(chunks), (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  }
}

export class ServerFixture {
  readonly clock = new ManualClock();
  readonly log = recordingLog();
  readonly server: BrokerServer;
  readonly #opened: { destroy(): void }[] = [];
  #port = 0;

  private constructor(handlers: Partial<BrokerHandlers>, limits: Partial<ServerLimits>) {
    const all = { ...sampleHandlers(), ...handlers };
    this.server = new BrokerServer({ handlers: all, log: this.log, clock: this.clock, limits });
  }

  static async start(
    handlers: Partial<BrokerHandlers> = {},
    limits: Partial<ServerLimits> = {},
  ): Promise<ServerFixture> {
    const fixture = new ServerFixture(handlers, limits);
    const address = await fixture.server.listen(0, HOST);
    fixture.#port = address.port;
    return fixture;
  }

  get port(): number {
    return this.#port;
  }

  async client(): Promise<BrokerClient> {
    const client = await BrokerClient.connect(HOST, this.#port);
    this.#opened.push(client.socket);
    return client;
  }

  async raw(): Promise<RawPeer> {
    const socket = connect({ host: HOST, port: this.#port, allowHalfOpen: true });
    this.#opened.push(socket);
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawPeer(socket);
  }

  close(): void {
    this.server.close();
    for (const opened of this.#opened) opened.destroy();
  }
}

export function pingCall(seqId = 1): Buffer {
  return Buffer.concat(encodeCall("ping", seqId, PING));
}

/** The bytes of a pwrite up to its data, of which `length` bytes must follow, and then {@link STOPS}. */
export function pwriteHead(length: number): Buffer {
  const whole = Buffer.concat(encodeCall("pwrite", 1, PWRITE));
  const head = Buffer.from(whole.subarray(0, -STOPS.length));
  head.writeInt32BE(length, head.length - 4);
  return head;
}

export const STOPS = Buffer.alloc(2);

/** Lets the event loop turn, sockets included. */
export async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Waits until the condition holds; gives up after very many turns. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let left = 100_000; left > 0; left -= 1) {
    if (condition()) return;
    await turns(1);
  }
  assert(false, `waited in vain for ${what}`);
}

/** A promise that a test settles. */
export function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, opened: promise };
}
