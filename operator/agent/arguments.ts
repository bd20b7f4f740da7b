// The agent's command line: which commands there are, what each needs, and the help text, from one table.
// What belongs to the Repository comes from the configuration file (config.ts); what belongs to one job
// comes as a flag. No flag ever carries a secret: command lines are visible to everybody on a node.
import { parseArgs } from "node:util";
import { TerminalError } from "../errors.ts";

interface Flag {
  readonly help: string;
  /** Absent: the flag must be given. */
  readonly fallback?: string;
  /** What a value must look like, and how to say so. */
  readonly shape: RegExp;
  readonly example: string;
  /** A wrong value may be a secret: it is not repeated. */
  readonly mayBeSecret?: true;
}

const LABEL: Flag = {
  help: "the snapshot's label",
  shape: /^[-\w]{1,128}$/,
  example: "nightly_1a2b3c4d",
};
const BACKUP_UID: Flag = {
  help: "UID of the Backup resource",
  shape: /^[-\w]{1,64}$/,
  example: "0b9c5c1e-55e1-4d2c-9d7c-0f7a2f0f3a11",
};
const ATTEMPT: Flag = {
  help: "names the attempt's staging folder",
  shape: /^[a-z0-9][-a-z0-9]{0,62}$/,
  example: "1a2b3c4d-1",
};
const TIMESTAMP: Flag = {
  help: "backup timestamp, as SHOW SNAPSHOT prints it; empty: whichever is there",
  fallback: "",
  shape: /^$|^[-\d]{10,32}$/,
  example: "2026-11-21-02-33-57-032",
};

const COMMON = {
  config: {
    help: "the configuration file",
    shape: /^.+$/,
    example: "/etc/starrocks-backup/agent.yaml",
  },
  "termination-log": {
    help: "where the last message is written for Kubernetes; empty: nowhere",
    fallback: "",
    shape: /^.*$/,
    example: "/dev/termination-log",
  },
  "log-level": {
    help: "error, warn, info or debug",
    fallback: "info",
    shape: /^(error|warn|info|debug)$/,
    example: "info",
  },
} as const satisfies Record<string, Flag>;

const SERVE = {
  mode: {
    help: "backup: may write its snapshot; restore: may only read it",
    shape: /^(backup|restore)$/,
    example: "backup",
  },
  label: LABEL,
  attempt: ATTEMPT,
  "backup-uid": { ...BACKUP_UID, help: "UID of the Backup or Restore resource" },
  "mount-location": {
    help: "LOCATION of the mount's CREATE REPOSITORY",
    shape: /^[a-z][a-z0-9+.-]*:\/\/.*[^/]$/,
    example: "backup://mount",
  },
  "mount-repository": {
    help: "the mount's repository name in StarRocks",
    shape: /^\w{1,64}$/,
    example: "k8s_1a2b3c4d_0",
  },
  "token-sha256": {
    help: "SHA-256 of the mount's token, hex",
    shape: /^[0-9a-f]{64}$/,
    example: "9f86d081…",
    mayBeSecret: true,
  },
  "create-time": {
    help: "create_time in the __repo_info that StarRocks is shown",
    fallback: "2026-01-01 00:00:00",
    shape: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
    example: "2026-01-01 00:00:00",
  },
  listen: {
    help: "address and port to serve on",
    fallback: "0.0.0.0:8000",
    shape: /^[0-9a-f.:[\]]+:\d{1,5}$/i,
    example: "0.0.0.0:8000",
  },
  "deadline-seconds": {
    help: "how long StarRocks waits for an answer: 8 for 2.5, 25 since",
    fallback: "25",
    shape: /^[1-9]\d{0,2}$/,
    example: "25",
  },
  annotations: {
    help: "downward-API file with the pod's annotations; empty: none",
    fallback: "",
    shape: /^.*$/,
    example: "/etc/podinfo/annotations",
  },
} as const satisfies Record<string, Flag>;

