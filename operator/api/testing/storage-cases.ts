// What a Repository says about its storage, of each kind: accepted and refused.
import { aRepository, type SchemaCase } from "./cases.ts";

const S3 = { region: "eu-central-1" };
const ROLE = "arn:aws:iam::123456789012:role/starrocks-backup";
const KEY = "projects/acme/locations/europe-west3/keyRings/backups/cryptoKeys/starrocks";
const NAME_NODES = ["https://nn1.example.com:9871", "https://nn2.example.com:9871"];
const FEDERATION = {
  audience:
    "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/k8s/providers/p",
};

type Fields = Readonly<Record<string, unknown>>;

/** A Repository at Google; `spec` says what is other. */
const onGoogle = (spec: Fields = {}) =>
  aRepository({ location: "gs://backups/starrocks", s3: undefined, ...spec });

/** A Repository in an HDFS; `hdfs` says how it is reached. */
const onHdfs = (hdfs: Fields | undefined, spec: Fields = {}) =>
  aRepository({ location: "hdfs://prod/backups", s3: undefined, hdfs, ...spec });

const onS3 = (s3: Fields, spec: Fields = {}) => aRepository({ s3: { ...S3, ...s3 }, ...spec });

const ACCEPTED: readonly SchemaCase[] = [
  {
    name: "everything of S3",
    object: onS3(
      {
        roleArn: ROLE,
        externalId: "starrocks-backup",
        sessionDuration: "12h",
        stsEndpoint: "https://sts.eu-central-1.amazonaws.com",
        storageClass: "STANDARD_IA",
        encryption: { algorithm: "aws:kms", kmsKeyId: "alias/backups", bucketKey: true },
        tags: { team: "data", "cost center": "4711", empty: "" },
      },
      {
        credentialsSecret: { name: "s3" },
        connection: {
          caBundle: { configMap: { name: "company-ca" } },
          proxy: {
            url: "http://proxy.example.com:3128",
            noProxy: [
              "minio.storage.svc",
              ".example.com",
              "*.example.org:443",
              "10.0.0.7",
              "[fd00::7]:443",
            ],
            credentialsSecret: { name: "proxy-user" },
          },
        },
      },
    ),
    problems: [],
  },
  {
    name: "encryption with the store's keys, and a private authority from a Secret",
    object: onS3(
      { encryption: { algorithm: "AES256" }, storageClass: "GLACIER_IR" },
      { connection: { caBundle: { secret: { name: "minio-tls", key: "chain.pem" } } } },
    ),
    problems: [],
  },
  {
    name: "a role by web identity",
    object: onS3(
      { roleArn: ROLE, sessionDuration: "15m" },
      { agent: { serviceAccountToken: { audience: "sts.amazonaws.com" } } },
    ),
    problems: [],
  },
  { name: "a bucket of Google with nothing more", object: onGoogle(), problems: [] },
  {
    name: "everything of Google",
    object: onGoogle({
      location: "gs://backups.example.com",
      gcs: {
        endpoint: "https://storage-backups.p.googleapis.com",
        storageClass: "NEARLINE",
        kmsKeyName: KEY,
      },
      credentialsSecret: { name: "gcs" },
      agent: { serviceAccountToken: { ...FEDERATION, expirationSeconds: 600 } },
    }),
    problems: [],
  },
  {
    name: "an HDFS with two NameNodes",
    object: onHdfs({ nameNodes: NAME_NODES, user: "starrocks" }),
    problems: [],
  },
  {
    name: "an HDFS behind a gateway",
    object: onHdfs(
      { nameNodes: ["https://knox.example.com:8443/gateway/default"] },
      { credentialsSecret: { name: "knox" } },
    ),
    problems: [],
  },
  ...[
    "webhdfs://nn1.example.com:9870/backups",
    "swebhdfs://nn1:9871",
    "webhdfs://[fd00::7]:9870/a b",
  ].map((location) => ({
    name: `the location ${location}`,
    object: onHdfs(undefined, { location }),
    problems: [],
  })),
];

