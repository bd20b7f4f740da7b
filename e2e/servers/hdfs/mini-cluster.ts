// A real HDFS for tests: Mini.java (which says what it cannot show) on loopback, compiled once into the
// servers' folder. It takes about 10 s to start and 300 MB: one for a whole file of tests.
import { execFile, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { requireServer } from "../installed.ts";
import { LOOPBACK, freePorts } from "../loopback.ts";

const SOURCE = fileURLToPath(new URL("Mini.java", import.meta.url));
const READY_MS = 180_000;
const ORDER_MS = 120_000;

export interface MiniCluster {
  /** WebHDFS addresses of the NameNodes; the first is active at the start. */
  readonly nameNodes: readonly string[];
  /** The first NameNode's RPC port, which people mistake for the HTTP one. */
  readonly rpcPort: number;
  /** What the cluster is to do next, as Mini.java reads it: `failover`, `safemode on`, `mkdir /x 777`, … */
  order(line: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one; with `ha`, two NameNodes. Rejects with its last words when it does not come up. */
export async function startMiniCluster(
  options: { readonly ha?: boolean } = {},
): Promise<MiniCluster> {
  const jars = join(requireServer("hadoop"), "*");
  const classes = await compile(jars);
  const folder = await mkdtemp(join(tmpdir(), "hdfs-"));
  // Of the two NameNodes of HA; without it the second ones stay free.
  const [rpcPort = 0, , httpPort = 0] = await freePorts(4);
  const ha = options.ha === true;
  const mode = ha ? "ha" : "single";
  // Jetty unpacks its pages into the first, and leaves them there when it is killed.
  const java = [`-Djava.io.tmpdir=${folder}`, "-Xmx384m"];
  java.push("--add-opens", "java.base/java.lang=ALL-UNNAMED");
  const program = ["-cp", `${classes}:${jars}`, "Mini", folder, `${rpcPort}`, `${httpPort}`, mode];
  const child = spawn("java", java.concat(program), { cwd: folder, stdio: "pipe" });
  // A test run that ends early must not leave it behind.
  process.once("exit", () => child.kill("SIGKILL"));
  const answers = new Answers(child);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answers.next("MINI READY", READY_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  let last: Promise<void> = Promise.resolve();
  return {
    nameNodes: (ha ? [httpPort, httpPort + 1] : [httpPort]).map((p) => `http://${LOOPBACK}:${p}`),
    rpcPort,
    order: (line) => {
      const run = last.then(async () => {
        child.stdin.write(`${line}\n`);
        await answers.next("MINI OK", ORDER_MS);
      });
      last = run.catch(() => undefined);
      return run;
    },
    stop,
  };
}

/** Lines of the cluster, one after the other. */
class Answers {
  readonly #lines: AsyncIterator<string, undefined>;
  readonly #child: ChildProcessWithoutNullStreams;
  #errors = "";

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]() as AsyncIterator<
      string,
      undefined
    >;
    child.stderr.on("data", (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-4000);
    });
    // It has ended: whoever orders hears so by the missing answer.
    child.stdin.on("error", () => {});
  }

  /** Waits for the next answer, which must be this one. Other output is passed over. */
  async next(wanted: string, limitMs: number): Promise<void> {
    const late = setTimeout(() => this.#child.kill("SIGKILL"), limitMs);
    try {
      for (;;) {
        const line = await this.#lines.next();
        if (line.done === true) {
          throw new Error(`the cluster ended before ${wanted} (or ${limitMs} ms): ${this.#errors}`);
        }
        if (line.value === wanted) return;
        if (line.value.startsWith("MINI ")) throw new Error(`the cluster said ${line.value}`);
      }
    } finally {
      clearTimeout(late);
    }
  }
}

/** A folder for each content of the source: never stale, and two test runs do not meet. */
async function compile(jars: string): Promise<string> {
  const digest = createHash("sha256")
    .update(await readFile(SOURCE))
    .digest("hex");
  const all = join(dirname(dirname(jars)), "classes");
  const folder = join(all, digest.slice(0, 16));
  try {
    await access(join(folder, "Mini.class"));
    return folder;
  } catch {
    const fresh = join(all, randomUUID());
    await mkdir(fresh, { recursive: true });
    await promisify(execFile)("javac", ["-cp", jars, "-d", fresh, SOURCE]);
    await rename(fresh, folder).catch(async () => {
      // Another was faster.
      await rm(fresh, { recursive: true, force: true });
      await access(join(folder, "Mini.class"));
    });
    return folder;
  }
}
