// What a node has to say about a pod, as Event objects. Equal ones are counted. An event is a hint for
// people: one that cannot be written is given up.
import { randomBytes } from "node:crypto";
import type { KubernetesClient } from "../client.ts";
import { EVENT, timestamp, type Pod } from "../core.ts";

const REMEMBERED_MAX = 1000;

interface Said {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

interface Seen {
  readonly name: string;
  count: number;
}

export class Events {
  readonly #client: KubernetesClient;
  readonly #host: string;
  readonly #seen = new Map<string, Seen>();
  #last: Promise<void> = Promise.resolve();

  constructor(client: KubernetesClient, host: string) {
    this.#client = client;
    this.#host = host;
  }

  normal(pod: Pod, reason: string, message: string): void {
    this.#add(pod, "Normal", reason, message);
  }

  warning(pod: Pod, reason: string, message: string): void {
    this.#add(pod, "Warning", reason, message);
  }

  /** Resolves when all that was said is written or given up. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #add(pod: Pod, type: string, reason: string, message: string): void {
    const key = [pod.metadata.uid, type, reason, message].join("|");
    const seen = this.#seen.get(key) ?? {
      name: `${pod.metadata.name}.${randomBytes(8).toString("hex")}`,
      count: 0,
    };
    seen.count += 1;
    this.#seen.delete(key);
    this.#seen.set(key, seen);
    if (this.#seen.size > REMEMBERED_MAX) this.#forgetOldest();
    const { name, count } = seen;
    this.#last = this.#last
      .then(() => this.#write(pod, name, { type, reason, message, count }))
      .catch(() => undefined);
  }

  async #write(pod: Pod, name: string, what: Said): Promise<void> {
    const { namespace = "default" } = pod.metadata;
    const now = timestamp(Date.now());
    if (what.count > 1) {
      const { count } = what;
      await this.#client.patch(EVENT, { namespace, name }, { count, lastTimestamp: now });
      return;
    }
    await this.#client.create(EVENT, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: "v1",
        kind: "Pod",
        namespace,
        name: pod.metadata.name,
        uid: pod.metadata.uid,
      },
      source: { component: "kubelet", host: this.#host },
      reportingComponent: "kubelet",
      reportingInstance: this.#host,
      firstTimestamp: now,
      lastTimestamp: now,
      ...what,
    });
  }

  #forgetOldest(): void {
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}
