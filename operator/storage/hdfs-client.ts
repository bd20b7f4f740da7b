// WebHDFS spoken to the NameNode that leads, and to the DataNodes (or the gateway) it sends us to. Every
// request of the driver goes through here: who is asked, with which credentials, for how long, and what its
// failure means. One try of each request per NameNode; retries are the layers'.
//
// Credentials go to the configured addresses only. To a DataNode goes what the NameNode has put into its
// own redirect, and nothing else: no header, no cookie.
import type { IncomingMessage } from "node:http";
import { must } from "../assert.ts";
import type { Clock } from "../clock.ts";
import type { Agents } from "./connection.ts";
import { StorageError } from "./errors.ts";
import type { HdfsCall } from "./hdfs-errors.ts";
import { classifyHdfsAnswer, classifyHdfsFailure, isNotLeading, isSilent } from "./hdfs-errors.ts";
import { exchange, readBody } from "./hdfs-http.ts";
import type { HdfsCredentials, HdfsSettings } from "./hdfs-settings.ts";
import { within } from "./within.ts";

/** What a request is for. */
export interface Purpose {
  /** The contract's method. */
  readonly operation: string;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
}

export interface HdfsTimeouts {
  readonly connectMs: number;
  /** An answer of one NameNode. */
  readonly nameNodeMs: number;
  /** A request with its body, until it is answered. */
  readonly requestMs: number;
  /** Between two chunks of a body that is waited for. */
  readonly stallMs: number;
}

/** One WebHDFS operation. */
export interface Op {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly op: string;
  /** Absolute, not encoded. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
}

export interface HdfsClientOptions {
  /** Each with its path, `…/webhdfs/v1`. At least one. */
  readonly nameNodes: readonly URL[];
  readonly settings: Pick<HdfsSettings, "user" | "credentials">;
  readonly agents: Agents;
  readonly clock: Clock;
  readonly timeouts: HdfsTimeouts;
  /** Begins the places in messages: `hdfs://name`. */
  readonly origin: string;
}

/** What a NameNode says: JSON, somewhere else to go, or (old gateways) the file itself. */
type Answer =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "elsewhere"; readonly url: URL; readonly asked: URL }
  | { readonly kind: "body"; readonly message: IncomingMessage };

