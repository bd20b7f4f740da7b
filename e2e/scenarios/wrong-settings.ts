// What is wrong with a Repository, and what its probe must say to it: the types of the table's rows and the two ways to
// run one. A row begins as a Repository that the API server takes, and goes to the agent as the operator would send
// it: configuration and mounted files are the operator's own.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { loadConfig } from "../../operator/agent/config.ts";
import { outcomeOf } from "../../operator/agent/commands/outcome-of.ts";
import { runProbe } from "../../operator/agent/commands/probe.ts";
import type { Outcome } from "../../operator/agent/outcome.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import { validate, withDefaults } from "../../operator/api/validate.ts";
import { RepositoryLayout } from "../../operator/broker/layout.ts";
import { systemClock, systemRandom } from "../../operator/clock.ts";
import { agentConfig } from "../../operator/controllers/agent-config.ts";
import { silentLog } from "../../operator/log.ts";
import type { StorageReason } from "../../operator/storage/errors.ts";
import { openStorage } from "../../operator/storage/open.ts";
import { runAgent } from "./agent-process.ts";

/** A Repository's spec but for its cluster, and what is mounted into its agents. */
export interface Setting {
  readonly spec: { readonly location: string; readonly [field: string]: unknown };
  /** By path beside the configuration's folder: `credentials/accessKeyId`, `ca/ca.crt`, `proxy/user`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a row starts ends with the test. */
export type Ending = (stop: () => Promise<unknown>) => void;

export interface WrongSetting {
  readonly name: string;
  /** A program of the machine without which the row is skipped. */
  readonly needs?: "openssl";
  readonly arrange: (ending: Ending) => Promise<Setting>;
  readonly reason: StorageReason;
  /** 42: a person must act. 1: it is tried again. */
  readonly exitCode: 1 | 42;
  /** What to change, in the message. */
  readonly says: RegExp;
}

/** The file's path. Throws when the API server would refuse the Repository. */
export async function layOut(dir: string, { spec, files = {} }: Setting): Promise<string> {
  const cluster = { frontends: ["fe.starrocks.svc"], credentialsSecret: { name: "starrocks" } };
  const object = {
    apiVersion: "backup.starrocks.io/v1alpha1",
    kind: "Repository" as const,
    metadata: { name: "prod", namespace: "backups" },
    spec: { cluster, ...secretsOf(files), ...spec },
  };
  expect(validate(object), "the row is no Repository").to.deep.equal([]);
  const config = agentConfig(withDefaults(object) as unknown as Repository);
  const path = "pod/agent.yaml";
  for (const [name, text] of Object.entries({ ...files, [path]: config })) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  return join(dir, path);
}

function secretsOf(files: Readonly<Record<string, string>>): object {
  const has = Object.keys(files).some((name) => name.startsWith("credentials/"));
  return has ? { credentialsSecret: { name: "storage" } } : {};
}

/** Without a process, and with tries that follow each other at once: for the everyday run. */
export async function probeHere(dir: string, setting: Setting): Promise<Outcome> {
  const { signal } = new AbortController();
  const log = silentLog;
  try {
    const { storage: config, folder } = await loadConfig(await layOut(dir, setting));
    const retry = { tries: 2, triesOfUnknown: 2, firstDelayMs: 1, retryAfterMaxMs: 1 };
    const deps = { clock: systemClock, random: systemRandom, log };
    const storage = openStorage({ ...config, retry }, deps);
    const layout = new RepositoryLayout(folder);
    const command = { storage, layout, log, clock: systemClock, signal };
    return await runProbe(command, { repositoryName: "prod", readOnly: false });
  } catch (error) {
    return outcomeOf(error, { location: "the storage", signal });
  }
}

/** As in a pod. */
export async function probeAsProcess(dir: string, setting: Setting): Promise<Outcome> {
  const place = { dir, configPath: await layOut(dir, setting) };
  const ended = await runAgent(place, "probe", {}, setting.environment);
  expect(ended.termination["exitCode"], ended.agent.dump()).to.equal(ended.code);
  return ended.termination as unknown as Outcome;
}

/** Holds an outcome against its row. */
export function expectTold(
  row: Omit<WrongSetting, "arrange">,
  { files = {} }: Setting,
  told: Outcome,
): void {
  const { exitCode, reason, message } = told;
  expect({ exitCode, reason }, message).to.deep.equal({
    exitCode: row.exitCode,
    reason: row.reason,
  });
  expect(message).to.match(row.says);
  // Said once, and first: a person reads no further than needed.
  expect(message.split(row.says).length, `said twice: ${message}`).to.equal(2);
  const secrets = Object.entries(files).filter(([name]) => /secret|password|token/i.test(name));
  for (const [name, secret] of secrets) expect(message, name).not.to.include(secret);
}
