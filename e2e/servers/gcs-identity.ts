// Identities for a GCS server of the tests: keys that sign tokens, tokens that others gave, and whether one is good. It
// checks what Google checks of a token that signs itself: signature, times, scope.
import type { KeyObject } from "node:crypto";
import { generateKeyPairSync, verify } from "node:crypto";

const SCOPE = "https://www.googleapis.com/auth/devstorage.read_write";

export class GcsIdentities {
  readonly #keys = new Map<string, KeyObject>();
  readonly #tokens = new Set<string>();
  #everybody = false;
  /** Ids of the keys whose tokens were good, in the order of the requests. */
  readonly accepted: string[] = [];
  /** Requests whose token was not. */
  refused = 0;

  /** A service account with a new key: the text of its key file. */
  addAccount(email = "backup@project.iam.gserviceaccount.com"): string {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const id = `key-${this.#keys.size + 1}`;
    this.#keys.set(id, publicKey);
    return JSON.stringify({
      type: "service_account",
      project_id: "project",
      private_key_id: id,
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      client_email: email,
      // Real key files have it; whoever goes there in a test goes astray.
      token_uri: "https://oauth2.googleapis.com/token",
    });
  }

  /** Takes one account's key away. */
  revoke(keyFile: string): void {
    this.#keys.delete(keyIdOf(keyFile));
  }

  /** Takes every key and token away. */
  revokeAll(): void {
    this.#keys.clear();
    this.#tokens.clear();
  }

  /** For clients that cannot be made to prove who they are to another endpoint than Google's. */
  admitEverybody(): void {
    this.#everybody = true;
  }

  /** A token that somebody gave. */
  addToken(token: string): void {
    this.#tokens.add(token);
  }

  /** Whether a request's Authorization header is good. */
  accepts(authorization: string | undefined, nowMs: number): boolean {
    const [, token = ""] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
    const isGood = this.#everybody || this.#tokens.has(token) || this.#signs(token, nowMs);
    if (!isGood) this.refused += 1;
    return isGood;
  }

  #signs(token: string, nowMs: number): boolean {
    const [head = "", claims = "", signature = ""] = token.split(".");
    const { kid, alg } = decode(head);
    const key = this.#keys.get(String(kid));
    if (key === undefined || alg !== "RS256") return false;
    const signed = verify(
      "RSA-SHA256",
      Buffer.from(`${head}.${claims}`),
      key,
      Buffer.from(signature, "base64url"),
    );
    const isAccepted = signed && isGood(decode(claims), nowMs / 1000);
    if (isAccepted) this.accepted.push(String(kid));
    return isAccepted;
  }
}

/** The id of the key in a key file's text. */
export function keyIdOf(keyFile: string): string {
  return (JSON.parse(keyFile) as { readonly private_key_id: string }).private_key_id;
}

function isGood(
  { iat, exp, scope, iss, sub }: Readonly<Record<string, unknown>>,
  now: number,
): boolean {
  const inTime = Number(iat) <= now + 300 && Number(exp) > now && Number(exp) - Number(iat) <= 3600;
  return inTime && scope === SCOPE && iss === sub;
}

function decode(part: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  } catch {
    return {};
  }
}
