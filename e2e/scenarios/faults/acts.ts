// What each fault does to each component, and how it heals. An act resolves when all is as before, but for what the
// product still has to mend.
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "../../../operator/assert.ts";
import { LABELS, MANAGED_BY } from "../../../operator/api/group.ts";
import { PODS } from "../../../operator/runtime/objects.ts";
import { NAMESPACE, type World } from "../../world.ts";
import type { Deployment } from "./deployment.ts";
import type { Component, Fault } from "./table.ts";

export interface Stage {
  readonly world: World;
  readonly operator: Deployment;
  /** The UID of the job that suffers. */
  readonly jobUid: string;
}

type Act = (stage: Stage) => Promise<void>;

/** Longer than the operator's lease (5 s), a node's grace (3 s) and a few of StarRocks' heartbeats. */
const LONG_MS = 6_000;
/** Longer than another operator takes to start and to take the lease over. */
const TAKEN_OVER_MS = 9_000;
/** How long somebody who was killed is away. */
const AWAY_MS = 1_500;
/** One that has replicas on the node of neither the only FE nor the API server. */
const NODE = "node-b";
const BACKEND = 1;

export const ACTS: Readonly<Record<Component, Readonly<Record<Fault, Act>>>> = {
  operator: {
    kill: async ({ operator }) => {
      operator.signal("SIGKILL");
      await sleep(AWAY_MS);
    },
    restart: async ({ operator }) => {
      operator.signal("SIGTERM");
      await sleep(0);
    },
    // Another one takes over; the old one comes back in the middle of what it did.
    hang: async ({ operator }) => {
      operator.signal("SIGSTOP");
      operator.scaleUp();
      await sleep(TAKEN_OVER_MS);
      operator.signal("SIGCONT");
      await sleep(AWAY_MS);
      await operator.scaleDown();
    },
    partition: async ({ operator }) => {
      operator.cut();
      await sleep(LONG_MS);
      operator.mend();
    },
  },

  agent: {
    kill: async (stage) => {
      const { world } = stage;
      world.kubernetes.killPod(NAMESPACE, await agentPod(stage));
    },
    restart: async (stage) => {
      await stage.world.kubernetes.evict(NAMESPACE, await agentPod(stage));
    },
    hang: async (stage) => {
      const pod = await agentPod(stage);
      signalPod(stage.world, pod, "SIGSTOP");
      await sleep(LONG_MS);
      signalPod(stage.world, pod, "SIGCONT");
    },
    partition: async (stage) => {
      const { kubernetes } = stage.world;
      const address = kubernetes.podAddress(NAMESPACE, await agentPod(stage));
      kubernetes.partitions.isolate("agent", (other) => other === address);
      await sleep(LONG_MS);
      kubernetes.partitions.join("agent");
    },
  },

  BE: {
    kill: async ({ world: { starrocks } }) => {
      starrocks.killBackend(BACKEND);
      await sleep(AWAY_MS);
      starrocks.startBackend(BACKEND);
    },
    restart: async ({ world: { starrocks } }) => {
      starrocks.killBackend(BACKEND);
      starrocks.startBackend(BACKEND);
      await sleep(0);
    },
    hang: async ({ world: { starrocks } }) => {
      starrocks.stopBackend(BACKEND);
      await sleep(LONG_MS);
      starrocks.continueBackend(BACKEND);
    },
    partition: async ({ world: { starrocks } }) => {
      starrocks.partitionBackend(BACKEND);
      await sleep(LONG_MS);
      starrocks.continueBackend(BACKEND);
    },
  },

  FE: {
    kill: async ({ world: { starrocks } }) => {
      await starrocks.killFrontend();
      await sleep(AWAY_MS);
      await starrocks.startFrontend();
    },
    restart: async ({ world: { starrocks } }) => {
      await starrocks.killFrontend();
      await starrocks.startFrontend();
    },
    hang: async ({ world }) => {
      await hangFrontend(world);
    },
    partition: async ({ world }) => {
      await partitionFrontend(world);
    },
  },

  "FE leader": {
    kill: async ({ world: { starrocks } }) => {
      const leader = starrocks.leaderIndex();
      await starrocks.killFrontend(leader);
      await sleep(AWAY_MS);
      await starrocks.startFrontend(leader);
    },
    restart: async ({ world: { starrocks } }) => {
      await starrocks.changeLeader();
    },
    hang: async ({ world }) => {
      await hangFrontend(world);
    },
    partition: async ({ world }) => {
      await partitionFrontend(world);
    },
  },

  "API server": {
    kill: async ({ world: { kubernetes } }) => {
      await kubernetes.server.restart(async () => await sleep(2 * AWAY_MS));
    },
    // It comes back at once, and nobody's history is known any more.
    restart: async ({ world: { kubernetes } }) => {
      await kubernetes.server.restart();
    },
    hang: async ({ world: { kubernetes } }) => {
      kubernetes.server.hang();
      await sleep(LONG_MS);
      kubernetes.server.goOn();
    },
    // From all nodes. From the operator: that is the operator's partition.
    partition: async ({ world: { kubernetes } }) => {
      const nodes = kubernetes.nodeNames.map((name) => kubernetes.node(name));
      for (const node of nodes) node.partition();
      await sleep(LONG_MS);
      for (const node of nodes) node.reconnect();
    },
  },

  node: {
    kill: async ({ world }) => {
      await powerOff(world);
      await sleep(LONG_MS);
      await powerOn(world);
    },
    restart: async ({ world }) => {
      await powerOff(world);
      await powerOn(world);
    },
    hang: async ({ world: { kubernetes, starrocks } }) => {
      const node = kubernetes.node(NODE);
      const { pids } = node;
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      node.partition();
      starrocks.stopBackend(BACKEND);
      await sleep(LONG_MS);
      starrocks.continueBackend(BACKEND);
      // Before the kubelet: it may find that its pods were evicted meanwhile, and end them.
      for (const pid of pids) process.kill(pid, "SIGCONT");
      node.reconnect();
    },
    partition: async ({ world: { kubernetes } }) => {
      kubernetes.partitionNode(NODE);
      await sleep(LONG_MS);
      kubernetes.reconnectNode(NODE);
    },
  },
};

