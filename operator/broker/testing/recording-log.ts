// A log that remembers its lines, for tests of what a person would see.
import type { Log, LogLevel } from "../../log.ts";

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface RecordingLog extends Log {
  readonly lines: readonly LogLine[];
  /** The messages of one level. */
  messages(level: LogLevel): readonly string[];
}

export function recordingLog(): RecordingLog {
  const lines: LogLine[] = [];
  const at =
    (level: LogLevel) =>
    (message: string, fields: object = {}) => {
      lines.push({ level, message, fields: { ...fields } });
    };
  const log: RecordingLog = {
    lines,
    messages: (level) => lines.filter((line) => line.level === level).map((line) => line.message),
    error: at("error"),
    warn: at("warn"),
    info: at("info"),
    debug: at("debug"),
    child: () => log,
  };
  return log;
}
