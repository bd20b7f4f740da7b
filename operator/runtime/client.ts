// The Kubernetes API over HTTPS: api.ts on the wire. Plain JSON in both directions, none of client-node's
// models (they turn times into Dates and drop what they do not know).
//
// What would surprise: `managedFields` are cut out of everything that comes in; they are most of an object's
// bytes, and nobody here reads them. A watch is cut when the server keeps it open beyond the time we asked
// for: the connection is dead, however quiet the objects may be.
import type { Clock, Random } from "../clock.ts";
import { TransientError } from "../errors.ts";
import type { Log } from "../log.ts";
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
} from "./api.ts";
import { ApiError, isApiError } from "./api.ts";
import { apiErrorFromEvent } from "./api-errors.ts";
import { readLines } from "./exchange.ts";
import { keyOf } from "./keys.ts";
import type { KubeconfigOptions } from "./kubeconfig.ts";
import { Identity } from "./kubeconfig.ts";
import { isRecord } from "./merge-patch.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import { PODS } from "./objects.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Request } from "./requests.ts";
import { Requests } from "./requests.ts";
import { collectionPath, objectPath, withQuery } from "./resource-path.ts";

export interface ClientOptions extends KubeconfigOptions {
  /** `name/version`: shows in the API server's audit log. */
  readonly userAgent: string;
  /** Owns the fields that {@link Api.apply} sets. */
  readonly fieldManager: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: RuntimeMetrics;
  /** Default 50 a second, 100 at once. Leases do not count. */
  readonly rateLimit?: RateLimit;
  /** Of each request with its retries. Default 30 s. */
  readonly deadlineMs?: number;
  /** Watches last so long, and up to half as long again, so that they do not all end together. Default 2 min. */
  readonly watchMs?: number;
}

export interface Client extends Api {
  /** `https://host:port`, for messages. */
  readonly server: string;
  /** Closes every connection. */
  close(): void;
}

/** Opens nothing yet: the first request does. Terminal when the kubeconfig is of no use. */
export function openApi(options: ClientOptions): Client {
  return new HttpClient(options);
}

/** After its time a watch gets so long to say its end. */
const WATCH_MARGIN_MS = 20_000;
/** An object is at most 1.5 MiB in etcd; JSON with managedFields is larger. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

class HttpClient implements Client {
  readonly server: string;
  readonly #options: ClientOptions;
  readonly #identity: Identity;
  readonly #requests: Requests;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#identity = new Identity(options);
    this.server = this.#identity.server.origin;
    this.#requests = new Requests(
      { ...options, identity: this.#identity },
      {
        userAgent: options.userAgent,
        rateLimit: options.rateLimit ?? { perSecond: 50, burst: 100 },
        deadlineMs: options.deadlineMs ?? 30_000,
      },
    );
  }

  close(): void {
    this.#identity.close();
  }

  async get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey): Promise<T | undefined> {
    try {
      return await this.#object(kind, { verb: "get", method: "GET", path: objectPath(kind, key) });
    } catch (error) {
      if (isApiError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async list<T extends KubernetesObject>(
    kind: Kind<T>,
    selection: Selection & { readonly limit?: number; readonly continueFrom?: string },
  ): Promise<ListPage<T>> {
    const { namespace, labelSelector, fieldSelector, limit, continueFrom } = selection;
    const query = { labelSelector, fieldSelector, limit, continue: continueFrom };
    const path = withQuery(collectionPath(kind, namespace), query);
    const value = await this.#requests.json(
      this.#request(kind, { verb: "list", method: "GET", path }),
    );
    return parseList(kind, value);
  }

  async *watch<T extends KubernetesObject>(
    kind: Kind<T>,
    selection: Selection & { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>> {
    const { clock, random, watchMs = 120_000 } = this.#options;
    const lastsMs = Math.round(watchMs * (1 + random() / 2));
    const what = `watch ${kind.plural}`;
    const cut = new AbortController();
    const cancel = clock.after(lastsMs + WATCH_MARGIN_MS, () => {
      const message = `${what}: the server did not end it in time; the connection must be dead`;
      cut.abort(new TransientError("KubernetesUnreachable", message));
    });
    const signal = AbortSignal.any([selection.signal, cut.signal]);
    try {
      const request = this.#watchRequest(kind, selection, lastsMs);
      const body = await this.#requests.open(request, signal);
      for await (const line of readLines(body, LINE_BYTES_MAX)) yield parseEvent(kind, line, what);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof ApiError || error instanceof TransientError) throw error;
      throw new TransientError("KubernetesUnreachable", `${what}: cut off`, { cause: error });
    } finally {
      cancel();
    }
  }

  async create<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
    const { fieldManager } = this.#options;
    const path = withQuery(collectionPath(kind, object.metadata.namespace), { fieldManager });
    return await this.#object(kind, { verb: "create", method: "POST", path, ...jsonBody(object) });
  }

  async apply<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
    const { fieldManager } = this.#options;
    const path = withQuery(objectPath(kind, keyOf(object)), { fieldManager, force: true });
    const body = jsonBody(object, "application/apply-patch+yaml");
    return await this.#object(kind, { verb: "apply", method: "PATCH", path, ...body });
  }

  async patch<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    patch: object,
    { subresource, resourceVersion }: PatchOptions = {},
  ): Promise<T> {
    const { fieldManager } = this.#options;
    const base = objectPath(kind, key);
    const path = withQuery(subresource === undefined ? base : `${base}/${subresource}`, {
      fieldManager,
    });
    const body = jsonBody(guarded(patch, resourceVersion), "application/merge-patch+json");
    return await this.#object(kind, { verb: "patch", method: "PATCH", path, ...body });
  }

  async delete<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    { propagation = "Background", uid, resourceVersion, gracePeriodSeconds }: DeleteOptions = {},
  ): Promise<void> {
    const preconditions = {
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    };
    const options = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: propagation,
      ...(Object.keys(preconditions).length > 0 && { preconditions }),
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    };
    const path = objectPath(kind, key);
    const request = { verb: "delete", method: "DELETE", path, ...jsonBody(options) };
    try {
      await this.#requests.text(this.#request(kind, request));
    } catch (error) {
      if (!isApiError(error, "NotFound")) throw error;
    }
  }

  async log(key: ObjectKey, { container, tailLines, limitBytes }: LogOptions): Promise<string> {
    const query = { container, tailLines, limitBytes };
    const path = withQuery(`${objectPath(PODS, key)}/log`, query);
    const request = { verb: "log", method: "GET", path, headers: { accept: "*/*" } };
    try {
      return await this.#requests.text(this.#request(PODS, request));
    } catch (error) {
      // 400: the container has not started, or its log is no longer kept.
      if (isApiError(error, "NotFound") || isApiError(error, "BadRequest")) return "";
      throw error;
    }
  }

  #watchRequest(
    kind: Kind<KubernetesObject>,
    {
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion,
    }: Selection & { readonly resourceVersion: string },
    lastsMs: number,
  ): Request {
    const path = withQuery(collectionPath(kind, namespace), {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds: Math.ceil(lastsMs / 1000),
      labelSelector,
      fieldSelector,
    });
    return this.#request(kind, { verb: "watch", method: "GET", path });
  }

  async #object<T extends KubernetesObject>(kind: Kind<T>, request: Sent): Promise<T> {
    const value = await this.#requests.json(this.#request(kind, request));
    return parseObject(kind, value);
  }

  #request(kind: Kind<KubernetesObject>, request: Sent): Request {
    const headers = { accept: "application/json", ...request.headers };
    const isUrgent = kind.plural === "leases";
    return { ...request, kind: kind.plural, headers, isUrgent };
  }
}

