// Tokens of service accounts, as an API server signs them for a pod (TokenRequest): a JWT that says which account, of
// which pod, for whom and until when. Whoever has the public key can check one, as clouds do with the cluster's issuer.
import { generateKeyPairSync, sign, verify } from "node:crypto";

/** What a token says of itself. */
export interface TokenClaims {
  readonly iss: string;
  /** `system:serviceaccount:<namespace>:<name>`. */
  readonly sub: string;
  readonly aud: readonly string[];
  /** Seconds since 1970, as all times in it. */
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly "kubernetes.io": {
    readonly namespace: string;
    readonly serviceaccount: { readonly name: string };
    readonly pod: { readonly name: string; readonly uid: string | undefined };
  };
}

export interface TokenWish {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod: { readonly name: string; readonly uid: string | undefined };
  /** Absent: the API server's own. */
  readonly audience: string | undefined;
  readonly seconds: number;
}

const KEY_ID = "the-only-one";

export class ServiceAccountTokens {
  readonly issuer: string;
  readonly #keys = generateKeyPairSync("rsa", { modulusLength: 2048 });

  /** `issuer`: URL of the API server, which is also the audience of tokens without one. */
  constructor(issuer: string) {
    this.issuer = issuer;
  }

  issue({ namespace, serviceAccount, pod, audience, seconds }: TokenWish, nowMs: number): string {
    const now = Math.floor(nowMs / 1000);
    const claims: TokenClaims = {
      iss: this.issuer,
      sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
      aud: [audience ?? this.issuer],
      iat: now,
      nbf: now,
      exp: now + seconds,
      "kubernetes.io": { namespace, serviceaccount: { name: serviceAccount }, pod },
    };
    const signed = [{ alg: "RS256", typ: "JWT", kid: KEY_ID }, claims].map(encode).join(".");
    const signature = sign("RSA-SHA256", Buffer.from(signed), this.#keys.privateKey);
    return `${signed}.${signature.toString("base64url")}`;
  }

  /** What a token says, whatever its times; undefined: it is none of ours. */
  read(token: string): TokenClaims | undefined {
    const [head = "", claims = "", signature = ""] = token.split(".");
    const [signed, bytes] = [Buffer.from(`${head}.${claims}`), Buffer.from(signature, "base64url")];
    if (!verify("RSA-SHA256", signed, this.#keys.publicKey, bytes)) return undefined;
    return JSON.parse(Buffer.from(claims, "base64url").toString()) as TokenClaims;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
