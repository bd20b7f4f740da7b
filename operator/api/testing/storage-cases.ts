// What a Repository says about its storage, of each kind: accepted and refused.
import { aRepository, type SchemaCase } from "./cases.ts";
import { FEDERATION, KEY, NAME_NODES, onGoogle, onHdfs, onS3, ROLE, S3 } from "./stores.ts";

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
  ...[
    "gs://",
    "gs://Backups",
    "gs://backups/",
    "gs://backups//a",
    "gs://backups/a?x=1",
    "gs://key@backups",
  ].map((location) => ({
    name: `the location ${location}`,
    object: onGoogle({ location }),
    problems: [["spec.location", "location must be gs://<bucket> or"]] as const,
  })),
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
    problems: [["spec.location", "must be hdfs://<name service>/<folder> or"]] as const,
  })),
  ...["webhdfs://nn1/backups", "swebhdfs://nn1", "webhdfs://[fd00::7]/a:1"].map((location) => ({
    name: `the location ${location}`,
    object: onHdfs(undefined, { location }),
    problems: [["spec.location", "needs the NameNode's port"]] as const,
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

export const STORAGE_CASES: readonly SchemaCase[] = [
  ...ACCEPTED,
  ...LOCATIONS,
  ...MISMATCHES,
  ...OF_S3,
  ...OF_OTHERS,
];
