// The HTTP side: from a request to a handler, from what it returns or throws to an answer. Knows nothing of
// kinds. Whatever is not a StatusError is a bug of ours and answered as 500 with its message.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { KubeObject } from "../object.ts";
import type { AppliedFields } from "../patches/server-side-apply.ts";
import { readRevision } from "../reads.ts";
import type { Registry } from "../registry.ts";
import { StatusError, methodNotAllowed, noSuchPath } from "../status.ts";
import { tableOf } from "../table.ts";
import { serveWatch } from "../watch.ts";
import { contentType, readBody } from "./body.ts";
import { discover } from "./discovery.ts";
import type { PodLogs } from "./pod-logs.ts";
import { servePodLog } from "./pod-logs.ts";
import type { ApiRequest, Fault, Faults } from "./requests.ts";
import { describeRequest, isWatch } from "./requests.ts";
import type { Answer, Call } from "./resource-handlers.ts";
import * as handlers from "./resource-handlers.ts";
import type { Route } from "./route.ts";
import { routeOf } from "./route.ts";

export interface ListenerOptions {
  readonly registry: Registry;
  readonly applied: AppliedFields;
  readonly faults: Faults;
  readonly podLogs: () => PodLogs | undefined;
  /** Told of every request, before anything else. */
  readonly seen: (request: ApiRequest) => void;
  readonly bookmarkMs: number;
  readonly watchBufferBytes: number;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly route: Route | undefined;
  readonly about: ApiRequest;
}

/** The real server ends a watch after half an hour to an hour when the client does not say. */
const WATCH_TIMEOUT_MS = 30 * 60 * 1000;

export class Listener {
  readonly #options: ListenerOptions;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away in the middle is no error of ours.
    request.on("error", () => {});
    response.on("error", () => {});
    const url = new URL(request.url ?? "/", "http://api");
    try {
      const route = routeOf(this.#options.registry.resources, url.pathname);
      const about = describeRequest(request, url, route);
      this.#options.seen(about);
      const fault = this.#options.faults.before?.(about);
      if (fault !== undefined) suffer(fault, response);
      else await this.#dispatch({ request, response, url, route, about });
    } catch (error) {
      sendError(response, error);
    }
  }

  async #dispatch(exchange: Exchange): Promise<void> {
    const { request, response, url, route } = exchange;
    if (isHealth(url.pathname)) {
      response.writeHead(200, { "content-type": "text/plain" }).end("ok");
      return;
    }
    if (route === undefined) {
      this.#discover(url.pathname, request.headers.host ?? "", response);
      return;
    }
    const { registry, podLogs } = this.#options;
    if (route.subresource === "log") {
      const pod = registry.get(route.resource, route.namespace, route.name ?? "");
      await servePodLog(podLogs(), pod, url.searchParams, response);
    } else if (request.method === "GET" && isWatch(url)) {
      this.#watch(exchange, route);
    } else {
      await this.#call(exchange, route);
    }
  }

  #discover(path: string, host: string, response: ServerResponse): void {
    const found = discover(this.#options.registry.resources, path, host);
    if (found === undefined && !isOfBuiltIns(path)) return sendNoPage(response);
    if (found === undefined) throw noSuchPath();
    sendJson(response, { code: 200, body: found });
  }

  #watch({ url, response, request }: Exchange, route: Route): void {
    const { registry, bookmarkMs, watchBufferBytes } = this.#options;
    const { searchParams: query } = url;
    const { resource, namespace, name } = route;
    const fields = query.get("fieldSelector") ?? "";
    const one = name === undefined ? [] : [`metadata.name=${name}`];
    const seconds = Number(query.get("timeoutSeconds") ?? "0");
    const table = asTable(request);
    const includeObject = handlers.includeObject(query);
    serveWatch(
      registry,
      resource,
      {
        namespace,
        labelSelector: query.get("labelSelector") ?? undefined,
        fieldSelector: [fields, ...one].filter((text) => text !== "").join(","),
        revision: readRevision(query.get("resourceVersion") ?? undefined),
        bookmarks: query.get("allowWatchBookmarks") === "true",
        sendInitialEvents: query.get("sendInitialEvents") === "true",
        timeoutMs: seconds > 0 ? seconds * 1000 : WATCH_TIMEOUT_MS,
        bookmarkMs,
        bufferBytes: watchBufferBytes,
        show: (object: KubeObject, withColumns: boolean) =>
          table
            ? tableOf(
                resource,
                [object],
                { resourceVersion: object.metadata.resourceVersion },
                {
                  nowMs: registry.clock.now(),
                  includeObject,
                  withColumns,
                },
              )
            : object,
      },
      response,
    );
  }

  async #call({ request, response, url, about }: Exchange, route: Route): Promise<void> {
    const warnings: string[] = [];
    const body = await readBody(request);
    const answer = handle(request.method ?? "GET", {
      ...route,
      registry: this.#options.registry,
      applied: this.#options.applied,
      query: url.searchParams,
      contentType: contentType(request),
      asTable: asTable(request),
      body,
      warn: (message) => warnings.push(message),
    });
    const fault = this.#options.faults.after?.(about);
    if (fault !== undefined) {
      suffer(fault, response);
      return;
    }
    if (warnings.length > 0) response.setHeader("warning", warnings.map(warningHeader));
    sendJson(response, answer);
  }
}

function handle(method: string, call: Call): Answer {
  const handler = call.name === undefined ? OF_KIND[method] : OF_OBJECT[method];
  if (handler !== undefined && !(method === "DELETE" && call.subresource !== undefined)) {
    return handler(call);
  }
  throw methodNotAllowed("the server does not allow this method on the requested resource");
}

const OF_KIND: Readonly<Record<string, (call: Call) => Answer>> = {
  GET: handlers.getList,
  POST: handlers.create,
  DELETE: handlers.deleteCollection,
};

const OF_OBJECT: Readonly<Record<string, (call: Call) => Answer>> = {
  GET: handlers.getOne,
  PUT: handlers.replace,
  PATCH: handlers.patch,
  DELETE: handlers.deleteOne,
};

function isHealth(path: string): boolean {
  return /^\/(healthz|livez|readyz)(\/|$)/.test(path);
}

/** Groups of the API server itself: it answers for those in its own words, also for kinds that they have not. */
function isOfBuiltIns(path: string): boolean {
  const [, root, group = ""] = path.split("/");
  return root === "api" || (root === "apis" && (!group.includes(".") || group.endsWith(".k8s.io")));
}

/** Any other path, such as that of a kind whose definition is not there: no Status, but what Go's http.NotFound says. */
function sendNoPage(response: ServerResponse): void {
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8" });
  response.end("404 page not found\n");
}

function asTable(request: IncomingMessage): boolean {
  return (request.headers.accept ?? "").includes("as=Table");
}

function warningHeader(message: string): string {
  return `299 - "${message.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function suffer(fault: Fault, response: ServerResponse): void {
  if (fault === "hang") return;
  if (fault === "reset") response.socket?.resetAndDestroy();
  else if (fault === "refuse") response.socket?.destroy();
  else sendError(response, new StatusError(fault.status, fault.reason, fault.message));
}

function sendError(response: ServerResponse, error: unknown): void {
  const status =
    error instanceof StatusError
      ? error
      : new StatusError(500, "InternalError", `Internal error occurred: ${String(error)}`);
  if (response.headersSent) response.destroy();
  else sendJson(response, { code: status.code, body: status.toStatus() });
}

function sendJson(response: ServerResponse, { code, body }: Answer): void {
  const text = JSON.stringify(body);
  response.writeHead(code, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-cache, private",
  });
  response.end(text);
}
