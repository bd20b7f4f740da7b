// Repositories on each kind of storage, for the cases.
import { aRepository } from "./cases.ts";

export const S3 = { region: "eu-central-1" };
export const ROLE = "arn:aws:iam::123456789012:role/starrocks-backup";
export const KEY = "projects/acme/locations/europe-west3/keyRings/backups/cryptoKeys/starrocks";
export const NAME_NODES = ["https://nn1.example.com:9871", "https://nn2.example.com:9871"];
export const FEDERATION = {
  audience:
    "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/k8s/providers/p",
};

export type Fields = Readonly<Record<string, unknown>>;

/** A Repository at Google; `spec` says what is other. */
export const onGoogle = (spec: Fields = {}) =>
  aRepository({ location: "gs://backups/starrocks", s3: undefined, ...spec });

/** A Repository in an HDFS; `hdfs` says how it is reached. */
export const onHdfs = (hdfs: Fields | undefined, spec: Fields = {}) =>
  aRepository({ location: "hdfs://prod/backups", s3: undefined, hdfs, ...spec });

export const onS3 = (s3: Fields, spec: Fields = {}) =>
  aRepository({ s3: { ...S3, ...s3 }, ...spec });
