// The status of a Backup and of a Restore seen as one shape: the fields both have and the few that one
// has. The CRDs are the source; the types here are made of theirs.
import type { BackupStatus } from "../../api/backup.generated.ts";
import type { RestoreStatus } from "../../api/restore.generated.ts";

export type BackupPhase = NonNullable<BackupStatus["phase"]>;
export type RestorePhase = NonNullable<RestoreStatus["phase"]>;
export type JobPhase = BackupPhase | RestorePhase;

export type JobStatus = Omit<BackupStatus, "phase" | "ending"> &
  Omit<RestoreStatus, "phase" | "ending" | keyof BackupStatus> & {
    readonly phase?: JobPhase;
    readonly ending?: Ending;
  };

/** RETRY: another attempt, while there are any left. WAIT: nothing was done, and the same attempt begins again later. */
export type Outcome = "RETRY" | "WAIT" | "FAILED" | "CANCELLED";

/** An end that was decided: recorded before the clean-up, carried out after it. */
export interface Ending {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly message: string;
  readonly time?: string;
  /** What the attempt had stored is gone. */
  readonly pruned?: boolean;
  /** Restore: StarRocks showed that its job was over, before COMMIT if the phase is not COMMIT. */
  readonly shown?: boolean;
  /** StarRocks was told to cancel a job that it did not show. */
  readonly cancelled?: boolean;
}

/** Phases that nothing leaves. */
export const FINAL_PHASES = ["FINISHED", "FAILED", "CANCELLED"] as const satisfies JobPhase[];

export function isFinal(phase: JobPhase | undefined): boolean {
  return FINAL_PHASES.some((final) => final === phase);
}
