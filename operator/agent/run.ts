// One agent command from the command line to its outcome. main.ts turns the outcome into the process's end.
import { RepositoryLayout } from "../broker/layout.ts";
import { systemClock, systemRandom } from "../clock.ts";
import { assertNever } from "../assert.ts";
import type { Log } from "../log.ts";
import { openStorage } from "../storage/open.ts";
import type { Arguments } from "./arguments.ts";
import { runCatalog } from "./commands/catalog.ts";
import type { CommandDeps } from "./commands/command.ts";
import { outcomeOf } from "./commands/outcome-of.ts";
import { runProbe } from "./commands/probe.ts";
import { runPrune } from "./commands/prune.ts";
import { runSeal } from "./commands/seal.ts";
import { runVerify } from "./commands/verify.ts";
import { loadConfig, type AgentConfig } from "./config.ts";
import type { Outcome } from "./outcome.ts";
import { serve } from "./serve.ts";

/** Runs it. Never rejects. */
export async function run(args: Arguments, log: Log, signalled: AbortSignal): Promise<Outcome> {
  try {
    const config = await loadConfig(args.flags.config, log);
    const deps = { clock: systemClock, random: systemRandom, log };
    const storage = openStorage(config.storage, deps);
    if (args.command === "serve") {
      return await serve({ config, storage, clock: systemClock, log, signalled }, args.flags);
    }
    const layout = new RepositoryLayout(config.folder);
    const command = { storage, layout, log, clock: systemClock, signal: signalled };
    return await runOneShot(args, config, command);
  } catch (error) {
    return outcomeOf(error, { location: "the storage", signal: signalled });
  }
}

async function runOneShot(
  args: Exclude<Arguments, { command: "serve" }>,
  config: AgentConfig,
  deps: CommandDeps,
): Promise<Outcome> {
  const timestampOf = (flag: string) => (flag === "" ? {} : { timestamp: flag });
  switch (args.command) {
    case "probe": {
      const readOnly = args.flags["read-only"] === "true";
      return await runProbe(deps, { repositoryName: config.repositoryName, readOnly });
    }
    case "catalog":
      return await runCatalog(deps);
    case "seal": {
      const { label, attempt, timestamp } = args.flags;
      const backupUid = args.flags["backup-uid"];
      return await runSeal(deps, { label, attempt, backupUid, ...timestampOf(timestamp) });
    }
    case "verify": {
      const { label, timestamp } = args.flags;
      const mode = args.flags.mode === "checksums" ? "checksums" : "list";
      return await runVerify(deps, { label, mode, ...timestampOf(timestamp) });
    }
    case "prune": {
      const { label } = args.flags;
      const stagingOnly = args.flags["staging-only"] === "true";
      return await runPrune(deps, { label, backupUid: args.flags["backup-uid"], stagingOnly });
    }
    default:
      return assertNever(args);
  }
}
