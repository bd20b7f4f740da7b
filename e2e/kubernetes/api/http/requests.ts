// What was asked of the server, so that tests can count, and faults that a test puts in the way.
import type { IncomingMessage } from "node:http";
import type { Route } from "./route.ts";

/** One request, as it was before anything was done about it. */
export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
  readonly userAgent: string;
  /** get, list, watch, create, update, patch, apply, delete, deletecollection; "" for other paths. */
  readonly verb: string;
  /** The plural; "" for other paths. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

export type Fault =
  /** Closes the connection without an answer, as a proxy with nobody behind it. */
  | "refuse"
  /** RST. */
  | "reset"
  /** No answer, ever; the connection stays. */
  | "hang"
  | { readonly status: number; readonly reason: string; readonly message: string };

export interface Faults {
  /** Asked before anything is done: a fault means nothing was done. */
  before?: ((request: ApiRequest) => Fault | undefined) | undefined;
  /** Asked when it is done and only the answer is missing: a fault means the client cannot know. */
  after?: ((request: ApiRequest) => Fault | undefined) | undefined;
}

export function describeRequest(
  request: IncomingMessage,
  url: URL,
  route: Route | undefined,
): ApiRequest {
  const { resource, ...target } = route ?? {};
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.search,
    userAgent: request.headers["user-agent"] ?? "",
    verb: route === undefined ? "" : verbOf(request, url, route),
    resource: resource?.plural ?? "",
    ...target,
  };
}

export function isWatch(url: URL): boolean {
  return ["true", "1"].includes(url.searchParams.get("watch") ?? "");
}

function verbOf(request: IncomingMessage, url: URL, { name }: Route): string {
  const { method = "GET", headers } = request;
  if (method === "GET" && isWatch(url)) return "watch";
  if (headers["content-type"]?.includes("apply-patch") === true) return "apply";
  const [ofKind, ofObject] = VERBS[method] ?? [method.toLowerCase(), method.toLowerCase()];
  return name === undefined ? ofKind : ofObject;
}

const VERBS: Readonly<Record<string, readonly [ofKind: string, ofObject: string]>> = {
  GET: ["list", "get"],
  POST: ["create", "create"],
  PUT: ["update", "update"],
  PATCH: ["patch", "patch"],
  DELETE: ["deletecollection", "delete"],
};
