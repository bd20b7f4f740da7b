// The meaning of NetworkPolicies as Kubernetes documents it, each sentence as a row: who may call pod `web` of namespace `prod`,
// and whom it may call. What no row allows is refused.
import { BlockList } from "node:net";
import { expect } from "chai";
import { must } from "../../../operator/assert.ts";
import {
  isolationOf,
  type Allowance,
  type NetworkPolicy,
  type PolicyPod,
  type Seen,
} from "./rules.ts";

type PolicySpec = NetworkPolicy["spec"];
type Labels = Readonly<Record<string, string>>;
type Ports = PolicyPod["spec"]["containers"][number]["ports"];

interface PodRow {
  readonly namespace: string;
  readonly labels: Labels;
  readonly ports?: Ports;
  readonly hostNetwork?: boolean;
  readonly phase?: string;
}

const PODS: Readonly<Record<string, PodRow>> = {
  web: {
    namespace: "prod",
    labels: { app: "web" },
    ports: [
      { name: "http", containerPort: 8080 },
      { name: "dns", containerPort: 5353, protocol: "UDP" },
    ],
  },
  db: {
    namespace: "prod",
    labels: { app: "db", tier: "data" },
    ports: [{ name: "sql", containerPort: 5432 }],
  },
  "db-2": {
    namespace: "stage",
    labels: { app: "db" },
    ports: [{ name: "sql", containerPort: 5433 }],
  },
  cron: { namespace: "stage", labels: { app: "cron" } },
  host: { namespace: "prod", labels: { app: "db" }, hostNetwork: true },
  done: { namespace: "prod", labels: { app: "db" }, phase: "Succeeded" },
};
const NAMESPACES: Readonly<Record<string, Labels>> = { prod: { env: "p" }, stage: { env: "s" } };
const ADDRESSES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(PODS).map((name, i) => [name, `10.1.0.${i + 1}`]),
);

const pods = Object.entries(PODS).map(
  ([name, { namespace, labels, ports, hostNetwork, phase = "Running" }]): PolicyPod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels },
    spec: { hostNetwork: hostNetwork ?? false, containers: [{ ports: ports ?? [] }] },
    status: { phase, podIP: must(ADDRESSES[name]) },
  }),
);
const namespaces = Object.entries(NAMESPACES).map(([name, labels]) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels },
}));
const WEB = { podSelector: { matchLabels: { app: "web" } } };
const DB = { podSelector: { matchLabels: { app: "db" } } };
const STAGE = { namespaceSelector: { matchLabels: { env: "s" } } };

/** `<who> <protocol> <port>`; who is a pod's name or an address, the protocol TCP unless it is said. */
type Call = string;

interface Row {
  readonly what: string;
  readonly policies: readonly (PolicySpec & { readonly namespace?: string })[];
  /** Calls of `web`'s ports by others. */
  readonly in?: { readonly allowed?: readonly Call[]; readonly refused?: readonly Call[] };
  /** Calls by `web` of others. */
  readonly out?: { readonly allowed?: readonly Call[]; readonly refused?: readonly Call[] };
}

const ANYBODY_IN = ["db 80", "cron 8080", "192.0.2.7 80", "db UDP 53", "db SCTP 9", "db ICMP 0"];

