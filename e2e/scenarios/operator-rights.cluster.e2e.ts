// The operator against a real API server that enforces rights, with exactly those of its chart: as a process with a token
// of its service account, on a control plane without nodes. So far as a Backup comes without agents: what it writes is its
// own, its events are seen, what is deleted goes, and nothing is refused. Whole lives are life.cluster.e2e.ts'.
import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { aBackup, aRepository } from "../../operator/api/testing/cases.ts";
import type { UncheckedObject } from "../../operator/api/validate.ts";
import { must } from "../../operator/assert.ts";
import { startControlPlane, type ControlPlane } from "../cluster/control-plane.ts";
import { describeOnControlPlane } from "../cluster/describe.ts";
import { startStarRocks, type StarRocks } from "../starrocks/cluster.ts";
import { strangersInSpec } from "./api-truth/ownership.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const OPERATOR = here("../../operator/main.ts");
const CHART = here("../../charts/starrocks-backup");
const NAME = "starrocks-backup";
const NAMESPACE = "ops";
const ROOT_PASSWORD = "starrocks-root-secret";
const WAIT_MS = 240_000;
const POLL_MS = 250;
/** An operator without its lease ends: an API server may take long to begin anew on a busy machine. */
const LEASE_SECONDS = 300;
/** The person of these tests. */
const PERSON = "kubectl";

describeOnControlPlane("the operator with its chart's rights alone", () => {
  let plane: ControlPlane;
  let starrocks: StarRocks;
  let operator: ChildProcess;
  const lines: string[] = [];

  before(async () => {
    plane = await startControlPlane();
    starrocks = await startStarRocks({
      profile: "3.5",
      dir: join(plane.folder, "starrocks"),
      backends: 1,
      speed: 20,
      rootPassword: ROOT_PASSWORD,
    });
    await plane.helm("install", NAME, CHART, "--namespace", NAME, "--create-namespace");
    await plane.createNamespace(NAMESPACE);
    const kubeconfig = await kubeconfigOfOperator(plane);
    operator = startOperator(kubeconfig, lines);
    await apply(plane, NAMESPACE, ...repositoryOf(starrocks, NAMESPACE));
  });

  after(async () => {
    if (operator !== undefined && operator.exitCode === null && operator.signalCode === null) {
      operator.kill("SIGKILL");
      await once(operator, "exit");
    }
    await starrocks?.stop();
    await plane?.stop();
  });

  const kubectl = async (...args: string[]): Promise<string> =>
    await plane.kubectl("--namespace", NAMESPACE, ...args);
  const read = async (what: string): Promise<Read> =>
    parse(await kubectl("get", what, "-o", "yaml", "--show-managed-fields")) as Read;
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + WAIT_MS;
    while (!(await isSo().catch(() => false))) {
      if (Date.now() > deadline) {
        throw new Error(`waited ${WAIT_MS} ms for ${what}\n${lines.slice(-30).join("\n")}`);
      }
      await sleep(POLL_MS);
    }
  };
  const isGone = async (what: string): Promise<boolean> =>
    (await kubectl("get", what, "--ignore-not-found", "-o", "name")).trim() === "";
  const isSeen = async (what: string): Promise<boolean> => {
    const { metadata, status } = await read(what);
    return status?.observedGeneration === metadata.generation && status?.reason !== undefined;
  };

  /** The operator's own count of its requests, by verb, kind and status. */
  const requests = async (): Promise<readonly string[]> => {
    const started = must(lines.find((line) => line.includes('"started"')));
    const { healthPort } = JSON.parse(started) as { readonly healthPort: number };
    const text = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();
    const name = "starrocks_backup_operator_kubernetes_requests_total{";
    return text.split("\n").filter((line) => line.startsWith(name));
  };

  it("leads, keeps a key, and makes a Job that checks the storage", async () => {
    await until("the Lease", async () => {
      const holder = ["get", "lease", "--namespace", NAME, "-o", "jsonpath={..holderIdentity}"];
      return (await plane.kubectl(...holder)) !== "";
    });
    await until("a Job", async () => (await kubectl("get", "jobs", "-o", "name")) !== "");
    await plane.kubectl("get", "secret", "--namespace", NAME, "starrocks-backup-mount-key");
  });

  it("owns statuses and finalizers, and nothing of a spec", async () => {
    await apply(plane, NAMESPACE, aBackup());
    await until("the Backup to be looked at", async () => await isSeen("srbackup/nightly"));
    for (const what of ["srrepo/prod", "srbackup/nightly"]) {
      const object = await read(what);
      expect(strangersInSpec(object, [PERSON]), what).to.deep.equal([]);
      const managers = (object.metadata.managedFields ?? []).map(({ manager }) => manager);
      expect(new Set(managers), what).to.deep.equal(new Set([PERSON, "starrocks-backup-operator"]));
    }
    const file = await fileOf(plane, aBackup());
    // It ends with 1 where there is a difference.
    expect(await kubectl("diff", "--server-side", "-f", file)).to.equal("");
  });

  for (const cascade of ["foreground", "background", "orphan"]) {
    it(`lets a Backup go that waits, deleted with --cascade=${cascade}`, async () => {
      const name = `cascade-${cascade}`;
      await apply(plane, NAMESPACE, aBackup({}, name));
      await until(`${name} to be looked at`, async () => await isSeen(`srbackup/${name}`));
      await kubectl("delete", `srbackup/${name}`, `--cascade=${cascade}`, "--wait=false");
      await until(`${name} to be gone`, async () => await isGone(`srbackup/${name}`));
    });
  }

  // Before the API server begins anew: it answers 403 until it has read all roles.
  it("was refused nothing", async () => {
    const all = await requests();
    expect(all).not.to.deep.equal([]);
    expect(all.filter((line) => line.includes('status="403"'))).to.deep.equal([]);
  });

  it("goes on, as the same process, after the API server was killed", async () => {
    await plane.stopApiServer();
    await plane.startApiServer();
    await apply(plane, NAMESPACE, aBackup({}, "after-restart"));
    await until("the Backup to be looked at", async () => await isSeen("srbackup/after-restart"));
    expect(operator.exitCode).to.equal(null);
  });

  it("lets go of everything in a namespace that is deleted", async () => {
    const doomed = "doomed";
    await plane.createNamespace(doomed);
    await apply(plane, doomed, ...repositoryOf(starrocks, doomed), aBackup());
    await until("the Backup to be looked at", async () => {
      const args = ["--namespace", doomed, "get", "srbackup/nightly", "-o", "yaml"];
      return (parse(await plane.kubectl(...args)) as Read).status?.reason !== undefined;
    });
    await plane.kubectl("delete", "namespace", doomed, "--wait=false");
    await until("the namespace to be gone", async () => {
      const args = ["get", "namespace", doomed, "--ignore-not-found", "-o", "name"];
      return (await plane.kubectl(...args)).trim() === "";
    });
  });

  it("lets go of all Backups when their definition is deleted", async () => {
    const crd = "backups.backup.starrocks.io";
    await plane.kubectl("delete", "crd", crd, "--wait=false");
    await until("the definition to be gone", async () => {
      const args = ["get", "crd", crd, "--ignore-not-found", "-o", "name"];
      return (await plane.kubectl(...args)).trim() === "";
    });
  });
});

