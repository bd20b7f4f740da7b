// The chart's NetworkPolicies, enforced: with them everything works by names and Services, everybody else is refused, and
// each of their rules is needed. StarRocks and the storage are addresses outside of Kubernetes; a pod stands for a frontend within.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import { LABELS, MANAGED_BY } from "../../operator/api/group.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { must } from "../../operator/assert.ts";
import { BROKER_PORT } from "../../operator/controllers/names.ts";
import { PODS, type Pod } from "../../operator/runtime/objects.ts";
import { OPERATOR_NAMESPACE } from "../any-world.ts";
import { describeOnCluster } from "../cluster/describe.ts";
import { DNS_SERVICE } from "../cluster/node-files.ts";
import type { PolicyEnforcer } from "../cluster/policies/enforcer.ts";
import {
  NETWORK_POLICIES,
  type NetworkPolicy,
  type PolicyRule,
} from "../cluster/policies/rules.ts";
import {
  callingPod,
  fromHere,
  fromNode,
  fromPod,
  SERVICE_PORT,
  serviceFor,
  type Caller,
  type Target,
} from "../cluster/testing/callers.ts";
import { theSite } from "../cluster-site.ts";
import { ClusterWorld } from "../cluster-world.ts";
import { endsWell, harbour, hurry, uploading } from "./misfortunes.ts";

const run = promisify(execFile);

const RELEASE = "starrocks-backup";
const STRANGERS = "policies-strangers";
const MONITORING = "policies-monitoring";
const STARROCKS = "policies-starrocks";
const API_SERVER_PORT = 6443;
const METRICS_PORT = 8080;
/** Where clouds tell a pod's machine, and whoever asks, who it is. */
const METADATA = "169.254.169.254";
const REACHED_WITHIN_MS = 30_000;
/** The enforcer says that it was it: nothing is concluded from this time alone. */
const REFUSED_AFTER_MS = 2_000;

const AGENTS = `${RELEASE}-agents`;
const STORAGE = `${RELEASE}-storage`;
const OPERATOR = `${RELEASE}-operator`;

/** Who is where, once they are. */
interface Places {
  /** The frontend. */
  readonly here: Caller;
  readonly backend: Caller;
  readonly frontendPod: Caller;
  readonly monitor: Caller;
  readonly stranger: Caller;
  readonly neighbour: Caller;
  readonly operator: Caller;
  /** Has an agent's labels, and listens as one. */
  readonly agent: Caller;
  /** The same of a one-shot pod, which would not listen. */
  readonly oneShot: Caller;
}

interface Reach {
  readonly who: keyof Places;
  readonly what: (at: Places) => Target;
}

