// Where hosts of StarRocks are in this cluster: nodes from the informer, pods asked for, by their name where the host is
// one (BEs of the StarRocks operator are registered so), else by their address.
import type { Pod } from "../runtime/objects.ts";
import { isApiError } from "../runtime/api.ts";
import { PODS } from "../runtime/objects.ts";
import type { ObjectKey } from "../runtime/api.ts";
import { must } from "../assert.ts";
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
    const named = await podNamed(deps, host);
    if (named !== undefined) {
      pods.push(named);
      addresses.set(host, [must(named.status?.podIP)]);
      continue;
    }
    if (isIP(host) === 0) addresses.set(host, await deps.lookup(host));
    for (const address of addresses.get(host) ?? [host]) {
      const isNode = nodes.some((n) => n.status?.addresses?.some((a) => a.address === address));
      if (!isNode) pods.push(...(await podsAt(deps, address)));
    }
  }
  return { nodes, pods, addresses };
}

/** `<pod>.<headless Service>.<namespace>.svc`, with or without the cluster's domain. */
const POD_HOST = /^([^.]+)\.([^.]+)\.([^.]+)\.svc(\..+)?$/;

/** The pod of a StatefulSet that DNS means by the host. */
async function podNamed(deps: ControllerDeps, host: string): Promise<Pod | undefined> {
  const [, name, service, namespace] = POD_HOST.exec(host) ?? [];
  if (name === undefined || namespace === undefined) return undefined;
  const [found] = await cached(deps, host, async () => await getPod(deps, { namespace, name }));
  const hasName = found?.spec?.subdomain === service && found?.status?.podIP !== undefined;
  return hasName ? found : undefined;
}

async function getPod({ api }: ControllerDeps, key: ObjectKey): Promise<readonly Pod[]> {
  return await ifAllowed(async () => {
    const pod = await api.get(PODS, key);
    return pod === undefined ? [] : [pod];
  });
}

async function podsAt(deps: ControllerDeps, address: string): Promise<readonly Pod[]> {
  return await cached(deps, address, async () => await listPodsAt(deps, address));
}

async function cached(
  deps: ControllerDeps,
  key: string,
  ask: () => Promise<readonly Pod[]>,
): Promise<readonly Pod[]> {
  const cache = known.get(deps.caches) ?? new Map<string, Cached>();
  known.set(deps.caches, cache);
  const nowMs = deps.clock.monotonic();
  const before = cache.get(key);
  if (before !== undefined && before.untilMs > nowMs) return before.pods;
  // Addresses of pods that are over are given away again.
  const pods = (await ask()).filter((p) => p.status?.phase === "Running");
  if (cache.size >= CACHE_MAX) cache.clear();
  cache.set(key, { untilMs: nowMs + CACHE_MS, pods });
  return pods;
}

/** Only where it may look: a list over all namespaces is a right that a namespaced operator does not have. */
async function listPodsAt(
  { api, starRocksNamespaces }: ControllerDeps,
  address: string,
): Promise<readonly Pod[]> {
  const selection = { fieldSelector: `status.podIP=${address}`, limit: 10 };
  const scopes = starRocksNamespaces?.map((namespace) => ({ namespace })) ?? [{}];
  const found = await Promise.all(
    scopes.map((scope) =>
      ifAllowed(async () => (await api.list(PODS, { ...scope, ...selection })).items),
    ),
  );
  return found.flat();
}

/**
 * Nothing where it may not be asked: a namespace that was deleted took our rights there along, and jobs of the others go
 * on. A BE that is not found so has no agent of its own, which its jobs' warnings say.
 */
async function ifAllowed(ask: () => Promise<readonly Pod[]>): Promise<readonly Pod[]> {
  try {
    return await ask();
  } catch (error) {
    if (isApiError(error, "Forbidden")) return [];
    throw error;
  }
}
