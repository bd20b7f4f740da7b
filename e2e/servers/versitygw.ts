// versitygw, an S3 gateway over a folder: a real server that checks signatures, checksums, conditions
// and upload rules. It is a Go program that a developer installs once; where it is missing, tests
// that want it are skipped and say so.
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requireServer } from "./installed.ts";
import { LOOPBACK, freePort } from "./loopback.ts";
import type { S3Server } from "./s3-server.ts";

const READY_MS = 60_000;

export interface VersitygwOptions {
  readonly bucket?: string;
  /** CopyObject refuses larger sources, as AWS does above 5 GiB. Bytes. */
  readonly copyObjectThreshold?: number;
}

/** Starts it over a new folder, with a bucket. Rejects when it is not installed or does not come up. */
export async function startVersitygw(options: VersitygwOptions = {}): Promise<S3Server> {
  const program = requireServer("versitygw");
  const folder = await mkdtemp(join(tmpdir(), "versitygw-"));
  const keys = { accessKeyId: "testkey", secretAccessKey: "testsecret" };
  const port = await freePort();
  const child = await launch(program, { folder, port, options, keys });
  const endpoint = `http://${LOOPBACK}:${port}`;
  const bucket = options.bucket ?? "backups";
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilHealthy(child, `${endpoint}/health`);
    await createBucket(endpoint, bucket, keys);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, bucket, ...keys, stop };
}

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

async function launch(
  program: string,
  how: {
    readonly folder: string;
    readonly port: number;
    readonly options: VersitygwOptions;
    readonly keys: Keys;
  },
): Promise<ChildProcess> {
  const { folder, port, options, keys } = how;
  const [root, iam, sidecar] = ["root", "iam", "sidecar"].map((name) => join(folder, name));
  for (const path of [root, iam, sidecar]) await mkdir(path ?? folder);
  const threshold = options.copyObjectThreshold;
  const args = ["--port", `${LOOPBACK}:${port}`, "--quiet", "--keep-alive", "--health", "/health"];
  // It changes into its root: the path must be absolute. Without it a wrong key answers 404.
  args.push("--iam-dir", iam ?? folder);
  if (threshold !== undefined) args.push("--copy-object-threshold", String(threshold));
  // Buckets with an underscore are older than the rule against them, and other stores never had it.
  if (options.bucket?.includes("_") === true) args.push("--disable-strict-bucket-names");
  // Attributes beside the files, for file systems without extended attributes.
  args.push("posix", "--sidecar", sidecar ?? folder, root ?? folder);
  const child = spawn(program, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      ROOT_ACCESS_KEY: keys.accessKeyId,
      ROOT_SECRET_KEY: keys.secretAccessKey,
    },
  });
  // A test run that ends early must not leave it behind.
  process.once("exit", () => child.kill("SIGKILL"));
  return child;
}

async function untilHealthy(child: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`);
    const healthy = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return;
    if (performance.now() > deadline) throw new Error(`versitygw is not up after ${READY_MS} ms`);
    await sleep(30);
  }
}

async function createBucket(endpoint: string, bucket: string, keys: Keys): Promise<void> {
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    credentials: keys,
    forcePathStyle: true,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}
