// How each identity becomes a token, by Google's own library. It is loaded when it is first needed: an agent on another
// store does without its 20 MiB.
//
// - A key signs its tokens itself (a JWT that the store takes as it is): nobody is asked.
// - A federation gives the token in a file to Google's STS, and takes a service account on where it says so.
// - The process's own identity comes from the metadata server, past any proxy.
//
// The library's requests go over our client, and it must not repeat them: its retries know no signal and no log.
import type { gaxios } from "google-auth-library";
import { readFile } from "node:fs/promises";
import type { Clock } from "../clock.ts";
import { redact } from "../log.ts";
import type { StorageErrorKind, StorageReason } from "./errors.ts";
import { StorageError, isStorageError } from "./errors.ts";
import type { Federation, GcsIdentity, ServiceAccountKey } from "./gcs-credentials.ts";
import type { HttpClient } from "./gcs-http.ts";
import { readText } from "./gcs-http.ts";
import { classifyNetworkCode, codeOf } from "./network-errors.ts";

/** A token and when it ends; milliseconds since 1970. */
export interface Grant {
  readonly token: string;
  readonly expiresMs: number;
}

export interface GrantDeps {
  readonly http: HttpClient;
  /** For the metadata server, which no proxy reaches. */
  readonly direct: HttpClient;
  readonly clock: Clock;
}

const SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"];
const HOUR_MS = 3_600_000;

/** A new token. Without an identity: of the process's own. Rejects with a `StorageError`. */
export async function fetchGrant(
  identity: GcsIdentity | undefined,
  deps: GrantDeps,
  signal: AbortSignal,
): Promise<Grant> {
  try {
    if (identity === undefined) return await askMetadata(deps, signal);
    if (identity.type === "service_account") return await signToken(identity, deps);
    return await exchangeToken(identity, deps, signal);
  } catch (error) {
    throw failure(error);
  }
}

async function signToken(key: ServiceAccountKey, { clock }: GrantDeps): Promise<Grant> {
  const { JWT } = await import("google-auth-library");
  const client = new JWT({
    email: key.client_email,
    key: key.private_key,
    ...(key.private_key_id === undefined ? {} : { keyId: key.private_key_id }),
    scopes: SCOPES,
  });
  client.useJWTAccessWithScope = true;
  const expiresMs = clock.now() + HOUR_MS;
  let headers: Headers;
  try {
    headers = await client.getRequestHeaders();
  } catch {
    // Not the library's words, nor OpenSSL's: they may quote the key.
    throw credentialsError(
      ["wrongCredentials", "WrongCredentials"],
      "private_key is no PEM key that signs: take the JSON file as Google gave it",
    );
  }
  return { token: (headers.get("authorization") ?? "").replace(/^Bearer /, ""), expiresMs };
}

async function exchangeToken(
  federation: Federation,
  { http, clock }: GrantDeps,
  signal: AbortSignal,
): Promise<Grant> {
  await requireFile(federation.credential_source.file);
  const { IdentityPoolClient } = await import("google-auth-library");
  class Federated extends IdentityPoolClient {
    /** The library gives its STS client a transport of its own: without our authorities and proxy. */
    useOneTransport(): this {
      Object.assign(this.stsCredential, { transporter: this.transporter });
      return this;
    }
  }
  const client = new Federated({
    ...federation,
    scopes: SCOPES,
    transporterOptions: {
      adapter: adapter(http, signal) as NonNullable<gaxios.GaxiosOptions["adapter"]>,
      retryConfig: { retry: 0, noResponseRetries: 0 },
    },
  }).useOneTransport();
  const { token } = await client.getAccessToken();
  if (typeof token !== "string" || token === "") throw new Error("the answer has no token");
  return { token, expiresMs: client.credentials.expiry_date ?? clock.now() + HOUR_MS };
}

async function requireFile(path: string): Promise<void> {
  try {
    await readFile(path);
  } catch (error) {
    throw credentialsError(
      ["wrongCredentials", "NoCredentials"],
      `${path}, which credential_source names, cannot be read (${codeOf(error)}): mount the projected token there`,
    );
  }
}

function adapter(http: HttpClient, signal: AbortSignal) {
  return async (options: gaxios.GaxiosOptionsPrepared): Promise<gaxios.GaxiosResponse> => {
    const { url, method = "GET", headers } = options;
    const body = options.body instanceof URLSearchParams ? options.body.toString() : options.body;
    const request = {
      method,
      url,
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...Object.fromEntries(headers.entries()),
      },
      body: typeof body === "string" ? [Buffer.from(body)] : [],
    };
    const answer = await http.send(request, signal);
    const text = await readText(answer);
    if (answer.status !== 200) throw refused(url.hostname, answer.status, text);
    return Object.assign(new Response(text), {
      config: options,
      data: JSON.parse(text) as unknown,
    }) as gaxios.GaxiosResponse;
  };
}

