// PENDING with a slot: slot, agents, broker and mount, up to the statement.
import { awaitChange, poll } from "../../../runtime/result.ts";
import { backup, repository } from "../../testing/samples.ts";
import { itPlans } from "../../testing/plans.ts";
import {
  ATTEMPT,
  ADDRESS,
  MINUTE,
  MOUNT,
  agent,
  ago,
  broker,
  mount,
  mounted,
  pod,
  readyRepository,
  slot,
} from "../../testing/seen.ts";

describe("the slot", () => {
  const status = { leftOut: [] };
  itPlans([
    {
      name: "is the first that is free and whose pods are gone",
      given: {
        status,
        slots: [slot({ lentTo: "else-1" }), slot({ index: 1, busy: true }), slot({ index: 2 })],
      },
      step: "slotIsLent",
      reason: "Starting",
      result: poll(0, "the slot"),
      actions: [{ kind: "lendSlot", slot: slot({ index: 2 }), attempt: 1 }],
    },
    {
      name: "is waited for while old pods are there",
      given: { status, slots: [slot({ busy: true })] },
      step: "slotIsLent",
      reason: "WaitingForSlot",
      result: awaitChange("the pods of the last job in a slot to go"),
    },
    {
      name: "says which pods are waited for",
      given: {
        status,
        slots: [
          slot({
            busy: true,
            pods: [{ where: "p on node worker-1", disrupted: false, deletionTime: ago(0) }],
          }),
        ],
      },
      step: "slotIsLent",
      reason: "WaitingForSlot",
      result: poll(15_000, "the pods of the last job in a slot to go: p on node worker-1"),
    },
    {
      name: "is written down once it is lent",
      given: {
        status: { ...status, queue: { position: 1 }, retryAfter: ago(MINUTE) },
        slots: [slot({ lentTo: "bbbbbbbb-1" })],
      },
      step: "slotIsLent",
      reason: "Starting",
      result: poll(0, "the agents"),
      status: {
        slot: { name: "sr-aaaaaaaa-0", index: 0, attempt: 1 },
        attempt: 1,
        attemptStartTime: ago(0),
        queue: undefined,
        retryAfter: undefined,
        repositoryUID: "aaaaaaaa-1111-4111-8111-111111111111",
        location: "s3://backups/starrocks",
        repositoryName: "prod",
        snapshot: { name: "nightly_bbbbbbbb" },
      },
    },
  ]);
});

describe("agents", () => {
  const nodes = { nodes: ["worker-0", "worker-1"], unplaced: [] };
  itPlans([
    {
      name: "are made on every node with a BE that has none",
      given: mounted({ nodes }),
      step: "agentsArePlaced",
      reason: "StartingAgents",
      result: poll(0, "the agents"),
      actions: [{ kind: "createAgent", node: "worker-1", slot: 0 }],
    },
    {
      name: "are one for all when no node is known, with a warning",
      given: mounted({ nodes: { nodes: [], unplaced: ["be-9"] }, agents: [] }),
      step: "agentsArePlaced",
      reason: "StartingAgents",
      result: poll(0, "the agents"),
      actions: [{ kind: "createAgent", node: undefined, slot: 0 }],
      status: {
        warnings: [
          "no Kubernetes node is known for BEs be-9: one agent on any node serves all; if they are outside of this Kubernetes they reach it only with agent.service.type: NodePort or LoadBalancer in the Repository",
        ],
      },
    },
    {
      name: "of a StarRocks that is inside and outside are on the nodes there are, with a warning",
      given: mounted({
        repository: readyRepository({
          agent: { ...repository().spec.agent, service: { type: "NodePort" } },
        }),
        nodes: { nodes: ["worker-0", "worker-1"], unplaced: ["be-8", "be-9"] },
      }),
      step: "agentsArePlaced",
      reason: "StartingAgents",
      result: poll(0, "the agents"),
      actions: [{ kind: "createAgent", node: "worker-1", slot: 0 }],
      status: {
        warnings: [
          "no Kubernetes node is known for BEs be-8, be-9: their traffic goes to an agent on another BE's node; what they send and get is not encrypted: keep it within a network that you trust",
        ],
      },
    },
    {
      name: "are waited for, each with its trouble",
      given: mounted({
        nodes,
        agents: [
          agent({ pods: [], trouble: "Unschedulable: no node fits" }),
          agent({ node: "worker-1" }),
        ],
        status: { attemptStartTime: ago(30_000) },
      }),
      step: "agentsServe",
      reason: "StartingAgents",
      result: poll(5_000, "agents to serve: node worker-0 (Unschedulable: no node fits)"),
    },
    {
      name: "are led to by the slot once all of them serve",
      given: mounted({
        nodes,
        slots: [slot({ lentTo: ATTEMPT, open: false })],
        agents: [agent(), agent({ node: "worker-1" })],
        frontend: { brokers: [] },
      }),
      step: "slotIsOpen",
      reason: "Mounting",
      result: poll(0, "the slot to open"),
      actions: [{ kind: "openSlot", slot: slot({ lentTo: ATTEMPT, open: false }) }],
    },
    {
      name: "are done without after a minute when others serve",
      given: mounted({
        nodes,
        agents: [agent({ pods: [pod({ ready: false })] }), agent({ node: "worker-1" })],
        status: { attemptStartTime: ago(61_000) },
        frontend: { brokers: [] },
      }),
      step: "brokerIsAlive",
      reason: "Mounting",
      result: poll(0, "StarRocks' broker"),
      actions: [{ kind: "addBroker", slot: 0, address: `${ADDRESS}:8000` }],
    },
    {
      name: "are given up after 10 minutes",
      given: mounted({
        agents: [agent({ pods: [] })],
        status: { attemptStartTime: ago(10 * MINUTE + 1_000) },
      }),
      step: "agentsServe",
      end: ["RETRY", "AgentsNotReady"],
      message: /^waited 10 minutes for agents to serve: node worker-0$/,
    },
    {
      name: "that are wrongly configured end the job",
      given: mounted({
        agents: [
          agent({
            state: "failed",
            ended: { exitCode: 42, reason: "AccessDenied", message: "no such key", detail: {} },
          }),
        ],
      }),
      step: "agentsServe",
      end: ["FAILED", "AccessDenied"],
      message: /^no such key$/,
    },
    {
      name: "whose Job gave up end the attempt",
      given: mounted({
        agents: [agent({ state: "failed", node: undefined, trouble: "BackoffLimitExceeded" })],
        nodes: { nodes: [], unplaced: [] },
      }),
      step: "agentsServe",
      end: ["RETRY", "AgentFailed"],
      message: /^the agent of any node failed: BackoffLimitExceeded$/,
    },
  ]);
});

