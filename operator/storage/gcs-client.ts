// Requests to Google Cloud Storage's JSON API with a token of now, sent plainly: why not by Google's client, ADR 14.
import type { Clock } from "../clock.ts";
import type { Secret } from "../secret.ts";
import type { Connection } from "./connection.ts";
import { makeAgents } from "./connection.ts";
import { readIdentityOfEnvironment } from "./gcs-environment.ts";
import type { HttpAnswer } from "./gcs-http.ts";
import { HttpClient } from "./gcs-http.ts";
import { GcsTokens } from "./gcs-tokens.ts";

export interface GcsRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** From the root, encoded; may carry a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: readonly Buffer[] | undefined;
}

export interface GcsClientOptions {
  /** Default: Google itself. */
  readonly endpoint?: string | undefined;
  /** Default: the process's own identity. */
  readonly credentials?: (() => Promise<Secret>) | undefined;
  readonly connection?: Connection | undefined;
  readonly maxSockets: number;
  readonly clock: Clock;
}

const ENDPOINT = "https://storage.googleapis.com";
const CONNECT_TIMEOUT_MS = 5_000;
/** To token and metadata servers. */
const TOKEN_SOCKETS = 4;

export class GcsClient {
  readonly #endpoint: string;
  readonly #http: HttpClient;
  readonly #tokens: GcsTokens;
  readonly #destroy: () => void;

  constructor(options: GcsClientOptions) {
    const { endpoint = ENDPOINT, connection = {}, maxSockets, clock } = options;
    const agents = makeAgents(connection, maxSockets);
    const directAgents = makeAgents({}, TOKEN_SOCKETS);
    const connectMs = connection.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    this.#endpoint = endpoint;
    this.#http = new HttpClient(agents, clock, connectMs);
    const direct = new HttpClient(directAgents, clock, connectMs);
    const credentials = options.credentials ?? readIdentityOfEnvironment();
    this.#tokens = new GcsTokens({ credentials }, { http: this.#http, direct, clock });
    this.#destroy = () => {
      for (const each of [agents, directAgents]) {
        each.http.destroy();
        each.https.destroy();
      }
    };
  }

  /**
   * Resolves with the head of any answer; its body must be read or destroyed. A request whose token is refused is sent
   * once more with another: keys are renewed and tokens taken back while jobs run.
   */
  async send(request: GcsRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const token = await this.#tokens.token();
    const answer = await this.#sendWith(token, request, signal);
    if (answer.status !== 401) return answer;
    this.#tokens.refused(token);
    // Why there is no other is told to the next call; this one has its answer.
    const another = await this.#tokens.token().catch(() => token);
    if (another === token) return answer;
    answer.body.destroy();
    return await this.#sendWith(another, request, signal);
  }

  async #sendWith(token: string, request: GcsRequest, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const { method, path, query = {}, headers = {}, body } = request;
    const url = new URL(path, this.#endpoint);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const authorization = `Bearer ${token}`;
    return await this.#http.send(
      { method, url, headers: { ...headers, authorization }, body },
      signal,
    );
  }

  /** Ends every connection. */
  destroy(): void {
    this.#destroy();
  }
}
