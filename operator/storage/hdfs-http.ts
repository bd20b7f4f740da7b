// One HTTP exchange over Node's own client, with what it leaves to its callers: a limit on connecting, and
// sockets that really end when a signal says so. Nothing is followed, decoded or tried again here.
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Clock } from "../clock.ts";
import type { Agents } from "./connection.ts";

export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  /** Belongs to the exchange until it has ended. */
  readonly body?: Buffer | undefined;
}

export interface Wire {
  readonly agents: Agents;
  readonly clock: Clock;
  readonly connectMs: number;
}

/**
 * Resolves with the head of the answer, whose body somebody must read or destroy. The signal ends the
 * connection until then, and no longer.
 */
export async function exchange(
  { agents, clock, connectMs }: Wire,
  { method, url, headers, body = Buffer.alloc(0) }: Exchange,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const secure = url.protocol === "https:";
  const length = method === "GET" || method === "DELETE" ? {} : { "content-length": body.length };
  const options = { method, headers: { ...headers, ...length } };
  const request = secure
    ? requestHttps(url, { ...options, agent: agents.https })
    : requestHttp(url, { ...options, agent: agents.http });
  const stop = () => request.destroy(signal.reason as Error);
  // Packets that are swallowed must not cost the time that an answer may take.
  const cancel = clock.after(connectMs, () => {
    if (request.socket?.connecting !== true) return;
    const late = new Error(`no connection to ${url.host} in ${connectMs} ms`);
    request.destroy(Object.assign(late, { code: "ETIMEDOUT" }));
  });
  const done = () => {
    cancel();
    signal.removeEventListener("abort", stop);
  };
  signal.addEventListener("abort", stop, { once: true });
  request.on("response", (response) => {
    done();
    resolve(response);
  });
  // It stays: a server that answers before it has read everything may close the connection afterwards.
  request.on("error", (error) => {
    done();
    reject(error);
  });
  request.end(body);
  return await promise;
}

/** The whole body. One that is longer than `bytesMax` or breaks off rejects. */
export async function readBody(
  message: IncomingMessage,
  bytesMax: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const stop = () => message.destroy(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of message as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > bytesMax) throw new Error(`the answer has more than ${bytesMax} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    signal.removeEventListener("abort", stop);
    message.destroy();
  }
}
