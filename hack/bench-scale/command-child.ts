// Runs one command of the agent over a storage of a size and prints what it took, in a process that does nothing else.
//   node command-child.ts <command> <size> <folder>
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runCatalog } from "../../operator/agent/commands/catalog.ts";
import type { CommandDeps } from "../../operator/agent/commands/command.ts";
import { runPrune } from "../../operator/agent/commands/prune.ts";
import { runSeal } from "../../operator/agent/commands/seal.ts";
import {
  LABEL,
  SYNTHETIC_ATTEMPT,
  SYNTHETIC_UID,
  layout,
} from "../../operator/agent/commands/testing/synthetic-storage.ts";
import { runVerify } from "../../operator/agent/commands/verify.ts";
import type { Outcome } from "../../operator/agent/outcome.ts";
import { systemClock } from "../../operator/clock.ts";
import { silentLog } from "../../operator/log.ts";
import { CountedStorage, ManySnapshots, PrunableStorage } from "./command-storages.ts";

// The whole program, storage clients included: they are part of what a pod's memory holds.
await import("../../operator/agent/run.ts");

const FILES_PER_TABLET = 5;

interface Case {
  readonly storage: CountedStorage;
  readonly run: (deps: CommandDeps) => Promise<Outcome>;
}

async function caseOf(command: string, size: number, folder: string): Promise<Case> {
  const options = { tablets: Math.ceil(size / FILES_PER_TABLET), lists: false, folder };
  switch (command) {
    case "seal": {
      const whose = { label: LABEL, attempt: SYNTHETIC_ATTEMPT, backupUid: SYNTHETIC_UID };
      return { storage: new CountedStorage(options), run: (deps) => runSeal(deps, whose) };
    }
    case "verify": {
      const what = { label: LABEL, mode: "list" } as const;
      return { storage: new CountedStorage(options), run: (deps) => runVerify(deps, what) };
    }
    case "prune": {
      const whose = { label: LABEL, backupUid: SYNTHETIC_UID };
      const storage = new PrunableStorage(options, LABEL);
      return { storage, run: (deps) => runPrune(deps, whose) };
    }
    case "catalog": {
      const summary = await readFile(manifestIn(folder), "utf8");
      const of = (label: string): Buffer => Buffer.from(summary.replaceAll(LABEL, label));
      const storage = new ManySnapshots({ ...options, tablets: 1 }, size, of);
      return { storage, run: runCatalog };
    }
    default:
      throw new Error(`there is no command ${command}`);
  }
}

/** Where a seal has left it. */
function manifestIn(folder: string): string {
  return join(folder, layout.snapshot(LABEL).manifest().replaceAll("/", "+"));
}

const [command = "", size, folder = ""] = process.argv.slice(2);
const { storage, run } = await caseOf(command, Number(size), folder);
const { signal } = new AbortController();
const begun = performance.now();
const { exitCode, message, detail } = await run({
  storage,
  layout,
  log: silentLog,
  clock: systemClock,
  signal,
});
const report = {
  exitCode,
  message,
  detail,
  seconds: (performance.now() - begun) / 1000,
  rssMiB: process.resourceUsage().maxRSS / 1024,
  requests: storage.requests,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