const LOCATIONS: readonly SchemaCase[] = [
  ...["backups/a", "file:///backups", "https://bucket.s3.amazonaws.com/a", "hdfs:/backups"].map(
    (location) => ({
      name: `the location ${location}`,
      object: aRepository({ location }),
      problems: [["spec.location", "must begin with s3://, gs://"]] as const,
    }),
  ),
  ...["gs://", "gs://backups/", "gs://backups//a", "gs://backups/a?x=1", "gs://key@backups"].map(
    (location) => ({
      name: `the location ${location}`,
      object: onGoogle({ location }),
      problems: [["spec.location", "or the same with gs://"]] as const,
    }),
  ),
  ...[
    "hdfs:///backups",
    "hdfs://prod/backups/",
    "hdfs://user:secret@prod/backups",
    "hdfs://prod:99999/backups",
    "webhdfs://nn1:9870/a\\b",
    "swebhdfs://nn1:9871/a?op=OPEN",
  ].map((location) => ({
    name: `the location ${location}`,
    object: onHdfs({ nameNodes: NAME_NODES }, { location }),
    problems: [["spec.location", "must be hdfs://<name service>/<folder>"]] as const,
  })),
  {
    name: "an HDFS location that leads elsewhere",
    object: onHdfs({ nameNodes: NAME_NODES }, { location: "hdfs://prod/a/../b" }),
    problems: [["spec.location", "must not have . or .. as a folder"]],
  },
];

const MISMATCHES: readonly SchemaCase[] = [
  {
    name: "s3 for a bucket of Google",
    object: onGoogle({ s3: S3 }),
    problems: [["spec.s3", "take s3 out here"]],
  },
  {
    name: "gcs and hdfs for S3",
    object: aRepository({ gcs: {}, hdfs: { user: "starrocks" } }),
    problems: [
      ["spec.gcs", "take gcs out here"],
      ["spec.hdfs", "take hdfs out here"],
    ],
  },
  {
    name: "s3 and gcs for HDFS",
    object: onHdfs({ nameNodes: NAME_NODES }, { s3: S3, gcs: { storageClass: "NEARLINE" } }),
    problems: [
      ["spec.s3", "write the location as s3://"],
      ["spec.gcs", "write the location as gs://"],
    ],
  },
  ...[undefined, { user: "starrocks" }].map((hdfs) => ({
    name: `an hdfs:// location with ${hdfs === undefined ? "no hdfs" : "a user alone"}`,
    object: onHdfs(hdfs),
    problems: [["spec", "nameNodes: [https://nn1.example.com:9871"]] as const,
  })),
  {
    name: "another kind of storage",
    object: onGoogle(),
    before: aRepository(),
    problems: [["spec.location", "make another Repository for the new place"]],
  },
];

const OF_S3: readonly SchemaCase[] = [
  ...[
    { externalId: "prod" },
    { sessionDuration: "1h" },
    { stsEndpoint: "https://sts.example.com" },
  ].map((s3) => ({
    name: `${Object.keys(s3).join("")} without a role`,
    object: onS3(s3),
    problems: [["spec.s3", "write the role in s3.roleArn"]] as const,
  })),
  ...["", "starrocks-backup", "arn:aws:iam::123456789012:role/", "arn:aws:iam::1:role/a b"].map(
    (roleArn) => ({
      name: `the role "${roleArn}"`,
      object: onS3({ roleArn }),
      problems: [["spec.s3.roleArn", "write for example arn:aws:iam::"]] as const,
    }),
  ),
  ...["", "x", "two words"].map((externalId) => ({
    name: `the external id "${externalId}"`,
    object: onS3({ roleArn: ROLE, externalId }),
    problems: [["spec.s3.externalId", "as in the role's trust policy"]] as const,
  })),
  ...["", "14m", "13h", "3600"].map((sessionDuration) => ({
    name: `a session of "${sessionDuration}"`,
    object: onS3({ roleArn: ROLE, sessionDuration }),
    problems: [["spec.s3.sessionDuration", "from 15m to 12h"]] as const,
  })),
  {
    name: "an STS without scheme",
    object: onS3({ roleArn: ROLE, stsEndpoint: "sts.amazonaws.com" }),
    problems: [["spec.s3.stsEndpoint", "such as https://sts.eu-central-1.amazonaws.com"]],
  },
  ...["", "standard ia"].map((storageClass) => ({
    name: `the storage class "${storageClass}"`,
    object: onS3({ storageClass }),
    problems: [["spec.s3.storageClass", "write for example STANDARD_IA"]] as const,
  })),
  ...["GLACIER", "DEEP_ARCHIVE"].map((storageClass) => ({
    name: `the archive ${storageClass}`,
    object: onS3({ storageClass }),
    problems: [["spec.s3.storageClass", "must be one that is read at once"]] as const,
  })),
  {
    name: "an unknown encryption",
    object: onS3({ encryption: { algorithm: "SSE-S3" } }),
    problems: [["spec.s3.encryption.algorithm", "AES256"]],
  },
  {
    name: "a key of KMS for the store's own keys",
    object: onS3({ encryption: { algorithm: "AES256", kmsKeyId: "alias/backups" } }),
    problems: [["spec.s3.encryption", "take kmsKeyId out"]],
  },
  ...["AES256", "aws:kms:dsse"].map((algorithm) => ({
    name: `a bucket key for ${algorithm}`,
    object: onS3({ encryption: { algorithm, bucketKey: true } }),
    problems: [["spec.s3.encryption", "take bucketKey out"]] as const,
  })),
  ...["", "my key"].map((kmsKeyId) => ({
    name: `the key of KMS "${kmsKeyId}"`,
    object: onS3({ encryption: { algorithm: "aws:kms", kmsKeyId } }),
    problems: [["spec.s3.encryption.kmsKeyId", "a key's id, ARN or alias"]] as const,
  })),
  ...[
    { "": "data" },
    { "aws:team": "data" },
    { team: "a,b" },
    { ["k".repeat(129)]: "long" },
    { "a\nb": "lines" },
  ].map((tags) => ({
    name: `the tags ${JSON.stringify(tags).slice(0, 40)}`,
    object: onS3({ tags }),
    problems: [["spec.s3.tags", "write for example {team: data}"]] as const,
  })),
  {
    name: "eleven tags",
    object: onS3({
      tags: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, "v"])),
    }),
    problems: [["spec.s3.tags", "10"]],
  },
];

