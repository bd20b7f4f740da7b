// What a person can change when a store refuses and its driver could say no more than the kind: one
// sentence for each kind of failure that heals by a person's hand, in the fields that this kind of store has.
import type { StorageErrorKind } from "../../storage/errors.ts";
import { rightFor } from "../../storage/rights.ts";
import { storeKindOf } from "../../storage/store-kind.ts";
import type { StoreKind } from "../../storage/store-kind.ts";

interface Failed {
  readonly location: string;
  /** The contract's method. */
  readonly operation: string;
}

type Sentence = (failed: Failed) => string;
type Sentences = Readonly<Record<StoreKind, Sentence>>;

const orIdentity = "or the identity of the agent's service account";
const createBucket: Sentence = ({ location }) =>
  `create the bucket of ${location}, or make another Repository with the right location`;
const makeRoom: Sentence = () => "make room in the store, or raise its quota";

const ADVICE: Partial<Readonly<Record<StorageErrorKind, Sentences>>> = {
  accessDenied: {
    s3: ({ operation }) => `grant ${rightFor("s3", operation)}`,
    gcs: ({ operation }) => `grant ${rightFor("gcs", operation)}`,
    hdfs: ({ operation }) => `give the user ${rightFor("hdfs", operation)}`,
  },
  wrongCredentials: {
    s3: () =>
      `check accessKeyId, secretAccessKey and sessionToken in credentialsSecret, ${orIdentity}`,
    gcs: () => `check credentials.json in credentialsSecret, ${orIdentity}`,
    hdfs: () => "check user and password, or delegationToken, in credentialsSecret",
  },
  noSuchBucket: {
    s3: createBucket,
    gcs: createBucket,
    hdfs: ({ location }) =>
      `create the folder ${location}, or make another Repository with the right location`,
  },
  full: {
    s3: makeRoom,
    gcs: makeRoom,
    hdfs: () => "make room in HDFS, or raise the folder's quota (hdfs dfsadmin -setSpaceQuota)",
  },
  wrongConfiguration: {
    s3: () => "check s3.endpoint, s3.region and s3.forcePathStyle",
    gcs: () => "check location and gcs.endpoint",
    hdfs: () => "check location and hdfs.nameNodes",
  },
};

/** Undefined for what heals by itself. */
export function adviceFor(kind: StorageErrorKind, failed: Failed): string | undefined {
  return ADVICE[kind]?.[storeKindOf(failed.location) ?? "s3"](failed);
}
