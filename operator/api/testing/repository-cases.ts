// Repositories that are accepted and refused.
import { AGENT_CASES } from "./agent-cases.ts";
import { aRepository, UNWRITABLE, type SchemaCase } from "./cases.ts";
import { CONNECTION_CASES } from "./connection-cases.ts";
import { STORAGE_CASES } from "./storage-cases.ts";

const LOCATION = "s3://backups/starrocks";
const USER = { credentialsSecret: { name: "user" } };
const CLUSTER = { frontends: ["fe"], ...USER };

const ACCEPTED: readonly SchemaCase[] = [
  { name: "only what is needed", object: aRepository(), problems: [] },
  {
    name: "everything at once",
    object: aRepository({
      location: "s3a://Old_Bucket.example/a b/c",
      s3: {
        region: "us-east-1",
        endpoint: "https://minio.storage.svc:9000",
        forcePathStyle: true,
        checksumMode: "WhenRequired",
      },
      credentialsSecret: { name: "s3" },
      repositoryName: "Prod_1",
      readOnly: true,
      cluster: {
        frontends: ["fe-0.fe.starrocks.svc:9030", "10.0.0.7", "[fd00::7]:9030"],
        credentialsSecret: { name: "user" },
        mountCredentialsSecret: { name: "mounter" },
      },
      allowedDatabases: ["shop", "größe-2"],
      concurrency: 16,
      bandwidth: "1.5Gi",
      checkInterval: "1h30m",
      agent: {
        image: "registry.example.com/backup:1",
        serviceAccountName: "backup",
        memory: 268435456,
        resources: { requests: { cpu: "500m", memory: 4e8 }, limits: { memory: "400Mi" } },
        nodeSelector: { disk: "ssd" },
        tolerations: [{ key: "starrocks", operator: "Exists", effect: "NoSchedule" }],
        annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" },
        labels: { team: "data" },
        priorityClassName: "batch",
        imagePullSecrets: [{ name: "pull" }],
      },
    }),
    problems: [],
  },
  {
    name: "an endpoint instead of a region",
    object: aRepository({ s3: { endpoint: "http://127.0.0.1:9000" } }),
    problems: [],
  },
  {
    name: "path style without an endpoint",
    object: aRepository({ s3: { region: "eu-central-1", forcePathStyle: true } }),
    problems: [],
  },
  {
    name: "a StarRocksCluster by name",
    object: aRepository({ cluster: { ...USER, starRocksCluster: { name: "prod" } } }),
    problems: [],
  },
  {
    name: "a StarRocksCluster of another namespace",
    object: aRepository({
      cluster: { ...USER, starRocksCluster: { name: "prod.eu", namespace: "starrocks" } },
    }),
    problems: [],
  },
  {
    name: "bandwidth as a number of bytes",
    object: aRepository({ bandwidth: 1048576 }),
    problems: [],
  },
  {
    name: "a name that begins with a digit, with a repositoryName",
    object: aRepository({ repositoryName: "two" }, "2nd"),
    problems: [],
  },
];