describeOnCluster("NetworkPolicies on a real cluster", () => {
  let world: ClusterWorld;
  let enforcer: PolicyEnforcer;
  let at: Places;
  let here: string;

  const tcp = (address: string, port: number): Target => ({ address, port, protocol: "tcp" });
  const frontend = () => tcp(here, world.starrocks.mysql.port);
  const storage = () => {
    const { endpoint } = world.storage.settings["s3"] as { readonly endpoint: string };
    return tcp(here, Number(new URL(endpoint).port));
  };
  const apiServer = () => tcp(here, API_SERVER_PORT);
  const broker = (pod: Caller) => tcp(pod.address, BROKER_PORT);
  const metrics = () => tcp(at.operator.address, METRICS_PORT);
  const names = (protocol: "tcp" | "udp") => ({ address: DNS_SERVICE, port: 53, protocol });

  const reaches = async (who: Caller, target: Target): Promise<void> => {
    const said = await who.call(target, REACHED_WITHIN_MS);
    const refused = (await enforcer.refused()).map(inWords);
    const why = `${asked(who, target)}; refused until now:\n${refused.join("\n")}\n`;
    expect(said, why).to.equal("REACHED");
  };
  /** `behind` a Service's address. */
  const isRefused = async (who: Caller, target: Target, behind = target): Promise<void> => {
    expect(await who.call(target, REFUSED_AFTER_MS), asked(who, target)).to.equal("SWALLOWED");
    expect((await enforcer.refused()).map(inWords)).to.include(asked(who, behind));
  };
  const all = async (...checks: readonly Promise<void>[]): Promise<void> => {
    await Promise.all(checks);
  };

  /** Of the chart, for a StarRocks and a storage at these addresses. */
  const values = (storageTo: readonly object[]) => ({
    operator: {
      enabled: true,
      metricsFrom: [inNamespace(MONITORING)],
      apiServerTo: [block(here)],
      starRocksTo: [block(here)],
      starRocksPorts: [frontend().port],
    },
    agents: {
      enabled: true,
      namespaces: [world.namespace],
      starRocksFrom: [
        block(here),
        ...world.site.cluster.nodes.map(({ address }) => block(address)),
        { ...inNamespace(STARROCKS), podSelector: { matchLabels: { app: "fe" } } },
      ],
      storageTo,
      storagePorts: [storage().port],
    },
  });
  const install = async (storageTo: readonly object[]): Promise<void> => {
    await world.installOperator({ networkPolicy: values(storageTo) });
    await enforcer.catchUp();
  };
  /** Ready, with an address that nodes know. */
  const runPods = async (...pods: readonly Pod[]): Promise<readonly Pod[]> => {
    await world.apply(...pods);
    for (const { metadata } of pods) {
      const where = ["--namespace", must(metadata.namespace), `pod/${metadata.name}`];
      const ready = ["--for=condition=Ready", "--timeout=120s"];
      await world.site.cluster.kubectl("wait", ...where, ...ready);
    }
    await enforcer.catchUp();
    const found = pods.map(({ metadata }) => world.client.get(PODS, metadata));
    return (await Promise.all(found)).map((pod) => must(pod));
  };
  const operatorPod = async (): Promise<Pod> => {
    const pods = await world.operatorPods();
    return must(pods.find(({ metadata }) => metadata.deletionTimestamp === undefined));
  };

  before(async () => {
    const site = await theSite();
    const { cluster } = site;
    here = cluster.address;
    enforcer = await cluster.enforcePolicies();
    world = await ClusterWorld.start(site, { name: "policies" });
    const { namespace } = world;
    for (const name of [STRANGERS, MONITORING, STARROCKS]) await cluster.createNamespace(name);
    await install([block(here)]);
    // It begins anew, under its policy.
    const deployment = ["--namespace", OPERATOR_NAMESPACE, `deployment/${RELEASE}`];
    await cluster.kubectl("rollout", "restart", ...deployment);
    await cluster.kubectl("rollout", "status", ...deployment, "--timeout=3m");
    await world.apply(
      ...serviceFor(namespace, "fe", frontend()),
      ...serviceFor(namespace, "storage", storage()),
    );
    const pods = await runPods(
      callingPod(site.image, { namespace: STARROCKS, name: "fe", labels: { app: "fe" } }),
      callingPod(site.image, { namespace: MONITORING, name: "monitor" }),
      callingPod(site.image, { namespace: STRANGERS, name: "stranger", labels: { app: "fe" } }),
      callingPod(site.image, { namespace, name: "neighbour" }),
      callingPod(site.image, { namespace, name: "agent", labels: ours("agent"), node: "node-b" }),
      callingPod(site.image, {
        namespace,
        name: "one-shot",
        labels: ours("verify"),
        node: "node-b",
      }),
    );
    const [frontendPod, monitor, stranger, neighbour, agent, oneShot] = pods.map((one) =>
      fromPod(cluster, one),
    );
    at = {
      here: fromHere(cluster),
      backend: fromNode(cluster, "node-a"),
      frontendPod: must(frontendPod),
      monitor: must(monitor),
      stranger: must(stranger),
      neighbour: must(neighbour),
      operator: fromPod(cluster, await operatorPod()),
      agent: must(agent),
      oneShot: must(oneShot),
    };
  });

  after(async () => {
    await enforcer?.stop();
    await world?.installOperator();
    await world?.stop();
    const namespaces = [STRANGERS, MONITORING, STARROCKS];
    const without = ["--ignore-not-found", "--wait=false"];
    await world?.site.cluster.kubectl("delete", "namespace", ...without, ...namespaces);
  });

  it("let a Repository become READY, by names of Services", async () => {
    const { s3 } = world.storage.settings;
    const change = {
      cluster: {
        frontends: [`fe.${world.namespace}.svc:${SERVICE_PORT}`],
        credentialsSecret: { name: "starrocks-backup-user" },
      },
      // To the server the first of several parts of a name is a bucket.
      s3: { ...(s3 as object), endpoint: `http://storage:${SERVICE_PORT}` },
    };
    // Longer than all that is asked of its agents takes on a busy machine.
    await harbour(world, 4);
    await world.apply(world.repository(change as unknown as Partial<Repository["spec"]>));
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
  });

  it("let StarRocks alone reach agents that upload, and those nothing but storage and DNS", async () => {
    const backup = await uploading(world, "policies");
    const pods = (await world.agentPods(backup)).map((name) =>
      world.client.get(PODS, { namespace: world.namespace, name }),
    );
    const found = (await Promise.all(pods)).map((one) => must(one));
    const on = (node: string): Caller => {
      const one = must(
        found.find(({ spec }) => spec?.nodeName === node),
        `an agent on ${node}`,
      );
      return fromPod(world.site.cluster, one);
    };
    const [a, b] = [on("node-a"), on("node-b")];
    await all(
      ...[a, b].flatMap((agent) => [
        reaches(at.here, broker(agent)),
        reaches(at.frontendPod, broker(agent)),
        isRefused(at.stranger, broker(agent)),
        isRefused(at.neighbour, broker(agent)),
      ]),
      reaches(at.backend, broker(b)),
      isRefused(a, broker(b)),
      reaches(a, storage()),
      reaches(a, names("udp")),
      isRefused(a, frontend()),
      isRefused(b, tcp("10.96.0.1", 443), apiServer()),
      isRefused(b, tcp(METADATA, 80)),
    );
    const { status } = must(await world.get<Backup>("Backup", "policies"));
    expect(status?.phase, "they still upload").to.equal("UPLOADING");
    await hurry(world, "policies");
  });

  it("let that Backup, and a Restore of it, finish at the first try", async () => {
    const { status } = await endsWell(world, "policies");
    expect(status?.attempt).to.equal(1);
    expect(await world.untilNothingIsLeft()).to.deep.equal([]);
    expect(world.starrocks.violations).to.deep.equal([]);
  });

  it("let nobody reach a one-shot pod", async () => {
    const target = broker(at.oneShot);
    const callers = [at.here, at.backend, at.frontendPod, at.stranger, at.neighbour, at.operator];
    await all(...callers.map((who) => isRefused(who, target)));
  });

  it("let the operator reach FEs, API server and DNS alone, and who monitors read its metrics", async () => {
    await all(
      reaches(at.operator, frontend()),
      reaches(at.operator, tcp("10.96.0.1", 443)),
      reaches(at.operator, names("udp")),
      isRefused(at.operator, storage()),
      isRefused(at.operator, broker(at.agent)),
      reaches(at.monitor, metrics()),
      isRefused(at.stranger, metrics()),
      isRefused(at.neighbour, metrics()),
      isRefused(at.here, metrics()),
    );
  });

  it("let helm test pass", async () => {
    const test = ["test", RELEASE, "--namespace", OPERATOR_NAMESPACE, "--logs"];
    expect(await world.site.cluster.helm(...test)).to.match(/Succeeded/);
  });

  const keyOf = (policy: string) => ({
    namespace: policy === OPERATOR ? OPERATOR_NAMESPACE : world.namespace,
    name: policy,
  });
  const specOf = async (policy: string): Promise<NetworkPolicy["spec"]> =>
    must(await world.client.get(NETWORK_POLICIES, keyOf(policy)), policy).spec;
  const patch = async (policy: string, spec: object): Promise<void> => {
    await world.client.patch(NETWORK_POLICIES, keyOf(policy), { spec });
    await enforcer.catchUp();
  };
  /** While `then` runs they select no pod, as if nobody had made them. */
  const without = async (policies: readonly string[], then: () => Promise<void>): Promise<void> => {
    const off = (value: string | null) => ({ podSelector: { matchLabels: { "is-off": value } } });
    for (const policy of policies) await patch(policy, off("yes"));
    try {
      await then();
    } finally {
      for (const policy of policies) await patch(policy, off(null));
    }
  };

  // Before other rules are patched: Helm changes none that others have.
  it("keep agents from the cloud's metadata where the storage may be anywhere", async () => {
    const target = tcp(METADATA, storage().port);
    const metadata = createServer((socket) => socket.destroy());
    await run("ip", ["address", "add", `${METADATA}/32`, "dev", "lo"]);
    try {
      metadata.listen(target.port, METADATA);
      await once(metadata, "listening");
      await install([]);
      await reaches(at.agent, storage());
      await isRefused(at.agent, target);
      const { egress } = await specOf(STORAGE);
      await patch(STORAGE, { egress: must(egress).map(withoutExceptions) });
      await reaches(at.agent, target);
      await patch(STORAGE, { egress });
    } finally {
      metadata.close();
      await run("ip", ["address", "delete", `${METADATA}/32`, "dev", "lo"]);
    }
  });

  /** For every rule somebody who needs it. */
  const RULES: readonly (Reach & {
    readonly policy: string;
    readonly direction: "ingress" | "egress";
    readonly rule: number;
    readonly behind?: (at: Places) => Target;
  })[] = [
    { policy: AGENTS, direction: "ingress", rule: 0, who: "here", what: () => broker(at.agent) },
    {
      policy: STORAGE,
      direction: "egress",
      rule: 0,
      who: "agent",
      what: () => names("udp"),
      behind: () => ({ ...names("udp"), address: here }),
    },
    { policy: STORAGE, direction: "egress", rule: 1, who: "oneShot", what: storage },
    { policy: OPERATOR, direction: "ingress", rule: 0, who: "monitor", what: metrics },
    {
      policy: OPERATOR,
      direction: "egress",
      rule: 0,
      who: "operator",
      what: () => names("tcp"),
      behind: () => ({ ...names("tcp"), address: here }),
    },
    { policy: OPERATOR, direction: "egress", rule: 1, who: "operator", what: apiServer },
    { policy: OPERATOR, direction: "egress", rule: 2, who: "operator", what: frontend },
  ];
  for (const { policy, direction, rule, who, what, behind = what } of RULES) {
    it(`need ${direction} ${rule} of ${policy}: without it ${who} is refused`, async () => {
      await reaches(at[who], what(at));
      const rules = must((await specOf(policy))[direction]);
      await patch(policy, { [direction]: rules.filter((_, i) => i !== rule) });
      try {
        await isRefused(at[who], what(at), behind(at));
      } finally {
        await patch(policy, { [direction]: rules });
      }
    });
  }

  it("have no other rules", async () => {
    const count = async (policy: string): Promise<number> => {
      const { ingress = [], egress = [] } = await specOf(policy);
      return ingress.length + egress.length;
    };
    const counts = await Promise.all([AGENTS, STORAGE, OPERATOR].map(count));
    expect(counts).to.deep.equal([1, 2, 4]);
    expect(RULES).to.have.length(1 + 2 + 4);
  });

  const OFF: readonly (Reach & { readonly policies: readonly string[] })[] = [
    { policies: [AGENTS, STORAGE], who: "stranger", what: () => broker(at.agent) },
    { policies: [STORAGE], who: "stranger", what: () => broker(at.oneShot) },
    { policies: [STORAGE], who: "agent", what: frontend },
    { policies: [OPERATOR], who: "stranger", what: metrics },
    { policies: [OPERATOR], who: "operator", what: storage },
  ];
  for (const { policies, who, what } of OFF) {
    it(`are all that refuses: without ${policies.join(" and ")} ${who} is let through`, async () => {
      await isRefused(at[who], what(at));
      await without(policies, () => reaches(at[who], what(at)));
    });
  }
});

function asked({ address }: Caller, { address: to, port, protocol }: Target): string {
  return inWords({ from: address, to, protocol, port });
}

function inWords(call: { from: string; to: string; protocol: string; port: number }): string {
  return `${call.from} > ${call.to}:${call.port} ${call.protocol}`;
}

function block(address: string) {
  return { ipBlock: { cidr: `${address}/32` } };
}

function inNamespace(name: string) {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } };
}

function withoutExceptions({ to, ...rule }: PolicyRule): PolicyRule {
  if (to === undefined) return rule;
  const peers = to.map((peer) =>
    peer.ipBlock === undefined ? peer : { ipBlock: { cidr: peer.ipBlock.cidr } },
  );
  return { ...rule, to: peers };
}

/** As the operator labels its pods. */
function ours(component: string): Readonly<Record<string, string>> {
  return { [LABELS.managedBy]: MANAGED_BY, [LABELS.component]: component };
}
