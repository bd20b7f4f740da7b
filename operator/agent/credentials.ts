// What an agent proves itself with to the storage, from the files of a mounted Secret. Temporary keys and tokens end
// and are renewed while an agent runs: Kubernetes changes the files, nobody tells the process. So they are read again
// and again, and the last good ones stay when files are missing for a moment or for good.
//
// No error may repeat what stands in a file.
import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { describeError, TerminalError } from "../errors.ts";
import type { Log } from "../log.ts";
import { Secret } from "../secret.ts";
import type { Proxy } from "../storage/connection.ts";
import { parseGcsCredentials } from "../storage/gcs-credentials.ts";
import type { HdfsCredentials } from "../storage/hdfs-settings.ts";
import type { CredentialsSource, S3Credentials } from "../storage/s3-settings.ts";

/** Asked again and again for what is valid now. */
type Source<T> = () => Promise<T>;

/** Named as the AWS documentation names the values. Throws {@link TerminalError}, as all of these do at the start. */
export function openS3Credentials(directory: string, log: Log): Promise<CredentialsSource> {
  return rereading(() => readS3Credentials(directory), log);
}

/** The JSON text of `credentials.json`. */
export function openGcsCredentials(directory: string, log: Log): Promise<Source<Secret>> {
  return rereading(() => readGcsCredentials(directory), log);
}

/** `user` and `password`, or `delegationToken`. */
export function openHdfsCredentials(directory: string, log: Log): Promise<Source<HdfsCredentials>> {
  return rereading(() => readHdfsCredentials(directory), log);
}

/** `user` and `password`. */
export async function readProxyCredentials(
  directory: string,
): Promise<NonNullable<Proxy["credentials"]>> {
  const [user, password] = await readAll(directory, ["user", "password"]);
  if (user === undefined || password === undefined) {
    throw missing("the proxy's Secret", user === undefined ? "user" : "password", USER_PASSWORD);
  }
  return { user, password: new Secret(password) };
}

const USER_PASSWORD = "it needs user and password";

/** Reads once now, so that a wrong Secret is told at the start; what is wrong later is told in the log, once. */
async function rereading<T>(read: Source<T>, log: Log): Promise<Source<T>> {
  let last = await read();
  let told: string | undefined;
  return async () => {
    try {
      last = await read();
      told = undefined;
    } catch (error) {
      const words = describeError(error);
      if (words !== told) log.warn("the last good credentials stay in use", { error: words });
      told = words;
    }
    return last;
  };
}

async function readS3Credentials(directory: string): Promise<S3Credentials> {
  const [accessKeyId, secretAccessKey, sessionToken] = await readAll(directory, [
    "accessKeyId",
    "secretAccessKey",
    "sessionToken",
  ]);
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw missing(
      "the credentials Secret",
      accessKeyId === undefined ? "accessKeyId" : "secretAccessKey",
      "it needs accessKeyId and secretAccessKey, and sessionToken for temporary credentials; " +
        "without credentialsSecret the pod's own identity is used",
    );
  }
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
  };
}

const GCS_FILE = "credentials.json";

async function readGcsCredentials(directory: string): Promise<Secret> {
  const [text] = await readAll(directory, [GCS_FILE]);
  if (text === undefined) {
    throw missing(
      "the credentials Secret",
      GCS_FILE,
      "it needs a service account's key, or the configuration of a workload identity federation; " +
        "without credentialsSecret the pod's own identity is used",
    );
  }
  try {
    parseGcsCredentials(text);
  } catch (error) {
    // Says by itself what to put there: the advice on keys that a store refuses would be another.
    throw new TerminalError("WrongCredentials", describeError(error));
  }
  return new Secret(text);
}

async function readHdfsCredentials(directory: string): Promise<HdfsCredentials> {
  const needs =
    "it needs user and password (for a gateway), or delegationToken alone; " +
    "without credentialsSecret hdfs.user is used";
  const [user, password, token] = await readAll(directory, ["user", "password", "delegationToken"]);
  if (token !== undefined) {
    if (user === undefined && password === undefined) {
      return { kind: "token", token: new Secret(token) };
    }
    throw wrong(`the credentials Secret has delegationToken beside user or password: ${needs}`);
  }
  if (user === undefined || password === undefined) {
    throw missing("the credentials Secret", user === undefined ? "user" : "password", needs);
  }
  return { kind: "basic", user, password: new Secret(password) };
}

/** The files' texts in order, all of one version of the Secret; undefined where there is none, or nothing in it. */
async function readAll(
  directory: string,
  names: readonly string[],
): Promise<readonly (string | undefined)[]> {
  for (let version = await versionIn(directory); ;) {
    const texts = await Promise.all(names.map((name) => readIfThere(directory, name)));
    const now = await versionIn(directory);
    if (now === version) return texts;
    // A key of the old version beside a secret of the new one would be refused. Versions come minutes apart.
    version = now;
  }
}

/** The folder behind the link by which Kubernetes puts a new version in place; undefined where nothing is linked so. */
async function versionIn(directory: string): Promise<string | undefined> {
  return await readlink(join(directory, "..data")).catch(() => undefined);
}

/** Without the line break that editors leave. A password may begin and end with blanks, nothing else does. */
async function readIfThere(directory: string, name: string): Promise<string | undefined> {
  const path = join(directory, name);
  try {
    const content = await readFile(path, "utf8");
    const text = name === "password" ? content.replace(/[\r\n]+$/, "") : content.trim();
    return text === "" ? undefined : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw wrong(`${path} cannot be read: ${describeError(error)}`);
  }
}

function missing(secret: string, key: string, needs: string): TerminalError {
  return wrong(`${secret} has no key ${key}: ${needs}`);
}

function wrong(message: string): TerminalError {
  return new TerminalError("WrongConfiguration", message);
}
