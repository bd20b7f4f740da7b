// Ages as people read them in tables: `45s`, `3m12s`, `5h`, `2d3h`; the same steps as kubectl's.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Rows: below this many seconds, the unit, and the smaller unit beside it (none: not shown). */
const STEPS: readonly (readonly [below: number, unit: number, rest: number])[] = [
  [2 * MINUTE, 1, 0],
  [10 * MINUTE, MINUTE, 1],
  [3 * HOUR, MINUTE, 0],
  [8 * HOUR, HOUR, MINUTE],
  [2 * DAY, HOUR, 0],
  [8 * DAY, DAY, HOUR],
  [2 * YEAR, DAY, 0],
  [Infinity, YEAR, DAY],
];

const LETTERS: Readonly<Record<number, string>> = {
  1: "s",
  [MINUTE]: "m",
  [HOUR]: "h",
  [DAY]: "d",
  [YEAR]: "y",
};

export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds <= 0) return "0s";
  const [, unit = 1, rest = 0] = STEPS.find(([below]) => seconds < below) ?? [];
  const whole = `${Math.floor(seconds / unit)}${LETTERS[unit]}`;
  const left = rest === 0 ? 0 : Math.floor((seconds % unit) / rest);
  return left === 0 ? whole : `${whole}${left}${LETTERS[rest]}`;
}

/** The age of a timestamp; `<unknown>` when there is none. */
export function age(since: unknown, nowMs: number): string {
  if (typeof since !== "string") return "<unknown>";
  const at = Date.parse(since);
  return Number.isNaN(at) ? "<invalid>" : humanDuration(nowMs - at);
}