const REFUSED: readonly SchemaCase[] = [
  {
    name: "nothing",
    object: aRepository({ location: undefined, cluster: undefined }),
    problems: [
      ["spec.location", "is needed"],
      ["spec.cluster", "is needed"],
    ],
  },
  {
    name: "a field that is not there",
    object: aRepository({ regoin: "eu" }),
    problems: [["spec.regoin", "is no field here"]],
  },
  ...[
    "s3://",
    "s3://backups/",
    "s3://backups//a",
    "s3://backups/a?x=1",
    "s3://key:secret@backups/a",
  ].map((location) => ({
    name: `the location ${location}`,
    object: aRepository({ location }),
    problems: [["spec.location", "must be s3://<bucket> or"]] as const,
  })),
  {
    name: "a location that leads elsewhere",
    object: aRepository({ location: "s3://backups/a/../b" }),
    problems: [["spec.location", "must not have . or .. as a folder"]],
  },
  {
    name: "neither region nor endpoint",
    object: aRepository({ s3: { forcePathStyle: true } }),
    problems: [["spec", "needs s3.region (for AWS, such as eu-central-1) or s3.endpoint"]],
  },
  {
    name: "no s3 at all",
    object: aRepository({ s3: undefined }),
    problems: [["spec", "needs s3.region"]],
  },
  {
    name: "an endpoint without scheme",
    object: aRepository({ s3: { endpoint: "minio:9000" } }),
    problems: [["spec.s3.endpoint", "such as https://minio.storage.svc:9000"]],
  },
  {
    name: "an unknown way of checksums",
    object: aRepository({ s3: { region: "eu", checksumMode: "Never" } }),
    problems: [["spec.s3.checksumMode", "Auto"]],
  },
  {
    name: "a repositoryName that StarRocks does not take",
    object: aRepository({ repositoryName: "my-repo" }),
    problems: [["spec.repositoryName", "write for example my_repo"]],
  },
  {
    name: "a name that begins with a digit",
    object: aRepository({}, "2nd"),
    problems: [["", "set spec.repositoryName, or choose a name that begins with a letter"]],
  },
  {
    name: "a name with a dot",
    object: aRepository({}, "prod.eu"),
    problems: [["", "metadata.name must be at most 63"]],
  },
  {
    name: "a name that is too long",
    object: aRepository({}, "p".repeat(64)),
    problems: [["", "metadata.name must be at most 63"]],
  },
  {
    name: "neither FEs nor a StarRocksCluster",
    object: aRepository({ cluster: USER }),
    problems: [["spec.cluster", "write frontends: [<host>:9030]"]],
  },
  {
    name: "FEs and a StarRocksCluster",
    object: aRepository({ cluster: { ...CLUSTER, starRocksCluster: { name: "prod" } } }),
    problems: [["spec.cluster", "and not both"]],
  },
  {
    name: "a StarRocksCluster without a name",
    object: aRepository({ cluster: { ...USER, starRocksCluster: { namespace: "starrocks" } } }),
    problems: [["spec.cluster.starRocksCluster.name", "is needed"]],
  },
  {
    name: "names that no StarRocksCluster and no namespace can have",
    object: aRepository({
      cluster: { ...USER, starRocksCluster: { name: "Prod", namespace: "star.rocks" } },
    }),
    problems: [
      ["spec.cluster.starRocksCluster.name", "write for example prod"],
      ["spec.cluster.starRocksCluster.namespace", "write for example starrocks"],
    ],
  },
  {
    name: "no FE",
    object: aRepository({ cluster: { ...CLUSTER, frontends: [] } }),
    problems: [["spec.cluster.frontends", "1 items"]],
  },
  {
    name: "the same FE twice",
    object: aRepository({ cluster: { ...CLUSTER, frontends: ["fe", "fe"] } }),
    problems: [["spec.cluster.frontends", "twice"]],
  },
  {
    name: "an FE as a URL",
    object: aRepository({ cluster: { ...CLUSTER, frontends: ["http://fe:8030"] } }),
    problems: [["spec.cluster.frontends[0]", "such as fe.starrocks.svc:9030"]],
  },
  {
    name: "an FE's port beyond all ports",
    object: aRepository({ cluster: { ...CLUSTER, frontends: ["fe:65536"] } }),
    problems: [["spec.cluster.frontends[0]", "a port up to 65535"]],
  },
  {
    name: "a port of the endpoint beyond all ports",
    object: aRepository({ s3: { endpoint: "http://minio:65536" } }),
    problems: [["spec.s3.endpoint", "with host and port alone"]],
  },
  {
    name: "a control character in the endpoint",
    object: aRepository({ s3: { endpoint: "http://minio\u0000" } }),
    problems: [["spec.s3.endpoint", "with host and port alone"]],
  },
  {
    name: "a control character in the location",
    object: aRepository({ location: "s3://backups/a\u0085b" }),
    problems: [["spec.location", "control characters"]],
  },
  {
    name: "a backslash in the location",
    object: aRepository({ location: "s3://backups/..\\x" }),
    problems: [["spec.location", "backslashes"]],
  },
  {
    name: "no StarRocks user",
    object: aRepository({ cluster: { frontends: ["fe"] } }),
    problems: [["spec.cluster.credentialsSecret", "is needed"]],
  },
  {
    name: "no database allowed",
    object: aRepository({ allowedDatabases: [] }),
    problems: [["spec.allowedDatabases", "1 items"]],
  },
  {
    name: "no slot",
    object: aRepository({ concurrency: 0 }),
    problems: [["spec.concurrency", "1"]],
  },
  {
    name: "too many slots",
    object: aRepository({ concurrency: 17 }),
    problems: [["spec.concurrency", "16"]],
  },
  {
    name: "too little bandwidth, as a quantity",
    object: aRepository({ bandwidth: "1000k" }),
    problems: [["spec.bandwidth", "at least 1Mi"]],
  },
  {
    name: "too little bandwidth, as a number",
    object: aRepository({ bandwidth: 1048575 }),
    problems: [["spec.bandwidth", "at least 1Mi"]],
  },
  {
    name: "bandwidth in bits",
    object: aRepository({ bandwidth: "100Mbit" }),
    problems: [["spec.bandwidth", "write for example 50Mi"]],
  },
  {
    name: "checks without a pause",
    object: aRepository({ checkInterval: "59s" }),
    problems: [["spec.checkInterval", "from 1m to 8760h"]],
  },
  ...["", "60", "1d", "hourly", "8761h"].map((checkInterval) => ({
    name: `the checkInterval "${checkInterval}"`,
    object: aRepository({ checkInterval }),
    problems: [["spec.checkInterval", "write for example 30m"]] as const,
  })),
  ...["", "eu central 1", "https://s3.eu-central-1.amazonaws.com"].map((region) => ({
    name: `the region "${region}"`,
    object: aRepository({ s3: { region } }),
    problems: [["spec.s3.region", "write for example eu-central-1"]] as const,
  })),
  ...["", "ops/keys", "S3_Credentials"].flatMap((name) => [
    {
      name: `the storage's Secret "${name}"`,
      object: aRepository({ credentialsSecret: { name } }),
      problems: [["spec.credentialsSecret.name", "write for example s3-credentials"]] as const,
    },
    {
      name: `the users' Secret "${name}"`,
      object: aRepository({
        cluster: {
          ...CLUSTER,
          credentialsSecret: { name },
          mountCredentialsSecret: { name },
        },
      }),
      problems: [
        ["spec.cluster.credentialsSecret.name", "write for example starrocks-backup-user"],
        ["spec.cluster.mountCredentialsSecret.name", "write for example starrocks-mount-user"],
      ] as const,
    },
    {
      name: `names "${name}" of what the pods need`,
      object: aRepository({
        agent: {
          serviceAccountName: name,
          priorityClassName: name,
          imagePullSecrets: [{ name: "registry" }, { name }],
        },
      }),
      problems: [
        ["spec.agent.serviceAccountName", "write for example starrocks-backup-agent"],
        ["spec.agent.priorityClassName", "write for example batch"],
        ["spec.agent.imagePullSecrets[1].name", "write for example registry"],
      ] as const,
    },
  ]),
  ...UNWRITABLE.map(([what, name]) => ({
    name: `an allowed database with ${what}`,
    object: aRepository({ allowedDatabases: ["shop", name] }),
    problems: [["spec.allowedDatabases[1]", "write for example shop"]] as const,
  })),
];

