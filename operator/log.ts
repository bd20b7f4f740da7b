// JSON lines on stdout, one object a line, through winston. One root per process, built in `main.ts`;
// children are passed down. Levels: `error` a person should look, `warn` degraded and still trying,
// `info` something began or ended, `debug` the rest.
import winston from "winston";
import { printable } from "./errors.ts";

export interface Log {
  error(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  debug(message: string, fields?: object): void;
  child(fields: object): Log;
}

export type LogLevel = "error" | "warn" | "info" | "debug";

/** Where winston keeps the finished line. */
const MESSAGE = Symbol.for("message");

/**
 * The root log of a process. `stream` is for tests. Query strings and user info in URLs are cut from
 * every string that passes (presigned URLs and SDK errors carry credentials there).
 */
export function createLog(level: LogLevel, stream: NodeJS.WritableStream = process.stdout): Log {
  const { combine, timestamp, json } = winston.format;
  return winston.createLogger({
    level,
    format: combine(timestamp(), json({ replacer: redactValue }), escape()),
    transports: [new winston.transports.Stream({ stream })],
  });
}

/** JSON leaves those control characters as they are that begin beyond ASCII; a terminal obeys some of them. */
const escape = winston.format((info) => {
  const line = info[MESSAGE];
  return typeof line === "string" ? { ...info, [MESSAGE]: printable(line) } : info;
});

/** A log that says nothing; for tests that do not read it. */
export const silentLog: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLog,
};

/** Cuts user info and query strings out of every URL in a text. */
export function redact(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^/\s@"']*@/gi, "$1***@")
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s?"']*)\?[^\s"']*/gi, "$1?***");
}

/** The same for a value on its way into JSON, at any depth: a replacer of `JSON.stringify`. */
export function redactValue(_key: string, value: unknown): unknown {
  return typeof value === "string" ? redact(value) : value;
}
