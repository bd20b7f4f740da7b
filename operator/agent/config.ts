// The agent's configuration file: where the repository lies and how to reach it. The operator makes it
// from the Repository resource (an annotation of the pod); credentials are not in it but in a mounted Secret.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Ajv, type ErrorObject } from "ajv";
import { parse } from "yaml";
import { isRepositoryFolder } from "../broker/layout.ts";
import { describeError, TerminalError } from "../errors.ts";
import type { StorageConfig } from "../storage/open.ts";
import type { S3Settings } from "../storage/s3-settings.ts";
import { openCredentials } from "./credentials.ts";

export interface AgentLimits {
  /** All file content in memory at a time. MiB. */
  readonly memoryMiB: number;
  /** One part of a large upload, and the largest file that is put at once. MiB. */
  readonly partMiB: number;
  /** Bytes per second, both ways together; absent: no limit. */
  readonly bandwidth?: number;
}

interface ConfigFile {
  readonly location: string;
  readonly folder: string;
  readonly repositoryName: string;
  readonly s3?: S3Settings;
  readonly credentialsDirectory?: string;
  readonly limits?: Partial<AgentLimits>;
}

export interface AgentConfig {
  readonly storage: StorageConfig;
  /** The repository's folder below the location, with StarRocks' prefix. */
  readonly folder: string;
  /** Its name without the prefix. */
  readonly repositoryName: string;
  readonly limits: AgentLimits;
}

const LIMITS: AgentLimits = { memoryMiB: 256, partMiB: 8 };

const SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["location", "folder", "repositoryName"],
  properties: {
    location: { type: "string", minLength: 1 },
    folder: { type: "string", minLength: 1 },
    repositoryName: { type: "string", pattern: "^\\w{1,64}$" },
    credentialsDirectory: { type: "string", minLength: 1 },
    s3: {
      type: "object",
      additionalProperties: false,
      properties: {
        region: { type: "string", minLength: 1 },
        endpoint: { type: "string", pattern: "^https?://" },
        forcePathStyle: { type: "boolean" },
        checksumMode: { enum: ["auto", "whenRequired"] },
      },
    },
    limits: {
      type: "object",
      additionalProperties: false,
      properties: {
        memoryMiB: { type: "integer", minimum: 16, maximum: 65536 },
        partMiB: { type: "integer", minimum: 5, maximum: 512 },
        bandwidth: { type: "integer", minimum: 1048576 },
      },
    },
  },
} as const;

const validate = new Ajv({ allErrors: true, strict: true }).compile<ConfigFile>(SCHEMA);

/** Reads and checks the file. Throws {@link TerminalError} naming the field and what it should be. */
export async function loadConfig(path: string): Promise<AgentConfig> {
  const file = parseConfig(path, await readText(path));
  const directory = directoryOf(path, file.credentialsDirectory);
  const credentials = directory === undefined ? undefined : await openCredentials(directory);
  const limits = { ...LIMITS, ...file.limits };
  requireSlots(limits);
  return {
    storage: {
      location: file.location,
      ...(file.s3 === undefined && credentials === undefined
        ? {}
        : { s3: { ...file.s3, ...(credentials === undefined ? {} : { credentials }) } }),
    },
    folder: file.folder,
    repositoryName: file.repositoryName,
    limits,
  };
}

/** A relative directory is looked for beside the file, wherever both are mounted. */
function directoryOf(path: string, directory: string | undefined): string | undefined {
  return directory === undefined ? undefined : resolve(dirname(path), directory);
}

function parseConfig(path: string, text: string): ConfigFile {
  const value = parseYaml(path, text);
  if (!validate(value)) {
    throw wrong(`${path}: ${(validate.errors ?? []).map(explain).join("; ")}`);
  }
  if (!isRepositoryFolder(value.folder)) {
    throw wrong(`${path}: folder ${value.folder} must be __starrocks_repository_<name>`);
  }
  return value;
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw wrong(`${path} is no YAML: ${describeError(error)}`);
  }
}

function explain(error: ErrorObject): string {
  const field =
    error.instancePath === "" ? "the file" : error.instancePath.slice(1).replaceAll("/", ".");
  const unknown = (error.params as { readonly additionalProperty?: string }).additionalProperty;
  return unknown === undefined
    ? `${field} ${error.message ?? "is wrong"}`
    : `${field} has the unknown field ${unknown}`;
}

function requireSlots(limits: AgentLimits): void {
  if (limits.memoryMiB >= limits.partMiB * 2) return;
  throw wrong(
    `limits.memoryMiB ${limits.memoryMiB} must hold two parts of limits.partMiB ${limits.partMiB} at least`,
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw wrong(`the configuration ${path} cannot be read: ${describeError(error)}`);
  }
}

function wrong(message: string): TerminalError {
  return new TerminalError("WrongConfiguration", message);
}
