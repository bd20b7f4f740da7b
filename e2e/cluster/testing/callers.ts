// Who may connect to what: pods of our image, real agents among them, processes on a node, and this one try it from where
// they are.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { must } from "../../../operator/assert.ts";
import { IMAGE } from "../../../operator/controllers/jobs.ts";
import { BROKER_PORT } from "../../../operator/controllers/names.ts";
import type { KubernetesObject } from "../../../operator/runtime/api.ts";
import type { Pod } from "../../../operator/runtime/objects.ts";
import type { Cluster } from "../cluster.ts";

const run = promisify(execFile);

/** `REACHED`, the code of the error, or `SWALLOWED`: no word in time. Over UDP it asks for a name of the cluster. */
const CALL = `
import { Resolver } from "node:dns/promises";
import { connect } from "node:net";
const [address, port, protocol, withinMs] = process.argv.slice(1);
const say = (what) => {
  console.log(what);
  process.exit();
};
setTimeout(say, Number(withinMs), "SWALLOWED");
const reached = () => say("REACHED");
const failed = (error) => say(error.code);
if (protocol === "tcp") {
  connect(Number(port), address).on("connect", reached).on("error", failed);
} else {
  const resolver = new Resolver();
  resolver.setServers([address + ":" + port]);
  resolver.resolve4("kubernetes.default.svc.cluster.local").then(reached, failed);
}`;

export interface Target {
  readonly address: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

export interface Caller {
  /** What others see. */
  readonly address: string;
  /** Resolves with what came of it. */
  readonly call: (target: Target, withinMs: number) => Promise<string>;
}

/** Of our image. */
export function fromPod(cluster: Cluster, { metadata, status }: Pod): Caller {
  const exec = ["exec", "--namespace", must(metadata.namespace), metadata.name, "--", IMAGE.node];
  return {
    address: must(status?.podIP, `the address of pod ${metadata.name}`),
    call: async (target, withinMs) =>
      (await cluster.kubectl(...exec, ...script(target, withinMs))).trim(),
  };
}

/** As a BE that runs there. */
export function fromNode(cluster: Cluster, name: string): Caller {
  const { address } = must(
    cluster.nodes.find((node) => node.name === name),
    name,
  );
  return {
    address,
    call: async (target, withinMs) => {
      const child = cluster.spawnOn(name, process.execPath, script(target, withinMs), {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(child, "exit");
      const said = await text(must(child.stdout));
      await ended;
      return said.trim();
    },
  };
}

/** Beside the control plane, where an FE is. */
export function fromHere(cluster: Cluster): Caller {
  return {
    address: cluster.address,
    call: async (target, withinMs) =>
      (await run(process.execPath, script(target, withinMs))).stdout.trim(),
  };
}

function script({ address, port, protocol }: Target, withinMs: number): string[] {
  return ["--eval", CALL, address, `${port}`, protocol, `${withinMs}`];
}

/** Of {@link serviceFor}. */
export const SERVICE_PORT = 9999;

/** A Service for an address that is no pod's. */
export function serviceFor(
  namespace: string,
  name: string,
  { address, port }: Target,
): KubernetesObject[] {
  const service = { metadata: { name, namespace }, apiVersion: "v1", kind: "Service" };
  const labels = { "kubernetes.io/service-name": name };
  return [
    {
      ...service,
      spec: { ports: [{ name: "only", port: SERVICE_PORT, protocol: "TCP" }] },
    } as KubernetesObject,
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name, namespace, labels },
      addressType: "IPv4",
      ports: [{ name: "only", port, protocol: "TCP" }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    } as KubernetesObject,
  ];
}

export interface CallingPodOptions {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly node?: string;
}

/** Of our image, from which calls can be made; it listens where an agent does. */
export function callingPod(image: string, options: CallingPodOptions): Pod {
  const { namespace, name, labels = {}, node = "node-a" } = options;
  const listen = `require("node:net").createServer((s) => s.destroy()).listen(${BROKER_PORT})`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels },
    spec: {
      nodeName: node,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "node",
          image,
          imagePullPolicy: "IfNotPresent",
          command: [IMAGE.node, "--eval", listen],
          readinessProbe: { tcpSocket: { port: BROKER_PORT }, periodSeconds: 1 },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  };
}