const OF_OTHERS: readonly SchemaCase[] = [
  {
    name: "an endpoint of Google with a path",
    object: onGoogle({ gcs: { endpoint: "https://storage.googleapis.com/storage/v1" } }),
    problems: [["spec.gcs.endpoint", "such as https://storage-backups.p.googleapis.com"]],
  },
  {
    name: "a storage class that Google does not have",
    object: onGoogle({ gcs: { storageClass: "STANDARD_IA" } }),
    problems: [["spec.gcs.storageClass", "NEARLINE"]],
  },
  ...["starrocks", `${KEY}/cryptoKeyVersions/1`].map((kmsKeyName) => ({
    name: `the key of Google ${kmsKeyName}`,
    object: onGoogle({ gcs: { kmsKeyName } }),
    problems: [["spec.gcs.kmsKeyName", "write for example projects/acme/"]] as const,
  })),
  ...[
    "nn1.example.com:9870",
    "hdfs://nn1:8020",
    "https://user:secret@knox:8443/gateway/default",
    "http://nn1:9870/?user.name=x",
  ].map((nameNode) => ({
    name: `the NameNode ${nameNode}`,
    object: onHdfs({ nameNodes: [nameNode] }),
    problems: [["spec.hdfs.nameNodes[0]", "without credentials, a query"]] as const,
  })),
  ...["http://nn1:9870/webhdfs/v1", "https://knox:8443/gateway/default/webhdfs"].map(
    (nameNode) => ({
      name: `the NameNode ${nameNode}`,
      object: onHdfs({ nameNodes: [nameNode] }),
      problems: [["spec.hdfs.nameNodes[0]", "is written without /webhdfs/v1"]] as const,
    }),
  ),
  {
    name: "no NameNode",
    object: onHdfs({ nameNodes: [] }),
    problems: [["spec.hdfs.nameNodes", "1 items"]],
  },
  {
    name: "the same NameNode twice",
    object: onHdfs({ nameNodes: ["http://nn1:9870", "http://nn1:9870"] }),
    problems: [["spec.hdfs.nameNodes", "twice"]],
  },
  ...["", "star rocks", "a&b"].map((user) => ({
    name: `the HDFS user "${user}"`,
    object: onHdfs({ nameNodes: NAME_NODES, user }),
    problems: [["spec.hdfs.user", "write for example starrocks"]] as const,
  })),
];

const withCa = (caBundle: Fields) => aRepository({ connection: { caBundle } });
const withProxy = (proxy: Fields) => aRepository({ connection: { proxy } });
const PROXY = { url: "http://proxy:3128" };

