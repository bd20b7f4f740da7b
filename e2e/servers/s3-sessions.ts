// A small Security Token Service, and a front before an S3 server that lets in its sessions alone and ends them when it
// says: AWS' shortest is 15 minutes, and moto's never end. Kinder than AWS: signatures are not verified, only whose
// they say to be, and any role may be taken by who has the key.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as sendRequest } from "node:http";
import { LOOPBACK, portOf } from "./loopback.ts";

export interface S3SessionsOptions {
  /** The S3 server that asks nobody who they are. */
  readonly behind: string;
  /** The only key that may take a role. */
  readonly accessKeyId: string;
  /** How long a session lasts. */
  readonly lifeMs: number;
  /** How long it is said to last; longer than it does when it is taken back without a word. */
  readonly toldMs: number;
}

interface Session {
  readonly token: string;
  readonly secret: string;
  readonly endsMs: number;
  used: number;
}

export class S3Sessions {
  /** Of the S3 server and of STS. */
  endpoint = "";
  /** By access key id, in the order in which they were given. */
  readonly sessions = new Map<string, Session>();
  /** Requests with a session that had ended. */
  expired = 0;
  /** Requests of nobody. */
  refused = 0;
  readonly #options: S3SessionsOptions;
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });

  private constructor(options: S3SessionsOptions) {
    this.#options = options;
  }

  static async start(options: S3SessionsOptions): Promise<S3Sessions> {
    const front = new S3Sessions(options);
    front.#server.listen(0, LOOPBACK);
    await once(front.#server, "listening");
    front.endpoint = `http://${LOOPBACK}:${portOf(front.#server)}`;
    return front;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Nobody may see these. */
  secrets(): readonly string[] {
    return [...this.sessions.values()].flatMap(({ token, secret }) => [token, secret]);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    const { authorization = "" } = request.headers;
    const [, id = "", service = ""] =
      /Credential=([^/]+)\/\d+\/[^/]+\/(\w+)\//.exec(authorization) ?? [];
    if (service === "sts") {
      await this.#give(request, response, id);
      return;
    }
    const code = this.#refusal(id, request.headers["x-amz-security-token"]);
    if (code === undefined) this.#pass(request, response);
    else refuse(request, response, code);
  }

  #refusal(id: string, token: unknown): "ExpiredToken" | "InvalidAccessKeyId" | undefined {
    const session = this.sessions.get(id);
    if (session === undefined || session.token !== token) {
      this.refused += 1;
      return "InvalidAccessKeyId";
    }
    if (Date.now() >= session.endsMs) {
      this.expired += 1;
      return "ExpiredToken";
    }
    session.used += 1;
    return undefined;
  }

  async #give(request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const asked = new URLSearchParams(Buffer.concat(chunks).toString());
    if (id !== this.#options.accessKeyId || asked.get("Action") !== "AssumeRole") {
      this.refused += 1;
      refuse(request, response, "InvalidAccessKeyId");
      return;
    }
    const key = `ASIA${randomBytes(8).toString("hex").toUpperCase()}`;
    const [token, secret] = [randomBytes(24).toString("hex"), randomBytes(20).toString("hex")];
    const { lifeMs, toldMs } = this.#options;
    this.sessions.set(key, { token, secret, endsMs: Date.now() + lifeMs, used: 0 });
    const told = new Date(Date.now() + toldMs).toISOString();
    const arn = asked.get("RoleArn") ?? "";
    response
      .writeHead(200, { "content-type": "text/xml" })
      .end(
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>' +
          `<Credentials><AccessKeyId>${key}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey>` +
          `<SessionToken>${token}</SessionToken><Expiration>${told}</Expiration></Credentials>` +
          `<AssumedRoleUser><Arn>${arn}</Arn><AssumedRoleId>A:agent</AssumedRoleId></AssumedRoleUser>` +
          "</AssumeRoleResult></AssumeRoleResponse>",
      );
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { hostname, port } = new URL(this.#options.behind);
    const { method, url: path, headers } = request;
    const behind = sendRequest({ hostname, port, method, path, headers, agent: false });
    behind.on("error", () => response.destroy());
    response.on("close", () => behind.destroy());
    behind.on("response", (answer) => {
      answer.on("error", () => response.destroy());
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(behind);
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, code: string): void {
  request.resume();
  const status = code === "ExpiredToken" ? 400 : 403;
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>refused</Message></Error>`;
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(request.method === "HEAD" ? "" : body);
}
