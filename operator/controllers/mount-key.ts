// The operator's own key, from which every mount's token is made: a Secret in the operator's namespace,
// made once. Whoever is first makes it; everybody reads the same.
import { randomBytes } from "node:crypto";
import { APP_NAME, LABELS, MANAGED_BY } from "../api/group.ts";
import { TerminalError } from "../errors.ts";
import type { Api } from "../runtime/api.ts";
import { createIfAbsent } from "../runtime/apply.ts";
import { SECRETS } from "../runtime/objects.ts";
import { Secret } from "../secret.ts";

export const MOUNT_KEY_SECRET = "starrocks-backup-mount-key";
const FIELD = "key";
const KEY_BYTES = 32;

/** The key; made if there is none. Throws {@link TerminalError} when the Secret is somebody else's. */
export async function readMountKey(api: Api, namespace: string): Promise<Secret> {
  const key = { namespace, name: MOUNT_KEY_SECRET };
  const there = await api.get(SECRETS, key);
  const secret = there ?? (await makeKey(api, namespace));
  const value = Buffer.from(secret.data?.[FIELD] ?? "", "base64");
  // One that somebody wrote there may be one that somebody can guess.
  if (value.length !== KEY_BYTES) {
    const message = `Secret ${namespace}/${MOUNT_KEY_SECRET} has no field ${FIELD} of ${KEY_BYTES} bytes: delete it, and the operator makes a new one`;
    throw new TerminalError("MountKeyInvalid", message);
  }
  return new Secret(value.toString("hex"));
}

async function makeKey(
  api: Api,
  namespace: string,
): Promise<{ readonly data?: Readonly<Record<string, string>> }> {
  const { object } = await createIfAbsent(api, SECRETS, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: MOUNT_KEY_SECRET,
      namespace,
      labels: { [LABELS.name]: APP_NAME, [LABELS.managedBy]: MANAGED_BY },
    },
    data: { [FIELD]: randomBytes(KEY_BYTES).toString("base64") },
  });
  return object;
}
