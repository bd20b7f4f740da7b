// The agent's configuration: where the repository lies and how to reach it. The operator makes the file from the
// Repository resource (an annotation of the pod); what is secret is not in it but in mounted Secrets.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { isRepositoryFolder } from "../broker/layout.ts";
import { describeError, TerminalError } from "../errors.ts";
import type { Log } from "../log.ts";
import { silentLog } from "../log.ts";
import type { Connection, Proxy } from "../storage/connection.ts";
import type { StorageConfig } from "../storage/open.ts";
import type { S3Settings } from "../storage/s3-settings.ts";
import { storeKindOf } from "../storage/store-kind.ts";
import type { StoreKind } from "../storage/store-kind.ts";
import type { AgentLimits, ConfigFile, ConnectionFile } from "./config-schema.ts";
import { readConfigFile } from "./config-schema.ts";
import {
  openGcsCredentials,
  openHdfsCredentials,
  openS3Credentials,
  readProxyCredentials,
} from "./credentials.ts";

export type { AgentLimits } from "./config-schema.ts";

export interface AgentConfig {
  readonly storage: StorageConfig;
  /** The repository's folder below the location, with StarRocks' prefix. */
  readonly folder: string;
  /** Its name without the prefix. */
  readonly repositoryName: string;
  readonly limits: AgentLimits;
}

const MEMORY_MIB = 256;

/** An append costs HDFS some 50 ms by itself, whatever its length; smaller files do without. */
const PART_MIB = { s3: 8, gcs: 8, hdfs: 16 } as const satisfies Record<StoreKind, number>;

/** Reads and checks the file. Throws {@link TerminalError} naming the field and what it should be. */
export async function loadConfig(path: string, log: Log = silentLog): Promise<AgentConfig> {
  const file = parseConfig(path, await readText(path, "the configuration"));
  const limits = limitsOf(file);
  requireSlots(limits);
  const beside: Beside = (other) => resolve(dirname(path), other);
  const connection = file.connection && (await openConnection(file.connection, beside));
  return {
    storage: {
      location: file.location,
      ...(await openSettings(file, beside, log)),
      ...(connection === undefined ? {} : { connection }),
    },
    folder: file.folder,
    repositoryName: file.repositoryName,
    limits,
  };
}

function limitsOf(file: ConfigFile): AgentLimits {
  const { memoryMiB = MEMORY_MIB } = file.limits ?? {};
  // The pool holds two parts at least, however small it is.
  const partMiB = Math.min(PART_MIB[kindOf(file)], Math.floor(memoryMiB / 2));
  return { memoryMiB, partMiB, ...file.limits };
}

/** A relative path is looked for beside the file, wherever both are mounted. */
type Beside = (path: string) => string;

type Settings = Pick<StorageConfig, StoreKind>;

const CREDENTIALS = {
  s3: openS3Credentials,
  gcs: openGcsCredentials,
  hdfs: openHdfsCredentials,
} as const satisfies Record<StoreKind, unknown>;

async function openSettings(file: ConfigFile, beside: Beside, log: Log): Promise<Settings> {
  const kind = kindOf(file);
  const { credentialsDirectory, s3 } = file;
  if (credentialsDirectory === undefined && file[kind] === undefined) return {};
  const settings = kind === "s3" && s3 !== undefined ? withTokenBeside(s3, beside) : file[kind];
  if (credentialsDirectory === undefined) return { [kind]: settings };
  const credentials = await CREDENTIALS[kind](beside(credentialsDirectory), log);
  return { [kind]: { ...settings, credentials } };
}

/** The location's. Settings of another kind would be ignored: that is refused. */
function kindOf(file: ConfigFile): StoreKind {
  const kind = storeKindOf(file.location);
  if (kind === undefined) {
    throw new TerminalError(
      "InvalidLocation",
      "the location must begin with s3://, gs://, hdfs://, webhdfs:// or swebhdfs://",
    );
  }
  const other = (["s3", "gcs", "hdfs"] as const).find((k) => k !== kind && file[k] !== undefined);
  if (other === undefined) return kind;
  throw wrong(`${other} is for another kind of location: take it out, or correct the location`);
}

function withTokenBeside(s3: S3Settings, beside: Beside): S3Settings {
  const { role } = s3;
  if (role?.webIdentityTokenFile === undefined) return s3;
  return { ...s3, role: { ...role, webIdentityTokenFile: beside(role.webIdentityTokenFile) } };
}

/** Read once: who changes an authority or a proxy's user starts agents anew. */
async function openConnection(file: ConnectionFile, beside: Beside): Promise<Connection> {
  const { caBundleFile, proxy } = file;
  const what = "the file of connection.caBundleFile";
  return {
    ...(caBundleFile === undefined ? {} : { caBundle: await readText(beside(caBundleFile), what) }),
    ...(proxy === undefined ? {} : { proxy: await openProxy(proxy, beside) }),
  };
}

async function openProxy(
  { credentialsDirectory, ...address }: NonNullable<ConnectionFile["proxy"]>,
  beside: Beside,
): Promise<Proxy> {
  if (credentialsDirectory === undefined) return address;
  return { ...address, credentials: await readProxyCredentials(beside(credentialsDirectory)) };
}

function parseConfig(path: string, text: string): ConfigFile {
  const file = readConfigFile(parseYaml(path, text));
  if (!("location" in file)) throw wrong(`${path}: ${file.join("; ")}`);
  if (!isRepositoryFolder(file.folder)) {
    throw wrong(`${path}: folder ${file.folder} must be __starrocks_repository_<name>`);
  }
  return file;
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw wrong(`${path} is no YAML: ${describeError(error)}`);
  }
}

function requireSlots(limits: AgentLimits): void {
  if (limits.memoryMiB >= limits.partMiB * 2) return;
  throw wrong(
    `limits.memoryMiB ${limits.memoryMiB} must hold two parts of limits.partMiB ${limits.partMiB} at least`,
  );
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw wrong(`${what} ${path} cannot be read: ${describeError(error)}`);
  }
}

function wrong(message: string): TerminalError {
  return new TerminalError("WrongConfiguration", message);
}
