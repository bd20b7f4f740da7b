// The matrix of faults: who suffers, what, and where a job is then; and how the job ends. Data only. What a fault
// does is in acts.ts, when a point is reached in points.ts.
import type { Point } from "./points.ts";

export type JobKind = "Backup" | "Restore";

export const COMPONENTS = [
  "operator",
  "agent",
  "BE",
  /** The only one. */
  "FE",
  /** The leader of three: another one leads afterwards. */
  "FE leader",
  "API server",
  "node",
] as const;
export type Component = (typeof COMPONENTS)[number];

/** Each heals: who was killed is started again, who hung goes on, who was cut off is heard again. */
export const FAULTS = ["kill", "hang", "partition", "restart"] as const;
export type Fault = (typeof FAULTS)[number];

/** Where a job is, in the order of its life. */
export const POINTS: Readonly<Record<JobKind, readonly Point[]>> = {
  Backup: [
    "queued",
    "starting",
    "mounting",
    "recorded",
    "SNAPSHOTING",
    "UPLOADING",
    "committing",
    "publishing",
    "sealing",
  ],
  Restore: [
    "queued",
    "verifying",
    "starting",
    "mounting",
    "recorded",
    "SNAPSHOTING",
    "DOWNLOADING",
    "committing",
    "draining",
  ],
};

export interface Row {
  readonly component: Component;
  readonly fault: Fault;
  readonly kind: JobKind;
  readonly point: Point;
  readonly end: End;
}

/** How it ends, and within which time of the fault's end: longer is a hang. */
export interface End {
  /** FINISHED in so many attempts at most. */
  readonly attemptsMax: number;
  /** FAILED with one of these is right as well. */
  readonly orFailed?: readonly string[];
  readonly withinMs: number;
}

const AT_ONCE: End = { attemptsMax: 1, withinMs: 150_000 };

interface Exception {
  readonly component: readonly Component[];
  readonly fault?: readonly Fault[];
  readonly kind: JobKind;
  readonly point: readonly Point[];
  readonly end: Partial<End>;
  readonly because: string;
}

/** Everything else ends FINISHED in its first attempt. The first one that fits counts. */
const EXCEPTIONS: readonly Exception[] = [
  {
    component: ["BE", "node"],
    kind: "Backup",
    point: ["starting", "mounting", "recorded", "SNAPSHOTING"],
    end: { attemptsMax: 3, withinMs: 300_000 },
    because: "StarRocks makes no snapshot while the only replica of a tablet is away",
  },
  {
    component: ["BE", "node"],
    kind: "Restore",
    point: ["verifying", "starting", "mounting", "recorded", "SNAPSHOTING"],
    end: { orFailed: ["ReplicaUnhealthy"] },
    because:
      "StarRocks makes no table on BEs that are away, and a Restore is not repeated by itself",
  },
  {
    component: ["FE", "FE leader"],
    kind: "Backup",
    point: ["committing", "publishing"],
    end: { attemptsMax: 2, withinMs: 300_000 },
    because: "the files that UPLOAD_INFO sends go with the FE that wrote them",
  },
];

function endOf(row: Omit<Row, "end">): End {
  const exception = EXCEPTIONS.find(
    (e) =>
      e.component.includes(row.component) &&
      (e.fault ?? FAULTS).includes(row.fault) &&
      e.kind === row.kind &&
      e.point.includes(row.point),
  );
  return { ...AT_ONCE, ...exception?.end };
}

/** The whole matrix. */
export const ROWS: readonly Row[] = COMPONENTS.flatMap((component) =>
  FAULTS.flatMap((fault) =>
    (["Backup", "Restore"] as const).flatMap((kind) =>
      POINTS[kind].map((point) => {
        const row = { component, fault, kind, point };
        return { ...row, end: endOf(row) };
      }),
    ),
  ),
);

export function titleOf({ component, fault, kind, point }: Row): string {
  return `${component} ${fault} in ${kind} ${point}`;
}
