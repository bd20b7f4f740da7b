// The Kubernetes API as the operator uses it: a handful of verbs over plain JSON objects. `client.ts` speaks
// to an API server, `testing/memory-api.ts` is the same contract in memory; informers, controllers and
// reconcilers know this file alone. Objects are as they are on the wire: times are RFC 3339 strings.

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A kind of object and how its URL is made. `T` is the shape of its objects. */
export interface Kind<T extends KubernetesObject> {
  /** `v1`, `batch/v1`, `backup.starrocks.io/v1alpha1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never there: carries `T`. */
  readonly shape?: T;
}

export interface ObjectKey {
  /** Absent for kinds without namespaces. */
  readonly namespace?: string;
  readonly name: string;
}

export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** `a=b,c` as kubectl writes it. */
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** There is more: pass it as `continueFrom`. */
  readonly continueFrom?: string;
}

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export type Propagation = "Background" | "Foreground" | "Orphan";

export interface PatchOptions {
  readonly subresource?: "status";
  /** Refuse with {@link ApiError} `Conflict` when the object has changed since. */
  readonly resourceVersion?: string;
}

export interface DeleteOptions {
  /** Default Background: said always, because the default of the API differs between kinds. */
  readonly propagation?: Propagation;
  /** Refuse (`Conflict`) when the object of that name is another one by now. */
  readonly uid?: string;
  /** Refuse (`Conflict`) when the object has changed since. */
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
}

export interface LogOptions {
  readonly container?: string;
  readonly tailLines: number;
  readonly limitBytes: number;
}

/**
 * Every method rejects with {@link ApiError} for an answer that is no success, and with a TransientError
 * (reason `KubernetesUnreachable`, or `CredentialsUnavailable`) when there was none: then a write may have
 * happened. Each call has a deadline of its own and takes no longer than that; a watch ends with its signal.
 * A kind that the server does not serve at all is `UnknownResource`, never an object that is not there.
 */
export interface Api {
  /** `undefined`: not there. */
  get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey): Promise<T | undefined>;
  list<T extends KubernetesObject>(
    kind: Kind<T>,
    selection: Selection & { readonly limit?: number; readonly continueFrom?: string },
  ): Promise<ListPage<T>>;
  /** Ends when the server ends it; throws {@link ApiError} `Expired` for 410, also inside the stream. */
  watch<T extends KubernetesObject>(
    kind: Kind<T>,
    selection: Selection & { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>>;
  /** Rejects with `AlreadyExists` when the name is taken. */
  create<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T>;
  /** Server-side apply by our field manager, forced: makes it, or sets just these fields. Repeatable. */
  apply<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T>;
  /** A JSON merge patch (RFC 7386). Rejects with `NotFound` when it is gone. */
  patch<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    patch: object,
    options?: PatchOptions,
  ): Promise<T>;
  /** Nothing happens when it is not there. */
  delete<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    options?: DeleteOptions,
  ): Promise<void>;
  /** The last lines a pod's container wrote; empty when there are none (yet, or any more). */
  log(key: ObjectKey, options: LogOptions): Promise<string>;
}

/** What the API server said no with. `reason` is metav1.Status' reason. */
export class ApiError extends Error {
  override readonly name = "ApiError" as const;
  readonly status: number;
  readonly reason: string;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export function isApiError(error: unknown, reason: string): error is ApiError {
  return error instanceof ApiError && error.reason === reason;
}
