// A Prometheus over a folder of its own, which scrapes one operator with the rules that ship. The program is Debian's,
// which lies beside promtool (`npm run promtool`).
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { findPromtool } from "../../hack/alerts/promtool.ts";
import { RULES_FILE } from "../../hack/alerts/rules.ts";
import { LOOPBACK, freePort } from "./loopback.ts";

const READY_MS = 60_000;
const POLL_MS = 100;

/** A series of an answer: its last value, NaN where it has none that is a number. */
export interface Answered {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  readonly url: string;
  /** The series that an expression has now. Rejects with Prometheus' words when it is none. */
  query(expr: string): Promise<readonly Answered[]>;
  stop(): Promise<void>;
}

/** `target` as `127.0.0.1:8080`, scraped every second. */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const program = join(dirname(findPromtool() ?? ""), "prometheus");
  const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
  const port = await freePort();
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [RULES_FILE],
    scrape_configs: [{ job_name: "operator", static_configs: [{ targets: [target] }] }],
  };
  await writeFile(join(folder, "prometheus.yml"), stringify(config));
  const args = [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${LOOPBACK}:${port}`,
    "--log.level=error",
  ];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const url = `http://${LOOPBACK}:${port}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(child, `${url}/-/ready`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop, query: async (expr) => await query(url, expr) };
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  let failed: unknown;
  child.once("error", (error) => (failed = error));
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    if (failed !== undefined) throw new Error("prometheus cannot be started", { cause: failed });
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`prometheus is not ready in ${READY_MS} ms`);
    await sleep(POLL_MS);
  }
}

interface Body {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly resultType: string;
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

async function query(url: string, expr: string): Promise<readonly Answered[]> {
  const answer = await fetch(`${url}/api/v1/query`, {
    method: "POST",
    body: new URLSearchParams({ query: expr }),
  });
  const body = (await answer.json()) as Body;
  if (body.status !== "success") throw new Error(`${expr}: ${body.error}`);
  return body.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}
