// Brings a pod's status to the API server: always the newest, one write at a time, only when it differs
// from what is there, again until it is taken. Others write into the same status (the scheduler, the node
// lifecycle), so each write says which version it has read.
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { describeError } from "../../../operator/errors.ts";
import { ApiError, isApiError } from "../../../operator/runtime/api.ts";
import type { KubernetesClient } from "../client.ts";
import { POD, type Pod, type PodStatus } from "../core.ts";

const RETRY_MS = 200;

export interface StatusWriterOptions {
  readonly client: KubernetesClient;
  readonly pod: Pod;
  /** The status as it should be, given the pod as the server has it. */
  readonly build: (current: Pod) => PodStatus;
  /** The server will never take it: a bug of the harness, to be said aloud. */
  readonly refused: (message: string) => void;
  /** Aborted: nothing is written any more. */
  readonly signal: AbortSignal;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  #wanted = 0;
  #done = 0;
  #isWriting = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Something changed: to be written soon. */
  changed(): void {
    this.#wanted += 1;
    if (!this.#isWriting) this.#writing = this.#writeAll();
  }

  /** The pod as the server has it was seen: somebody else may have written what is not so. */
  seen(current: Pod): void {
    if (this.#differs(current)) this.changed();
  }

  /** Resolves when what is true now is written, or the pod is gone, or the signal was aborted. */
  async flush(): Promise<void> {
    this.changed();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    const { signal } = this.#options;
    this.#isWriting = true;
    while (this.#done < this.#wanted && !signal.aborted) {
      const goal = this.#wanted;
      try {
        await this.#write();
        this.#done = goal;
      } catch (error) {
        if (isApiError(error, "Conflict")) continue;
        if (isRefusal(error)) {
          this.#options.refused(describeError(error));
          break;
        }
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    // In the turn of the last look at `wanted`: a change after it begins anew.
    this.#isWriting = false;
  }

  async #write(): Promise<void> {
    const { client, build } = this.#options;
    const { namespace, name, uid } = this.#options.pod.metadata;
    const key = { name, ...(namespace === undefined ? {} : { namespace }) };
    const current = await client.get(POD, key);
    if (current === undefined || current.metadata.uid !== uid) return;
    if (!this.#differs(current)) return;
    const status = build(current);
    const { resourceVersion } = current.metadata;
    await client.patch(
      POD,
      key,
      { status },
      {
        subresource: "status",
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    );
  }

  #differs(current: Pod): boolean {
    const now = { ...nothing, ...current.status };
    return !isDeepStrictEqual({ ...now, ...this.#options.build(current) }, now);
  }
}

/** What a patch with null leaves out. */
const nothing = { reason: null, message: null };

/** Repeating it would go on for ever. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 400 || error.status === 422);
}
