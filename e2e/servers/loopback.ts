// Ports of this machine for servers under test.
import { randomInt } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { createServer } from "node:net";
import { must } from "../../operator/assert.ts";

export const LOOPBACK = "127.0.0.1";

/** The port a server listens on; it must listen. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/**
 * Linux gives connections ports from 32768 on, also one that a program is about to listen on, or comes back to, and
 * NodePorts are the ones from 30000 on: these are neither.
 */
const FIRST = 20_000;
const END = 30_000;

/** A port that was free a moment ago, for a program that cannot be asked which one it took. */
export async function freePort(host = LOOPBACK): Promise<number> {
  const [port] = await freePorts(1, host);
  return must(port);
}

/** As {@link freePort}, so many in a row. */
export async function freePorts(count: number, host = LOOPBACK): Promise<readonly number[]> {
  for (;;) {
    const first = randomInt(FIRST, END - count);
    const ports = Array.from({ length: count }, (_, i) => first + i);
    const free = await Promise.all(ports.map(async (port) => await isFree(port, host)));
    if (free.every(Boolean)) return ports;
  }
}

async function isFree(port: number, host: string): Promise<boolean> {
  const probe = createServer().listen(port, host);
  try {
    await once(probe, "listening");
  } catch {
    return false;
  }
  probe.close();
  await once(probe, "close");
  return true;
}
