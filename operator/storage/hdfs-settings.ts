// What a Repository says of an HDFS, as its driver takes it.
import type { Secret } from "../secret.ts";
import type { HdfsTimeouts } from "./hdfs-client.ts";

export interface HdfsSettings {
  /**
   * WebHDFS addresses of the NameNodes, or of a gateway with its path: `https://nn1:9871`,
   * `https://knox:8443/gateway/default`. Default: the host of a `webhdfs://` or `swebhdfs://` location.
   */
  readonly nameNodes?: readonly string[] | undefined;
  /** `user.name`, which a cluster without Kerberos believes. Default: none, which HDFS takes for its static user. */
  readonly user?: string | undefined;
  /** Asked for again while the process runs. */
  readonly credentials?: (() => Promise<HdfsCredentials>) | undefined;
  readonly timeouts?: Partial<HdfsTimeouts> | undefined;
}

export type HdfsCredentials =
  /** HTTP Basic, for a gateway (Knox, HttpFS behind a proxy). Never sent to another host. */
  | { readonly kind: "basic"; readonly user: string; readonly password: Secret }
  /** A delegation token that somebody fetched with Kerberos. */
  | { readonly kind: "token"; readonly token: Secret };