const BINARY = { "content-type": "application/octet-stream" };
/** A folder of many hundred thousand files, where a gateway cannot list by pages. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const REFUSAL_BYTES_MAX = 1024 * 1024;

export class HdfsClient {
  readonly clock: Clock;
  readonly timeouts: HdfsTimeouts;
  readonly #options: HdfsClientOptions;
  /** Of the NameNode that answered last. */
  #active = 0;

  constructor(options: HdfsClientOptions) {
    this.clock = options.clock;
    this.timeouts = options.timeouts;
    this.#options = options;
  }

  /** A question to the NameNode. Resolves with its JSON, `undefined` where there is none. */
  async ask(purpose: Purpose, op: Op): Promise<unknown> {
    return await this.#atNameNode(purpose, op, async (answer) => {
      if (answer.kind === "json") return answer.value;
      throw this.#misled(purpose, op, "a redirect");
    });
  }

  /** Bytes to where the NameNode says. */
  async write(purpose: Purpose, op: Op, body: Buffer): Promise<void> {
    await this.#atNameNode(purpose, op, async (answer) => {
      // Success without a byte sent would be data lost.
      if (answer.kind !== "elsewhere") throw this.#misled(purpose, op, "no place to write to");
      const { url, asked } = answer;
      const call = this.#call(purpose, op, url, "dataNode");
      await this.#within(this.timeouts.requestMs, call, purpose, async (signal) => {
        const headers = { ...BINARY, ...(await this.#headersFor(url, asked)) };
        const message = await this.#send({ method: op.method, url, headers, body }, signal);
        const wanted = op.op === "CREATE" ? 201 : 200;
        if (message.statusCode !== wanted) throw await refusal(message, call, signal);
        await readBody(message, REFUSAL_BYTES_MAX, signal);
      });
    });
  }

  /** Bytes from where the NameNode says: the answer whose body is the file, unread. */
  async open(purpose: Purpose, op: Op): Promise<IncomingMessage> {
    return await this.#atNameNode(purpose, op, async (answer) => {
      if (answer.kind === "body") return answer.message;
      if (answer.kind === "json") throw this.#misled(purpose, op, "no place to read from");
      const { url, asked } = answer;
      const call = this.#call(purpose, op, url, "dataNode");
      return await this.#within(this.timeouts.requestMs, call, purpose, async (signal) => {
        const headers = await this.#headersFor(url, asked);
        const message = await this.#send({ method: "GET", url, headers }, signal);
        // A login page would be read as the file, a piece with every try.
        if (message.statusCode !== 200 || !isContent(message)) {
          throw await refusal(message, call, signal);
        }
        return message;
      });
    });
  }

  /** The error to throw for what broke a body off. */
  failure(error: unknown, { operation, key }: Purpose, path: string): Error {
    const place = this.place(path);
    return classifyHdfsFailure(error, {
      operation,
      key,
      place,
      host: "its host",
      role: "dataNode",
    });
  }

  place(path: string): string {
    return `${this.#options.origin}${path}`;
  }

  /**
   * Asks the one that led last, then the others, each once. A standby may redirect a CREATE as if it led: then
   * the DataNode says so, and the next is asked too.
   */
  async #atNameNode<T>(purpose: Purpose, op: Op, use: (answer: Answer) => Promise<T>): Promise<T> {
    const { nameNodes } = this.#options;
    const failures: StorageError[] = [];
    const first = this.#active;
    for (let step = 0; step < nameNodes.length; step += 1) {
      const index = (first + step) % nameNodes.length;
      let hasAnswered = false;
      try {
        const answer = await this.#askOne(must(nameNodes[index]), purpose, op);
        hasAnswered = true;
        const value = await use(answer);
        this.#active = index;
        return value;
      } catch (error) {
        if (!isNotLeading(error) && (hasAnswered || !isSilent(error))) throw error;
        failures.push(error);
      }
    }
    throw mostTelling(failures);
  }

  async #askOne(nameNode: URL, purpose: Purpose, op: Op): Promise<Answer> {
    const call = this.#call(purpose, op, nameNode, "nameNode");
    return await this.#within(this.timeouts.nameNodeMs, call, purpose, async (signal) => {
      const credentials = await this.#options.settings.credentials?.();
      const url = urlOf(nameNode, op, this.#identity(credentials));
      const headers = basic(credentials);
      const message = await this.#send({ method: op.method, url, headers }, signal);
      return await answerOf(message, { op, call, asked: nameNode, signal });
    });
  }

  #send(request: Parameters<typeof exchange>[1], signal: AbortSignal): Promise<IncomingMessage> {
    const { agents, clock, timeouts } = this.#options;
    return exchange({ agents, clock, connectMs: timeouts.connectMs }, request, signal);
  }

  #identity(credentials: HdfsCredentials | undefined): Record<string, string> {
    // HDFS refuses both together.
    if (credentials?.kind === "token") return { delegation: credentials.token.reveal() };
    const { user } = this.#options.settings;
    return user === undefined ? {} : { "user.name": user };
  }

  /** A gateway sends us to itself; only then does it see the password again. */
  async #headersFor(url: URL, asked: URL): Promise<Record<string, string>> {
    if (url.origin !== asked.origin) return {};
    return basic(await this.#options.settings.credentials?.());
  }

  /** Runs within the limit and the caller's signal. Rejects with a `StorageError`, or the signal's reason. */
  async #within<T>(
    limitMs: number,
    call: HdfsCall,
    { signal }: Purpose,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    try {
      const late = () => silent(call, limitMs);
      return await within({ clock: this.clock, limitMs, signal, late }, run);
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      throw classifyHdfsFailure(error, call);
    }
  }

  #call(
    { operation, key }: Purpose,
    { path }: Op,
    { host }: URL,
    role: HdfsCall["role"],
  ): HdfsCall {
    return { operation, key, place: this.place(path), host, role };
  }

  #misled({ operation, key }: Purpose, { op, path }: Op, what: string): StorageError {
    return new StorageError(
      "wrongConfiguration",
      `${operation} of ${this.place(path)}: ${op} was answered with ${what}`,
      {
        operation,
        key,
        reason: "WrongEndpoint",
        advice: "check that hdfs.nameNodes are addresses of WebHDFS",
      },
    );
  }
}

