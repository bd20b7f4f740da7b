// The AWS client, set up for our traffic. What would surprise:
// - It never retries (retrying.ts does) and never times out but for connecting (s3-bucket.ts does).
// - It does not ask for the store's consent (`Expect: 100-continue`) before a body: that costs a round
//   trip a part, and unless its agents are made here, a new connection for it.
// - Answers' checksums are not asked for: some stores send the whole object's with a range. What is
//   stored is protected by the md5 in its name; what is sent, by CRC32.
import { S3Client } from "@aws-sdk/client-s3";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import type { Connection } from "./connection.ts";
import { makeAgents } from "./connection.ts";
import { credentialsOf, makeIdentity, signWith } from "./s3-credentials.ts";
import { WEB_PAGE } from "./s3-error-rows.ts";
import type { IdentityDeps } from "./s3-identity.ts";
import type { S3Settings } from "./s3-settings.ts";

const MAX_SOCKETS = 128;
const CONNECT_TIMEOUT_MS = 5_000;

/** A client. Asks nobody for credentials before its first request. */
export function makeS3Client(
  settings: S3Settings,
  connection: Connection = {},
  deps: IdentityDeps = { clock: systemClock, log: silentLog },
): S3Client {
  const { endpoint } = settings;
  const when = settings.checksumMode === "whenRequired" ? "WHEN_REQUIRED" : "WHEN_SUPPORTED";
  const way = {
    region: settings.region ?? regionOfEnvironment(),
    requestHandler: requestHandler(connection),
  };
  const identity = makeIdentity(settings, way, deps);
  const client = new S3Client({
    ...way,
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials: credentialsOf(identity),
    forcePathStyle: settings.forcePathStyle ?? endpoint !== undefined,
    maxAttempts: 1,
    requestChecksumCalculation: when,
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
  });
  signWith(client, identity);
  leavePayloadUnsigned(client);
  refuseWebPages(client);
  // It prepares every input and output for a log that nobody reads: a tenth of a small put's CPU time.
  client.middlewareStack.remove("loggerMiddleware");
  return client;
}

function regionOfEnvironment(): string {
  return process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1";
}

function requestHandler(connection: Connection) {
  const { http, https } = makeAgents(connection, connection.maxSockets ?? MAX_SOCKETS);
  return {
    httpAgent: http,
    httpsAgent: https,
    connectionTimeout: connection.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    // The client would warn on the console about queued requests; the limit is meant.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  };
}

/**
 * Over TLS the SHA-256 of every body buys nothing (CRC32 and TLS stand) and costs a third of the CPU
 * time. Over plain http it stays: it is what keeps a body from being replaced.
 */
function leavePayloadUnsigned(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { protocol?: string; headers?: Record<string, string> };
      if (request.protocol === "https:" && request.headers !== undefined) {
        request.headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
      }
      return next(args);
    },
    { step: "build", name: "leavePayloadUnsigned" },
  );
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { destroy?(): void };
}

/**
 * A web page is no answer of a store's, whatever its status: a proxy's, a console's, one to log in at. The
 * client would take some for an empty answer. Pages with 5xx are of somebody who could not reach the store.
 */
function refuseWebPages(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { statusCode, headers, body } = result.response as Answer;
      const { method } = args.request as { readonly method: string };
      const isPage = hasBody(method, statusCode) && isWebPage(headers) && statusCode < 500;
      if (statusCode === 407 || (!isPage && !isPlainRefusal(statusCode, headers))) return result;
      body?.destroy?.();
      throw Object.assign(new Error("the answer is a web page or plain text"), {
        name: WEB_PAGE,
        $metadata: { httpStatusCode: statusCode },
      });
    },
    { step: "deserialize", priority: "low", name: "refuseWebPages" },
  );
}

/** Whatever type it is said to be: some servers give one to an answer without a body. */
function hasBody(method: string, status: number): boolean {
  return method !== "HEAD" && status !== 204;
}

/** What servers in Go say to http where they speak https. Stores say it in XML, or to HEAD in no words. */
function isPlainRefusal(status: number, headers: Readonly<Record<string, string>>): boolean {
  return status === 400 && (headers["content-type"] ?? "").startsWith("text/plain");
}

// An object may be one: its answer has an ETag.
function isWebPage(headers: Readonly<Record<string, string>>): boolean {
  return (headers["content-type"] ?? "").startsWith("text/html") && headers["etag"] === undefined;
}
