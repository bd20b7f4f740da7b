// The Kubernetes API of the simulated world as the operator's client meets it: every call is counted by verb and
// kind, and waits for the client's own limit of requests a second, in simulated time.
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
import type { Clock } from "../../operator/clock.ts";
import { TokenBucket, type RateLimit } from "../../operator/runtime/rate-limit.ts";

/** As runtime/client.ts has it. */
const CLIENT_LIMIT: RateLimit = { perSecond: 50, burst: 100 };

export class CountingApi implements Api {
  /** `patch Backup` → calls. */
  readonly calls = new Map<string, number>();
  readonly #api: Api;
  readonly #logs: (pod: ObjectKey) => string;
  readonly #bucket: TokenBucket;
  #active = 0;

  constructor(api: Api, clock: Clock, logs: (pod: ObjectKey) => string) {
    this.#api = api;
    this.#logs = logs;
    this.#bucket = new TokenBucket(clock, CLIENT_LIMIT);
  }

  /** Calls that were let through and have no answer yet. */
  get active(): number {
    return this.#active;
  }

  get total(): number {
    return [...this.calls.values()].reduce((a, b) => a + b, 0);
  }

  get<T extends KubernetesObject>(kind: Kind<T>, key: ObjectKey): Promise<T | undefined> {
    return this.#call("get", kind, () => this.#api.get(kind, key));
  }

  list<T extends KubernetesObject>(
    kind: Kind<T>,
    selection: Selection & { readonly limit?: number; readonly continueFrom?: string },
  ): Promise<ListPage<T>> {
    return this.#call("list", kind, () => this.#api.list(kind, selection));
  }

  watch<T extends KubernetesObject>(
    kind: Kind<T>,
    selection: Selection & { readonly resourceVersion: string; readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>> {
    return this.#api.watch(kind, selection);
  }

  create<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
    return this.#call("create", kind, () => this.#api.create(kind, object));
  }

  apply<T extends KubernetesObject>(kind: Kind<T>, object: T): Promise<T> {
    return this.#call("apply", kind, () => this.#api.apply(kind, object));
  }

  patch<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    patch: object,
    options?: PatchOptions,
  ): Promise<T> {
    return this.#call("patch", kind, () => this.#api.patch(kind, key, patch, options));
  }

  delete<T extends KubernetesObject>(
    kind: Kind<T>,
    key: ObjectKey,
    options?: DeleteOptions,
  ): Promise<void> {
    return this.#call("delete", kind, () => this.#api.delete(kind, key, options));
  }

  log(key: ObjectKey, _options: LogOptions): Promise<string> {
    return this.#call("log", { kind: "Pod" }, () => Promise.resolve(this.#logs(key)));
  }

  async #call<R>(
    verb: string,
    { kind }: { readonly kind: string },
    send: () => Promise<R>,
  ): Promise<R> {
    const what = `${verb} ${kind}`;
    this.calls.set(what, (this.calls.get(what) ?? 0) + 1);
    await this.#bucket.take();
    this.#active += 1;
    try {
      return await send();
    } finally {
      this.#active -= 1;
    }
  }
}