function urlOf(nameNode: URL, { op, path, params }: Op, identity: Record<string, string>): URL {
  const url = new URL(nameNode);
  // By hand: a URL's own setters leave `%41` as it is, and its query writes a space as `+`.
  const query = Object.entries({ op, ...identity, ...params, noredirect: "true" });
  const search = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  url.pathname += path.split("/").map(encodeURIComponent).join("/");
  url.search = search;
  return url;
}

function basic(credentials: HdfsCredentials | undefined): Record<string, string> {
  if (credentials?.kind !== "basic") return {};
  const { user, password } = credentials;
  const pair = Buffer.from(`${user}:${password.reveal()}`).toString("base64");
  return { authorization: `Basic ${pair}` };
}

async function answerOf(
  message: IncomingMessage,
  how: {
    readonly op: Op;
    readonly call: HdfsCall;
    readonly asked: URL;
    readonly signal: AbortSignal;
  },
): Promise<Answer> {
  const { op, call, asked, signal } = how;
  const { statusCode, headers } = message;
  if (statusCode === 307 && headers.location !== undefined) {
    message.resume();
    return elsewhere(headers.location, call, asked);
  }
  if (statusCode !== 200) throw await refusal(message, call, signal);
  const binary = headers["content-type"]?.startsWith("application/octet-stream") === true;
  if (op.op === "OPEN" && binary) return { kind: "body", message };
  const text = (await readBody(message, ANSWER_BYTES_MAX, signal)).toString();
  if (text === "") return { kind: "json", value: undefined };
  const value = parse(text);
  if (value === undefined) throw classifyHdfsAnswer({ status: 200, headers, body: text }, call);
  const { Location } = value as { readonly Location?: unknown };
  if (typeof Location === "string") return elsewhere(Location, call, asked);
  return { kind: "json", value };
}

/** A DataNode says what it sends; what says nothing is held against its length. */
function isContent({ headers: { "content-type": type } }: IncomingMessage): boolean {
  return type === undefined || type.startsWith("application/octet-stream");
}

function parse(text: string): object | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function elsewhere(location: string, call: HdfsCall, asked: URL): Answer {
  const url = URL.canParse(location, asked) ? new URL(location, asked) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return { kind: "elsewhere", url, asked };
  throw classifyHdfsAnswer({ status: 307, headers: {}, body: "a redirect to no address" }, call);
}

async function refusal(
  message: IncomingMessage,
  call: HdfsCall,
  signal: AbortSignal,
): Promise<StorageError> {
  const { statusCode: status = 0, headers } = message;
  // Words that break off are no refusal but a connection that broke: the status alone would make of every 403,
  // which HDFS answers for nearly everything, a missing right.
  const body = await readBody(message, REFUSAL_BYTES_MAX, signal);
  return classifyHdfsAnswer({ status, headers, body: body.toString() }, call);
}

function silent({ operation, key, place, host }: HdfsCall, limitMs: number): StorageError {
  const message = `${operation} of ${place} had no answer from ${host} in ${limitMs} ms`;
  return new StorageError("timeout", message, { operation, key, reason: "EndpointUnreachable" });
}

/** Of what all NameNodes said: what a person must know first, with the others' words. */
function mostTelling(failures: readonly StorageError[]): StorageError {
  const by = (reason: string) => failures.find((error) => error.detail.reason === reason);
  const first = must(by("StoreReadOnly") ?? by("NameNodeStandby") ?? failures[0], "a NameNode");
  if (failures.length === 1) return first;
  const others = failures.filter((error) => error !== first).map((error) => error.what);
  const message = `no NameNode answers as the active one: ${[first.what, ...others].join("; and ")}`;
  return new StorageError(first.kind, message, first.detail);
}