const CHANGES: readonly SchemaCase[] = [
  {
    name: "what may change does",
    before: aRepository(),
    object: aRepository({
      readOnly: true,
      concurrency: 4,
      bandwidth: "10Mi",
      checkInterval: "5m",
      credentialsSecret: { name: "new" },
      s3: { region: "eu-west-1", endpoint: "https://s3.example.com" },
      cluster: CLUSTER,
      agent: { memory: "1Gi" },
    }),
    problems: [],
  },
  {
    name: "a StarRocksCluster instead of addresses, because StarRocks may move",
    before: aRepository({ cluster: CLUSTER }),
    object: aRepository({ cluster: { ...USER, starRocksCluster: { name: "prod" } } }),
    problems: [],
  },
  {
    name: "another location",
    before: aRepository(),
    object: aRepository({ location: `${LOCATION}2` }),
    problems: [["spec.location", "make another Repository for the new place"]],
  },
  {
    name: "another repositoryName",
    before: aRepository({ repositoryName: "a" }),
    object: aRepository({ repositoryName: "b" }),
    problems: [["spec.repositoryName", "make another Repository"]],
  },
  {
    name: "a repositoryName added later",
    before: aRepository(),
    object: aRepository({ repositoryName: "prod" }),
    problems: [["spec.repositoryName", "can be neither added nor taken away"]],
  },
  {
    name: "a repositoryName taken away",
    before: aRepository({ repositoryName: "prod" }),
    object: aRepository(),
    problems: [["spec.repositoryName", "can be neither added nor taken away"]],
  },
];

export const REPOSITORY_CASES: readonly SchemaCase[] = [
  ...ACCEPTED,
  ...REFUSED,
  ...AGENT_CASES,
  ...STORAGE_CASES,
  ...CONNECTION_CASES,
  ...CHANGES,
];
