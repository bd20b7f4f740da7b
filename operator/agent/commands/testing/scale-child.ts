// Runs one command over a synthetic snapshot and prints what it took: for the scale test, which wants
// the memory of a process that does nothing else.
import { RecordingLog } from "./recording-log.ts";
import { systemClock } from "../../../clock.ts";
import { runSeal } from "../seal.ts";
import { runVerify } from "../verify.ts";
import {
  LABEL,
  SYNTHETIC_ATTEMPT,
  SYNTHETIC_UID,
  SyntheticStorage,
  layout,
} from "./synthetic-storage.ts";

// The whole program, storage clients included: they are part of what a pod's memory holds.
await import("../../run.ts");

const [command, tablets, lists, folder = ""] = process.argv.slice(2);
const storage = new SyntheticStorage({
  tablets: Number(tablets),
  lists: lists === "lists",
  folder,
});
const signal = new AbortController().signal;
const deps = { storage, layout, log: new RecordingLog(), clock: systemClock, signal };
const begun = performance.now();
const outcome =
  command === "seal"
    ? await runSeal(deps, { label: LABEL, attempt: SYNTHETIC_ATTEMPT, backupUid: SYNTHETIC_UID })
    : await runVerify(deps, { label: LABEL, mode: "list" });
const report = {
  outcome,
  infoBytes: storage.infoBytes,
  seconds: Math.round((performance.now() - begun) / 1000),
  rssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
