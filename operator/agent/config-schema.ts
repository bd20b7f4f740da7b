// What an agent's configuration file may hold, checked before anything of it is used. The operator writes only what
// its CRD let in; this is for those who write one by hand, and for an operator and an image of two releases.
import { Ajv, type ErrorObject } from "ajv";
import type { GcsSettings } from "../storage/gcs-settings.ts";
import type { HdfsSettings } from "../storage/hdfs-settings.ts";
import type { S3Settings } from "../storage/s3-settings.ts";

export interface AgentLimits {
  /** All file content in memory at a time. MiB. */
  readonly memoryMiB: number;
  /** One part of a large upload, and the largest file that is put at once. MiB. */
  readonly partMiB: number;
  /** Bytes per second, both ways together; absent: no limit. */
  readonly bandwidth?: number;
}

export interface ConnectionFile {
  readonly caBundleFile?: string;
  readonly proxy?: {
    readonly url: string;
    readonly noProxy?: readonly string[];
    readonly credentialsDirectory?: string;
  };
}

/** Files and folders in it are looked for beside it, wherever it lies. */
export interface ConfigFile {
  readonly location: string;
  readonly folder: string;
  readonly repositoryName: string;
  readonly credentialsDirectory?: string;
  readonly s3?: S3Settings;
  readonly gcs?: GcsSettings;
  readonly hdfs?: HdfsSettings;
  readonly connection?: ConnectionFile;
  readonly limits?: Partial<AgentLimits>;
}

const TEXT = { type: "string", minLength: 1 } as const;
const URL = { type: "string", pattern: "^https?://[^@?#]+$" } as const;

const S3 = {
  type: "object",
  additionalProperties: false,
  properties: {
    region: TEXT,
    endpoint: URL,
    forcePathStyle: { type: "boolean" },
    checksumMode: { enum: ["auto", "whenRequired"] },
    role: {
      type: "object",
      additionalProperties: false,
      required: ["arn"],
      properties: {
        arn: TEXT,
        externalId: TEXT,
        sessionSeconds: { type: "integer", minimum: 900, maximum: 43_200 },
        stsEndpoint: URL,
        webIdentityTokenFile: TEXT,
      },
    },
    storageClass: TEXT,
    encryption: {
      type: "object",
      additionalProperties: false,
      required: ["algorithm"],
      properties: {
        algorithm: { enum: ["AES256", "aws:kms", "aws:kms:dsse"] },
        kmsKeyId: TEXT,
        bucketKey: { type: "boolean" },
      },
    },
    tags: {
      type: "object",
      maxProperties: 10,
      additionalProperties: { type: "string", maxLength: 256 },
    },
  },
} as const;

const GCS = {
  type: "object",
  additionalProperties: false,
  properties: { endpoint: URL, storageClass: TEXT, kmsKeyName: TEXT },
} as const;

const HDFS = {
  type: "object",
  additionalProperties: false,
  properties: {
    nameNodes: { type: "array", minItems: 1, maxItems: 8, items: URL },
    user: TEXT,
  },
} as const;

const CONNECTION = {
  type: "object",
  additionalProperties: false,
  properties: {
    caBundleFile: TEXT,
    proxy: {
      type: "object",
      additionalProperties: false,
      required: ["url"],
      properties: {
        url: { type: "string", pattern: "^http://[^@?#]+$" },
        noProxy: { type: "array", maxItems: 64, items: TEXT },
        credentialsDirectory: TEXT,
      },
    },
  },
} as const;

const LIMITS = {
  type: "object",
  additionalProperties: false,
  properties: {
    memoryMiB: { type: "integer", minimum: 16, maximum: 65536 },
    partMiB: { type: "integer", minimum: 5, maximum: 512 },
    bandwidth: { type: "integer", minimum: 1048576 },
  },
} as const;

const validate = new Ajv({ allErrors: true, strict: true }).compile<ConfigFile>({
  type: "object",
  additionalProperties: false,
  required: ["location", "folder", "repositoryName"],
  properties: {
    location: TEXT,
    folder: TEXT,
    repositoryName: { type: "string", pattern: "^\\w{1,64}$" },
    credentialsDirectory: TEXT,
    s3: S3,
    gcs: GCS,
    hdfs: HDFS,
    connection: CONNECTION,
    limits: LIMITS,
  },
});

/** The file's content, or what is wrong with it: fields, and what they should be; never their values. */
export function readConfigFile(value: unknown): ConfigFile | readonly string[] {
  return validate(value) ? value : (validate.errors ?? []).map(explain);
}

function explain(error: ErrorObject): string {
  const field =
    error.instancePath === "" ? "the file" : error.instancePath.slice(1).replaceAll("/", ".");
  const unknown = (error.params as { readonly additionalProperty?: string }).additionalProperty;
  return unknown === undefined
    ? `${field} ${error.message ?? "is wrong"}`
    : `${field} has the unknown field ${unknown}`;
}
