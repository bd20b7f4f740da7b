// Reasons as the code gives them and as the pages name them. In the code every text that is written like a
// reason counts as one (UpperCamelCase in quotes): a new one is found whatever it is passed to, and whoever
// writes one that is no reason says so in the test.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const WORD = /"([A-Z][A-Za-z]*[a-z][A-Za-z]*)"/g;

/** Texts in quotes that are written like a reason, in a file or in all of a folder that ships. */
export function wordsIn(root: string, path: string): ReadonlySet<string> {
  return new Set(sourcesOf(root, path).flatMap((text) => matchesOf(text, WORD)));
}

/** Reasons of errors that are thrown there: they reach a log, not always a status. */
export function thrownIn(root: string, path: string): ReadonlySet<string> {
  const thrown = /(?:Terminal|Transient)Error\(\s*"(\w+)"/g;
  return new Set(sourcesOf(root, path).flatMap((text) => matchesOf(text, thrown)));
}

/** The members of `export type <name> = "A" | "B";`. Throws when there is no such type. */
export function membersOf(root: string, path: string, name: string): ReadonlySet<string> {
  const text = readFileSync(join(root, path), "utf8");
  const [, body] = new RegExp(`export type ${name} =([^;]*);`).exec(withoutComments(text)) ?? [];
  if (body === undefined) throw new Error(`${path} has no type ${name}`);
  return new Set(matchesOf(body, WORD));
}

/** What the tables below a page's heading "Reasons" name in their first column. */
export function namedOn(root: string, page: string): ReadonlySet<string> {
  const text = readFileSync(join(root, page), "utf8");
  const [, section] = /^#+ Reasons$([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(text) ?? [];
  if (section === undefined) throw new Error(`${page} has no heading "Reasons"`);
  const cells = matchesOf(section, /^\| ([^|]*)\|/gm);
  return new Set(cells.flatMap((cell) => matchesOf(cell, /`(\w+)`/g)));
}

function matchesOf(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, found = ""]) => found);
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
}

function sourcesOf(root: string, path: string): readonly string[] {
  if (statSync(join(root, path)).isFile()) return [readFileSync(join(root, path), "utf8")];
  return readdirSync(join(root, path), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/\.test\.ts$|(^|\/)testing\//.test(name))
    .map((name) => readFileSync(join(root, path, name), "utf8"));
}
