// The storage's keys, from the files of a mounted Secret. Temporary ones end and are renewed while an agent
// runs: Kubernetes changes the files, nobody tells the process. So they are read again and again, and the
// last good ones stay when files are missing for a moment or for good.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeError, TerminalError } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { CredentialsSource, S3Credentials } from "../storage/s3-client.ts";

/** Named as the AWS documentation names the values. */
const FILES = {
  accessKeyId: "accessKeyId",
  secretAccessKey: "secretAccessKey",
  sessionToken: "sessionToken",
} as const;

/** Reads them once, so that a wrong Secret is told at the start. Throws {@link TerminalError}. */
export async function openCredentials(directory: string): Promise<CredentialsSource> {
  let last = await readCredentials(directory);
  return async () => {
    last = await readCredentials(directory).catch(() => last);
    return last;
  };
}

async function readCredentials(directory: string): Promise<S3Credentials> {
  const [accessKeyId, secretAccessKey, sessionToken] = await Promise.all([
    readIfThere(join(directory, FILES.accessKeyId)),
    readIfThere(join(directory, FILES.secretAccessKey)),
    readIfThere(join(directory, FILES.sessionToken)),
  ]);
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const missing = accessKeyId === undefined ? FILES.accessKeyId : FILES.secretAccessKey;
    throw wrong(
      `the credentials Secret has no key ${missing}: it needs accessKeyId and secretAccessKey, and sessionToken ` +
        "for temporary credentials; without credentialsSecret the pod's own identity is used",
    );
  }
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw wrong(`${path} cannot be read: ${describeError(error)}`);
  }
}

function wrong(message: string): TerminalError {
  return new TerminalError("WrongConfiguration", message);
}