interface Read {
  readonly metadata: {
    readonly generation: number;
    readonly managedFields?: readonly { readonly manager: string }[];
  };
  readonly status?: { readonly observedGeneration?: number; readonly reason?: string };
}

function repositoryOf({ mysql }: StarRocks, namespace: string): readonly UncheckedObject[] {
  const stringData = { user: mysql.user, password: mysql.password };
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "starrocks-user", namespace },
    stringData,
  };
  const cluster = {
    frontends: [`${mysql.host}:${mysql.port}`],
    credentialsSecret: { name: "starrocks-user" },
  };
  return [secret as unknown as UncheckedObject, aRepository({ cluster })];
}

async function apply(
  plane: ControlPlane,
  namespace: string,
  ...objects: readonly UncheckedObject[]
): Promise<void> {
  for (const object of objects) {
    const metadata = { ...object.metadata, namespace };
    const file = await fileOf(plane, { ...object, metadata });
    await plane.kubectl("apply", "--server-side", `--field-manager=${PERSON}`, "-f", file);
  }
}

async function fileOf(plane: ControlPlane, object: UncheckedObject): Promise<string> {
  const file = join(plane.folder, "manifest.yaml");
  await writeFile(file, stringify(object));
  return file;
}

/** Of the service account that the chart made. */
async function kubeconfigOfOperator(plane: ControlPlane): Promise<string> {
  const token = await plane.kubectl("create", "token", NAME, "--namespace", NAME);
  const authority = Buffer.from(plane.pki.read("ca.crt")).toString("base64");
  const file = join(plane.folder, "operator.kubeconfig");
  const text = stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: NAME,
        cluster: { server: plane.server, "certificate-authority-data": authority },
      },
    ],
    users: [{ name: NAME, user: { token: token.trim() } }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME } }],
    "current-context": NAME,
  });
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

function startOperator(kubeconfig: string, lines: string[]): ChildProcess {
  const flags = [`--kubeconfig=${kubeconfig}`, `--namespace=${NAME}`, "--listen=127.0.0.1:0"];
  flags.push(`--lease-seconds=${LEASE_SECONDS}`, "--agent-image=starrocks-backup:x");
  const child = spawn(process.execPath, [OPERATOR, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] },
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => lines.push(line));
  }
  return child;
}