async function hangFrontend({ starrocks }: World): Promise<void> {
  const leader = starrocks.leaderIndex();
  await starrocks.stopFrontend(leader);
  await sleep(LONG_MS);
  await starrocks.continueFrontend(leader);
}

async function partitionFrontend({ starrocks }: World): Promise<void> {
  const leader = starrocks.leaderIndex();
  await starrocks.partitionFrontend(leader);
  await sleep(LONG_MS);
  await starrocks.continueFrontend(leader);
}

async function powerOff({ kubernetes, starrocks }: World): Promise<void> {
  starrocks.killBackend(BACKEND);
  await kubernetes.node(NODE).powerOff();
}

async function powerOn({ kubernetes, starrocks }: World): Promise<void> {
  await kubernetes.node(NODE).powerOn();
  starrocks.startBackend(BACKEND);
}

/** A pod of the job that runs, whatever its command; of any job while this one has none. */
async function agentPod({ world, jobUid }: Stage): Promise<string> {
  const labelSelector = `${LABELS.managedBy}=${MANAGED_BY}`;
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(5)) {
    const { items } = await world.kubernetes.client.list(PODS, {
      namespace: NAMESPACE,
      labelSelector,
    });
    const running = items.filter((p) => world.kubernetes.isRunning(NAMESPACE, p.metadata.name));
    const mine = running.filter((p) => p.metadata.labels?.[LABELS.jobUid] === jobUid);
    const of = mine.length > 0 ? mine : running;
    const found = of[of.length >> 1];
    if (found !== undefined) return found.metadata.name;
  }
  throw new Error("no agent ran within 60 s");
}

function signalPod(world: World, name: string, signal: NodeJS.Signals): void {
  // It may have been replaced while it hung.
  if (world.kubernetes.isRunning(NAMESPACE, name))
    world.kubernetes.killPod(NAMESPACE, name, signal);
}

/** Whatever a row that failed has left as it was. */
export async function healAll(world: World): Promise<void> {
  const { kubernetes, starrocks } = world;
  kubernetes.server.goOn();
  kubernetes.partitions.joinAll();
  for (const name of kubernetes.nodeNames) kubernetes.node(name).reconnect();
  for (const i of starrocks.backendHosts.keys()) starrocks.startBackend(i);
  for (const i of starrocks.frontendAddresses.keys()) await starrocks.startFrontend(i);
  must(starrocks.leader(), "an FE that leads");
}