const ROWS: readonly Row[] = [
  {
    what: "no policy: nobody is refused",
    policies: [],
    in: { allowed: ANYBODY_IN },
    out: { allowed: ANYBODY_IN },
  },
  {
    what: "a policy for other pods: nobody is refused",
    policies: [{ ...DB, policyTypes: ["Ingress", "Egress"] }],
    in: { allowed: ANYBODY_IN },
    out: { allowed: ANYBODY_IN },
  },
  {
    what: "a policy of another namespace: nobody is refused",
    policies: [{ ...WEB, namespace: "stage", policyTypes: ["Ingress", "Egress"] }],
    in: { allowed: ANYBODY_IN },
    out: { allowed: ANYBODY_IN },
  },
  {
    what: "an empty selector selects every pod of the namespace",
    policies: [{ podSelector: {}, policyTypes: ["Ingress"] }],
    in: { refused: ANYBODY_IN },
  },
  {
    what: "isolated for ingress alone: calls of others go on",
    policies: [{ ...WEB, policyTypes: ["Ingress"] }],
    in: { refused: ANYBODY_IN },
    out: { allowed: ANYBODY_IN },
  },
  {
    what: "isolated for egress alone: being called goes on",
    policies: [{ ...WEB, policyTypes: ["Egress"] }],
    in: { allowed: ANYBODY_IN },
    out: { refused: ANYBODY_IN },
  },
  {
    what: "types not said, no egress: ingress alone",
    policies: [{ ...WEB }],
    in: { refused: ANYBODY_IN },
    out: { allowed: ANYBODY_IN },
  },
  {
    what: "types not said, some egress: both",
    policies: [{ ...WEB, egress: [{ to: [DB] }] }],
    in: { refused: ANYBODY_IN },
    out: { allowed: ["db 1"], refused: ["cron 1"] },
  },
  {
    what: "rules of a direction that is not among the types do nothing",
    policies: [{ ...WEB, policyTypes: ["Egress"], ingress: [{ from: [DB] }] }],
    in: { allowed: ANYBODY_IN },
    out: { refused: ANYBODY_IN },
  },
  {
    what: "an empty list of rules allows nobody",
    policies: [{ ...WEB, policyTypes: ["Ingress", "Egress"], ingress: [], egress: [] }],
    in: { refused: ANYBODY_IN },
    out: { refused: ANYBODY_IN },
  },
  {
    what: "an empty rule allows everybody everything",
    policies: [{ ...WEB, policyTypes: ["Ingress", "Egress"], ingress: [{}], egress: [{}] }],
    in: { allowed: ANYBODY_IN },
    out: { allowed: ANYBODY_IN },
  },
  {
    what: "empty peers are everybody, empty ports are all",
    policies: [{ ...WEB, ingress: [{ from: [], ports: [] }] }],
    in: { allowed: ANYBODY_IN },
  },
  {
    what: "a pod selector alone: of the policy's own namespace, and none of the node's network or that has ended",
    policies: [{ ...WEB, ingress: [{ from: [DB] }] }],
    in: { allowed: ["db 80", "db UDP 80"], refused: ["db-2 80", "cron 80", "host 80", "done 80"] },
  },
  {
    what: "a namespace selector alone: every pod of such namespaces",
    policies: [{ ...WEB, ingress: [{ from: [STAGE] }] }],
    in: { allowed: ["db-2 80", "cron 80"], refused: ["db 80", "192.0.2.7 80"] },
  },
  {
    what: "an empty namespace selector: every pod, and nobody else",
    policies: [{ ...WEB, ingress: [{ from: [{ namespaceSelector: {} }] }] }],
    in: { allowed: ["db 80", "cron 80"], refused: ["192.0.2.7 80", "host 80"] },
  },
  {
    what: "both selectors in one peer: both must hold",
    policies: [{ ...WEB, ingress: [{ from: [{ ...STAGE, ...DB }] }] }],
    in: { allowed: ["db-2 80"], refused: ["db 80", "cron 80"] },
  },
  {
    what: "two peers: either",
    policies: [{ ...WEB, ingress: [{ from: [STAGE, DB] }] }],
    in: { allowed: ["db-2 80", "db 80", "cron 80"], refused: ["192.0.2.7 80"] },
  },
  {
    what: "a selector that nobody fits allows nobody",
    policies: [{ ...WEB, ingress: [{ from: [{ podSelector: { matchLabels: { app: "no" } } }] }] }],
    in: { refused: ANYBODY_IN },
  },
  {
    what: "expressions: In, NotIn, Exists and DoesNotExist",
    policies: [
      {
        podSelector: { matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] },
        ingress: [
          {
            from: [
              {
                namespaceSelector: {
                  matchExpressions: [{ key: "env", operator: "NotIn", values: ["s"] }],
                },
                podSelector: {
                  matchExpressions: [
                    { key: "tier", operator: "Exists" },
                    { key: "app", operator: "In", values: ["x", "db"] },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
    in: { allowed: ["db 80"], refused: ["db-2 80", "cron 80"] },
  },
  {
    what: "a block, but for what it excepts; pods within it too",
    policies: [
      {
        ...WEB,
        egress: [
          { to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.2/32", "10.2.0.0/16"] } }] },
        ],
      },
    ],
    out: {
      allowed: ["10.3.0.1 80", "cron 80"],
      refused: ["db 80", "10.2.9.9 80", "192.0.2.7 80"],
    },
  },
  {
    what: "what one peer excepts another may allow",
    policies: [
      {
        ...WEB,
        egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.1.0.0/16"] } }, DB] }],
      },
    ],
    out: { allowed: ["db 80", "192.0.2.7 80"], refused: ["cron 80"] },
  },
  {
    what: "a block of the other family is nobody here",
    policies: [{ ...WEB, egress: [{ to: [{ ipBlock: { cidr: "::/0" } }] }] }],
    out: { refused: ANYBODY_IN },
  },
  {
    what: "a port is of TCP where no protocol is said",
    policies: [{ ...WEB, ingress: [{ ports: [{ port: 80 }] }] }],
    in: { allowed: ["cron 80"], refused: ["cron UDP 80", "cron 81", "cron ICMP 0"] },
  },
  {
    what: "a protocol without a port: all of its ports",
    policies: [{ ...WEB, ingress: [{ ports: [{ protocol: "UDP" }] }] }],
    in: { allowed: ["cron UDP 1"], refused: ["cron 1"] },
  },
  {
    what: "a range has both its ends",
    policies: [{ ...WEB, ingress: [{ ports: [{ port: 80, endPort: 90 }] }] }],
    in: { allowed: ["cron 80", "cron 85", "cron 90"], refused: ["cron 79", "cron 91"] },
  },
  {
    what: "peers and ports of one rule: both must hold; rules: either",
    policies: [
      {
        ...WEB,
        ingress: [
          { from: [DB], ports: [{ port: 80 }] },
          { from: [STAGE], ports: [{ port: 81 }] },
        ],
      },
    ],
    in: { allowed: ["db 80", "cron 81"], refused: ["db 81", "cron 80"] },
  },
  {
    what: "a named port of ingress is the pod's own, of that protocol",
    policies: [
      { ...WEB, ingress: [{ ports: [{ port: "http" }, { port: "dns" }, { port: "sql" }] }] },
    ],
    in: { allowed: ["db 8080"], refused: ["db 5353", "db UDP 5353", "db 5432"] },
  },
  {
    what: "a named port of egress is the called pod's own",
    policies: [{ ...WEB, egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: "sql" }] }] }],
    out: { allowed: ["db 5432", "db-2 5433"], refused: ["db 5433", "cron 5432"] },
  },
  {
    what: "a named port of everybody is that of pods that have one",
    policies: [{ ...WEB, egress: [{ ports: [{ port: "sql" }] }] }],
    out: { allowed: ["db 5432", "db-2 5433"], refused: ["192.0.2.7 5432", "cron 5432"] },
  },
  {
    what: "a named port of a block is nobody's",
    policies: [
      { ...WEB, egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ port: "sql" }] }] },
    ],
    out: { refused: ["db 5432", "192.0.2.7 5432"] },
  },
  {
    what: "several policies: what any of them allows",
    policies: [
      { ...WEB, ingress: [{ from: [DB] }] },
      { podSelector: {}, policyTypes: ["Ingress"] },
      { ...WEB, ingress: [{ from: [STAGE], ports: [{ port: 81 }] }] },
    ],
    in: { allowed: ["db 80", "cron 81"], refused: ["cron 80"] },
  },
];

