// An API server on loopback that answers as a test says, also as a well-behaved one never does, and a
// client of it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "../../assert.ts";
import { systemClock } from "../../clock.ts";
import type { Client, ClientOptions } from "../client.ts";
import { openApi } from "../client.ts";
import { RuntimeMetrics } from "../metrics.ts";
import { recordingLog } from "./recording-log.ts";

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export const TOKEN = "very-secret-token";

export class ScriptedServer {
  readonly log = recordingLog();
  readonly seen: Seen[] = [];
  /** One a request; the last one for all that follow. */
  answers: Answer[] = [];
  metrics = new RuntimeMetrics();
  readonly #folder: string;
  readonly #server: Server;
  readonly #clients: Client[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.#server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        this.seen.push({ method, url, headers, body });
        const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
        must(answer)(response, request);
      });
    });
  }

  static async start(): Promise<ScriptedServer> {
    const started = new ScriptedServer(await mkdtemp(join(tmpdir(), "client-")));
    await new Promise<void>((resolve) => {
      started.#server.listen(0, "127.0.0.1", resolve);
    });
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/base`;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  kubeconfig(user: object = { token: TOKEN }, server = this.url): string {
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "here",
      contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server } }],
      users: [{ name: "u", user }],
    });
  }

  async open(options: Partial<ClientOptions> = {}, text = this.kubeconfig()): Promise<Client> {
    await writeFile(this.path("config"), text);
    this.metrics = new RuntimeMetrics();
    const client = openApi({
      kubeconfig: this.path("config"),
      userAgent: "test/1",
      fieldManager: "tester",
      clock: systemClock,
      // Pauses as short as they come.
      random: () => 0,
      log: this.log,
      metrics: this.metrics,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
    await rm(this.#folder, { recursive: true });
  }
}

export const json =
  (status: number, value: object, headers = {}): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };

export const statusOf = (code: number, reason: string, headers = {}): Answer =>
  json(code, { kind: "Status", code, reason, message: `said ${reason}` }, headers);

export async function caught(call: Promise<unknown>): Promise<Error> {
  return await call.then(
    () => new Error("it did not fail"),
    (error: unknown) => error as Error,
  );
}
