// Where the demo is watched. On a terminal: lines that stay, and below them a few that are repainted in
// place. Elsewhere: lines that stay, without escapes, and nothing is repainted.
//
// The surprise: a terminal scrolls, so more live lines than it has rows could never be erased; the last
// ones are shown. A resize makes long lines wrap, so how many rows to go up is found when they are erased.
import { COLOURED, fit, PLAIN, widthOf, type Paint } from "./text.ts";

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface Screen {
  /** Whether `show` is seen; if not, say what changes. */
  readonly isLive: boolean;
  readonly columns: number;
  readonly paint: Paint;
  /** Lines that stay. */
  say(...lines: readonly string[]): void;
  /** Lines that are replaced by the next call; none takes them away. */
  show(lines: readonly string[]): void;
  /** Takes the live lines away and gives the cursor back. May be called twice. */
  close(): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The screen that fits the output. NO_COLOR (no-color.org) takes colours away, not the repainting. */
export function openScreen(output: Output, env: Environment): Screen {
  if (output.isTTY !== true || env["TERM"] === "dumb") return new PlainScreen(output);
  const colourless = (env["NO_COLOR"] ?? "") !== "";
  return new TerminalScreen(output, colourless ? PLAIN : COLOURED);
}

const PLAIN_COLUMNS = 100;

export class PlainScreen implements Screen {
  readonly isLive = false;
  readonly columns = PLAIN_COLUMNS;
  readonly paint = PLAIN;
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) this.#output.write(`${line}\n`);
  }

  show(): void {
    // What changes is said.
  }

  close(): void {
    // Nothing was changed.
  }
}

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const ERASE_BELOW = "\u001b[J";
const up = (rows: number): string => (rows === 0 ? "" : `\u001b[${rows}A`);

export class TerminalScreen implements Screen {
  readonly isLive = true;
  readonly paint: Paint;
  readonly #output: Output;
  /** As they were painted; the cursor is at the start of the row below. */
  #live: readonly string[] = [];
  #isClosed = false;

  constructor(output: Output, paint: Paint) {
    this.#output = output;
    this.paint = paint;
    output.write(HIDE_CURSOR);
  }

  get columns(): number {
    return this.#output.columns ?? 80;
  }

  say(...lines: readonly string[]): void {
    const live = this.#live;
    this.#output.write(`${this.#erase()}${lines.map((line) => `${line}\n`).join("")}`);
    this.show(live);
  }

  show(lines: readonly string[]): void {
    if (this.#isClosed) return;
    const rows = Math.max(1, (this.#output.rows ?? 24) - 1);
    const fitted = lines.slice(-rows).map((line) => fit(line, this.columns - 1));
    if (fitted.length === 0 && this.#live.length === 0) return;
    const erase = this.#erase();
    this.#live = fitted;
    this.#output.write(erase + fitted.map((line) => `${line}\n`).join(""));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#output.write(this.#erase() + SHOW_CURSOR);
  }

  #erase(): string {
    const { columns } = this;
    const rows = this.#live.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)),
      0,
    );
    this.#live = [];
    return `${up(rows)}\r${ERASE_BELOW}`;
  }
}
