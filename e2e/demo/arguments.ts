// The demo's command line.
import { parseArgs } from "node:util";

export interface DemoOptions {
  readonly help: boolean;
  /** Leave everything running at the end, until Ctrl-C. */
  readonly keep: boolean;
  /** Kill an agent and the operator in the middle. */
  readonly kill: boolean;
}

export const HELP = `npm run demo [-- --keep] [--kill]

Backs up a StarRocks, drops a table, restores it, and shows each step: with a small Kubernetes, a StarRocks
stand-in and an S3 server that run in this process, and our operator and agents as processes of their own.
Everything is on loopback addresses and in a temporary folder, and gone at the end. Linux only.

  --keep   leave it running at the end, for kubectl, a SQL client and an S3 client, until Ctrl-C
  --kill   kill an agent and the operator (SIGKILL) while the Backup uploads
  --help   this text

Ends with 0 when all went well, 1 when something is not as it should be, 2 for wrong arguments,
130 after Ctrl-C. NO_COLOR=1 takes the colours away.`;

/** Throws for what it does not know, with what it was. */
export function parseArguments(argv: readonly string[]): DemoOptions {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: { help: flag, keep: flag, kill: flag },
  });
  return values;
}