describe("the mount", () => {
  itPlans([
    {
      name: "begins with the broker",
      given: mounted({ frontend: { brokers: [] } }),
      step: "brokerIsAlive",
      reason: "Mounting",
      result: poll(0, "StarRocks' broker"),
      actions: [{ kind: "addBroker", slot: 0, address: `${ADDRESS}:8000` }],
    },
    {
      name: "waits for a load balancer",
      given: mounted({
        slots: [slot({ lentTo: ATTEMPT, address: undefined })],
        frontend: { brokers: [] },
      }),
      step: "brokerIsAlive",
      reason: "Mounting",
      result: poll(1_000, "Service sr-aaaaaaaa-0 to get an address that StarRocks reaches"),
    },
    {
      name: "takes the address from outside where there is one",
      given: mounted({
        slots: [slot({ lentTo: ATTEMPT, address: "10.0.0.1:31003" })],
        frontend: { brokers: [] },
      }),
      step: "brokerIsAlive",
      reason: "Mounting",
      result: poll(0, "StarRocks' broker"),
      actions: [{ kind: "addBroker", slot: 0, address: "10.0.0.1:31003" }],
    },
    {
      name: "drops an old address of the slot",
      given: mounted({ frontend: { brokers: [broker({ host: "10.1.2.3" })] } }),
      step: "brokerIsAlive",
      reason: "Mounting",
      result: poll(0, "an old address of the slot to go"),
      actions: [{ kind: "dropBroker", slot: 0 }],
    },
    {
      name: "waits for StarRocks' heartbeat",
      given: mounted({ frontend: { brokers: [broker({ alive: false })] } }),
      step: "brokerIsAlive",
      reason: "Mounting",
      result: poll(1_000, `StarRocks to reach the agents at ${ADDRESS}:8000 (not tried yet)`),
    },
    {
      name: "is given up when StarRocks cannot reach the agents",
      given: mounted({
        status: { attemptStartTime: ago(12 * MINUTE) },
        frontend: { brokers: [broker({ alive: false, error: "Connection refused" })] },
      }),
      step: "brokerIsAlive",
      end: ["RETRY", "BrokerNotAlive"],
      message:
        /^waited 10 minutes for StarRocks to reach .* \(Connection refused\): look at NetworkPolicies/,
    },
    {
      name: "is made when the slot has none",
      given: mounted({ frontend: { repositories: [] } }),
      step: "mountIsMade",
      reason: "Mounting",
      result: poll(0, "the mount"),
      actions: [{ kind: "createMount", slot: 0 }],
    },
    ...[mount({ readOnly: true }), mount({ broker: "b" }), mount({ location: "s3://x" })].map(
      (other) => ({
        name: `is made again when an old one is other: ${JSON.stringify(other)}`,
        given: mounted({ frontend: { repositories: [other] } }),
        step: "mountIsMade",
        reason: "Mounting",
        result: poll(0, "an old mount to go"),
        actions: [{ kind: "dropMount", slot: 0 } as const],
      }),
    ),
    {
      name: "once open leads to the statement",
      given: mounted({ job: backup({ tables: [{ name: "orders", partitions: ["p1"] }] }) }),
      step: "submitted",
      reason: "Submitting",
      result: poll(0, "StarRocks to start"),
      actions: [
        {
          kind: "submit",
          before: "",
          request: {
            kind: "backup",
            database: "shop",
            label: "nightly_bbbbbbbb",
            repository: MOUNT,
            timeoutSeconds: 86_400,
            tables: [{ name: "orders", partitions: ["p1"] }],
          },
        },
      ],
    },
  ]);
});
