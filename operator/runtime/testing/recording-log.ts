// A log that remembers its lines together with the fields of the children they went through.
import type { Log, LogLevel } from "../../log.ts";

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function recordingLog(lines: LogLine[] = [], inherited: object = {}) {
  const at =
    (level: LogLevel) =>
    (message: string, fields: object = {}) => {
      lines.push({ level, message, fields: { ...inherited, ...fields } });
    };
  return {
    lines,
    error: at("error"),
    warn: at("warn"),
    info: at("info"),
    debug: at("debug"),
    child: (fields: object): Log => recordingLog(lines, { ...inherited, ...fields }),
  };
}
