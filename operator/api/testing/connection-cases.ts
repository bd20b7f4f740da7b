// What a Repository says about the way to its storage, and the token for its cloud: accepted and refused.
import { aRepository, type SchemaCase } from "./cases.ts";
import { FEDERATION, type Fields, NAME_NODES, onGoogle, onHdfs, onS3, ROLE } from "./stores.ts";

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

export const CONNECTION_CASES: readonly SchemaCase[] = [...CONNECTIONS, ...TOKENS];
