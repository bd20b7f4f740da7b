// Gets several servers, two at a time (a build takes both cores of a small machine by itself, a download none).
import { SERVER_NAMES } from "../../e2e/servers/installed.ts";
import { forEachParallel } from "../../operator/storage/parallel.ts";
import { install, type Outcome } from "./install.ts";
import type { Recipe } from "./recipes.ts";

const AT_ONCE = 2;

export const USAGE = `usage: npm run servers [-- [--require] [${SERVER_NAMES.join("] [")}]]`;

export interface Asked {
  readonly recipes: readonly Recipe[];
  /** One that cannot be had is a failure. */
  readonly isRequired: boolean;
}

/** Undefined: the arguments name something that is not there. */
export function parse(args: readonly string[], all: readonly Recipe[]): Asked | undefined {
  const names = args.filter((arg) => arg !== "--require");
  if (names.some((name) => all.every((recipe) => recipe.name !== name))) return undefined;
  const recipes = all.filter(({ name, onRequest }) =>
    names.length === 0 ? onRequest !== true : names.includes(name),
  );
  return { recipes, isRequired: names.length > 0 || args.includes("--require") };
}

/** False: one is missing that must be there. `tell` hears a line for each beginning and each end. */
export async function getServers(
  { recipes, isRequired }: Asked,
  root: string,
  tell: (line: string) => void,
): Promise<boolean> {
  const missing: string[] = [];
  await forEachParallel(recipes, AT_ONCE, async (recipe) => {
    const say = (line: string) => tell(`${recipe.name} ${recipe.version}: ${line}`);
    const begun = performance.now();
    const outcome = await install(recipe, root, say);
    say(inWords(outcome, (performance.now() - begun) / 1000));
    if (outcome.kind === "missing") missing.push(recipe.name);
  });
  if (missing.length > 0) tell(`MISSING: ${missing.join(", ")}; their tests will be skipped`);
  return missing.length === 0 || !isRequired;
}

function inWords(outcome: Outcome, seconds: number): string {
  if (outcome.kind === "missing") return `cannot be had: ${outcome.why}`;
  if (outcome.kind === "installed") return `installed in ${seconds.toFixed(0)} s`;
  return outcome.byHand ? "there, put there by hand (its version is not looked at)" : "there";
}
