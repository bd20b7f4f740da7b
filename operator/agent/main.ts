#!/usr/bin/env node
// The agent's process: arguments, log, signals, and how it ends. The commands are in run.ts, which is
// loaded behind the compile cache: agents start often and should start fast.
import { enableCompileCache } from "node:module";
import { describeError } from "../errors.ts";
import { createLog, type LogLevel } from "../log.ts";
import { helpText, parseArguments, type Arguments } from "./arguments.ts";
import { EXIT, type Outcome } from "./outcome.ts";
import { writeTermination, writeTerminationNow } from "./termination.ts";

enableCompileCache();

/** What is left for Kubernetes when the process ends in another way than `report`. */
const lastWord = {
  path: "",
  message: "it ended without a word: the last lines of its log say more",
};

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help") || argv.length === 0) {
    process.stdout.write(`${helpText()}\n`);
    return argv.length === 0 ? EXIT.misconfigured : EXIT.ok;
  }
  let args: Arguments;
  try {
    args = parseArguments(argv);
  } catch (error) {
    createLog("info").error(describeError(error), { reason: "WrongArguments" });
    return EXIT.misconfigured;
  }
  return await runToEnd(args);
}

async function runToEnd(args: Arguments): Promise<number> {
  lastWord.path = args.flags["termination-log"];
  const log = createLog(args.flags["log-level"] as LogLevel).child({ command: args.command });
  // Before anything is waited for: a signal that nobody listens for is ignored in a container (PID 1).
  const signalled = untilSignalled();
  const { run } = await import("./run.ts");
  const outcome = await run(args, log, signalled);
  await report(outcome, args.flags["termination-log"], log);
  return outcome.exitCode;
}

async function report(
  outcome: Outcome,
  path: string,
  log: ReturnType<typeof createLog>,
): Promise<void> {
  const { exitCode, reason, message, detail } = outcome;
  const fields = { reason, exitCode, ...(detail === undefined ? {} : { detail }) };
  if (exitCode === EXIT.ok) log.info(message, fields);
  else log.error(message, fields);
  if (path !== "") await writeTermination(path, outcome, log);
  lastWord.path = "";
}

/** Aborted by the first SIGTERM or SIGINT; a second one ends the process as it would by itself. */
function untilSignalled(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => controller.abort(new Error(name)));
  }
  return controller.signal;
}

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    const stack = error instanceof Error ? error.stack : undefined;
    createLog("info").error("a bug of the agent", { event, error: describeError(error), stack });
    lastWord.message = `a bug of the agent: ${describeError(error)}`;
    process.exit(EXIT.internal);
  });
}

process.once("exit", () => {
  const { path, message } = lastWord;
  const outcome = { exitCode: EXIT.internal, reason: "InternalError", message };
  if (path !== "") writeTerminationNow(path, outcome);
});

process.exit(await main(process.argv.slice(2)));
