// Durations as specs say them: Go's form without signs, `24h`, `1h30m`, `1.5h`. The schema's rules let
// no other in; whoever parses a field of a checked object never meets an error.
import { TerminalError } from "../errors.ts";

const SHAPE = /^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+$/;
const PART = /([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds. Throws {@link TerminalError} for what is no duration. */
export function parseDuration(text: string): number {
  if (!SHAPE.test(text)) {
    throw new TerminalError(
      "InvalidSpec",
      `${JSON.stringify(text)} is no duration: write a number and ms, s, m or h, such as 30m or 1h30m`,
    );
  }
  const parts = [...text.matchAll(PART)];
  return parts.reduce((sum, [, number, unit]) => {
    return sum + Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }, 0);
}
