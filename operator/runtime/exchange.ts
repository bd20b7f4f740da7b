// One HTTP exchange, and its body: as bounded text, or as lines of bounded length.
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as requestPlain } from "node:http";
import type { RequestOptions } from "node:https";
import { request as requestTls } from "node:https";

/** Whom to speak to and as whom. Holds credentials: never logged. */
export interface Target {
  /** May have a path of its own, which comes before all others. */
  readonly server: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly options: RequestOptions;
}

export interface WireRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Resolves with the head of the answer; its body is still to be read, or destroyed. */
export async function exchange(
  { server, headers: identifying, options }: Target,
  request: WireRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const url = new URL(server.pathname.replace(/\/$/, "") + request.path, server);
  const send = url.protocol === "http:" ? requestPlain : requestTls;
  const body = request.body === undefined ? undefined : Buffer.from(request.body);
  const headers = {
    ...identifying,
    ...request.headers,
    ...(body !== undefined && { "content-length": body.length }),
  };
  return await new Promise((resolve, reject) => {
    const sent: ClientRequest = send(url, { ...options, method: request.method, headers, signal });
    sent.on("error", reject);
    sent.on("response", (answer) => {
      // Whoever reads it sees the error; without a listener it would end the process.
      answer.on("error", () => {});
      resolve(answer);
    });
    sent.end(body);
  });
}

export async function readText(body: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`the answer is longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const NEWLINE = 0x0a;

/** Lines without their ends, as they come. A last one without an end is cut off, and not given out. */
export async function* readLines(
  body: AsyncIterable<Buffer>,
  bytesMax: number,
): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...begun, chunk.subarray(start, end)]).toString("utf8");
      begun = [];
      begunBytes = 0;
      start = end + 1;
      yield line;
    }
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > bytesMax) throw new Error(`a line is longer than ${bytesMax} bytes`);
  }
}
