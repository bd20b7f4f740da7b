// Agents as processes: what an end-to-end test starts, kills and reads. The same program and flags as in
// a Job's pod; the configuration file and the Secret's folder are made in a temporary folder.
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { NODE_FLAGS } from "../../operator/agent/node-flags.ts";
import type { S3Server } from "../servers/s3-server.ts";
import type { StorageServer } from "../servers/storage-server.ts";

const MAIN = fileURLToPath(new URL("../../operator/agent/main.ts", import.meta.url));
const PROGRAM = [process.execPath, ...NODE_FLAGS, MAIN];
const READY_MAX_MS = 120_000;

export interface PlaceOptions {
  /** An empty folder of this test's. */
  readonly dir: string;
  readonly server: Omit<S3Server, "stop"> | Reachable;
  /** Where agents reach an S3 server, when something stands in front of it. */
  readonly endpoint?: string;
  readonly prefix?: string;
  /** No Secret: agents find credentials as their pod's own identity gives them. */
  readonly ownIdentity?: boolean;
  readonly limits?: Readonly<Record<string, number>>;
  /** What an agent is started by, given that folder, which it must see; default this clone's program. */
  readonly program?: (dir: string) => readonly string[];
}

/** What agents need to know of a storage server. */
type Reachable = Pick<StorageServer, "location" | "settings" | "credentials">;

/** A Repository as its agents see it: configuration and credentials on disk. */
export class Place {
  readonly dir: string;
  readonly configPath: string;
  readonly program: readonly string[];

  private constructor(dir: string, program: readonly string[]) {
    this.dir = dir;
    this.program = program;
    this.configPath = join(dir, "agent.yaml");
  }

  static async create(options: PlaceOptions): Promise<Place> {
    const { dir, server } = options;
    const place = new Place(dir, options.program?.(dir) ?? PROGRAM);
    const { location, settings, credentials } =
      "location" in server ? reached(server, options) : s3Reached(server, options);
    const hasSecret = options.ownIdentity !== true && Object.keys(credentials).length > 0;
    const credentialsDirectory = join(dir, "credentials");
    await mkdir(credentialsDirectory, { recursive: true });
    await place.renewCredentials(credentials);
    const config = {
      location,
      folder: "__starrocks_repository_prod",
      repositoryName: "prod",
      ...(hasSecret ? { credentialsDirectory } : {}),
      ...settings,
      limits: options.limits ?? {},
    };
    await writeFile(place.configPath, JSON.stringify(config));
    return place;
  }

  /** What Kubernetes does to the files when the Secret changes. */
  async renewCredentials(credentials: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries(credentials)) {
      await writeFile(join(this.dir, "credentials", name), value);
    }
  }
}

type Reached = Omit<Reachable, "location"> & { readonly location: string };

function reached(server: Reachable, { prefix = "prod" }: PlaceOptions): Reached {
  const { settings, credentials } = server;
  return { location: server.location(prefix), settings, credentials };
}

function s3Reached(
  server: Omit<S3Server, "stop">,
  { endpoint, prefix = "prod" }: PlaceOptions,
): Reached {
  const { bucket, accessKeyId, secretAccessKey } = server;
  return {
    location: `s3://${bucket}/${prefix}`,
    settings: {
      s3: { endpoint: endpoint ?? server.endpoint, region: "us-east-1", forcePathStyle: true },
    },
    credentials: { accessKeyId, secretAccessKey },
  };
}

/** One line of an agent's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface AgentOptions {
  readonly command: string;
  readonly flags?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Where an agent finds its configuration and leaves its last word. */
export type AgentFiles = Pick<Place, "dir" | "configPath"> & Partial<Pick<Place, "program">>;

/** A running agent command. */
export class AgentProcess {
  readonly lines: LogLine[] = [];
  readonly ended: Promise<Ended>;
  /** Everything it printed that is no JSON line: a crash, a warning of Node. */
  readonly noise: string[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  readonly #terminationPath: string;

  constructor(place: AgentFiles, options: AgentOptions) {
    const id = `${options.command}-${Math.random().toString(36).slice(2)}`;
    this.#terminationPath = join(place.dir, `${id}.termination`);
    const flags = {
      config: place.configPath,
      "termination-log": this.#terminationPath,
      ...options.flags,
    };
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    const [program = "", ...words] = place.program ?? PROGRAM;
    this.#child = spawn(program, [...words, options.command, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      // Nothing of the machine's own AWS settings may reach the agent.
      env: { PATH: process.env["PATH"], AWS_EC2_METADATA_DISABLED: "true", ...options.environment },
    });
    this.#read();
    this.ended = once(this.#child, "close").then(([code, signal]) => {
      this.#wake();
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The first line with this message, now or later; rejects when the process ends without it. */
  async line(message: string, timeoutMs = READY_MAX_MS): Promise<LogLine> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.lines.find((l) => l.message === message);
      if (found !== undefined) return found;
      if (this.hasEnded) throw new Error(`the agent ended without "${message}":\n${this.dump()}`);
      if (Date.now() > deadline) throw new Error(`no "${message}" in time:\n${this.dump()}`);
      await this.#change(1000);
    }
  }

  /** The termination message, parsed. */
  async termination(): Promise<Record<string, unknown>> {
    return JSON.parse(await readFile(this.#terminationPath, "utf8")) as Record<string, unknown>;
  }

  dump(): string {
    return [...this.lines.map((l) => JSON.stringify(l)), ...this.noise].slice(-40).join("\n");
  }

  #read(): void {
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error("an agent has its output piped");
    createInterface({ input: stdout }).on("line", (line) => {
      this.lines.push(parseLine(line));
      this.#wake();
    });
    createInterface({ input: stderr }).on("line", (line) => this.noise.push(line));
  }

  async #change(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }
}

export interface ServeFlags {
  readonly mode: "backup" | "restore";
  readonly label: string;
  readonly attempt: string;
  readonly backupUid: string;
  readonly mountLocation: string;
  readonly mountRepository: string;
  readonly token: string;
  readonly listen: string;
  readonly annotations?: string;
  readonly deadlineSeconds?: number;
}

/** Starts a serving agent and waits until it serves. */
export async function startAgent(place: Place, options: ServeFlags): Promise<AgentProcess> {
  const agent = new AgentProcess(place, {
    command: "serve",
    flags: {
      mode: options.mode,
      label: options.label,
      attempt: options.attempt,
      "backup-uid": options.backupUid,
      "mount-location": options.mountLocation,
      "mount-repository": options.mountRepository,
      "token-sha256": createHash("sha256").update(options.token).digest("hex"),
      listen: options.listen,
      annotations: options.annotations ?? "",
      "deadline-seconds": String(options.deadlineSeconds ?? 25),
    },
  });
  await agent.line("serving");
  return agent;
}

export interface CommandEnd extends Ended {
  readonly agent: AgentProcess;
  readonly termination: Record<string, unknown>;
}

/** Runs a one-shot command to its end. */
export async function runAgent(
  place: AgentFiles,
  command: string,
  flags: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  const agent = new AgentProcess(place, { command, flags, environment });
  const ended = await agent.ended;
  return { ...ended, agent, termination: await agent.termination() };
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { level: "noise", message: line };
  }
}
