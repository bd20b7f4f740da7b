// The soak's command line.
import { parseArgs } from "node:util";

export interface SoakArguments {
  readonly help: boolean;
  readonly minutes: number;
  readonly seed: number;
  /** File for what happened, a JSON line each. */
  readonly history: string;
}

export const HELP = `npm run soak [-- --minutes N] [--seed S] [--history FILE]

Backs up, restores, cancels, deletes and breaks things at random, on stand-ins in this process and with our
operator and agents as processes, and looks all the time that no promise is broken. Linux only.

  --minutes N      how long things are done; then everything ends and is compared. Default 4; from about 12 on
                   operators live long enough to see whether their memory grows
  --seed S         repeats the deeds of that run. Default a fresh one, which is printed
  --history FILE   what was done and seen, a JSON line each. Default soak-<seed>.jsonl, removed when all went well

Ends with 0 when all promises held, 1 when one was broken, 2 for wrong arguments.`;

/** Throws for what it does not know. `fresh` is the seed when none is given. */
export function parseArguments(argv: readonly string[], fresh: number): SoakArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean", default: false },
      minutes: { type: "string", default: "4" },
      seed: { type: "string", default: String(fresh) },
      history: { type: "string" },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, not ${values.minutes}`);
  const seed = Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0) {
    throw new Error(`--seed must be a whole number from 0 on, not ${values.seed}`);
  }
  return { help: values.help, minutes, seed, history: values.history ?? `soak-${seed}.jsonl` };
}
