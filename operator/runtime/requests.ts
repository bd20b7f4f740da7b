// Requests to an API server under one policy: a limit of so many a second, a deadline for each, retries
// where nothing can happen twice (request-retry.ts), errors in our own terms, and a count of everything.
import type { IncomingMessage } from "node:http";
import type { Clock, Random } from "../clock.ts";
import { TransientError } from "../errors.ts";
import type { Log } from "../log.ts";
import { ApiError } from "./api.ts";
import { apiErrorFrom } from "./api-errors.ts";
import type { WireRequest } from "./exchange.ts";
import { exchange, readText } from "./exchange.ts";
import type { Identity } from "./kubeconfig.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import type { RateLimit } from "./rate-limit.ts";
import { TokenBucket } from "./rate-limit.ts";
import { retryPauseMs } from "./request-retry.ts";

export interface Request extends WireRequest {
  /** For metrics and messages. */
  readonly verb: string;
  readonly kind: string;
  /** Does not wait for the limit: a lease must be renewed however busy we are. */
  readonly isUrgent?: boolean;
}

export interface RequestDeps {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: RuntimeMetrics;
}

export interface RequestOptions {
  readonly userAgent: string;
  readonly rateLimit: RateLimit;
  readonly deadlineMs: number;
}

/** A page of large objects stays below it; more would be a mistake, and our memory. */
const ANSWER_BYTES_MAX = 128 * 1024 * 1024;
const ERROR_BYTES_MAX = 256 * 1024;

/** A connection that brought no answer. Its cause has the code that decides about retries. */
const UNREACHABLE = "KubernetesUnreachable";

type Reader<T> = (answer: IncomingMessage) => Promise<T>;

export class Requests {
  readonly #deps: RequestDeps;
  readonly #options: RequestOptions;
  readonly #bucket: TokenBucket;

  constructor(deps: RequestDeps, options: RequestOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#bucket = new TokenBucket(deps.clock, options.rateLimit);
  }

  /** The body of a success. */
  async text(request: Request): Promise<string> {
    return await this.#within(request, (answer) => readText(answer, ANSWER_BYTES_MAX));
  }

  /** The same, parsed. */
  async json(request: Request): Promise<unknown> {
    const text = await this.text(request);
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new TransientError(UNREACHABLE, `${describe(request)}: the answer is no JSON`, {
        cause,
      });
    }
  }

  /** A success whose body goes on and on: the deadline is for its beginning, `signal` for the rest. */
  async open(request: Request, signal: AbortSignal): Promise<IncomingMessage> {
    return await this.#within(request, (answer) => Promise.resolve(answer), signal);
  }

  async #within<T>(request: Request, read: Reader<T>, outer?: AbortSignal): Promise<T> {
    outer?.throwIfAborted();
    const { clock } = this.#deps;
    const { deadlineMs } = this.#options;
    const stop = new AbortController();
    const follow = () => stop.abort(outer?.reason);
    const message = `${describe(request)}: no answer within ${deadlineMs / 1000} s`;
    const cancel = clock.after(deadlineMs, () => {
      stop.abort(new TransientError(UNREACHABLE, message));
    });
    outer?.addEventListener("abort", follow, { once: true });
    try {
      const endsMs = clock.monotonic() + deadlineMs;
      return await this.#repeat(request, read, { signal: stop.signal, endsMs });
    } catch (error) {
      outer?.removeEventListener("abort", follow);
      throw error;
    } finally {
      cancel();
      // An open stream still hears its signal.
      if (outer === undefined) stop.abort(new Error("the request is over"));
    }
  }

  async #repeat<T>(
    request: Request,
    read: Reader<T>,
    limit: { readonly signal: AbortSignal; readonly endsMs: number },
  ): Promise<T> {
    const { clock, log, random } = this.#deps;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#once(request, read, limit.signal);
      } catch (error) {
        const { method } = request;
        const pauseMs =
          this.#pauseAfter401(error, tries) ?? retryPauseMs({ method, tries, error }, random);
        const hasTime = clock.monotonic() + (pauseMs ?? 0) < limit.endsMs;
        if (pauseMs === undefined || !hasTime || limit.signal.aborted) throw error;
        log.debug(`${describe(request)} failed, again in ${Math.round(pauseMs)} ms`, {
          error: String(error),
        });
        await clock.sleep(pauseMs, limit.signal);
      }
    }
  }

  async #once<T>(request: Request, read: Reader<T>, signal: AbortSignal): Promise<T> {
    const { identity, clock, metrics } = this.#deps;
    const { verb, kind } = request;
    if (request.isUrgent !== true) await this.#bucket.take(signal);
    const target = await orAborted(identity.target(), signal);
    const headers = { "user-agent": this.#options.userAgent, ...request.headers };
    const startedMs = clock.monotonic();
    let status = "error";
    try {
      const answer = await exchange(target, { ...request, headers }, signal);
      status = String(answer.statusCode);
      const result = await (isSuccess(answer) ? read(answer) : refuse(answer, request));
      return result;
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      if (cause instanceof ApiError) throw cause;
      throw new TransientError(UNREACHABLE, `${describe(request)} at ${identity.server.host}`, {
        cause,
      });
    } finally {
      metrics.requests.inc({ verb, kind, status });
      metrics.requestSeconds.observe({ verb }, (clock.monotonic() - startedMs) / 1000);
    }
  }

  /** A token may have run out before its time: once more with a new one. */
  #pauseAfter401(error: unknown, tries: number): number | undefined {
    if (!(error instanceof ApiError) || error.status !== 401 || tries > 1) return undefined;
    this.#deps.identity.renew();
    return 0;
  }
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

async function refuse(answer: IncomingMessage, request: Request): Promise<never> {
  const status = answer.statusCode ?? 0;
  const retryAfter = answer.headers["retry-after"];
  const text = await readText(answer, ERROR_BYTES_MAX);
  throw apiErrorFrom({ status, retryAfter }, text, describe(request));
}

/** Without the query, and without what could be a secret. */
function describe({ verb, path }: Request): string {
  return `${verb} ${path.split("?")[0]}`;
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
