// What has changed, a line per change: for logs and terminals that cannot be repainted, and what stays of a
// job when it has ended. Pure.
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { sizeText } from "../../operator/controllers/job/progress.ts";
import { figuresText, waitText, type Job, type Shown } from "./render.ts";
import { countText, durationText } from "./text.ts";

/** Nothing when nothing has changed that a person would want to hear of. */
export function narrate(before: Shown | undefined, after: Shown): string[] {
  const who = `${after.kind} ${after.metadata.name}`;
  const now = stateText(after);
  const lines = before !== undefined && stateText(before) === now ? [] : [`${who}: ${now}`];
  if (after.kind === "Repository") return lines;
  const progress = after.status?.progress;
  if (progress === undefined || progress.time === progressTime(before)) return lines;
  const nodes = (progress.nodes ?? []).map(
    ({ name, state = "", bytes = 0, message }) =>
      `${name} ${state} ${sizeText(bytes)}${message === undefined ? "" : ` (${message})`}`,
  );
  return [
    ...lines,
    `${who}: ${figuresText(progress)}${nodes.length === 0 ? "" : `  [${nodes.join(", ")}]`}`,
  ];
}

function progressTime(resource: Shown | undefined): string | undefined {
  if (resource === undefined || resource.kind === "Repository") return undefined;
  return resource.status?.progress?.time;
}

function stateText(resource: Shown): string {
  return `${resource.status?.phase ?? "created"}: ${waitText(resource)}`;
}

/** What is said once a job is FINISHED: a line, and lines that belong to it. */
export function summarize(job: Job): string[] {
  const { metadata, kind } = job;
  const lines = kind === "Backup" ? snapshotLines(job) : targetLines(job);
  return [`${kind} ${metadata.name} is FINISHED${tookText(job)}`, ...lines];
}

function tookText({ status }: Job): string {
  const { startTime, completionTime } = status ?? {};
  if (startTime === undefined || completionTime === undefined) return "";
  return ` after ${durationText(Date.parse(completionTime) - Date.parse(startTime))}`;
}

function snapshotLines({ status }: Backup): string[] {
  const { snapshot, sealed } = status ?? {};
  const { files = 0, bytes = 0, tablets = 0 } = sealed ?? {};
  return [
    `snapshot ${snapshot?.name}, timestamp ${snapshot?.timestamp}`,
    `sealed: ${countText(files, "file")}, ${sizeText(bytes)}, ${countText(tablets, "tablet")}`,
  ];
}

function targetLines({ status }: Restore): string[] {
  const { source, database, targets = [], progress } = status ?? {};
  const names = targets.map(({ table, as }) => (table === as ? as : `${table} as ${as}`));
  return [
    `${sizeText(progress?.bytes ?? 0)} of snapshot ${source?.snapshot}, timestamp ${source?.timestamp}`,
    `into database ${database}: ${names.join(", ")}`,
  ];
}
