// What the pods of a namespace print, kept also when they are gone: a real cluster forgets it with the pod. Streams are
// begun as pods appear and again when a container does; a line may then come twice, none is left out but
// those of a pod that came and went between two looks.
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "../operator/assert.ts";
import type { Pod } from "../operator/runtime/objects.ts";
import { PODS } from "../operator/runtime/objects.ts";
import type { KubernetesClient } from "./kubernetes/client.ts";

const LOOK_MS = 250;

export class PodLogs {
  readonly #client: KubernetesClient;
  readonly #namespace: string;
  readonly #line: (line: string, pod: string) => void;
  readonly #life = new AbortController();
  /** Lives of containers that are or were followed. */
  readonly #known = new Set<string>();
  readonly #running: Promise<void>;

  /** Of each line, as it comes. It goes on until {@link stop}, also while nobody answers. */
  constructor(
    client: KubernetesClient,
    namespace: string,
    line: (line: string, pod: string) => void,
  ) {
    this.#client = client;
    this.#namespace = namespace;
    this.#line = line;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#life.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#life;
    const namespace = this.#namespace;
    while (!signal.aborted) {
      const pods = await this.#client.list(PODS, { namespace }).catch(() => undefined);
      for (const pod of pods?.items ?? []) this.#begin(pod);
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #begin({ metadata, status }: Pod): void {
    for (const { restartCount, state } of status?.containerStatuses ?? []) {
      const life = `${must(metadata.uid)}/${restartCount}`;
      if (state?.waiting !== undefined || this.#known.has(life)) continue;
      this.#known.add(life);
      // One that failed, as when the API server went away, is begun again at the next look.
      void this.#follow(metadata.name).catch(() => this.#known.delete(life));
    }
  }

  async #follow(pod: string): Promise<void> {
    const path = `/api/v1/namespaces/${this.#namespace}/pods/${pod}/log?follow=true`;
    const { signal } = this.#life;
    const response = await fetch(`${this.#client.url}${path}`, { signal });
    if (!response.ok) throw new Error(`${response.status} for the log of ${pod}`);
    const input = Readable.fromWeb(must(response.body, "a body"));
    for await (const line of createInterface({ input })) this.#line(line, pod);
  }
}
