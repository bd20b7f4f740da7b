// Ports of this machine for servers under test.
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { createServer } from "node:net";

export const LOOPBACK = "127.0.0.1";

/** The port a server listens on; it must listen. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A port that was free a moment ago, for a program that cannot be asked which one it took. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, LOOPBACK);
  await once(probe, "listening");
  const port = portOf(probe);
  probe.close();
  await once(probe, "close");
  return port;
}
