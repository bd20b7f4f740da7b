// What stands before fake-gcs-server so that it is no kinder than Google: tokens are looked at, resumable uploads are
// Google's own (gcs-sessions.ts), preconditions hold, and a 404 says what is missing. All else passes.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as sendRequest } from "node:http";
import type { FakeGcs, FakeGcsOptions } from "./fake-gcs.ts";
import { startFakeGcs } from "./fake-gcs.ts";
import { GcsIdentities } from "./gcs-identity.ts";
import type { GcsOperation, GcsRequest } from "./gcs-request.ts";
import { readGcsRequest } from "./gcs-request.ts";
import { GcsSessions } from "./gcs-sessions.ts";
import { LOOPBACK, portOf } from "./loopback.ts";

export interface GcsServer {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** A bucket that exists and is empty at the start. */
  readonly bucket: string;
  /** The text of a key file that may do everything. */
  readonly credentials: string;
  /** Who may. */
  readonly identities: GcsIdentities;
  /** fake-gcs-server itself, which asks for no token. */
  readonly behind: string;
  /** Every request that came, in order. */
  readonly requests: readonly GcsRequest[];
  /** Keys of uploads that were begun and neither completed nor cancelled. */
  openUploads(): readonly string[];
  stop(): Promise<void>;
}

/** Starts both. Rejects when fake-gcs-server is not installed. */
export async function startGcs(options: FakeGcsOptions = {}): Promise<GcsServer> {
  const fake = await startFakeGcs(options);
  const identities = new GcsIdentities();
  const front = new Front(fake, identities);
  const server = createServer((request, response) => {
    // A client that goes away in the middle is part of the game.
    front.serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  return {
    endpoint: `http://${LOOPBACK}:${portOf(server)}`,
    bucket: fake.bucket,
    credentials: identities.addAccount(),
    identities,
    behind: fake.endpoint,
    requests: front.requests,
    openUploads: () => front.sessions.open(),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      front.agent.destroy();
      await fake.stop();
    },
  };
}

interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

const CHANGED: Refusal = {
  status: 412,
  reason: "conditionNotMet",
  message: "At least one of the pre-conditions you specified did not hold.",
};

/** Which parameter names the generation that the object of the path must have. */
const CONDITIONS: Partial<Record<GcsOperation, string>> = {
  ReadObject: "ifGenerationMatch",
  DeleteObject: "ifGenerationMatch",
  RewriteObject: "ifSourceGenerationMatch",
};

class Front {
  readonly requests: GcsRequest[] = [];
  readonly agent = new Agent({ keepAlive: true });
  readonly sessions = new GcsSessions((about, body) => this.#store(about, body));
  readonly #fake: FakeGcs;
  readonly #identities: GcsIdentities;

  constructor(fake: FakeGcs, identities: GcsIdentities) {
    this.#fake = fake;
    this.#identities = identities;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    const about = readGcsRequest(request);
    this.requests.push(about);
    const refusal = await this.#refusal(request, about);
    if (refusal !== undefined) {
      request.resume();
      refuse(response, refusal);
    } else if (about.operation === "BeginUpload") {
      await this.#begin(request, response, about.key);
    } else if (about.query.has("upload_id")) {
      await this.#session(request, response, about);
    } else this.#forward(request, response, about);
  }

  async #refusal(request: IncomingMessage, about: GcsRequest): Promise<Refusal | undefined> {
    if (!this.#identities.accepts(request.headers.authorization, Date.now())) {
      return { status: 401, reason: "authError", message: "Invalid Credentials" };
    }
    if (!(await this.#hasBucket(about.bucket))) {
      const message = "The specified bucket does not exist.";
      return { status: 404, reason: "notFound", message };
    }
    const wanted = about.query.get(CONDITIONS[about.operation] ?? "");
    if (wanted === null) return undefined;
    const generation = await this.#generation(about);
    return generation === undefined || generation === wanted ? undefined : CHANGED;
  }

  async #hasBucket(bucket: string): Promise<boolean> {
    if (bucket === this.#fake.bucket) return true;
    return (await fetch(`${this.#fake.endpoint}/storage/v1/b/${bucket}`)).ok;
  }

  async #generation({ bucket, key }: GcsRequest): Promise<string | undefined> {
    const path = `/storage/v1/b/${bucket}/o/${encodeURIComponent(key)}`;
    const answer = await fetch(`${this.#fake.endpoint}${path}`);
    if (!answer.ok) return undefined;
    return ((await answer.json()) as { readonly generation: string }).generation;
  }

  async #begin(request: IncomingMessage, response: ServerResponse, key: string): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const id = this.sessions.begin(key, Buffer.concat(chunks).toString());
    const location = `http://${request.headers.host ?? ""}${request.url ?? ""}&upload_id=${id}`;
    response.writeHead(200, { location, "x-guploader-uploadid": id }).end();
  }

  async #session(
    request: IncomingMessage,
    response: ServerResponse,
    { operation, query }: GcsRequest,
  ): Promise<void> {
    const id = query.get("upload_id") ?? "";
    if (operation === "CancelUpload") request.resume();
    const { status, headers, text } =
      operation === "CancelUpload"
        ? this.sessions.cancel(id)
        : await this.sessions.put(id, request);
    const type = status === 200 ? "application/json; charset=UTF-8" : "text/plain; charset=utf-8";
    response.writeHead(status, { "content-type": type, ...headers }).end(text);
  }

  /** Passed on; a 404 gets Google's words. */
  #forward(request: IncomingMessage, response: ServerResponse, about: GcsRequest): void {
    const { hostname, port } = new URL(this.#fake.endpoint);
    const { method, url: path, headers } = request;
    const behind = sendRequest({ hostname, port, method, path, headers, agent: this.agent });
    behind.on("error", () => response.destroy());
    response.on("close", () => behind.destroy());
    behind.on("response", (answer) => {
      answer.on("error", () => response.destroy());
      if (answer.statusCode === 404) {
        answer.resume();
        const message = `No such object: ${about.bucket}/${about.key}`;
        refuse(response, { status: 404, reason: "notFound", message });
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(behind);
  }

  async #store(about: string, body: Buffer) {
    const edge = "part-of-a-whole";
    const type = "content-type: application/octet-stream";
    const head = `--${edge}\r\ncontent-type: application/json\r\n\r\n${about}\r\n--${edge}\r\n${type}\r\n\r\n`;
    const url = `${this.#fake.endpoint}/upload/storage/v1/b/${this.#fake.bucket}/o?uploadType=multipart`;
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": `multipart/related; boundary=${edge}` },
      body: Buffer.concat([Buffer.from(head), body, Buffer.from(`\r\n--${edge}--\r\n`)]),
    });
    return { status: answer.status, text: await answer.text() };
  }
}

function refuse(response: ServerResponse, { status, reason, message }: Refusal): void {
  const errors = [{ domain: "global", reason, message }];
  response
    .writeHead(status, { "content-type": "application/json; charset=UTF-8" })
    .end(JSON.stringify({ error: { code: status, message, errors } }));
}
