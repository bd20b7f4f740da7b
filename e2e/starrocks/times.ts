// Times as StarRocks prints them (TimeUtils, AbstractJob): SHOW in the session's `time_zone` or, in newer
// releases, in a fixed one; a snapshot's timestamp in the zone of the FE's JVM. None tells the other.

/** The two characters an FE keeps for "not yet"; on the wire they become SQL NULL. */
export const NULL_STRING = "\\N";
const PLUS_EIGHT_MS = 8 * 3_600_000;

/** `yyyy-MM-dd HH:mm:ss` in the session's zone, or null for a time that has not come. */
export function formatTime(ms: number, timeZone = "UTC"): string | null {
  if (ms <= 0) return null;
  return new Date(ms + offsetMs(ms, timeZone)).toISOString().slice(0, 19).replace("T", " ");
}

/** A snapshot's timestamp, `yyyy-MM-dd-HH-mm-ss-SSS` in the JVM's zone. */
export function snapshotTimestamp(ms: number, jvmTimeZone: string): string {
  const local = new Date(ms + offsetMs(ms, jvmTimeZone)).toISOString();
  return local.slice(0, 23).replace(/[T:.]/g, "-");
}

/** `__repo_info`'s create_time is read as +08:00 whatever wrote it; undefined when it is no time. */
export function parseRepositoryTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return undefined;
  const ms = Date.parse(`${text.replace(" ", "T")}Z`);
  return Number.isNaN(ms) ? undefined : ms - PLUS_EIGHT_MS;
}

function offsetMs(ms: number, timeZone: string): number {
  if (timeZone === "UTC") return 0;
  const fixed = /^([+-])(\d{1,2}):(\d\d)$/.exec(timeZone);
  if (fixed !== null) {
    const [, sign, hours, minutes] = fixed;
    return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  }
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: timeZone === "SYSTEM" ? "UTC" : timeZone,
    dateStyle: "short",
    timeStyle: "medium",
    hourCycle: "h23",
  }).format(ms);
  return Date.parse(`${parts.replace(", ", "T")}Z`) - Math.floor(ms / 1000) * 1000;
}

export function isTimeZone(text: string): boolean {
  try {
    offsetMs(0, text);
    return true;
  } catch {
    return false;
  }
}
