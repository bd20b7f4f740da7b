// How a proxy carries out what fault-script.ts names: on bodies that go up, on answers that come down.
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Harm } from "./fault-script.ts";

/** Passes a request's body on, or what the harm leaves of it. */
export function sendUp(
  request: IncomingMessage,
  upstream: ClientRequest,
  harm: Harm | undefined,
): void {
  if (harm?.do === "damageUp") {
    // In the middle: what stands before and after content is not what is damaged here.
    let left = Math.floor(Number(request.headers["content-length"] ?? 0) / 2);
    request.on("data", (chunk: Buffer) => {
      if (left >= 0 && left < chunk.length) chunk[left] = (chunk[left] ?? 0) ^ 1;
      left -= chunk.length;
    });
  }
  if (harm?.do === "resetUp") {
    let seen = 0;
    request.on("data", (chunk: Buffer) => {
      seen += chunk.length;
      if (seen >= harm.afterBytes) cutUp(request, upstream);
    });
    // One without so long a body never leaves: the server must not hear of it.
    if (Number(request.headers["content-length"] ?? 0) <= harm.afterBytes) {
      cutUp(request, upstream);
      return;
    }
  }
  request.pipe(upstream);
}

function cutUp(request: IncomingMessage, upstream: ClientRequest): void {
  upstream.destroy();
  request.socket.resetAndDestroy();
}

/** Passes an answer's body on, or what the harm leaves of it; its head is written already. */
export async function sendDown(
  answer: Readable,
  response: ServerResponse,
  harm: Harm | undefined,
): Promise<void> {
  if (harm?.do === "trickleDown") return trickle(answer, response, harm);
  if (harm?.do !== "cutDown") {
    answer.pipe(response);
    return;
  }
  await sendSome(answer, response, harm.afterBytes);
  if (harm.how === "reset") response.socket?.resetAndDestroy();
  if (harm.how === "end") response.socket?.end();
}

async function trickle(
  answer: Readable,
  response: ServerResponse,
  { pieceBytes, pauseMs }: { readonly pieceBytes: number; readonly pauseMs: number },
): Promise<void> {
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      response.write(chunk.subarray(at, at + pieceBytes));
      await sleep(pauseMs);
    }
  }
  response.end();
}

/** Sends the headers and the first bytes, and waits until they are gone. */
async function sendSome(answer: Readable, response: ServerResponse, bytes: number): Promise<void> {
  response.flushHeaders();
  let left = bytes;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const some = chunk.subarray(0, left);
    left -= some.length;
    await new Promise<void>((resolve) => {
      response.write(some, () => resolve());
    });
    if (left <= 0) return;
  }
}

/** With one bit changed. */
export function flipped(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  if (changed.length > 0) changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
  return changed;
}

/** A page of some load balancer or login. */
export function sendPage(response: ServerResponse, { status }: { readonly status: number }): void {
  response.writeHead(status, { "content-type": "text/html" });
  response.end("<html><head><title>sorry</title></head><body><hr>later<br></body></html>");
}

export async function collect(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
