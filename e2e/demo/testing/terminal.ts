// A terminal as far as the screen uses one: text that wraps and scrolls, newline, carriage return, cursor
// up, erase below, cursor on and off. What it does not know it throws at.
import type { Output } from "../screen.ts";

const ESCAPE = "\u001b";
const TOKEN = new RegExp(`${ESCAPE}\\[(?<args>[?0-9;]*)(?<verb>[A-Za-z])|(?<text>.)`, "gsu");

export class Terminal implements Output {
  readonly isTTY = true;
  columns: number;
  rows: number;
  cursorIsShown = true;
  /** Everything from the first line on, what has scrolled out included. */
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns = 40, rows = 10) {
    this.columns = columns;
    this.rows = rows;
  }

  /** Lines, without the empty one that the cursor is in. */
  get lines(): string[] {
    const lines = this.#lines.map((line) => line.join("").trimEnd());
    return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
  }

  write(text: string): boolean {
    for (const { groups } of text.matchAll(TOKEN)) {
      if (groups?.["verb"] === undefined) this.#put(groups?.["text"] ?? "");
      else this.#obey(groups["verb"], groups["args"] ?? "");
    }
    return true;
  }

  /** As terminals do that wrap anew what no longer fits. */
  narrow(columns: number): void {
    this.columns = columns;
    this.#lines = this.#lines.flatMap((line) => {
      const rows = Math.max(1, Math.ceil(line.length / columns));
      return Array.from({ length: rows }, (_, i) => line.slice(i * columns, (i + 1) * columns));
    });
    this.#row = this.#lines.length - 1;
  }

  #put(character: string): void {
    if (character === "\r") {
      this.#column = 0;
    } else if (character === "\n") {
      this.#down();
    } else {
      if (this.#column === this.columns) this.#down();
      this.#line()[this.#column] = character;
      this.#column += 1;
    }
  }

  #obey(verb: string, args: string): void {
    const move = `${args}${verb}`;
    if (move === "?25l" || move === "?25h") this.cursorIsShown = move === "?25h";
    else if (verb === "A") this.#up(Number(args));
    else if (move === "J") this.#eraseBelow();
    else if (verb !== "m") throw new Error(`the terminal does not know ${move}`);
  }

  #down(): void {
    this.#row += 1;
    this.#column = 0;
    this.#line();
  }

  /** The cursor cannot leave the window. */
  #up(rows: number): void {
    const top = Math.max(0, this.#lines.length - this.rows);
    this.#row = Math.max(top, this.#row - rows);
  }

  #eraseBelow(): void {
    this.#line().splice(this.#column);
    this.#lines.splice(this.#row + 1);
  }

  #line(): string[] {
    while (this.#lines.length <= this.#row) this.#lines.push([]);
    const line = this.#lines[this.#row];
    if (line === undefined) throw new Error("no such line");
    return line;
  }
}