export const COMMANDS = {
  serve: { help: "be the broker of one attempt until drained", flags: SERVE },
  probe: {
    help: "try every right that backups need, and make the repository's folder",
    flags: {
      "read-only": {
        help: "true: only list and read",
        fallback: "false",
        shape: /^(true|false)$/,
        example: "true",
      },
    },
  },
  catalog: { help: "list the repository's snapshots", flags: {} },
  seal: {
    help: "finish and check a snapshot, write its manifest",
    flags: { label: LABEL, attempt: ATTEMPT, "backup-uid": BACKUP_UID, timestamp: TIMESTAMP },
  },
  verify: {
    help: "compare a snapshot with its manifest",
    flags: {
      label: LABEL,
      timestamp: TIMESTAMP,
      mode: {
        help: "list: names, sizes, versions; checksums: read every byte as well",
        fallback: "list",
        shape: /^(list|checksums)$/,
        example: "checksums",
      },
    },
  },
  prune: {
    help: "delete a snapshot that is proven to be this Backup's",
    flags: {
      label: LABEL,
      "backup-uid": BACKUP_UID,
      "staging-only": {
        help: "true: only staging, because the snapshot may be somebody else's",
        fallback: "false",
        shape: /^(true|false)$/,
        example: "true",
      },
    },
  },
} as const satisfies Record<
  string,
  { readonly help: string; readonly flags: Readonly<Record<string, Flag>> }
>;

export type CommandName = keyof typeof COMMANDS;

/** A flag's value by its name; every flag of the command has one. */
export type Flags<C extends CommandName> = Readonly<
  Record<keyof (typeof COMMANDS)[C]["flags"] | keyof typeof COMMON, string>
>;

export type Arguments = {
  readonly [C in CommandName]: { readonly command: C; readonly flags: Flags<C> };
}[CommandName];

/** Reads `argv` (without node and the script). Throws {@link TerminalError} that says what to write. */
export function parseArguments(argv: readonly string[]): Arguments {
  const [command = "", ...rest] = argv;
  if (!isCommand(command)) {
    const known = Object.keys(COMMANDS).join(", ");
    throw wrong(`${JSON.stringify(command)} is no command; there are: ${known}`);
  }
  const known: Readonly<Record<string, Flag>> = { ...COMMON, ...COMMANDS[command].flags };
  const given = parseFlags(known, rest);
  const flags = Object.entries(known).map(([name, flag]) => [name, valueOf(name, flag, given)]);
  // The values were checked against the command's own table, which TypeScript cannot follow.
  return { command, flags: Object.fromEntries(flags) as unknown } as Arguments;
}

/** What `agent --help` prints. */
export function helpText(): string {
  const lines = Object.entries(COMMANDS).flatMap(([name, command]) => [
    `  ${name.padEnd(10)} ${command.help}`,
    ...flagLines(command.flags),
  ]);
  return [
    "agent <command> --config=<file> [--flag=value …]",
    "",
    ...flagLines(COMMON),
    "",
    ...lines,
  ].join("\n");
}

function flagLines(flags: Readonly<Record<string, Flag>>): string[] {
  return Object.entries(flags).map(([name, flag]) => {
    const fallback =
      flag.fallback === undefined ? "required" : `default ${JSON.stringify(flag.fallback)}`;
    return `    --${name.padEnd(18)} ${flag.help} (${fallback})`;
  });
}

function parseFlags(
  known: Readonly<Record<string, Flag>>,
  rest: readonly string[],
): Readonly<Record<string, unknown>> {
  const options = Object.fromEntries(
    Object.keys(known).map((n) => [n, { type: "string" as const }]),
  );
  try {
    return parseArgs({ args: [...rest], options, strict: true }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function valueOf(name: string, flag: Flag, values: Readonly<Record<string, unknown>>): string {
  const value = values[name] ?? flag.fallback;
  if (typeof value !== "string") {
    throw wrong(`--${name} is missing: ${flag.help}, for example --${name}=${flag.example}`);
  }
  if (flag.shape.test(value)) return value;
  const given = flag.mayBeSecret === true ? `--${name}` : `--${name}=${value}`;
  throw wrong(`${given} is not understood: ${flag.help}, for example ${flag.example}`);
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

function wrong(message: string): TerminalError {
  return new TerminalError("WrongArguments", message);
}