const CONNECTIONS: readonly SchemaCase[] = [
  ...[{}, { configMap: { name: "a" }, secret: { name: "b" } }].map((caBundle) => ({
    name: `authorities from ${Object.keys(caBundle).length} places`,
    object: withCa(caBundle),
    problems: [["spec.connection.caBundle", "needs one of configMap and secret"]] as const,
  })),
  ...(["configMap", "secret"] as const).flatMap((place) => [
    {
      name: `authorities from a ${place} with a wrong name`,
      object: withCa({ [place]: { name: "Company_CA" } }),
      problems: [[`spec.connection.caBundle.${place}.name`, "in the same namespace"]] as const,
    },
    {
      name: `authorities from a ${place} with a path for a key`,
      object: withCa({ [place]: { name: "ca", key: "../ca.crt" } }),
      problems: [[`spec.connection.caBundle.${place}.key`, "write for example ca.crt"]] as const,
    },
  ]),
  ...["proxy:3128", "https://proxy:3128", "http://user:secret@proxy:3128", "http://proxy/pac"].map(
    (url) => ({
      name: `the proxy ${url}`,
      object: withProxy({ url }),
      problems: [["spec.connection.proxy.url", "connection.proxy.credentialsSecret"]] as const,
    }),
  ),
  ...["https://minio", "10.0.0.0/8", "a b"].map((host) => ({
    name: `the host without a proxy ${host}`,
    object: withProxy({ ...PROXY, noProxy: ["minio", host] }),
    problems: [["spec.connection.proxy.noProxy[1]", "such as minio.storage.svc"]] as const,
  })),
  {
    name: "a proxy's Secret with a wrong name",
    object: withProxy({ ...PROXY, credentialsSecret: { name: "Proxy" } }),
    problems: [["spec.connection.proxy.credentialsSecret.name", "write for example proxy-user"]],
  },
];

const agentWith = (audience: string, more: Fields = {}) => ({
  agent: { serviceAccountToken: { audience, ...more } },
});
const STS = agentWith("sts.amazonaws.com");

const TOKENS: readonly SchemaCase[] = [
  ...[
    ["no role", onS3({}, STS)],
    ["an external id", onS3({ roleArn: ROLE, externalId: "prod" }, STS)],
    ["keys beside it", onS3({ roleArn: ROLE }, { ...STS, credentialsSecret: { name: "s3" } })],
  ].map(([what, object]) => ({
    name: `a token for S3 with ${what as string}`,
    object: object as SchemaCase["object"],
    problems: [["spec.agent.serviceAccountToken", "it needs s3.roleArn"]] as const,
  })),
  {
    name: "a token for Google without a federation",
    object: onGoogle(agentWith(FEDERATION.audience)),
    problems: [
      ["spec.agent.serviceAccountToken", "needs credentialsSecret with the credentials.json"],
    ],
  },
  {
    name: "a token for HDFS",
    object: onHdfs({ nameNodes: NAME_NODES }, STS),
    problems: [["spec.agent.serviceAccountToken", "HDFS takes no"]],
  },
  ...["", "sts amazonaws com"].map((audience) => ({
    name: `a token for "${audience}"`,
    object: onS3({ roleArn: ROLE }, agentWith(audience)),
    problems: [["spec.agent.serviceAccountToken.audience", "without blanks"]] as const,
  })),
  ...[
    "https://kubernetes.default.svc.cluster.local",
    "kubernetes",
    "https://kubernetes.default.svc",
  ].map((audience) => ({
    name: `a token for the API server, ${audience}`,
    object: onS3({ roleArn: ROLE }, agentWith(audience)),
    problems: [
      ["spec.agent.serviceAccountToken.audience", "must not be the API server's own"],
    ] as const,
  })),
  {
    name: "a token that is over at once",
    object: onS3({ roleArn: ROLE }, agentWith("sts.amazonaws.com", { expirationSeconds: 599 })),
    problems: [["spec.agent.serviceAccountToken.expirationSeconds", "600"]],
  },
];

export const STORAGE_CASES: readonly SchemaCase[] = [
  ...ACCEPTED,
  ...LOCATIONS,
  ...MISMATCHES,
  ...OF_S3,
  ...OF_OTHERS,
  ...CONNECTIONS,
  ...TOKENS,
];
