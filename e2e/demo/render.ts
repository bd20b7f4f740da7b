// What a person watches: the status of a resource as a few lines, as it is now. Pure: it shows what the
// status says and computes nothing of its own, so that kubectl would show the same.
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { findCondition } from "../../operator/api/conditions.ts";
import { CONDITION } from "../../operator/api/group.ts";
import { sizeText } from "../../operator/controllers/job/progress.ts";
import { bar, countText, durationText, pad, type Colour, type Paint } from "./text.ts";

export type Job = Backup | Restore;
export type Shown = Job | Repository;
type Progress = NonNullable<NonNullable<Job["status"]>["progress"]>;
type NodeProgress = NonNullable<Progress["nodes"]>[number];

export interface View {
  readonly nowMs: number;
  readonly columns: number;
  readonly paint: Paint;
}

const PHASES: Readonly<Record<Job["kind"], readonly string[]>> = {
  Backup: ["PENDING", "SNAPSHOTING", "UPLOADING", "COMMIT", "FINISHED"],
  Restore: ["PENDING", "SNAPSHOTING", "DOWNLOADING", "COMMIT", "FINISHED"],
};
const BAR_MAX = 40;
/** What stands beside the bar. */
const FIGURES_COLUMNS = 46;
const BAR_MIN = 8;

/** Jobs and Repositories one below the other. */
export function renderAll(resources: readonly Shown[], view: View): string[] {
  return resources.flatMap((resource) =>
    resource.kind === "Repository" ? renderRepository(resource, view) : renderJob(resource, view),
  );
}

export function renderJob(job: Job, view: View): string[] {
  const { paint, nowMs } = view;
  const { status, metadata, kind } = job;
  const since = status?.startTime ?? metadata.creationTimestamp;
  const until = status?.completionTime === undefined ? nowMs : Date.parse(status.completionTime);
  const age = since === undefined ? "" : `  ${durationText(until - Date.parse(since))}`;
  return [
    `${paint("bold", `${kind} ${metadata.name}`)}${paint("dim", age)}`,
    `  ${phaseLine(PHASES[kind], status?.phase, paint)}`,
    ...(status?.progress === undefined ? [] : renderProgress(status.progress, view)),
    `  ${paint("dim", waitText(job))}`,
  ];
}

export function renderRepository({ metadata, status }: Repository, { paint }: View): string[] {
  const conditions = status?.conditions ?? [];
  return [
    `${paint("bold", `Repository ${metadata.name}`)}  ${status?.phase ?? "not looked at yet"}`,
    ...conditions
      .filter(({ type }) => type.endsWith("Ready"))
      .map(({ type, status: is, reason, message }) => {
        const mark = is === "True" ? paint("green", "✓") : paint("yellow", "…");
        return `  ${mark} ${pad(type, 14)} ${paint("dim", `${reason}: ${message}`)}`;
      }),
  ];
}

/** What it waits for, in the operator's own words. */
export function waitText(resource: Shown): string {
  const { reason, message } = toldBy(resource) ?? {};
  if (reason === undefined) return "not looked at by the operator yet";
  const position = placeInQueue(resource);
  const place = position === undefined ? "" : `number ${position} in the queue, `;
  return `${place}${reason}: ${message ?? ""}`;
}

interface Told {
  readonly reason?: string;
  readonly message?: string;
}

function toldBy(resource: Shown): Told | undefined {
  if (resource.kind !== "Repository") return resource.status;
  return findCondition(resource.status?.conditions, CONDITION.ready);
}

function placeInQueue(resource: Shown): number | undefined {
  return resource.kind === "Repository" ? undefined : resource.status?.queue?.position;
}

function phaseLine(phases: readonly string[], phase: string | undefined, paint: Paint): string {
  const at = phases.indexOf(phase ?? "");
  if (phase !== undefined && at < 0) return paint("red", phase);
  return phases.map((name, i) => paint(phaseColour(i, at, phases), name)).join(paint("dim", " → "));
}

function phaseColour(i: number, at: number, phases: readonly string[]): Colour {
  if (i < at || at === phases.length - 1) return "green";
  return i === at ? "cyan" : "dim";
}

function renderProgress(progress: Progress, view: View): string[] {
  const { paint, columns } = view;
  const room = Math.min(BAR_MAX, Math.max(BAR_MIN, columns - FIGURES_COLUMNS));
  const percent = progress.percent ?? 0;
  const done = paint("cyan", bar(percent / 100, room));
  return [
    `  ${done} ${figuresText(progress)}`,
    ...(progress.nodes ?? []).map((node) => `  ${nodeText(node, paint)}`),
  ];
}

/** `31 %  78 MiB  9.0 MiB/s  26 files  20/63 tablets`. */
export function figuresText({ percent, bytes, bytesPerSecond, files, tablets }: Progress): string {
  const total = tablets?.total ?? 0;
  return [
    `${percent ?? 0} %`,
    sizeText(bytes ?? 0),
    `${sizeText(bytesPerSecond ?? 0)}/s`,
    countText(files ?? 0, "file"),
    ...(total === 0 ? [] : [`${tablets?.done ?? 0}/${total} tablets`]),
  ].join("  ");
}

function nodeText(node: NodeProgress, paint: Paint): string {
  const { name, state = "", bytes = 0, bytesPerSecond = 0, files = 0, message } = node;
  const serves = state === "Serving" || state === "Done";
  const told = message === undefined ? "" : `  ${paint("yellow", message)}`;
  return [
    pad(name, 8),
    paint(serves ? "green" : "yellow", pad(state, 9)),
    sizeText(bytes).padStart(9),
    `${sizeText(bytesPerSecond)}/s`.padStart(12),
    countText(files, "file").padStart(10) + told,
  ].join(" ");
}
