// What StarRocks is told to reach a slot by.
import { expect } from "chai";
import type { Node, Service } from "../runtime/objects.ts";
import { slotService } from "./jobs.ts";
import { addressOf, isAsWished } from "./slot-address.ts";
import { repository } from "./testing/samples.ts";

type Wish = NonNullable<ReturnType<typeof repository>["spec"]["agent"]["service"]>;

/** Everything else of an agent has defaults. */
function wishing(service?: Wish) {
  const { agent } = repository().spec;
  return repository({ agent: service === undefined ? agent : { ...agent, service } });
}

function node(name: string, isReady: boolean, ...addresses: readonly string[]): Node {
  const conditions = [{ type: "Ready", status: isReady ? "True" : "Unknown" }] as const;
  const list = [
    { type: "ExternalIP", address: "203.0.113.1" },
    ...addresses.map((address) => ({ type: "InternalIP", address })),
  ];
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    status: { conditions, addresses: list },
  };
}

const NODES = [
  node("worker-2", true, "10.0.0.2"),
  node("worker-0", false, "10.0.0.0"),
  node("worker-1", true, "fd00::1", "10.0.0.1"),
];

/** As the API server makes it of what is wished. */
function made(wish: Wish, more: Partial<Service> = {}): Service {
  const service = slotService(wishing(wish), 3);
  const ports = service.spec?.ports?.map((port) => ({ ...port, nodePort: 31_003 })) ?? [];
  return { ...service, spec: { ...service.spec, ports }, ...more };
}

function balanced(...ingress: readonly { ip?: string; hostname?: string }[]): Partial<Service> {
  return { status: { loadBalancer: { ingress } } };
}

const LB: Wish = { type: "LoadBalancer" };

describe("the address of a slot", () => {
  const CASES: readonly (readonly [string, Wish | undefined, Service, string | undefined])[] = [
    [
      "is a name in this cluster",
      undefined,
      slotService(repository(), 3),
      "sr-aaaaaaaa-3.ops.svc:8000",
    ],
    [
      "is the port of the first node that is ready",
      { type: "NodePort" },
      made({ type: "NodePort" }),
      "10.0.0.1:31003",
    ],
    [
      "is the port at an address that is said",
      { type: "NodePort", address: "nodes.example.com" },
      made({ type: "NodePort" }),
      "nodes.example.com:31003",
    ],
    ["is a load balancer's", LB, made(LB, balanced({ ip: "10.9.0.1" })), "10.9.0.1:8000"],
    ["is its name where it has no IP", LB, made(LB, balanced({ hostname: "lb.x" })), "lb.x:8000"],
    [
      "is that of its addresses which StarRocks takes",
      LB,
      made(LB, balanced({ ip: "fd00::9" }, { ip: "10.9.0.1" })),
      "10.9.0.1:8000",
    ],
    ["is none of IPv6 alone", LB, made(LB, balanced({ ip: "fd00::9" })), undefined],
    ["is none before there is a load balancer", LB, made(LB, balanced()), undefined],
    ["is none before the Service has a status", LB, made(LB), undefined],
    [
      "is that of the Service there is, while another is wished",
      { type: "NodePort" },
      slotService(repository(), 3),
      "sr-aaaaaaaa-3.ops.svc:8000",
    ],
  ];
  for (const [name, wish, service, address] of CASES) {
    it(name, () => {
      expect(addressOf(wishing(wish), 3, { service, nodes: NODES })).to.equal(address);
    });
  }

  it("is another node's where the first one has none that StarRocks takes", () => {
    const nodes = [node("worker-0", true, "fd00::1"), ...NODES];
    const service = made({ type: "NodePort" });
    expect(addressOf(wishing({ type: "NodePort" }), 3, { service, nodes })).to.equal(
      "10.0.0.1:31003",
    );
  });

  it("is none where no node is ready", () => {
    const lost = { service: made({ type: "NodePort" }), nodes: NODES.slice(1, 2) };
    expect(addressOf(wishing({ type: "NodePort" }), 3, lost)).to.equal(undefined);
  });
});

describe("a slot's Service", () => {
  const annotations = { "example.com/scheme": "internal" };

  it("has what was wished of it, and knows it again", () => {
    const wish: Wish = { type: "LoadBalancer", annotations };
    const service = slotService(wishing(wish), 0);
    expect(service.spec?.type).to.equal("LoadBalancer");
    expect(service.metadata.annotations).to.include(annotations);
    expect(isAsWished(service, wishing(wish))).to.equal(true);
    const others: readonly (Wish | undefined)[] = [
      undefined,
      { type: "LoadBalancer" },
      { type: "NodePort", annotations },
      { type: "LoadBalancer", annotations: { ...annotations, more: "" } },
    ];
    for (const other of others) expect(isAsWished(service, wishing(other))).to.equal(false);
  });

  it("within the cluster is as it was before there was a choice", () => {
    const plain = slotService(wishing(), 0);
    expect(plain.metadata).to.not.have.property("annotations");
    expect(isAsWished(plain, wishing({ type: "ClusterIP" }))).to.equal(true);
  });

  it("is not made again for another address of the nodes", () => {
    const service = made({ type: "NodePort", address: "a.example.com" });
    expect(isAsWished(service, wishing({ type: "NodePort", address: "b.example.com" }))).to.equal(
      true,
    );
  });
});
