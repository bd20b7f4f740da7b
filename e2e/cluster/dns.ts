// CoreDNS beside the control plane, behind the cluster's Service kube-dns.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Component, until } from "./component.ts";
import type { ControlPlane } from "./control-plane.ts";
import { CONTROL_PLANE_ADDRESS } from "./network.ts";
import { CLUSTER_DOMAIN, DNS_SERVICE } from "./node-files.ts";
import { pathOf } from "./programs.ts";

const START_MS = 60_000;
const READY_PORT = 8181;

const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: kube-dns, namespace: kube-system }
spec:
  clusterIP: ${DNS_SERVICE}
  ports:
    - { name: dns, port: 53, protocol: UDP }
    - { name: dns-tcp, port: 53, protocol: TCP }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: kube-dns
  namespace: kube-system
  labels: { kubernetes.io/service-name: kube-dns }
addressType: IPv4
ports:
  - { name: dns, port: 53, protocol: UDP }
  - { name: dns-tcp, port: 53, protocol: TCP }
endpoints:
  - { addresses: ["${CONTROL_PLANE_ADDRESS}"], conditions: { ready: true } }
`;

/** Resolves when it answers names of the cluster. */
export async function startDns(plane: ControlPlane): Promise<Component> {
  const file = join(plane.folder, "Corefile");
  writeFileSync(
    file,
    `.:53 {
  bind ${CONTROL_PLANE_ADDRESS}
  errors
  ready ${CONTROL_PLANE_ADDRESS}:${READY_PORT}
  kubernetes ${CLUSTER_DOMAIN} in-addr.arpa {
    kubeconfig ${plane.kubeconfig} tests
    pods insecure
    ttl 1
  }
}
`,
  );
  await plane.apply(SERVICE);
  const log = join(plane.folder, "log", "coredns.log");
  const dns = new Component({ name: "coredns", command: [pathOf("coredns"), "-conf", file], log });
  await until({ what: "the cluster's DNS", withinMs: START_MS, of: dns }, async () => {
    const answer = await fetch(`http://${CONTROL_PLANE_ADDRESS}:${READY_PORT}/ready`);
    return answer.ok;
  });
  return dns;
}
