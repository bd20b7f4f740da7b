// What a Repository says about the pods: accepted and refused.
import { aRepository, type SchemaCase } from "./cases.ts";

const ACCEPTED: readonly SchemaCase[] = [
  {
    name: "tolerations that pods may have",
    object: aRepository({
      agent: {
        image: "localhost:5000/team/starrocks-backup@sha256:0123abcd",
        tolerations: [
          { operator: "Exists" },
          { key: "example.com/dedicated", value: "starrocks", effect: "NoSchedule" },
          { key: "dedicated", operator: "Equal", value: "" },
          { key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 },
        ],
      },
    }),
    problems: [],
  },
];

const REFUSED: readonly SchemaCase[] = [
  {
    name: "too little memory",
    object: aRepository({ agent: { memory: "15Mi" } }),
    problems: [["spec.agent.memory", "from 16Mi to 64Gi"]],
  },
  {
    name: "too much memory",
    object: aRepository({ agent: { memory: "65Gi" } }),
    problems: [["spec.agent.memory", "from 16Mi to 64Gi"]],
  },
  ...["", "256 MB", "half", "-256Mi"].map((memory) => ({
    name: `the memory "${memory}"`,
    object: aRepository({ agent: { memory } }),
    problems: [["spec.agent.memory", "write for example 256Mi"]] as const,
  })),
  ...["0", "+1", "1.", ".5", ".", "100n", "1e3", "2E-1", "1.5Ei"].map((quantity) => ({
    name: `resources of ${JSON.stringify(quantity)}`,
    object: aRepository({ agent: { resources: { requests: { cpu: quantity } } } }),
    problems: [],
  })),
  ...["", "half", "400MB", "-1", -1, "1K", "1e", "1 Gi", "-0"].map((quantity) => ({
    name: `resources of ${JSON.stringify(quantity)}`,
    object: aRepository({
      agent: { resources: { requests: { cpu: quantity }, limits: { cpu: 1, memory: quantity } } },
    }),
    problems: [
      ["spec.agent.resources.requests", "write for example 500m for half a CPU"],
      ["spec.agent.resources.limits", "write for example 500m for half a CPU"],
    ] as const,
  })),
  ...Object.entries({
    "a value with a blank": { team: "data platform" },
    "a value that ends with a dash": { team: "data-" },
    "a key with a blank": { "the team": "data" },
    "a key with two slashes": { "example.com/team/name": "data" },
    "a key of 64 characters": { ["k".repeat(64)]: "data" },
    "a prefix in capitals": { "Example.com/team": "data" },
    "no key": { "": "data" },
  }).map(([what, labels]) => ({
    name: `labels with ${what}`,
    object: aRepository({ agent: { labels, nodeSelector: labels } }),
    problems: [
      ["spec.agent.labels", "write for example {example.com/team: data}"],
      ["spec.agent.nodeSelector", "write for example {disktype: ssd}"],
    ] as const,
  })),
  ...["", "https://registry.example.com/x", "backup: 0.1.0"].map((image) => ({
    name: `the image "${image}"`,
    object: aRepository({ agent: { image } }),
    problems: [
      ["spec.agent.image", "write for example registry.example.com/starrocks-backup:0.1.0"],
    ] as const,
  })),
  {
    name: "tolerations that no pod may have",
    object: aRepository({
      agent: {
        tolerations: [
          {},
          { key: "", operator: "Equal", value: "x" },
          { key: "a", operator: "Exists", value: "x" },
          { key: "a", tolerationSeconds: 1 },
          { key: "a", effect: "NoSchedule", tolerationSeconds: 1 },
          { key: "a b", value: "-" },
        ],
      },
    }),
    problems: [
      ["spec.agent.tolerations[0]", "for example dedicated"],
      ["spec.agent.tolerations[1]", "for example dedicated"],
      ["spec.agent.tolerations[2]", "leave value out, or write operator: Equal"],
      ["spec.agent.tolerations[3]", "write that, or leave tolerationSeconds out"],
      ["spec.agent.tolerations[4]", "write that, or leave tolerationSeconds out"],
      ["spec.agent.tolerations[5].key", "write for example dedicated"],
      ["spec.agent.tolerations[5].value", "write for example starrocks"],
    ],
  },
  {
    name: "a StarRocks outside that comes by nodes' ports",
    object: aRepository({ agent: { service: { type: "NodePort", address: "nodes.example.com" } } }),
    problems: [],
  },
  {
    name: "a StarRocks outside that comes by load balancers",
    object: aRepository({
      agent: {
        service: { type: "LoadBalancer", annotations: { "example.com/scheme": "internal" } },
      },
    }),
    problems: [],
  },
  {
    name: "an address of a load balancer, which tells its own",
    object: aRepository({ agent: { service: { type: "LoadBalancer", address: "10.0.0.1" } } }),
    problems: [["spec.agent.service", "a load balancer tells its own"]],
  },
  {
    name: "an address with a port",
    object: aRepository({ agent: { service: { type: "NodePort", address: "10.0.0.1:30000" } } }),
    problems: [["spec.agent.service.address", "without scheme and port"]],
  },
  {
    name: "annotations of a Service that none can have",
    object: aRepository({
      agent: {
        service: { type: "NodePort", annotations: { "a b": "", "backup.starrocks.io/x": "" } },
      },
    }),
    problems: [
      ["spec.agent.service.annotations", "write for example {example.com/team: data}"],
      ["spec.agent.service.annotations", "must not begin with backup.starrocks.io/"],
    ],
  },
  {
    name: "a Service of no type",
    object: aRepository({ agent: { service: {} } }),
    problems: [["spec.agent.service.type", "is needed"]],
  },
  {
    name: "an annotation's key with a blank",
    object: aRepository({ agent: { annotations: { "the team": "data platform" } } }),
    problems: [["spec.agent.annotations", "write for example {example.com/team: data}"]],
  },
  {
    name: "our own annotation",
    object: aRepository({ agent: { annotations: { "backup.starrocks.io/drain": "true" } } }),
    problems: [["spec.agent.annotations", "must not begin with backup.starrocks.io/"]],
  },
  {
    name: "our own label",
    object: aRepository({ agent: { labels: { "app.kubernetes.io/name": "x" } } }),
    problems: [["spec.agent.labels", "must begin with neither"]],
  },
];

export const AGENT_CASES: readonly SchemaCase[] = [...ACCEPTED, ...REFUSED];
