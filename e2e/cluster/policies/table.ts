// One node's packet filter for its pods, as nft's text: one transaction, which may be applied again and again. What was
// refused is remembered over that.
//
// Ingress is filtered on the node of the called pod, egress on that of the caller, both at priority `filter` of the hooks
// forward and input: after kube-proxy's destination NAT (`dstnat`, prerouting), hence with what is behind a Service's
// address, and before its source NAT (`srcnat`, postrouting). Who comes by another node's Service port has that node's
// address all the same: there it was replaced. A node's own processes reach its pods by the hook output, which is free:
// kubelets must probe. A pod's calls to its own node are filtered, as not every network does.
import { addressOf, isolationOf, type Allowance, type Seen } from "./rules.ts";

export const TABLE = "policies";
/** Set of callers, called ones, protocols and ports. */
export const REFUSED = "refused";

const CONNECTION = "ip saddr . ip daddr . meta l4proto . th dport";

export interface NodeOfPods {
  readonly name: string;
  readonly podRange: string;
}

export function tableOf(node: NodeOfPods, seen: Seen): string {
  const from: string[] = [];
  const to: string[] = [];
  const chains: string[] = [];
  const isolate = (name: string, address: string, allowed: readonly string[] | undefined) => {
    if (allowed === undefined) return "return";
    // A pod reaches itself, also by a Service.
    const itself = `ip saddr ${address} ip daddr ${address} return`;
    const refuse = [`add @${REFUSED} { ${CONNECTION} }`, "drop"];
    chains.push(chain(name, [itself, ...allowed, ...refuse]));
    return `goto ${name}`;
  };
  for (const pod of seen.pods) {
    const address = addressOf(pod);
    if (address === undefined || pod.spec.nodeName !== node.name) continue;
    const { ingress, egress } = isolationOf(pod, seen);
    const callers = ingress?.map((one) => letThrough(one, "saddr"));
    const called = egress?.map((one) => letThrough(one, "daddr"));
    from.push(`ip saddr ${address} ${isolate(`egress-${address}`, address, called)}`);
    to.push(`ip daddr ${address} ${isolate(`ingress-${address}`, address, callers)}`);
  }
  const replies = "ct state established,related accept";
  const [outbound, inbound] = [`ip saddr ${node.podRange}`, `ip daddr ${node.podRange}`];
  const all = [
    ...chains,
    // A pod that is not known yet is isolated until it is, as Kubernetes demands of who enforces policies.
    chain("from-pod", [...from, "drop"]),
    chain("to-pod", [...to, "drop"]),
    hook("forward", [replies, `${outbound} jump from-pod`, `${inbound} jump to-pod`]),
    hook("input", ["iif lo accept", replies, `${outbound} jump from-pod`]),
  ];
  const set = `  set ${REFUSED} {\n    typeof ${CONNECTION}\n    size 4096\n    flags dynamic\n  }\n`;
  // Chains of pods that are gone stay, without rules.
  const flush = `table inet ${TABLE}\nflush table inet ${TABLE}\n`;
  return `${flush}table inet ${TABLE} {\n${set}${all.join("")}}\n`;
}

function hook(name: string, rules: readonly string[]): string {
  return chain(name, [`type filter hook ${name} priority filter; policy accept;`, ...rules]);
}

function chain(name: string, lines: readonly string[]): string {
  return `  chain ${name} {\n${lines.map((line) => `    ${line}\n`).join("")}  }\n`;
}

/** Back to where the other direction is looked at. `side`: of the other one. */
function letThrough(
  { block, except, protocol, ports }: Allowance,
  side: "saddr" | "daddr",
): string {
  const family = (cidr: string) => (cidr.includes(":") ? "ip6" : "ip");
  return [
    ...(block === undefined ? [] : [`${family(block)} ${side} ${block}`]),
    ...except.map((cidr) => `${family(cidr)} ${side} != ${cidr}`),
    ...(protocol === undefined ? [] : [`meta l4proto ${protocol.toLowerCase()}`]),
    ...(ports === undefined ? [] : [`th dport ${ports}`]),
    "return",
  ].join(" ");
}
