// What the codes of Node's network and TLS errors mean: the same for every store, proxy and token server.
import type { StorageErrorKind, StorageReason } from "./errors.ts";

export interface NetworkRow {
  readonly kind: StorageErrorKind;
  readonly reason?: StorageReason | undefined;
  /** What a person can do. */
  readonly advice?: string | undefined;
}

const CHECK_ENDPOINT = "check the endpoint, and that the network lets this pod reach it";

const transient: NetworkRow = { kind: "unavailable" };
const unreachable: NetworkRow = {
  kind: "unavailable",
  reason: "EndpointUnreachable",
  advice: CHECK_ENDPOINT,
};
const wrongEndpoint: NetworkRow = {
  kind: "wrongConfiguration",
  reason: "WrongEndpoint",
  advice: "what answers there does not speak this protocol: check whether it is http or https",
};
const refusedByProxy: NetworkRow = {
  kind: "unavailable",
  reason: "ProxyRefused",
  advice:
    "the proxy does not let this pod through: check its address, user and password, and its rules",
};

function untrusted(advice: string): NetworkRow {
  return { kind: "wrongConfiguration", reason: "CertificateUntrusted", advice };
}

const TRUST = untrusted(
  "add the authority that signed the endpoint's certificate to connection.caBundle",
);
const RENEW = untrusted("the endpoint's certificate is not valid today: renew it");
const NAME = untrusted(
  "the endpoint's certificate is for another name: use that name, or renew it",
);

const BY_CODE: Readonly<Record<string, NetworkRow>> = {
  ECONNREFUSED: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ETIMEDOUT: { ...unreachable, kind: "timeout" },
  ECONNRESET: transient,
  ECONNABORTED: transient,
  EPIPE: transient,
  ERR_STREAM_PREMATURE_CLOSE: transient,
  CERT_HAS_EXPIRED: RENEW,
  CERT_NOT_YET_VALID: RENEW,
  CERT_REVOKED: RENEW,
  CERT_UNTRUSTED: TRUST,
  DEPTH_ZERO_SELF_SIGNED_CERT: TRUST,
  SELF_SIGNED_CERT_IN_CHAIN: TRUST,
  UNABLE_TO_GET_ISSUER_CERT: TRUST,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: TRUST,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: TRUST,
  ERR_TLS_CERT_ALTNAME_INVALID: NAME,
  ERR_PROXY_TUNNEL: refusedByProxy,
  EPROTO: wrongEndpoint,
};

/** Undefined: no code of a network. */
export function classifyNetworkCode(code: string): NetworkRow | undefined {
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code];
  // What Node's HTTP parser and OpenSSL say of bytes that are none of theirs.
  return /^(HPE_|ERR_SSL_)/.test(code) ? wrongEndpoint : undefined;
}

/** The code of whatever Node threw; of several tries to connect, that of the first. Without one, its name. */
export function codeOf(error: unknown): string {
  const { code, name, errors } = error as Partial<AggregateError> & { readonly code?: unknown };
  if (typeof code === "string") return code;
  const [first] = (errors ?? []) as { readonly code?: unknown }[];
  return typeof first?.code === "string" ? first.code : (name ?? "Unknown");
}
