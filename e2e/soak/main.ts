#!/usr/bin/env node
// `npm run soak`: runs one, says how it goes once a minute, and what broke.
import { randomInt } from "node:crypto";
import { rm } from "node:fs/promises";
import { describeError } from "../../operator/errors.ts";
import { HELP, parseArguments, type SoakArguments } from "./arguments.ts";
import { soak } from "./soak.ts";

const EXIT = { ok: 0, broken: 1, wrongArguments: 2 } as const;
const SEED_MAX = 2 ** 31;

function argumentsOrHelp(argv: readonly string[]): SoakArguments | number {
  try {
    const parsed = parseArguments(argv, randomInt(SEED_MAX));
    if (!parsed.help) return parsed;
    console.log(HELP);
    return EXIT.ok;
  } catch (error) {
    console.error(`${describeError(error)}\n\n${HELP}`);
    return EXIT.wrongArguments;
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const parsed = argumentsOrHelp(argv);
  if (typeof parsed === "number") return parsed;
  const { minutes, seed, history } = parsed;
  console.log(
    `soak of ${minutes} minutes; again: npm run soak -- --minutes ${minutes} --seed ${seed}`,
  );
  try {
    const durationMs = minutes * 60_000;
    await soak({ seed, durationMs, history, say: (line) => console.log(line) });
  } catch (error) {
    console.error(error instanceof Error && error.name === "BrokenPromise" ? error.message : error);
    return EXIT.broken;
  }
  await rm(history, { force: true });
  return EXIT.ok;
}

process.exitCode = await main(process.argv.slice(2));
