// Puts one server into the servers' folder. It is made in a folder of its own (`installs/<name>-<version>.<pid>`)
// and shown to users by one symbolic link when it is whole: what a killed run leaves is in nobody's way, and
// goes with the next run. The link is the note of what is there: its target names the version. A real file
// in its place was put there by hand, is taken as it is and never replaced.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { run } from "./command.ts";
import type { Recipe, Tool } from "./recipes.ts";

export type Outcome =
  | { readonly kind: "there"; readonly byHand: boolean }
  | { readonly kind: "installed" }
  /** `why` says what is missing or what failed. */
  | { readonly kind: "missing"; readonly why: string };

/** Idempotent; two runs at once do the work twice and end alike. Never rejects for what a person can mend. */
export async function install(
  recipe: Recipe,
  root: string,
  tell: (line: string) => void,
): Promise<Outcome> {
  const found = lookFor(recipe, root);
  if (found !== "missing") return { kind: "there", byHand: found === "byHand" };
  try {
    for (const tool of recipe.tools) await requireTool(tool);
    tell(`installing, about ${recipe.minutes} minutes the first time`);
    await make(recipe, root);
    return { kind: "installed" };
  } catch (error) {
    return { kind: "missing", why: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether {@link install} would have nothing to do. */
export function isInstalled(recipe: Recipe, root: string): boolean {
  return lookFor(recipe, root) !== "missing";
}

/** What stands at the place where users look. */
function lookFor({ name, version, link }: Recipe, root: string): "there" | "byHand" | "missing" {
  const at = join(root, link);
  const status = lstatSync(at, { throwIfNoEntry: false });
  if (status === undefined) return "missing";
  if (!status.isSymbolicLink()) return "byHand";
  const [, install = ""] = /installs\/([^/]+)/.exec(readlinkSync(at)) ?? [];
  if (install === "") return "byHand";
  const isWanted = install.startsWith(`${name}-${version}.`) && existsSync(at);
  return isWanted ? "there" : "missing";
}

async function make(recipe: Recipe, root: string): Promise<void> {
  const installs = join(root, "installs");
  const folder = join(installs, `${recipe.name}-${recipe.version}.${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    for (const step of recipe.steps(folder)) await run(step);
    const target = join(folder, recipe.target);
    if (!existsSync(target)) throw new Error(`its installation left no ${recipe.target}`);
    show(target, join(root, recipe.link));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  sweep(recipe, root);
}

/** In one step, also over an older link. */
function show(target: string, link: string): void {
  mkdirSync(dirname(link), { recursive: true });
  const fresh = `${link}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(relative(dirname(link), target), fresh);
  renameSync(fresh, link);
}

/** Removes older versions, and what runs left that were killed. */
function sweep({ name, link }: Recipe, root: string): void {
  const installs = join(root, "installs");
  const shown = realpathSync(join(root, link));
  for (const one of readdirSync(installs)) {
    const folder = join(realpathSync(installs), one);
    const [, pid = ""] = /\.(\d+)$/.exec(one) ?? [];
    if (!one.startsWith(`${name}-`) || `${shown}/`.startsWith(`${folder}/`)) continue;
    if (!isAlive(Number(pid))) rmSync(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function requireTool({ title, atLeast, command, version }: Tool): Promise<void> {
  const needs = `needs ${title}, ${atLeast} or newer, on PATH`;
  const said = await run({ command }).catch(() => {
    throw new Error(`${needs}: \`${command[0]}\` is missing or does not work`);
  });
  const found = version.exec(said)?.[1] ?? "";
  if (compare(found, atLeast) < 0) {
    throw new Error(`${needs}: this one is ${found === "" ? "of an unknown version" : found}`);
  }
}

/** Versions of numbers and points, the first differing number decides. */
function compare(one: string, other: string): number {
  const [a, b] = [one.split(".").map(Number), other.split(".").map(Number)];
  const at = b.findIndex((number, i) => number !== (a[i] ?? 0));
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
