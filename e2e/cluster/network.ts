// The cluster's network: a bridge in this network namespace, which is the control plane's, and one namespace a node
// behind it. Nothing here touches the machine's own network; it is gone when the last process in it is.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { SERVICE_RANGE } from "./flags.ts";

const run = promisify(execFile);

export const CONTROL_PLANE_ADDRESS = "10.99.0.1";
export const POD_RANGE = "10.244.0.0/16";
const BRIDGE = "cluster";

/** A node's place in the network. */
export interface NodePlace {
  readonly name: string;
  readonly address: string;
  readonly podRange: string;
}

export const NODE_PLACES: readonly NodePlace[] = [
  { name: "node-a", address: "10.99.0.11", podRange: "10.244.1.0/24" },
  { name: "node-b", address: "10.99.0.12", podRange: "10.244.2.0/24" },
];

/** The namespace of that name, as `nsenter` and `ip` want it. */
export function namespacePath(node: string): string {
  return `/run/netns/${node}`;
}

/** The control plane's side, with the ways to pods, and to Services through the first node. Idempotent. */
export async function layControlPlaneNetwork(): Promise<void> {
  const there = await run("ip", ["link", "show", BRIDGE]).catch(() => undefined);
  if (there !== undefined) return;
  await batch([
    `link add ${BRIDGE} type bridge`,
    `address add ${CONTROL_PLANE_ADDRESS}/24 dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
    ...NODE_PLACES.map(({ podRange, address }) => `route add ${podRange} via ${address}`),
    `route add ${SERVICE_RANGE} via ${NODE_PLACES[0]?.address}`,
  ]);
  await run("sysctl", ["-qw", "net.ipv4.ip_forward=1"]);
}

/** A cable from the bridge to a new namespace. */
export async function plugIn({ name, address }: NodePlace): Promise<void> {
  await run("ip", ["netns", "add", name]);
  await batch([
    `link add ${name} type veth peer name eth0 netns ${name}`,
    `link set ${name} master ${BRIDGE} up`,
  ]);
  await batch(
    [
      "link set lo up",
      `address add ${address}/24 dev eth0`,
      "link set eth0 up",
      `route add default via ${CONTROL_PLANE_ADDRESS}`,
      ...NODE_PLACES.filter((other) => other.name !== name).map(
        (other) => `route add ${other.podRange} via ${other.address}`,
      ),
    ],
    name,
  );
  const enter = [`--net=${namespacePath(name)}`];
  await run("nsenter", [...enter, "sysctl", "-qw", "net.ipv4.ip_forward=1"]);
}

/** As when a machine loses its power: what is sent there is swallowed, nobody refuses it. Idempotent. */
export async function pullOut(name: string): Promise<void> {
  await run("ip", ["link", "delete", name]).catch(() => undefined);
  await run("ip", ["netns", "delete", name]).catch(() => undefined);
}

async function batch(lines: readonly string[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? [] : ["-netns", namespace];
  const running = run("ip", [...where, "-batch", "-"]);
  running.child.stdin?.end(`${lines.join("\n")}\n`);
  await running;
}
