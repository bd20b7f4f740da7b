// The whole of it: clusters beside each other, their start, their end, and kubectl against one.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { startStarRocks } from "../starrocks/cluster.ts";
import { startKubernetes } from "./cluster.ts";
import { CONFIG_MAP, NODE, POD } from "./core.ts";
import {
  createPod,
  eventually,
  FOREVER,
  logOf,
  podPhase,
  podReady,
  podWhen,
  script,
  startTestCluster,
  type TestCluster,
} from "./testing/clusters.ts";

const run = promisify(execFile);

/** Starts a cluster and a pod that never ends, and says the pod's process. */
const HARNESS = `
  import { startKubernetes } from ${JSON.stringify(moduleAt("cluster.ts"))};
  import { createPod, FOREVER, podReady, podWhen, script } from ${JSON.stringify(moduleAt("testing/clusters.ts"))};
  const images = { node: { paths: { "/usr/local/bin/node": process.execPath } } };
  const kubernetes = await startKubernetes({ dir: process.env.DIR, nodes: 1, images });
  await createPod(kubernetes, "left", { containers: [script(FOREVER)] });
  await podWhen(kubernetes, "left", podReady);
  console.log(kubernetes.pids[0]);
`;

function moduleAt(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** One that ended counts as such before its new parent has taken notice. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("an embedded cluster", () => {
  let cluster: TestCluster;
  let kubernetes: TestCluster["kubernetes"];

  beforeEach(async () => {
    cluster = await startTestCluster({ nodes: 3 });
    kubernetes = cluster.kubernetes;
  });
  afterEach(() => cluster.stop());

  it("ends with all its processes, and leaves its folder", async () => {
    await createPod(kubernetes, "left", { containers: [script(FOREVER)] });
    await podWhen(kubernetes, "left", podReady);
    const [pid = 0] = kubernetes.pids;
    process.kill(pid, 0);
    await kubernetes.stop(100);
    expect(() => process.kill(pid, 0)).to.throw("ESRCH");
    await access(kubernetes.kubeconfig);
    const refused = await fetch(kubernetes.url).catch((e: unknown) => e);
    expect(refused).to.be.instanceOf(TypeError);
  });

  it("takes its processes with it when it is killed", async () => {
    const harness = spawn(process.execPath, ["--input-type=module", "-e", HARNESS], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, DIR: `${cluster.dir}/killed` },
    });
    const [line] = (await once(harness.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    expect(isRunning(pid)).to.equal(true);
    harness.kill("SIGKILL");
    await eventually(() => !isRunning(pid));
  });

  it("runs beside another one", async () => {
    const other = await startTestCluster();
    try {
      expect(other.kubernetes.network).not.to.equal(kubernetes.network);
      await createPod(other.kubernetes, "here", { containers: [script("0")] });
      await podWhen(other.kubernetes, "here", podPhase("Succeeded"));
      const { items } = await kubernetes.client.list(POD);
      expect(items).to.deep.equal([]);
    } finally {
      await other.stop();
    }
  });

  it("does not start where another one is", async () => {
    const options = { dir: cluster.dir, network: kubernetes.network, images: {} };
    const error = await startKubernetes(options).catch(String);
    expect(error).to.contain("is used by another cluster");
  });

  it("applies manifests in their order", async () => {
    const applied = await kubernetes.applyManifests(`
apiVersion: v1
kind: Namespace
metadata: { name: team }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: team }
data: { a: "1" }
`);
    expect(applied.map((o) => o.metadata.uid)).not.to.include(undefined);
    const key = { namespace: "team", name: "settings" };
    expect((await kubernetes.client.get(CONFIG_MAP, key))?.data).to.deep.equal({ a: "1" });
  });

  it("has room for a StarRocks on its nodes", async () => {
    const [fe = "", be = ""] = ["node-a", "node-b"].map((node) => kubernetes.addressOn(node));
    const starrocks = await startStarRocks({
      profile: "3.5",
      dir: `${cluster.dir}/starrocks`,
      backends: 1,
      frontendHosts: [fe],
      backendHosts: [be],
    });
    try {
      expect(starrocks.mysql.host).to.equal(fe);
      expect(starrocks.backendHosts).to.deep.equal([be]);
    } finally {
      await starrocks.stop();
    }
  });

  it("can be looked at with kubectl", async function () {
    const kubectl = async (...args: string[]): Promise<string> => {
      const { stdout } = await run("kubectl", ["--kubeconfig", kubernetes.kubeconfig, ...args]);
      return stdout;
    };
    const there = await kubectl("version", "--client").then(
      () => true,
      () => false,
    );
    if (!there) this.skip();
    expect(await kubectl("get", "nodes", "--no-headers")).to.match(/node-a +Ready/);
    await createPod(kubernetes, "talks", { containers: [script(FOREVER)] });
    await eventually(async () => (await logOf(kubernetes, "talks").catch(() => "")) === "up\n");
    const args = ["--kubeconfig", kubernetes.kubeconfig, "logs", "--follow", "talks"];
    const follower = spawn("kubectl", args, { stdio: ["ignore", "pipe", "inherit"] });
    const [first] = (await once(follower.stdout, "data")) as [Buffer];
    const rest = text(follower.stdout);
    await kubectl("delete", "pod", "talks");
    expect(`${first.toString()}${await rest}`).to.equal("up\nbye\n");
    expect((await kubernetes.client.list(NODE)).items).to.have.length(3);
  });
});
