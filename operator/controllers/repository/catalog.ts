// The catalogue: what the finished catalogue Job printed, one line per snapshot, as the status keeps it.
import type { Repository } from "../../api/repository.generated.ts";
import { LABELS } from "../../api/group.ts";
import { must } from "../../assert.ts";
import type { ControllerDeps } from "../deps.ts";
import { parseJson } from "../json.ts";
import type { TaskView } from "../pods.ts";
import type { Snapshots } from "./model.ts";

type Entry = NonNullable<Snapshots["catalog"]>[number];

/** 10,000 snapshots of about 300 bytes each. */
const LOG = { tailLines: 20_000, limitBytes: 8 * 1024 * 1024 } as const;
const CATALOG_MAX = 100;
const TIMESTAMPS_MAX = 20;

/** Undefined: no catalogue Job has ended well. */
export async function readCatalog(
  { api, caches }: ControllerDeps,
  { metadata }: Repository,
  task: TaskView | undefined,
): Promise<Snapshots | undefined> {
  if (task?.ended?.exitCode !== 0) return undefined;
  const pod = caches
    .podsByRepository(must(metadata.uid))
    .find(
      (p) => p.metadata.labels?.[LABELS.component] === "catalog" && p.status?.phase === "Succeeded",
    );
  if (pod === undefined) return undefined;
  const key = { namespace: must(metadata.namespace), name: pod.metadata.name };
  return summarize(parseCatalog(await api.log(key, LOG)), task.ended.detail);
}

export function parseCatalog(log: string): readonly Entry[] {
  return log.split("\n").flatMap((line) => {
    const entry = parseJson(line);
    const label = entry?.["label"];
    if (entry?.["message"] !== "snapshot" || typeof label !== "string") return [];
    const timestamps = entry["timestamps"];
    return [
      {
        name: label,
        timestamps: Array.isArray(timestamps)
          ? timestamps.map(String).slice(0, TIMESTAMPS_MAX)
          : [],
        complete: entry["complete"] === true,
        sealed: entry["sealed"] === true,
        ...text("database", entry["database"]),
        ...text("backupUid", entry["backupUid"]),
        ...text("sealedAt", entry["sealedAt"]),
        ...(typeof entry["bytes"] === "number" ? { bytes: entry["bytes"] } : {}),
      },
    ];
  });
}

function text<K extends string>(key: K, value: unknown): { readonly [P in K]?: string } {
  return typeof value === "string" ? ({ [key]: value } as { readonly [P in K]?: string }) : {};
}

/** Totals of all, and the newest. StarRocks' timestamps sort as text. */
export function summarize(
  entries: readonly Entry[],
  totals: Readonly<Record<string, unknown>>,
): Snapshots {
  const newest = [...entries].sort((a, b) => compare(last(b), last(a)));
  const count = (key: string, fallback: number): number => {
    const value = totals[key];
    return typeof value === "number" ? value : fallback;
  };
  return {
    total: count("snapshots", entries.length),
    complete: count("complete", entries.filter((e) => e.complete === true).length),
    sealed: count("sealed", entries.filter((e) => e.sealed === true).length),
    bytes: count(
      "bytes",
      entries.reduce((sum, e) => sum + (e.bytes ?? 0), 0),
    ),
    catalog: newest.slice(0, CATALOG_MAX),
  };
}

function last({ timestamps }: Entry): string {
  return timestamps?.at(-1) ?? "";
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
