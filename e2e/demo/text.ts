// Text on a terminal: colours, widths, bars, durations. Pure. Every character we print is one column wide;
// what colours it is none.
import { stripVTControlCharacters } from "node:util";

export type Colour = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
/** Colours a text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

const ESCAPE = "\u001b";
const RESET = `${ESCAPE}[0m`;
const CODES: Readonly<Record<Colour, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  cyan: 36,
};

export const PLAIN: Paint = (_, text) => text;

export const COLOURED: Paint = (colour, text) => `${ESCAPE}[${CODES[colour]}m${text}${RESET}`;

/** Columns that a line takes. */
export function widthOf(line: string): number {
  return Array.from(stripVTControlCharacters(line)).length;
}

const COLOUR_OR_CHARACTER = new RegExp(`${ESCAPE}\\[[0-9;]*m|.`, "gsu");

/** The line cut to so many columns, with `…` for what is gone. Colours end where it ends. */
export function fit(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let room = columns - 1;
  let cut = "";
  for (const [token] of line.matchAll(COLOUR_OR_CHARACTER)) {
    const isColour = token.startsWith(ESCAPE);
    if (!isColour && room <= 0) break;
    cut += token;
    if (!isColour) room -= 1;
  }
  return `${cut}…${cut.includes(ESCAPE) ? RESET : ""}`;
}

/** The text with spaces up to so many columns. */
export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}

/** `████░░░░` of so many columns; full only when everything is done. */
export function bar(fraction: number, columns: number): string {
  const part = Math.min(1, Math.max(0, fraction));
  const full = part === 1 ? columns : Math.min(columns - 1, Math.round(part * columns));
  return "█".repeat(full) + "░".repeat(columns - full);
}

/** `42 s`, `1 min 5 s`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `1 file`, `2 files`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
