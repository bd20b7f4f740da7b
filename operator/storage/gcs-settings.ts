// What a Repository says of a bucket of Google Cloud Storage, as its driver takes it.
import type { Secret } from "../secret.ts";
import type { GcsTimeouts } from "./gcs-bucket.ts";

export interface GcsSettings {
  /** Default: Google itself. */
  readonly endpoint?: string | undefined;
  /** Of what is written; default: the bucket's. */
  readonly storageClass?: string | undefined;
  /** `projects/…/cryptoKeys/…`, of what is written; default: the bucket's. */
  readonly kmsKeyName?: string | undefined;
  /**
   * The JSON text of a key file (`service_account`) or of a workload identity federation (`external_account`),
   * asked for again while the process runs. Default: the process's own identity (metadata server).
   */
  readonly credentials?: (() => Promise<Secret>) | undefined;
  readonly timeouts?: Partial<GcsTimeouts> | undefined;
}
