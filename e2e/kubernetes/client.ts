// A small client of the API over fetch, for the parts of the harness and for tests. The same verbs as the
// operator's own client (operator/runtime/api.ts) but nothing of its code: a bug there must show here.
// It retries nothing.
import type {
  Api,
  DeleteOptions,
  Kind,
  KubernetesObject,
  ListPage,
  LogOptions,
  ObjectKey,
  PatchOptions,
  Selection,
  WatchEvent,
} from "../../operator/runtime/api.ts";
import { ApiError } from "../../operator/runtime/api.ts";
import { must } from "../../operator/assert.ts";

const REQUEST_MAX_MS = 30_000;
const FIELD_MANAGER = "embedded-kubernetes";

interface StatusBody {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/** `fetch`: how requests are sent; a node without a network has one that fails. */
export interface ClientOptions {
  readonly fetch?: typeof fetch;
}

export class KubernetesClient implements Api {
  readonly url: string;
  readonly #fetch: typeof fetch;

  constructor(url: string, options: ClientOptions = {}) {
    this.url = url;
    this.#fetch = options.fetch ?? fetch;
  }

  async get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey): Promise<T | undefined> {
    try {
      return (await this.#json(pathOf(kind, key), {})) as T;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<T extends KubernetesObject>(
    kind: Kind<T>,
    selection: Selection & { readonly limit?: number; readonly continueFrom?: string } = {},
  ): Promise<ListPage<T>> {
    const query = queryOf({
      labelSelector: selection.labelSelector,
      fieldSelector: selection.fieldSelector,
      limit: selection.limit?.toString(),
      continue: selection.continueFrom,
    });
    const body = (await this.#json(`${collectionOf(kind, selection.namespace)}${query}`, {})) as {
      readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
      readonly items: readonly T[];
    };
    const { resourceVersion, continue: more } = body.metadata;
    const page = { items: body.items.map((item) => ({ ...typeOf(kind), ...item })) };
    return { ...page, resourceVersion, ...(more ? { continueFrom: more } : {}) };
  }

  /** Ends when the server ends it. */
  async *watch<T extends KubernetesObject>(
    kind: Kind<T>,
    selection: Selection & { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>> {
    const query = queryOf({
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: selection.resourceVersion,
      labelSelector: selection.labelSelector,
      fieldSelector: selection.fieldSelector,
      // Below the five minutes after which fetch gives up a silent body.
      timeoutSeconds: "240",
    });
    const path = `${collectionOf(kind, selection.namespace)}${query}`;
    const response = await this.#fetch(`${this.url}${path}`, { signal: selection.signal });
    if (!response.ok) throw await errorOf(response, `watch ${path}`);
    for await (const line of linesOf(must(response.body, "the body of a watch"))) {
      yield eventOf<T>(line);
    }
  }

  async create<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
    const path = collectionOf(kind, object.metadata.namespace);
    return (await this.#json(path, { method: "POST", body: object })) as T;
  }

  async apply<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
    const query = queryOf({ fieldManager: FIELD_MANAGER, force: "true" });
    const path = `${pathOf(kind, object.metadata)}${query}`;
    const contentType = "application/apply-patch+yaml";
    return (await this.#json(path, { method: "PATCH", body: object, contentType })) as T;
  }

  async patch<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    const path = `${pathOf(kind, key)}${options.subresource === undefined ? "" : "/status"}`;
    const body = withVersion(patch, options.resourceVersion);
    const contentType = "application/merge-patch+json";
    return (await this.#json(path, { method: "PATCH", body, contentType })) as T;
  }

  async delete<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<void> {
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: options.propagation ?? "Background",
      ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } }),
      ...(options.gracePeriodSeconds === undefined
        ? {}
        : { gracePeriodSeconds: options.gracePeriodSeconds }),
    };
    try {
      await this.#json(pathOf(kind, key), { method: "DELETE", body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async log(key: ObjectKey, options: LogOptions): Promise<string> {
    const query = queryOf({
      container: options.container,
      tailLines: options.tailLines.toString(),
      limitBytes: options.limitBytes.toString(),
    });
    const path = `/api/v1/namespaces/${key.namespace ?? ""}/pods/${key.name}/log${query}`;
    const response = await this.#send(path, {});
    return await response.text();
  }

  /** How a kind is found, as the server tells. Rejects for one that it does not serve. */
  async kindOf(apiVersion: string, kind: string): Promise<Kind<KubernetesObject>> {
    const list = (await this.#json(groupPath(apiVersion), {})) as ResourceList;
    const found = list.resources.find((r) => r.kind === kind && !r.name.includes("/"));
    if (found === undefined) throw new Error(`the server knows no ${kind} in ${apiVersion}`);
    return { apiVersion, kind, plural: found.name, namespaced: found.namespaced };
  }

  async #json(path: string, call: Call): Promise<unknown> {
    const response = await this.#send(path, call);
    return await response.json();
  }

  async #send(path: string, call: Call): Promise<Response> {
    const { method = "GET", body, contentType = "application/json" } = call;
    const response = await this.#fetch(`${this.url}${path}`, {
      method,
      signal: AbortSignal.timeout(REQUEST_MAX_MS),
      headers: { "content-type": contentType, accept: "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await errorOf(response, `${method} ${path}`);
    return response;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

function typeOf({ apiVersion, kind }: Kind<KubernetesObject>): object {
  return { apiVersion, kind };
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function collectionOf(kind: Kind<KubernetesObject>, namespace: string | undefined): string {
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : "";
  return `${groupPath(kind.apiVersion)}${scope}/${kind.plural}`;
}

function pathOf(kind: Kind<KubernetesObject>, key: ObjectKey): string {
  return `${collectionOf(kind, key.namespace)}/${encodeURIComponent(key.name)}`;
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((p): p is [string, string] => p[1] !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

function withVersion(patch: object, resourceVersion: string | undefined): object {
  if (resourceVersion === undefined) return patch;
  const { metadata } = patch as { readonly metadata?: object };
  return { ...patch, metadata: { ...metadata, resourceVersion } };
}

async function errorOf(response: Response, what: string): Promise<ApiError> {
  const text = await response.text();
  let body: StatusBody = {};
  try {
    body = JSON.parse(text) as StatusBody;
  } catch {
    // Not from the API server itself; the text says what there is to say.
  }
  const message = `${what}: ${response.status} ${body.message ?? text}`;
  return new ApiError(response.status, body.reason ?? "Unknown", message);
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
}

function eventOf<T extends KubernetesObject>(line: string): WatchEvent<T> {
  const event = JSON.parse(line) as { readonly type: string; readonly object: unknown };
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type: event.type, object: event.object as T };
    case "BOOKMARK": {
      const { resourceVersion } = (event.object as T).metadata;
      return { type: "BOOKMARK", resourceVersion: must(resourceVersion, "a bookmark's version") };
    }
    default: {
      const { code = 500, reason = "Unknown", message = line } = event.object as StatusBody;
      throw new ApiError(code, reason, message);
    }
  }
}