type Sent = Pick<Request, "verb" | "method" | "path" | "body"> & {
  readonly headers?: Readonly<Record<string, string>>;
};

function jsonBody(value: unknown, contentType = "application/json") {
  return { body: JSON.stringify(value), headers: { "content-type": contentType } };
}

/** A version in the patch makes the server refuse it when the object has another one. */
function guarded(patch: object, resourceVersion: string | undefined): object {
  if (resourceVersion === undefined) return patch;
  const { metadata } = patch as { readonly metadata?: object };
  return { ...patch, metadata: { ...metadata, resourceVersion } };
}

function parseObject<T extends KubernetesObject>(kind: Kind<T>, value: unknown): T {
  if (!isRecord(value) || !isRecord(value["metadata"])) {
    throw new TransientError("KubernetesUnreachable", `the answer is no ${kind.kind}`);
  }
  const { managedFields: _, ...metadata } = value["metadata"];
  // Items of lists of built-in kinds come without these two.
  return { apiVersion: kind.apiVersion, kind: kind.kind, ...value, metadata } as unknown as T;
}

function parseList<T extends KubernetesObject>(kind: Kind<T>, value: unknown): ListPage<T> {
  const metadata = isRecord(value) && isRecord(value["metadata"]) ? value["metadata"] : {};
  const { resourceVersion, continue: continueFrom } = metadata;
  if (!isRecord(value) || typeof resourceVersion !== "string") {
    throw new TransientError("KubernetesUnreachable", `the answer is no list of ${kind.plural}`);
  }
  // An empty list of Go is null.
  const items = Array.isArray(value["items"]) ? (value["items"] as unknown[]) : [];
  return {
    items: items.map((item) => parseObject(kind, item)),
    resourceVersion,
    ...(typeof continueFrom === "string" && continueFrom !== "" && { continueFrom }),
  };
}

function parseEvent<T extends KubernetesObject>(
  kind: Kind<T>,
  line: string,
  what: string,
): WatchEvent<T> {
  const event: unknown = JSON.parse(line);
  const { type, object } = isRecord(event) ? event : {};
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, object: parseObject(kind, object) };
    case "BOOKMARK":
      return { type, resourceVersion: versionOf(parseObject(kind, object), what) };
    case "ERROR":
      throw apiErrorFromEvent(object, what);
    default:
      throw new TransientError("KubernetesUnreachable", `${what}: an event of no known type`);
  }
}

function versionOf({ metadata }: KubernetesObject, what: string): string {
  if (metadata.resourceVersion !== undefined) return metadata.resourceVersion;
  throw new TransientError("KubernetesUnreachable", `${what}: a bookmark without a version`);
}
