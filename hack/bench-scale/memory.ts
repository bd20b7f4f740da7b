// The memory of the operator's process: main.ts as people start it, against the embedded API server in this process, with so
// many objects to keep in its caches. Linux alone: it reads /proc.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { startApiServer, type ApiServer } from "../../e2e/kubernetes/api/server.ts";
import { kubeconfig } from "../../e2e/kubernetes/kubeconfig.ts";
import { must } from "../../operator/assert.ts";
import { LABELS } from "../../operator/api/group.ts";
import { agentJob } from "../../operator/controllers/jobs.ts";
import { backup, repository } from "../../operator/controllers/testing/samples.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import type { Measured } from "./figure.ts";

export interface MemorySize {
  /** They wait for a Repository that is not there. */
  readonly backups: number;
  /** Jobs of agents with a pod each. */
  readonly agents: number;
}

const ROOT = join(import.meta.dirname, "../..");
const NAMESPACE = "ops";
const SETTLED_WITHIN_MS = 600_000;
/** For garbage to go that listing has made. */
const QUIET_MS = 5_000;

export async function measureMemory(size: MemorySize): Promise<readonly Measured[]> {
  const server = await startApiServer({ crds: await definitions(), controllers: false });
  const folder = await mkdtemp(join(tmpdir(), "bench-scale-"));
  let operator: ChildProcess | undefined;
  try {
    seed(server, size);
    const path = join(folder, "kubeconfig");
    await writeFile(path, kubeconfig(server.url));
    operator = startOperator(path);
    await untilSettled(server, operator, size.backups);
    await sleep(QUIET_MS);
    const { rssMiB, peakMiB } = await memoryOf(must(operator.pid));
    return [
      { what: "operator, memory", unit: "MiB resident", value: rssMiB },
      { what: "operator, memory at its peak", unit: "MiB resident", value: peakMiB },
    ];
  } finally {
    await end(operator);
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

async function definitions(): Promise<readonly object[]> {
  const folder = join(ROOT, "crds");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml"));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((text) => parse(text) as object);
}

function seed(server: ApiServer, { backups, agents }: MemorySize): void {
  create(server, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
  for (let i = 0; i < backups; i += 1) {
    const { metadata: _, ...rest } = backup({ database: `db_${i}` });
    create(server, { ...rest, metadata: { name: `backup-${i}`, namespace: NAMESPACE } });
  }
  const of = repository();
  const owner = backup().metadata;
  for (let i = 0; i < agents; i += 1) {
    const job = agentJob({
      name: `agent-${i}`,
      component: "agent",
      repository: of,
      owner: { kind: "Backup", meta: owner },
      image: "agent:1",
      command: "serve",
      flags: { mode: "backup", label: "nightly_bbbbbbbb", attempt: "bbbbbbbb-1" },
      labels: { [LABELS.attempt]: "bbbbbbbb-1", [LABELS.slot]: "0" },
      node: `worker-${i}`,
      serves: true,
      backoffLimit: 20,
      deadlineSeconds: 90_000,
    });
    create(server, job);
    const { metadata, spec } = must(job.spec).template;
    const name = `agent-${i}-x`;
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, name, namespace: NAMESPACE },
    };
    create(server, { ...pod, spec } as KubernetesObject);
  }
}

function create({ registry }: ApiServer, object: KubernetesObject): void {
  const resource = must(registry.resources.ofKind(object), object.kind);
  registry.create(resource, object.metadata.namespace, object);
}

/** With the flags of `npm run operator`. */
function startOperator(path: string): ChildProcess {
  const flags = [
    `--kubeconfig=${path}`,
    `--namespace=${NAMESPACE}`,
    "--listen=127.0.0.1:0",
    "--log-level=error",
    // The server answers late while it is filled; who loses the lease ends.
    "--lease-seconds=300",
  ];
  return spawn(
    process.execPath,
    ["--max-semi-space-size=4", join(ROOT, "operator/main.ts"), ...flags],
    {
      stdio: ["ignore", "ignore", "inherit"],
      env: { PATH: process.env["PATH"] },
    },
  );
}

/** Every Backup was looked at, which is after all lists. */
async function untilSettled(
  { registry }: ApiServer,
  operator: ChildProcess,
  backups: number,
): Promise<void> {
  const resource = must(registry.resources.ofKind(backup()));
  const deadline = performance.now() + SETTLED_WITHIN_MS;
  while (performance.now() < deadline) {
    if (operator.exitCode !== null) throw new Error("the operator has ended");
    const seen = Array.from({ length: backups }, (_, i) =>
      registry.find(resource, NAMESPACE, `backup-${i}`),
    ).filter((one) => one?.["status"] !== undefined && reasonOf(one) !== undefined);
    if (seen.length === backups) return;
    await sleep(2_000);
  }
  throw new Error("the operator has not looked at every Backup");
}

function reasonOf(object: Readonly<Record<string, unknown>>): unknown {
  return (object["status"] as { readonly reason?: unknown }).reason;
}

async function memoryOf(pid: number): Promise<{ rssMiB: number; peakMiB: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const of = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { rssMiB: of("VmRSS"), peakMiB: of("VmHWM") };
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
