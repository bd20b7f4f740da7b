// fake-gcs-server, a Go program that serves part of Google Cloud Storage's JSON API. What it lacks, as measured with
// v1.56.1, and gcs-front.ts adds:
// - It looks at no token.
// - It completes an upload when it is asked how much has arrived, and goes on with one that was cancelled.
// - It keeps no precondition but that of a new object, and does not compare what an upload's end says it must be.
// - It does not say whether bucket or object is missing.
// What nobody adds: encryption keys are ignored, storage classes are kept but mean nothing, rewrites are done at once.
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requireServer } from "./installed.ts";
import { LOOPBACK, freePort } from "./loopback.ts";

export interface FakeGcsOptions {
  /** `filesystem` refuses an object `x` beside `x/y`, which Google does not. Default: `memory`. */
  readonly backend?: "memory" | "filesystem" | undefined;
  readonly bucket?: string | undefined;
}

export interface FakeGcs {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  readonly bucket: string;
  stop(): Promise<void>;
}

const READY_MS = 60_000;

/** Starts it with a bucket. Rejects when it is not installed or does not come up. */
export async function startFakeGcs(options: FakeGcsOptions = {}): Promise<FakeGcs> {
  const { backend = "memory", bucket = "backups" } = options;
  const program = requireServer("fake-gcs-server");
  const folder = await mkdtemp(join(tmpdir(), "fake-gcs-"));
  const port = await freePort();
  const endpoint = `http://${LOOPBACK}:${port}`;
  const child = spawn(program, argumentsFor(port, backend, folder), {
    stdio: ["ignore", "ignore", "inherit"],
  });
  // A test run that ends early must not leave it behind.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    process.off("exit", kill);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilHealthy(child, `${endpoint}/_internal/healthcheck`);
    await createBucket(endpoint, bucket);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, bucket, stop };
}

function argumentsFor(port: number, backend: string, folder: string): string[] {
  const address = `${LOOPBACK}:${port}`;
  const flags = {
    scheme: "http",
    // By default it listens on every address.
    host: LOOPBACK,
    port: String(port),
    backend,
    "filesystem-root": folder,
    // Without both it sends uploads elsewhere.
    "public-host": address,
    "external-url": `http://${address}`,
    "log-level": "error",
  };
  return Object.entries(flags).flatMap(([name, value]) => [`-${name}`, value]);
}

async function untilHealthy(child: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`fake-gcs-server ended with ${child.exitCode}`);
    const healthy = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return;
    if (performance.now() > deadline) {
      throw new Error(`fake-gcs-server is not up after ${READY_MS} ms`);
    }
    await sleep(30);
  }
}

async function createBucket(endpoint: string, name: string): Promise<void> {
  const created = await fetch(`${endpoint}/storage/v1/b?project=project`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  if (!created.ok) throw new Error(`fake-gcs-server made no bucket ${name}: ${created.status}`);
}
