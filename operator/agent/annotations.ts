// What the operator tells a running agent: annotations of its pod, which the kubelet mirrors into a file
// (downward API). The agent needs no Kubernetes rights and the operator no network path for it. The file
// is looked at every second: the kubelet replaces it by a symbolic link, which watchers miss.
import { readFile } from "node:fs/promises";
import { BANDWIDTH_MIN } from "../broker/bandwidth.ts";
import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { Log } from "../log.ts";

export const DRAIN_ANNOTATION = "backup.starrocks.io/drain";
export const BANDWIDTH_ANNOTATION = "backup.starrocks.io/bandwidth";

const LOOK_EVERY_MS = 1000;

export interface Orders {
  readonly drain: boolean;
  /** Bytes per second; `undefined`: as the configuration says. */
  readonly bandwidth: number | undefined;
}

export interface WatchOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called with the first orders and with each change. */
  readonly changed: (orders: Orders) => void;
}

/** Looks until the signal is aborted. Never rejects; a file that cannot be read changes nothing. */
export async function watchOrders(options: WatchOptions): Promise<void> {
  const { path, clock, log, signal, changed } = options;
  let seen: string | undefined;
  let orders: Orders | undefined;
  let complained = false;
  while (!signal.aborted) {
    try {
      const text = await readFile(path, "utf8");
      if (text !== seen) {
        orders = parseOrders(text, log, orders);
        changed(orders);
      }
      seen = text;
      complained = false;
    } catch (error) {
      if (!complained)
        log.warn("the pod's annotations cannot be read", { error: describeError(error) });
      complained = true;
    }
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
  }
}

/**
 * Reads the downward API's lines, `key="value"` with Go's quoting. An order that is not understood leaves
 * things as they were `before`.
 */
export function parseOrders(text: string, log: Log, before?: Orders): Orders {
  const annotations = new Map<string, string>();
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    if (at > 0) annotations.set(line.slice(0, at), unquote(line.slice(at + 1)));
  }
  return {
    drain: annotations.get(DRAIN_ANNOTATION) === "true",
    bandwidth: bandwidthOf(annotations.get(BANDWIDTH_ANNOTATION), log, before?.bandwidth),
  };
}

function bandwidthOf(
  value: string | undefined,
  log: Log,
  before: number | undefined,
): number | undefined {
  if (value === undefined || value === "") return undefined;
  const bytesPerSecond = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(bytesPerSecond)) {
    log.error("the bandwidth annotation is not understood and changes nothing", { value });
    return before;
  }
  if (bytesPerSecond >= BANDWIDTH_MIN) return bytesPerSecond;
  log.warn("the bandwidth asked for is below the least that works", { value, used: BANDWIDTH_MIN });
  return BANDWIDTH_MIN;
}

function unquote(quoted: string): string {
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === "string" ? value : "";
  } catch {
    // Go quotes some characters as \x or \a; ours are plain, so such a line is somebody else's.
    return "";
  }
}
