// Names and texts on their way into SQL. Everything that did not come out of this repository's source passes
// here: names are back-quoted, texts escaped, and what can be no name is refused before it is sent. The
// driver's placeholders are not used: they know no identifiers, and the FE prepares nothing (§11).
import { FrontendError } from "./frontend.ts";

export type NameKind = "database" | "table" | "partition" | "repository" | "broker";

/** FeNameFormat COMMON_NAME_REGEX (RepositoryAnalyzer, all versions). */
const COMMON_NAME = /^[a-zA-Z]\w{0,63}$|^_[a-zA-Z0-9]\w{0,62}$/;
/** Narrower than StarRocks: a label becomes a folder's name verbatim (§1.1). */
const LABEL = /^[A-Za-z0-9_]{1,60}$/;
/** What others may have called theirs: LABEL_REGEX of FeNameFormat. */
const FOREIGN_LABEL = /^[-A-Za-z0-9_]{1,128}$/;
const TIMESTAMP = /^\d{4}(?:-\d\d){5}-\d{3}$/;
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const ADDRESS = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/;

/** The most any release takes (FeNameFormat of 3.x); a release that takes less says so itself. */
const LENGTH_MAX = { database: 256, table: 1024, partition: 1024 } as const;
const TEXT_LENGTH_MAX = 4096;

/** Back-quoted, with every back-quote inside doubled (StarRocks.g4 BACKQUOTED_IDENTIFIER knows no backslash). */
export function quoteName(kind: NameKind, name: string): string {
  requireName(kind, name);
  return `\`${name.replaceAll("`", "``")}\``;
}

/** A string literal; backslash and quote are escaped by a backslash (AstBuilder.visitString). */
export function quoteText(what: string, text: string): string {
  requirePlain(what, text, TEXT_LENGTH_MAX);
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** Of a snapshot that is there, whoever made it. */
export function quoteSnapshot(label: string): string {
  if (FOREIGN_LABEL.test(label)) return `\`${label}\``;
  throw invalid(
    `the snapshot ${shown(label)} cannot be named: only labels of 1 to 128 of the characters A-Z, a-z, 0-9, _ and - can`,
  );
}

/** Of a snapshot that is made. */
export function quoteLabel(label: string): string {
  if (LABEL.test(label)) return `\`${label}\``;
  throw invalid(
    `the label ${shown(label)} cannot be used: it must have 1 to 60 of the characters A-Z, a-z, 0-9 and _`,
  );
}

/** `host:port` or `[IPv6]:port`, as a string literal. The FE keeps the host as it is written. */
export function quoteAddress(address: string): string {
  const port = Number(ADDRESS.exec(address)?.[1]);
  if (port >= 1 && port <= 65_535) return `'${address}'`;
  throw invalid(`the broker address ${shown(address)} is not host:port`);
}

/** A backup timestamp as SHOW SNAPSHOT prints it. */
export function quoteTimestamp(timestamp: string): string {
  if (isTimestamp(timestamp)) return `'${timestamp}'`;
  throw invalid(
    `the backup timestamp ${shown(timestamp)} is not of the form yyyy-MM-dd-HH-mm-ss-SSS: take it from SHOW SNAPSHOT`,
  );
}

export function isTimestamp(text: string): boolean {
  return TIMESTAMP.test(text);
}

/** A whole number at least `min`, as text. */
export function requireCount(what: string, value: number, min: number): string {
  if (Number.isSafeInteger(value) && value >= min) return String(value);
  throw invalid(`${what} is ${value}: it must be a whole number of at least ${min}`);
}

/** Text to show in a sentence: short, and on one line. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

export function invalid(message: string): FrontendError {
  return new FrontendError("RequestInvalid", false, message);
}

function requireName(kind: NameKind, name: string): void {
  if (kind === "repository" || kind === "broker") {
    if (COMMON_NAME.test(name)) return;
    throw invalid(
      `${shown(name)} cannot be a ${kind} name: it must have up to 64 letters, digits and _, and begin with a letter`,
    );
  }
  if (name === "") throw invalid(`a ${kind} name is empty`);
  requirePlain(`${kind} name`, name, LENGTH_MAX[kind]);
}

function requirePlain(what: string, text: string, lengthMax: number): void {
  if (text.length > lengthMax) {
    throw invalid(
      `the ${what} ${shown(text)} has ${text.length} characters: StarRocks takes ${lengthMax}`,
    );
  }
  if (CONTROL.test(text)) throw invalid(`the ${what} ${shown(text)} has a control character`);
  // A lone surrogate would reach StarRocks as another character: another name.
  if (!text.isWellFormed()) throw invalid(`the ${what} ${shown(text)} is not valid Unicode`);
}
