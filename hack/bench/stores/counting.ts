// A proxy before a store's server that takes note of what an agent asks of it.
import type { Dialect, StoreRequest } from "../../../e2e/servers/dialect.ts";
import { HarmingProxy } from "../../../e2e/servers/harming-proxy.ts";
import type { CountingProxy, StoreAddress } from "./bench-store.ts";

/** `configure` makes an agent's configuration for an endpoint. */
export async function countThrough<R extends StoreRequest>(
  dialect: Dialect<R>,
  address: StoreAddress,
  configure: (endpoint: string) => StoreAddress["settings"],
): Promise<CountingProxy> {
  const proxy = new HarmingProxy(dialect);
  const endpoint = await proxy.through(address.endpoint);
  return {
    address: { ...address, endpoint, settings: configure(endpoint) },
    take: () => {
      const operations = proxy.requests.map(({ operation }) => operation);
      proxy.heal();
      return operations;
    },
    stop: () => proxy.stop(),
  };
}
