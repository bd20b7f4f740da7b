// What a Repository says of an S3 store, as its driver takes it.
import type { Secret } from "../secret.ts";
import type { Timeouts } from "./s3-bucket.ts";
import type { CopyLimits } from "./s3-copy.ts";

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret | undefined;
}

/** Gives the credentials of now; asked again every few seconds, and when the store refuses the last ones. */
export type CredentialsSource = () => Promise<S3Credentials>;

export interface S3Settings {
  /** Default: the environment's (`AWS_REGION`), else `us-east-1`. */
  readonly region?: string | undefined;
  /** Default: AWS itself. */
  readonly endpoint?: string | undefined;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. Default: when an endpoint is given. */
  readonly forcePathStyle?: boolean | undefined;
  /** CRC32 with every write (`auto`, the default) or only where S3 insists, for old stores. */
  readonly checksumMode?: "auto" | "whenRequired" | undefined;
  /** Default: the process's own identity. */
  readonly credentials?: S3Credentials | CredentialsSource | undefined;
  /** A role that the credentials take on. */
  readonly role?: S3Role | undefined;
  /** Of what is written; default: the bucket's. */
  readonly storageClass?: string | undefined;
  /** Of what is written; default: the bucket's. */
  readonly encryption?: S3Encryption | undefined;
  /** Of what is written. At most 10. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** The store knows `If-None-Match: *`. Default true. */
  readonly conditionalPut?: boolean | undefined;
  readonly copyLimits?: Partial<CopyLimits> | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
}

export interface S3Role {
  readonly arn: string;
  readonly externalId?: string | undefined;
  /** Seconds a session lasts; 900 to 43200, default 3600. Renewed before its end. */
  readonly sessionSeconds?: number | undefined;
  /** Default: AWS's own STS of the region. */
  readonly stsEndpoint?: string | undefined;
  /** A file with a token that the role is taken with instead of credentials (web identity). Read at each renewal. */
  readonly webIdentityTokenFile?: string | undefined;
}

export interface S3Encryption {
  /** `AES256`: keys of S3. `aws:kms`, `aws:kms:dsse`: a key of KMS. */
  readonly algorithm: "AES256" | "aws:kms" | "aws:kms:dsse";
  /** Default: the account's own key for S3. */
  readonly kmsKeyId?: string | undefined;
  /** One key of KMS' for many objects, for fewer calls to KMS. `aws:kms` only. Default: the bucket's. */
  readonly bucketKey?: boolean | undefined;
}
