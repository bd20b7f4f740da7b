// An STS for web identities and the S3 server behind it, as one endpoint. It checks of a token what AWS does after a
// trust policy of the documentation: who signed it, its end, its audience, its subject; and of every request that its
// session is one that it gave. Poorer than AWS: one role, and signatures of requests are not looked at.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request as sendRequest } from "node:http";
import { text } from "node:stream/consumers";
import type { ServiceAccountTokens } from "../kubernetes/tokens.ts";
import { LOOPBACK, portOf } from "./loopback.ts";

export interface WebIdentityOptions {
  readonly tokens: ServiceAccountTokens;
  readonly roleArn: string;
  /** What the role trusts. */
  readonly audience: string;
  readonly subject: string;
  /** http://host:port of the S3 server. */
  readonly upstream: string;
}

export interface WebIdentity {
  readonly endpoint: string;
  /** Tokens that were shown, good or not. */
  readonly shown: ReadonlySet<string>;
  /** Secrets of the sessions that it gave. */
  readonly sessions: ReadonlySet<string>;
  stop(): Promise<void>;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export async function startWebIdentity(options: WebIdentityOptions): Promise<WebIdentity> {
  const shown = new Set<string>();
  const sessions = new Set<string>();
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const asked = new URLSearchParams(await text(request));
    shown.add(asked.get("WebIdentityToken") ?? "");
    const refusal = refusalOf(asked, options);
    if (refusal !== undefined) {
      response.writeHead(refusal.status, XML).end(errorText(refusal));
      return;
    }
    const [id, session] = [`ASIA${randomUUID()}`, randomUUID()];
    sessions.add(session);
    response.writeHead(200, XML).end(sessionText(id, session));
  };
  const server = createServer((request, response) => {
    if (request.method === "POST" && request.url === "/") {
      take(request, response).catch(() => response.destroy());
    } else if (sessions.has(String(request.headers["x-amz-security-token"]))) {
      forward(request, response, options.upstream);
    } else {
      const message = "The AWS Access Key Id you provided does not exist in our records.";
      request.resume();
      response.writeHead(403, XML);
      response.end(errorText({ status: 403, code: "InvalidAccessKeyId", message }));
    }
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  return {
    endpoint: `http://${LOOPBACK}:${portOf(server)}`,
    shown,
    sessions,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** In AWS' words. */
function refusalOf(asked: URLSearchParams, options: WebIdentityOptions): Refusal | undefined {
  const said = options.tokens.read(asked.get("WebIdentityToken") ?? "");
  if (asked.get("Action") !== "AssumeRoleWithWebIdentity") {
    return { status: 400, code: "InvalidAction", message: "no such action" };
  }
  if (said === undefined) {
    const message = "No OpenIDConnect provider found in your account for this issuer";
    return { status: 400, code: "InvalidIdentityToken", message };
  }
  if (Date.now() / 1000 >= said.exp) {
    return { status: 400, code: "ExpiredTokenException", message: "Token expired" };
  }
  if (!said.aud.includes(options.audience)) {
    return { status: 400, code: "InvalidIdentityToken", message: "Incorrect token audience" };
  }
  if (said.sub === options.subject && asked.get("RoleArn") === options.roleArn) return undefined;
  const message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
  return { status: 403, code: "AccessDenied", message };
}

function forward(request: IncomingMessage, response: ServerResponse, upstream: string): void {
  const { hostname, port } = new URL(upstream);
  const { method, url: path, headers } = request;
  const forwarded = sendRequest({ hostname, port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  forwarded.on("error", () => response.destroy());
  request.on("error", () => forwarded.destroy());
  request.pipe(forwarded);
}

const XML = { "content-type": "text/xml" } as const;

function errorText({ code, message }: Refusal): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
}

function sessionText(id: string, session: string): string {
  const end = new Date(Date.now() + 3_600_000).toISOString();
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${session}</SecretAccessKey><SessionToken>${session}</SessionToken>
<Expiration>${end}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
}
