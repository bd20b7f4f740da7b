// The packet filter of a node, as nft would read it. That nft does, and that packets go as it says, is shown on a real cluster:
// scenarios/network-policies.cluster.e2e.ts.
import { expect } from "chai";
import type { NetworkPolicy, PolicyPod } from "./rules.ts";
import { tableOf } from "./table.ts";

const NODE = { name: "node-a", podRange: "10.1.1.0/24" };

function pod(name: string, podIP: string | undefined, nodeName = NODE.name): PolicyPod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "prod", labels: { app: name } },
    spec: { nodeName, containers: [] },
    status: { phase: "Running", ...(podIP === undefined ? {} : { podIP }) },
  };
}

const POLICY: NetworkPolicy = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "web", namespace: "prod" },
  spec: {
    podSelector: { matchLabels: { app: "web" } },
    ingress: [{}],
    egress: [
      {
        to: [
          { ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "192.0.2.1/32"] } },
          { ipBlock: { cidr: "2001:db8::/32" } },
        ],
        ports: [{ port: 443 }, { protocol: "UDP", port: 90, endPort: 99 }],
      },
    ],
  },
};

describe("the packet filter of a node", () => {
  const pods = [
    pod("web", "10.1.1.2"),
    pod("free", "10.1.1.3"),
    pod("new", undefined),
    pod("elsewhere", "10.1.2.2", "node-b"),
  ];
  const text = tableOf(NODE, { policies: [POLICY], namespaces: [], pods });
  const chain = (name: string): readonly string[] => {
    const [, body] = text.split(`  chain ${name} {\n`);
    return (body?.split("  }\n")[0] ?? "").split("\n").flatMap((line) => line.trim() || []);
  };

  it("replaces its rules in one transaction, and keeps what was refused", () => {
    expect(text).to.match(
      /^table inet policies\nflush table inet policies\ntable inet policies \{/,
    );
    expect(text).not.to.contain("delete");
  });

  it("knows its own pods, and lets nobody through to or from others of its range", () => {
    expect(chain("from-pod")).to.deep.equal([
      "ip saddr 10.1.1.2 goto egress-10.1.1.2",
      "ip saddr 10.1.1.3 return",
      "drop",
    ]);
    expect(chain("to-pod")).to.deep.equal([
      "ip daddr 10.1.1.2 goto ingress-10.1.1.2",
      "ip daddr 10.1.1.3 return",
      "drop",
    ]);
  });

  it("writes a rule for each thing that is allowed, and refuses the rest", () => {
    const not = "ip daddr != 10.0.0.0/8 ip daddr != 192.0.2.1/32";
    expect(chain("egress-10.1.1.2")).to.deep.equal([
      "ip saddr 10.1.1.2 ip daddr 10.1.1.2 return",
      `ip daddr 0.0.0.0/0 ${not} meta l4proto tcp th dport 443 return`,
      `ip daddr 0.0.0.0/0 ${not} meta l4proto udp th dport 90-99 return`,
      "ip6 daddr 2001:db8::/32 meta l4proto tcp th dport 443 return",
      "ip6 daddr 2001:db8::/32 meta l4proto udp th dport 90-99 return",
      "add @refused { ip saddr . ip daddr . meta l4proto . th dport }",
      "drop",
    ]);
    expect(chain("ingress-10.1.1.2")).to.include("return");
  });

  it("looks at first packets only: forwarded ones both ways, those for the node from pods alone", () => {
    expect(chain("forward")).to.deep.equal([
      "type filter hook forward priority filter; policy accept;",
      "ct state established,related accept",
      "ip saddr 10.1.1.0/24 jump from-pod",
      "ip daddr 10.1.1.0/24 jump to-pod",
    ]);
    expect(chain("input").slice(1)).to.deep.equal([
      "iif lo accept",
      "ct state established,related accept",
      "ip saddr 10.1.1.0/24 jump from-pod",
    ]);
    expect(text).not.to.contain("hook output");
  });
});
