// How a controller runs: changes of the store become keys, keys are reconciled one after another, soon but
// never inside the write that caused them. A reconcile reads what is there now, so a key that is queued twice
// costs nothing, and one that failed is simply tried again.
import type { Registry } from "../api/registry.ts";
import type { Change } from "../api/store.ts";

export interface Controller {
  readonly name: string;
  /** What to look at because of a change. Must not write. */
  keysOf(change: Change): readonly string[];
  /** Brings the world of one key nearer to what it should be. The result: look again after so many ms. */
  reconcile(key: string): number | undefined;
}

const RETRY_MS = 1000;

/** Timers of Node know no more than 24 days; one look too many does no harm. */
const WAIT_MAX_MS = 60 * 60 * 1000;

/** Runs it until the result is called. `failed` hears of every reconcile that threw; it is tried again. */
export function runController(
  registry: Registry,
  controller: Controller,
  failed: (error: Error) => void,
): () => void {
  const queued = new Set<string>();
  const timers = new Map<string, () => void>();
  let stopped = false;
  let scheduled = false;

  function add(key: string): void {
    queued.add(key);
    if (scheduled || stopped) return;
    scheduled = true;
    setImmediate(drain);
  }

  function drain(): void {
    scheduled = false;
    const keys = [...queued];
    queued.clear();
    for (const key of keys) if (!stopped) lookAt(key);
  }

  function lookAt(key: string): void {
    timers.get(key)?.();
    timers.delete(key);
    const afterMs = reconcile(key);
    if (afterMs === undefined) return;
    const cancel = registry.clock.after(Math.min(afterMs, WAIT_MAX_MS), () => {
      timers.delete(key);
      add(key);
    });
    timers.set(key, cancel);
  }

  function reconcile(key: string): number | undefined {
    try {
      return controller.reconcile(key);
    } catch (error) {
      failed(new Error(`${controller.name} of ${key} failed, trying again`, { cause: error }));
      return RETRY_MS;
    }
  }

  const unsubscribe = registry.store.subscribe((change) => controller.keysOf(change).forEach(add));
  return () => {
    stopped = true;
    unsubscribe();
    timers.forEach((cancel) => cancel());
    timers.clear();
  };
}

/** `namespace/name` apart; of kinds without a namespace the name alone. */
export function splitKey(key: string): {
  readonly namespace: string | undefined;
  readonly name: string;
} {
  const slash = key.indexOf("/");
  if (slash < 0) return { namespace: undefined, name: key };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
