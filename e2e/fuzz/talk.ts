// One connection of a hostile caller: sends what it is told, as it is told, and says what came back. Every
// conversation has an end: once the caller has closed its side, the agent has nothing to wait for.
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ByteQueue } from "../../operator/broker/byte-queue.ts";
import { FrameReader, type Steps } from "../../operator/broker/codec-reader.ts";
import { MESSAGE, REPLY_LIMITS } from "../../operator/broker/codec-wire.ts";
import { APPLICATION_EXCEPTION, isMethodName, METHODS } from "../../operator/broker/protocol.ts";

/** Generous: eight other programs may run on this machine. What takes longer hangs. */
export const HANG_MS = 60_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Answer {
  readonly name: string;
  readonly isException: boolean;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Connects; the socket's errors are its own business: whoever attacks is thrown out now and then. */
export async function open({ host, port }: Address): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  return socket;
}

/** Sends the pieces, each on its own, closes the sending side, and waits for the end. */
export async function talk(at: Address, pieces: readonly Buffer[]): Promise<Buffer> {
  const socket = await open(at);
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.once("end", () => resolve());
  });
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    // A turn, so that pieces travel on their own.
    if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  if (!socket.destroyed) socket.end();
  try {
    await inTime(closed, `the end of a connection that sent ${preview(Buffer.concat(pieces))}`);
  } finally {
    socket.destroy();
  }
  return Buffer.concat(received);
}

/** Rejects when it takes so long that it counts as hanging. */
export async function inTime<T>(work: Promise<T>, what: string): Promise<T> {
  const timer = new AbortController();
  const late = sleep(HANG_MS, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} did not come within ${HANG_MS} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** The complete answers in what was received. Throws for bytes that are none. */
export function answersIn(received: Buffer): readonly Answer[] {
  const queue = new ByteQueue();
  queue.push(received);
  const answers: Answer[] = [];
  for (;;) {
    const step = answer(queue).next();
    // A connection that is cut may be cut in the middle of an answer.
    if (queue.length === 0 || step.done !== true) {
      if (step.done === true) answers.push(step.value);
      return answers;
    }
    answers.push(step.value);
  }
}

function* answer(queue: ByteQueue): Steps<Answer> {
  const reader = new FrameReader(queue, REPLY_LIMITS);
  const { name, type } = yield* reader.header();
  if (type === MESSAGE.EXCEPTION) {
    return { name, isException: true, value: yield* reader.struct(APPLICATION_EXCEPTION) };
  }
  if (type !== MESSAGE.REPLY || !isMethodName(name)) throw new Error(`an answer to ${name}?`);
  const { success } = yield* reader.struct(METHODS[name].result);
  if (reader.problem !== undefined) throw new Error(`a wrong answer: ${reader.problem}`);
  return { name, isException: false, value: success as Answer["value"] };
}

/** For messages: enough to see what it was. */
export function preview(bytes: Buffer): string {
  return `${bytes.length} bytes ${bytes.subarray(0, 200).toString("hex")}`;
}
