// The AWS client, set up for our traffic. What would surprise:
// - It never retries (retrying.ts does) and never times out but for connecting (s3-bucket.ts does).
// - It does not ask for the store's consent (`Expect: 100-continue`) before a body: that costs a round
//   trip a part, and unless its agents are made here, a new connection for it.
// - Answers' checksums are not asked for: some stores send the whole object's with a range. What is
//   stored is protected by the md5 in its name; what is sent, by CRC32.
import { S3Client } from "@aws-sdk/client-s3";
import { systemClock } from "../clock.ts";
import type { Secret } from "../secret.ts";
import type { Connection } from "./connection.ts";
import { makeAgents } from "./connection.ts";
import type { S3Settings } from "./s3-settings.ts";

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret | undefined;
}

/** Gives the credentials of now; asked again every {@link RENEW_MS}. */
export type CredentialsSource = () => Promise<S3Credentials>;

const RENEW_MS = 5_000;
/** The client asks again for credentials that will be over in less than this. */
const CLIENT_FORESIGHT_MS = 300_000;

const MAX_SOCKETS = 128;
const CONNECT_TIMEOUT_MS = 5_000;

/** A client. Without credentials: the default chain (environment, web identity, pod, instance). */
export function makeS3Client(settings: S3Settings, connection: Connection = {}): S3Client {
  const { endpoint, credentials } = settings;
  const when = settings.checksumMode === "whenRequired" ? "WHEN_REQUIRED" : "WHEN_SUPPORTED";
  const client = new S3Client({
    region: settings.region ?? regionOfEnvironment(),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials: identityOf(credentials) }),
    forcePathStyle: settings.forcePathStyle ?? endpoint !== undefined,
    maxAttempts: 1,
    requestChecksumCalculation: when,
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
    requestHandler: requestHandler(connection),
  });
  leavePayloadUnsigned(client);
  // It prepares every input and output for a log that nobody reads: a tenth of a small put's CPU time.
  client.middlewareStack.remove("loggerMiddleware");
  return client;
}

function identityOf(credentials: S3Credentials | CredentialsSource) {
  if (typeof credentials !== "function") return reveal(credentials);
  return async () => ({
    ...reveal(await credentials()),
    expiration: new Date(systemClock.now() + CLIENT_FORESIGHT_MS + RENEW_MS),
  });
}

function reveal({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials) {
  return {
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
  };
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
