// The operator's command line: every flag with its default and help, from one table. No flag carries a
// secret; what belongs to a StarRocks or a storage is in resources.
import { parseArgs } from "node:util";
import { TerminalError } from "./errors.ts";
import type { LogLevel } from "./log.ts";

interface Flag {
  readonly help: string;
  readonly fallback: string;
  readonly shape: RegExp;
  readonly example: string;
}

const ANY = /^.*$/;
const NAME = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
const NAMESPACE = new RegExp(`^(${NAME})?$`);
const NAMESPACES = new RegExp(`^(${NAME}(,${NAME})*)?$`);

export const FLAGS = {
  kubeconfig: {
    help: "kubeconfig file; empty: $KUBECONFIG, the pod's service account, or ~/.kube/config",
    fallback: "",
    shape: ANY,
    example: "./kubeconfig",
  },
  context: {
    help: "context of the kubeconfig; empty: the current one",
    fallback: "",
    shape: ANY,
    example: "kind-dev",
  },
  namespace: {
    help: "the operator's own namespace: its Lease and its key are there; empty: $POD_NAMESPACE, else default",
    fallback: "",
    shape: NAMESPACE,
    example: "starrocks-backup",
  },
  "watch-namespaces": {
    help: "only resources of these namespaces, with commas between them; empty: of all",
    fallback: "",
    shape: NAMESPACES,
    example: "prod,staging",
  },
  "starrocks-namespaces": {
    help: "with --watch-namespaces: where pods of StarRocks are looked for beside these, to find their nodes",
    fallback: "",
    shape: NAMESPACES,
    example: "starrocks",
  },
  "agent-image": {
    help: "image of the agents, where a Repository names none",
    fallback: "starrocks-backup:dev",
    shape: /^\S+$/,
    example: "example.org/starrocks-backup:1.0.0",
  },
  listen: {
    help: "address and port of /healthz, /readyz and /metrics",
    fallback: "0.0.0.0:8080",
    shape: /^[0-9a-f.:[\]]+:\d{1,5}$/i,
    example: "0.0.0.0:8080",
  },
  workers: {
    help: "reconciles at a time, for each kind",
    fallback: "8",
    shape: /^[1-9]\d{0,2}$/,
    example: "8",
  },
  "lease-seconds": {
    help: "after a crash another operator leads so much later; renewed three times in it",
    fallback: "15",
    shape: /^([3-9]|[1-9]\d|[1-5]\d\d|600)$/,
    example: "15",
  },
  "log-level": {
    help: "error, warn, info or debug",
    fallback: "info",
    shape: /^(error|warn|info|debug)$/,
    example: "info",
  },
} as const satisfies Record<string, Flag>;

export interface OperatorConfig {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly namespace: string;
  /** Undefined: all of them. */
  readonly watchNamespaces: readonly string[] | undefined;
  /** Where StarRocks' pods are looked for, the watched ones among them. Undefined: everywhere. */
  readonly starRocksNamespaces: readonly string[] | undefined;
  readonly agentImage: string;
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly leaseMs: number;
  readonly logLevel: LogLevel;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads `argv` (without node and the script). Throws {@link TerminalError} that says what to write. */
export function parseConfig(argv: readonly string[], env: Environment): OperatorConfig {
  const values = parseFlags(argv);
  const value = (name: keyof typeof FLAGS): string => {
    const flag: Flag = FLAGS[name];
    const given = values[name] ?? flag.fallback;
    if (flag.shape.test(given)) return given;
    throw wrong(`--${name}=${given} is not understood: ${flag.help}, for example ${flag.example}`);
  };
  const watched = listOf(value("watch-namespaces"));
  const alsoStarRocks = listOf(value("starrocks-namespaces"));
  const listen = value("listen");
  const colon = listen.lastIndexOf(":");
  return {
    kubeconfig: value("kubeconfig") || undefined,
    context: value("context") || undefined,
    namespace: value("namespace") || (env["POD_NAMESPACE"] ?? "default"),
    watchNamespaces: watched.length === 0 ? undefined : watched,
    starRocksNamespaces:
      watched.length === 0 ? undefined : [...new Set([...watched, ...alsoStarRocks])],
    agentImage: value("agent-image"),
    host: listen.slice(0, colon).replace(/^\[|\]$/g, ""),
    port: Number(listen.slice(colon + 1)),
    workers: Number(value("workers")),
    leaseMs: Number(value("lease-seconds")) * 1000,
    logLevel: value("log-level") as LogLevel,
  };
}

function listOf(value: string): readonly string[] {
  return [...new Set(value.split(",").filter((name) => name !== ""))];
}

function parseFlags(argv: readonly string[]): Readonly<Record<string, string | undefined>> {
  const options = Object.fromEntries(
    Object.keys(FLAGS).map((name) => [name, { type: "string" as const }]),
  );
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

/** What `--help` prints. */
export function helpText(): string {
  const lines = Object.entries(FLAGS).map(
    ([name, { help, fallback }]) =>
      `  --${name.padEnd(20)} ${help} (default ${JSON.stringify(fallback)})`,
  );
  return ["operator [--flag=value …]", "", ...lines].join("\n");
}

function wrong(message: string): TerminalError {
  return new TerminalError("WrongArguments", message);
}
