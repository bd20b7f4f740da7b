// A job's spec with its units settled. Pure.
import { BACKUP, RESTORE } from "../../api/kinds.ts";
import { parseDuration } from "../../api/duration.ts";
import { parseBytes } from "../../api/quantity.ts";
import type { Kind } from "../../runtime/api.ts";
import type { JobKind, JobResource, JobSettings } from "./model.ts";

const KINDS: Readonly<Record<JobKind, unknown>> = { Backup: BACKUP, Restore: RESTORE };

export function kindOf(kind: JobKind): Kind<JobResource> {
  return KINDS[kind] as Kind<JobResource>;
}

export function settingsOf(job: JobResource): JobSettings {
  const { spec } = job;
  return {
    kind: job.kind,
    verb: job.kind === "Backup" ? "backup" : "restore",
    repository: spec.repository,
    timeoutMs: duration(spec.timeout),
    noProgressMs: duration(spec.noProgressTimeout),
    // A Restore is not begun again by itself: whether to repeat it is for a person to say.
    attemptsMax: job.kind === "Backup" ? job.spec.retry.maxAttempts : 1,
    backoffMs: job.kind === "Backup" ? duration(job.spec.retry.backoff) : 0,
    bandwidth: spec.bandwidth === undefined ? undefined : bytes(spec.bandwidth),
    cancel: spec.cancel,
    startBefore:
      job.kind === "Restore" && job.spec.startBefore !== undefined
        ? Date.parse(job.spec.startBefore)
        : undefined,
  };
}

/** A value that the schema or the rules refuse is told by them; until then any value does. */
function duration(text: string, fallbackMs = 86_400_000): number {
  try {
    return parseDuration(text);
  } catch {
    return fallbackMs;
  }
}

function bytes(quantity: number | string): number | undefined {
  try {
    return parseBytes(quantity);
  } catch {
    return undefined;
  }
}