const METADATA_PATH = "/computeMetadata/v1/instance/service-accounts/default/token";

async function askMetadata({ direct, clock }: GrantDeps, signal: AbortSignal): Promise<Grant> {
  const host = process.env["GCE_METADATA_HOST"] ?? "metadata.google.internal";
  const url = new URL(`http://${host}${METADATA_PATH}?scopes=${SCOPES.join(",")}`);
  const headers = { "metadata-flavor": "Google" };
  try {
    const answer = await direct.send({ method: "GET", url, headers }, signal);
    const text = await readText(answer);
    if (answer.status >= 500) throw refused(host, answer.status, text);
    // What else answers at such an address, as on other clouds, does not say this.
    if (answer.status !== 200 || answer.headers["metadata-flavor"] !== "Google") {
      throw credentialsError(
        ["wrongCredentials", "NoCredentials"],
        `the metadata server has no token for this pod (${answer.status}): ${GIVE_IDENTITY}`,
      );
    }
    const { access_token: token, expires_in: seconds } = JSON.parse(text) as MetadataToken;
    return { token, expiresMs: clock.now() + seconds * 1000 };
  } catch (error) {
    if (isStorageError(error)) throw error;
    // It is not there in a pod's first seconds on GKE: worth another try.
    throw credentialsError(
      ["unavailable", "NoCredentials"],
      `no metadata server answers at ${host} (${codeOf(error)}): ${GIVE_IDENTITY}`,
    );
  }
}

interface MetadataToken {
  readonly access_token: string;
  readonly expires_in: number;
}

const GIVE_IDENTITY =
  "name a Secret in credentialsSecret, or give the pod's service account an identity (Workload Identity)";

/** What STS or a metadata server said instead of giving a token. */
function refused(host: string, status: number, text: string): StorageError {
  const said = wordsOf(text);
  const what = `${host} gives no token: ${said.code} (${status}): ${said.words}`;
  if (status >= 500) return credentialsError(["unavailable", undefined], what);
  if (status === 429) return credentialsError(["throttled", undefined], what);
  if (status === 403 || said.code === "unauthorized_client") {
    return credentialsError(
      ["accessDenied", "RoleRefused"],
      `${what}; let this identity take the service account on (roles/iam.workloadIdentityUser)`,
    );
  }
  if (/\b(iat|nbf|timeframe|clock)\b/i.test(said.words)) {
    return credentialsError(
      ["unavailable", "ClockSkew"],
      `${what}; this node's clock differs too much from Google's: set it`,
    );
  }
  if (/expired|stale|\bexp\b/i.test(said.words)) {
    return credentialsError(
      ["wrongCredentials", "CredentialsExpired"],
      `${what}; the token in the file that credential_source names is over: see that it is renewed`,
    );
  }
  return credentialsError(
    ["wrongCredentials", "WrongCredentials"],
    `${what}; check audience, subject_token_type and the provider's conditions`,
  );
}

/** OAuth's form of an error, or that of Google's other services. Never the whole answer. */
function wordsOf(text: string): { readonly code: string; readonly words: string } {
  const known = parsed(text);
  const { error } = known;
  const inner = typeof error === "object" && error !== null ? (error as Words) : known;
  const code = typeof error === "string" ? error : inner.status;
  const words = typeof error === "string" ? known.error_description : inner.message;
  return {
    code: typeof code === "string" ? code : "refused",
    words: typeof words === "string" ? shortened(words) : "it says no more",
  };
}

function shortened(words: string): string {
  return redact(words.replace(/\s+/g, " ")).slice(0, 300);
}

interface Words {
  readonly error?: unknown;
  readonly error_description?: unknown;
  readonly status?: unknown;
  readonly message?: unknown;
}

function parsed(text: string): Words {
  try {
    return JSON.parse(text) as Words;
  } catch {
    return {};
  }
}

/** Whatever came up on the way. The library wraps what our adapter throws, with the request: only the core is kept. */
function failure(error: unknown): StorageError {
  for (let core = error; core instanceof Error; core = core.cause) {
    if (isStorageError(core)) return core;
    const row = classifyNetworkCode(codeOf(core));
    if (row !== undefined) {
      const advice = row.advice === undefined ? "" : `; ${row.advice}`;
      const what = `nobody gives a token: ${codeOf(core)}${advice}`;
      return credentialsError([row.kind, row.reason], what);
    }
  }
  const words = error instanceof Error ? shortened(error.message) : "unknown";
  return credentialsError(["unavailable", undefined], `nobody gives a token: ${words}`);
}

function credentialsError(
  [kind, reason]: readonly [StorageErrorKind, StorageReason | undefined],
  message: string,
): StorageError {
  return new StorageError(kind, message, { operation: "credentials", key: "", reason });
}
