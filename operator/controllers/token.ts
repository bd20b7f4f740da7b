// Tokens of the mounts: what an agent demands on every call that has properties. StarRocks keeps them
// in its metadata in clear, so they open one slot of one Repository and nothing else.
import { createHash, createHmac } from "node:crypto";
import { Secret } from "../secret.ts";

/** The token of a slot. The same for as long as the operator's key is the same. */
export function mountToken(key: Secret, repositoryUid: string, slot: number): Secret {
  const mac = createHmac("sha256", key.reveal()).update(`${repositoryUid}/${slot}`);
  return new Secret(mac.digest("hex"));
}

/** What agents are given: enough to check a token, not to know it. */
export function tokenSha256(token: Secret): string {
  return createHash("sha256").update(token.reveal()).digest("hex");
}