describe("what NetworkPolicies mean", () => {
  for (const { what, policies, ...calls } of ROWS) {
    it(what, () => {
      const { ingress, egress } = isolationOf(must(pods[0]), seenWith(policies));
      const says = (allowed: readonly Allowance[] | undefined, list: readonly Call[] = []) =>
        list.map((call) => `${call}: ${isAllowed(allowed, call) ? "allowed" : "refused"}`);
      for (const answer of ["allowed", "refused"] as const) {
        const expected = (list: readonly Call[] = []) => list.map((call) => `${call}: ${answer}`);
        expect(says(ingress, calls.in?.[answer]), "in").to.deep.equal(expected(calls.in?.[answer]));
        expect(says(egress, calls.out?.[answer]), "out").to.deep.equal(
          expected(calls.out?.[answer]),
        );
      }
    });
  }
});

function seenWith(specs: Row["policies"]): Seen {
  const policies = specs.map(({ namespace = "prod", ...spec }, i): NetworkPolicy => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: `p${i}`, namespace },
    spec,
  }));
  return { policies, namespaces, pods };
}

/** Read as a packet filter reads them. */
function isAllowed(allowed: readonly Allowance[] | undefined, call: Call): boolean {
  const [who = "", ...rest] = call.split(" ");
  const [protocol, port] =
    rest.length === 1 ? ["TCP", Number(rest[0])] : [rest[0], Number(rest[1])];
  const address = ADDRESSES[who] ?? who;
  if (allowed === undefined) return true;
  return allowed.some((one) => {
    const [first = 0, last = first] = (one.ports ?? "0-65535").split("-").map(Number);
    return (
      (one.block === undefined || contains(one.block, address)) &&
      !one.except.some((cidr) => contains(cidr, address)) &&
      (one.protocol === undefined || one.protocol === protocol) &&
      first <= port &&
      port <= last
    );
  });
}

function contains(cidr: string, address: string): boolean {
  const [network = "", prefix] = cidr.split("/");
  const family = network.includes(":") ? "ipv6" : "ipv4";
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family);
  return family === "ipv4" && list.check(address);
}
