// Where hosts of StarRocks are in this cluster: nodes from the informer, pods asked for by their address.
import type { Pod } from "../runtime/objects.ts";
import { PODS } from "../runtime/objects.ts";
import type { BackendNode } from "../starrocks/frontend.ts";
import type { Caches, ControllerDeps } from "./deps.ts";
import type { Whereabouts } from "./placement.ts";
import { isIP } from "node:net";

/** BEs do not move often; a move is seen after this long at the latest. */
const CACHE_MS = 30_000;
const CACHE_MAX = 10_000;

interface Cached {
  readonly untilMs: number;
  readonly pods: readonly Pod[];
}

/** One per process: by the informers' caches, which live as long. */
const known = new WeakMap<Caches, Map<string, Cached>>();

export async function whereabouts(
  deps: ControllerDeps,
  backends: readonly BackendNode[],
): Promise<Whereabouts> {
  const nodes = deps.caches.nodes.list();
  const addresses = new Map<string, readonly string[]>();
  const pods: Pod[] = [];
  for (const host of new Set(backends.map((b) => b.host))) {
    if (isIP(host) === 0) addresses.set(host, await deps.lookup(host));
    for (const address of isIP(host) === 0 ? (addresses.get(host) ?? []) : [host]) {
      const isNode = nodes.some((n) => n.status?.addresses?.some((a) => a.address === address));
      if (!isNode) pods.push(...(await podsAt(deps, address)));
    }
  }
  return { nodes, pods, addresses };
}

async function podsAt(deps: ControllerDeps, address: string): Promise<readonly Pod[]> {
  const cache = known.get(deps.caches) ?? new Map<string, Cached>();
  known.set(deps.caches, cache);
  const nowMs = deps.clock.monotonic();
  const cached = cache.get(address);
  if (cached !== undefined && cached.untilMs > nowMs) return cached.pods;
  const found = await listPodsAt(deps, address);
  // Addresses of pods that are over are given away again.
  const pods = found.filter((p) => p.status?.phase === "Running");
  if (cache.size >= CACHE_MAX) cache.clear();
  cache.set(address, { untilMs: nowMs + CACHE_MS, pods });
  return pods;
}

/** Only where it may look: a list over all namespaces is a right that a namespaced operator does not have. */
async function listPodsAt(
  { api, starRocksNamespaces }: ControllerDeps,
  address: string,
): Promise<readonly Pod[]> {
  const selection = { fieldSelector: `status.podIP=${address}`, limit: 10 };
  const scopes = starRocksNamespaces?.map((namespace) => ({ namespace })) ?? [{}];
  const pages = await Promise.all(
    scopes.map((scope) => api.list(PODS, { ...scope, ...selection })),
  );
  return pages.flatMap(({ items }) => items);
}
