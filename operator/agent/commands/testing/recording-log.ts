// A log that a test can read.
import type { Log } from "../../../log.ts";

export interface Line {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class RecordingLog implements Log {
  readonly lines: Line[] = [];

  error(message: string, fields: object = {}): void {
    this.#add("error", message, fields);
  }

  warn(message: string, fields: object = {}): void {
    this.#add("warn", message, fields);
  }

  info(message: string, fields: object = {}): void {
    this.#add("info", message, fields);
  }

  debug(message: string, fields: object = {}): void {
    this.#add("debug", message, fields);
  }

  child(): Log {
    return this;
  }

  /** The fields of every line of this message. */
  fieldsOf(message: string): Readonly<Record<string, unknown>>[] {
    return this.lines.filter((line) => line.message === message).map((line) => line.fields);
  }

  #add(level: Line["level"], message: string, fields: object): void {
    this.lines.push({ level, message, fields: { ...fields } });
  }
}
