// The StarRocks of each Repository: one connection per address list and user, made when it is first
// needed, made anew when a password or what a StarRocksCluster tells has changed, closed when its Repository goes.
import { createHash } from "node:crypto";
import type { Repository } from "../api/repository.generated.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { must } from "../assert.ts";
import type { Api } from "../runtime/api.ts";
import { keyText } from "../runtime/keys.ts";
import { LruMap } from "../runtime/lru-map.ts";
import { SECRETS } from "../runtime/objects.ts";
import { Secret } from "../secret.ts";
import { FrontendError, type Frontend } from "../starrocks/frontend.ts";
import type { OpenFrontendOptions } from "../starrocks/open.ts";
import type { OperatorMetrics } from "./metrics.ts";
import { meteredFrontend } from "./metrics/metered-frontend.ts";
import { SharedReads } from "../starrocks/shared-reads.ts";
import { referenceOf, resolveCluster } from "./starrocks-cluster.ts";
import type { ClusterAddress } from "./starrocks-cluster.ts";

export type Open = (options: OpenFrontendOptions) => Frontend;

export interface FrontendsDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Log;
  readonly open: Open;
  readonly metrics: OperatorMetrics;
}

interface Entry {
  /** Digest of all that the connection was made from. */
  readonly made: string;
  readonly frontend: Frontend;
}

interface Credentials {
  readonly user: string;
  readonly password: Secret;
}

/** All that a connection is made from. */
interface Settings {
  readonly frontends: readonly string[];
  readonly user: Credentials;
  /** For the mount statements; undefined: `user` sends them, too. */
  readonly mount: Credentials | undefined;
}

/** A password or an FE Service that was changed is used so much later: each look at each job asks for it. */
export const CREDENTIALS_FRESH_MS = 10_000;
const READS_MAX = 1_000;

interface Known<T> {
  readonly readMs: number;
  readonly value: T;
}

export class Frontends {
  readonly #deps: FrontendsDeps;
  /** By namespace and name of the Secret; what could not be used is read again at once. */
  readonly #credentials = new LruMap<string, Known<Credentials>>(READS_MAX);
  /** By namespace and name of the StarRocksCluster. */
  readonly #clusters = new LruMap<string, Known<ClusterAddress>>(READS_MAX);
  /** By UID of the Repository. */
  readonly #entries = new Map<string, Entry>();
  #isClosed = false;

  constructor(deps: FrontendsDeps) {
    this.#deps = deps;
  }

  /**
   * Rejects with FrontendError `AccessDenied` when a Secret is missing or has not the keys it needs, and with those of
   * `resolveCluster` when the StarRocksCluster tells no address.
   */
  async of(repository: Repository): Promise<Frontend> {
    const uid = must(repository.metadata.uid);
    const known = this.#entries.get(uid);
    let settings: Settings;
    try {
      settings = await this.#settings(repository);
    } catch (error) {
      // A namespace that goes takes its Secrets first: what we have in StarRocks is removed with what we know.
      const isGoing = repository.metadata.deletionTimestamp !== undefined;
      if (isGoing && known !== undefined && error instanceof FrontendError) return known.frontend;
      throw error;
    }
    const made = digest(settings);
    // Nothing is awaited from here until it is set: two that ask at once must not open two.
    if (this.#isClosed) throw ending();
    const before = this.#entries.get(uid);
    if (before?.made === made) return before.frontend;
    const frontend = this.#open(repository, settings);
    this.#entries.set(uid, { made, frontend });
    await before?.frontend.close();
    return frontend;
  }

  /** With where its address comes from, where no FE answers at one that nobody wrote down. */
  explain(repository: Repository, error: FrontendError): FrontendError {
    const reference = referenceOf(repository);
    const told = reference && this.#clusters.get(keyText(reference))?.value.told;
    if (told === undefined || error.reason !== "FrontendUnreachable") return error;
    const message = `${error.message} (${told})`;
    return new FrontendError(error.reason, error.heals, message, { cause: error });
  }

  #open(repository: Repository, { frontends, user, mount }: Settings): Frontend {
    const { name, namespace } = repository.metadata;
    const { open, clock, log, metrics } = this.#deps;
    const labels = { namespace: must(namespace), repository: name };
    const frontend = open({
      frontends,
      ...user,
      ...(mount === undefined ? {} : { mountUser: mount.user, mountPassword: mount.password }),
      clock,
      log: log.child({ repository: name, namespace }),
    });
    return new SharedReads(meteredFrontend(frontend, { clock, metrics, labels }), clock);
  }

  /** The connection of a Repository that may be gone; undefined: there is none. */
  known(uid: string): Frontend | undefined {
    return this.#entries.get(uid)?.frontend;
  }

  /** Closes a Repository's connection. */
  async forget(uid: string): Promise<void> {
    const entry = this.#entries.get(uid);
    this.#entries.delete(uid);
    await entry?.frontend.close();
  }

  /** For good: a reconcile that does not heed its end must not open one for who leads no longer. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const uid of this.#entries.keys()) await this.forget(uid);
  }

  async #settings(repository: Repository): Promise<Settings> {
    const { credentialsSecret, mountCredentialsSecret: mount } = repository.spec.cluster;
    return {
      frontends: await this.#addresses(repository),
      user: await this.#credentialsOf(repository, credentialsSecret.name),
      mount: mount && (await this.#credentialsOf(repository, mount.name)),
    };
  }

  async #addresses(repository: Repository): Promise<readonly string[]> {
    const reference = referenceOf(repository);
    if (reference === undefined) return repository.spec.cluster.frontends ?? [];
    const address = await this.#fresh(this.#clusters, keyText(reference), () =>
      resolveCluster(this.#deps.api, reference),
    );
    return [address.frontend];
  }

  async #credentialsOf({ metadata }: Repository, name: string): Promise<Credentials> {
    const namespace = must(metadata.namespace);
    return await this.#fresh(this.#credentials, keyText({ namespace, name }), () =>
      this.#readCredentials(namespace, name),
    );
  }

  async #fresh<T>(
    known: LruMap<string, Known<T>>,
    key: string,
    read: () => Promise<T>,
  ): Promise<T> {
    const readMs = this.#deps.clock.monotonic();
    const before = known.get(key);
    if (before !== undefined && readMs - before.readMs < CREDENTIALS_FRESH_MS) return before.value;
    const value = await read();
    known.set(key, { readMs, value });
    return value;
  }

  async #readCredentials(namespace: string, name: string): Promise<Credentials> {
    const secret = await this.#deps.api.get(SECRETS, { namespace, name });
    const value = (key: string): string | undefined => {
      const base64 = secret?.data?.[key];
      return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("utf8");
    };
    const user = value("user");
    const password = value("password");
    if (user !== undefined && password !== undefined) {
      return { user, password: new Secret(password) };
    }
    const what = secret === undefined ? "does not exist" : "lacks user or password";
    const message = `Secret ${name} with the StarRocks user ${what}: it needs the keys user and password`;
    throw new FrontendError("AccessDenied", false, message);
  }
}

function ending(): FrontendError {
  return new FrontendError("FrontendUnreachable", true, "the operator is ending");
}

function text({ user, password }: Credentials): string {
  return JSON.stringify([user, password.reveal()]);
}

/** Credentials are compared without being kept a second time. */
function digest({ frontends, user, mount }: Settings): string {
  const parts = [...frontends, text(user), mount === undefined ? "" : text(mount)];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
