// Nodes: what they say of themselves, what they bring into running pods, and what happens when one loses its
// power or its network.
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { CONFIG_MAP, EVENT, LEASE, NODE, POD, SECRET, type DataObject, type Pod } from "../core.ts";
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
} from "../testing/clusters.ts";

/** Prints a file whenever it has changed. */
const TAIL = `const fs = require("fs"); let seen;
  setInterval(() => {
    const text = process.argv.slice(1).map((p) => fs.readFileSync(p, "utf8")).join(" ");
    if (text !== seen) console.log(text);
    seen = text;
  }, 10);`;

describe("a node", () => {
  let cluster: TestCluster;
  let kubernetes: TestCluster["kubernetes"];

  before(async () => {
    cluster = await startTestCluster({ nodes: 2 });
    kubernetes = cluster.kubernetes;
  });
  after(() => cluster.stop());

  const dataObject = (kind: "Secret" | "ConfigMap", name: string, text: string): DataObject => ({
    apiVersion: "v1",
    kind,
    metadata: { name, namespace: "default" },
    data: { text: kind === "Secret" ? Buffer.from(text).toString("base64") : text },
  });

  it("registers with labels, addresses and Ready, and renews its Lease", async () => {
    const node = await kubernetes.client.get(NODE, { name: "node-b" });
    expect(node?.metadata.labels).to.include({ "kubernetes.io/hostname": "node-b" });
    const status = node?.status as unknown as Record<string, unknown>;
    expect(status["addresses"]).to.deep.equal([
      { type: "InternalIP", address: `${kubernetes.network}.2.1` },
      { type: "Hostname", address: "node-b" },
    ]);
    expect(node?.status?.conditions?.[0]).to.include({ type: "Ready", status: "True" });
    const key = { namespace: "kube-node-lease", name: "node-b" };
    const renewed = async (): Promise<unknown> => {
      const lease = await kubernetes.client.get(LEASE, key);
      return lease?.spec.renewTime;
    };
    const before = await renewed();
    await eventually(async () => (await renewed()) !== before);
  });

  it("says that it is Ready again after somebody said otherwise", async () => {
    const conditions = [{ type: "Ready", status: "Unknown" }];
    const key = { name: "node-b" };
    await kubernetes.client.patch(NODE, key, { status: { conditions } }, { subresource: "status" });
    await eventually(async () => {
      const node = await kubernetes.client.get(NODE, key);
      return node?.status?.conditions?.[0]?.status === "True";
    });
  });

  it("gives processes that are no pods addresses of their own", () => {
    const first = kubernetes.addressOn("node-a");
    expect(first).to.equal(`${kubernetes.network}.1.2`);
    expect(kubernetes.addressOn("node-a")).to.equal(`${kubernetes.network}.1.3`);
    expect(kubernetes.addressOn("node-b")).to.equal(`${kubernetes.network}.2.2`);
  });

  it("mounts Secrets, ConfigMaps and annotations, and brings changes of them", async () => {
    await kubernetes.client.create(SECRET, dataObject("Secret", "keys", "s1"));
    await kubernetes.client.create(CONFIG_MAP, dataObject("ConfigMap", "settings", "c1"));
    const fieldRef = { fieldPath: "metadata.annotations" };
    const items = [{ path: "annotations", fieldRef }];
    await createPod(
      kubernetes,
      "mounted",
      {
        volumes: [
          { name: "keys", secret: { secretName: "keys" } },
          { name: "settings", configMap: { name: "settings" } },
          { name: "info", downwardAPI: { items } },
        ],
        containers: [
          script(TAIL, {
            args: ["/etc/a/keys/text", "/etc/a/settings/text", "/etc/podinfo/annotations"],
            volumeMounts: [
              { name: "keys", mountPath: "/etc/a/keys" },
              { name: "settings", mountPath: "/etc/a/settings" },
              { name: "info", mountPath: "/etc/podinfo" },
            ],
          }),
        ],
      },
      { annotations: { drain: "false" } },
    );
    const printed = (text: string): Promise<void> =>
      eventually(async () => (await logOf(kubernetes, "mounted").catch(() => "")).includes(text));
    const key = { namespace: "default", name: "mounted" };
    await printed('s1 c1 drain="false"');
    await kubernetes.client.patch(POD, key, { metadata: { annotations: { drain: "true" } } });
    await printed('s1 c1 drain="true"');
    await kubernetes.client.apply(SECRET, dataObject("Secret", "keys", "s2"));
    await printed('s2 c1 drain="true"');
    await kubernetes.client.apply(CONFIG_MAP, dataObject("ConfigMap", "settings", "c2"));
    await printed('s2 c2 drain="true"');
    // What an API server that was away made fail comes in the next round.
    let refusals = 2;
    kubernetes.server.faults.before = ({ verb, resource, name }) => {
      if (verb !== "get" || resource !== "secrets" || name !== "keys") return undefined;
      refusals -= 1;
      return refusals >= 0 ? "refuse" : undefined;
    };
    await kubernetes.client.patch(POD, key, { metadata: { annotations: { drain: "now" } } });
    await printed('s2 c2 drain="now"');
    expect(refusals).to.be.below(0);
    kubernetes.server.faults.before = undefined;
    await kubernetes.client.delete(POD, key, { gracePeriodSeconds: 0 });
  });

  it("waits for a Secret that is missing, and says so", async () => {
    const volumes = [{ name: "late", secret: { secretName: "late" } }];
    const volumeMounts = [{ name: "late", mountPath: "/late" }];
    await createPod(kubernetes, "early", { volumes, containers: [script("0", { volumeMounts })] });
    await eventually(async () => {
      const { items } = await kubernetes.client.list(EVENT, { namespace: "default" });
      return items.some((e) => e["reason"] === "FailedMount");
    });
    // Said on its own way, before or after the event.
    const isTold = ({ status }: Pod): boolean => status?.containerStatuses !== undefined;
    const { status } = await podWhen(kubernetes, "early", isTold);
    expect(status?.containerStatuses?.[0]?.state).to.deep.equal({
      waiting: { reason: "ContainerCreating" },
    });
    await kubernetes.client.create(SECRET, dataObject("Secret", "late", "x"));
    await podWhen(kubernetes, "early", podPhase("Succeeded"));
  });

  it("waits for a key of the environment that is missing", async () => {
    const valueFrom = { secretKeyRef: { name: "env", key: "text" } };
    const env = [{ name: "TEXT", valueFrom }];
    const containers = [script("console.log(process.env.TEXT)", { env })];
    await createPod(kubernetes, "keyless", { containers });
    await podWhen(kubernetes, "keyless", (pod) => {
      const state = pod.status?.containerStatuses?.[0]?.state;
      return (
        state !== undefined &&
        "waiting" in state &&
        state.waiting.reason === "CreateContainerConfigError"
      );
    });
    await kubernetes.client.create(SECRET, dataObject("Secret", "env", "now"));
    await podWhen(kubernetes, "keyless", podPhase("Succeeded"));
    expect(await logOf(kubernetes, "keyless")).to.equal("now\n");
  });

  it("loses its processes with its power and its pods stay as they were", async () => {
    await createPod(kubernetes, "always", {
      nodeName: "node-b",
      restartPolicy: "Always",
      containers: [script(FOREVER)],
    });
    await createPod(kubernetes, "never", { nodeName: "node-b", containers: [script(FOREVER)] });
    const running = await podWhen(kubernetes, "always", podReady);
    await podWhen(kubernetes, "never", podReady);
    const node = kubernetes.node("node-b");
    expect(node.pids).to.have.length(2);
    const pids = [...node.pids];
    await node.powerOff();
    for (const pid of pids) expect(() => process.kill(pid, 0)).to.throw("ESRCH");
    const after = await kubernetes.client.get(POD, { namespace: "default", name: "always" });
    expect(after?.status).to.deep.equal(running.status);

    await node.powerOn();
    const never = await podWhen(kubernetes, "never", podPhase("Failed"));
    expect(never.status?.containerStatuses?.[0]?.state).to.have.nested.property(
      "terminated.reason",
      "Unknown",
    );
    const restarts = (pod: Pod): number => pod.status?.containerStatuses?.[0]?.restartCount ?? 0;
    const again = await podWhen(kubernetes, "always", (p) => restarts(p) === 1 && podReady(p));
    expect(again.status?.podIP).not.to.equal(running.status?.podIP);
    for (const name of ["always", "never"]) {
      await kubernetes.client.delete(POD, { namespace: "default", name });
      await eventually(
        async () =>
          (await kubernetes.client.get(POD, { namespace: "default", name })) === undefined,
      );
    }
  });

  it("removes pods that were deleted while it had no power", async () => {
    await createPod(kubernetes, "left", { nodeName: "node-b", containers: [script(FOREVER)] });
    await podWhen(kubernetes, "left", podReady);
    await kubernetes.node("node-b").powerOff();
    const key = { namespace: "default", name: "left" };
    await kubernetes.client.delete(POD, key);
    expect((await kubernetes.client.get(POD, key))?.metadata.deletionTimestamp).to.be.a("string");
    await kubernetes.node("node-b").powerOn();
    await eventually(async () => (await kubernetes.client.get(POD, key)) === undefined);
  });

  it("runs its pods on without a network and tells of them when it is back", async () => {
    await createPod(kubernetes, "cut-off", { nodeName: "node-b", containers: [script(FOREVER)] });
    await podWhen(kubernetes, "cut-off", podReady);
    const node = kubernetes.node("node-b");
    node.partition();
    expect(node.pids).to.have.length(1);
    kubernetes.killPod("default", "cut-off");
    await eventually(() => node.pids.length === 0);
    const pod = await kubernetes.client.get(POD, { namespace: "default", name: "cut-off" });
    expect(pod?.status?.phase).to.equal("Running");
    node.reconnect();
    await podWhen(kubernetes, "cut-off", podPhase("Failed"));
  });

  it("says what is so when somebody wrote something else", async () => {
    await createPod(kubernetes, "doubted", { containers: [script(FOREVER)] });
    const pod = await podWhen(kubernetes, "doubted", podReady);
    const conditions = pod.status?.conditions?.map((c) =>
      c.type === "Ready" ? { ...c, status: "False", reason: "NodeNotReady" } : c,
    );
    const key = { namespace: "default", name: "doubted" };
    await kubernetes.client.patch(POD, key, { status: { conditions } }, { subresource: "status" });
    await podWhen(kubernetes, "doubted", podReady);
    await kubernetes.client.delete(POD, key, { gracePeriodSeconds: 0 });
  });

  it("goes on when the API server was restarted", async () => {
    await createPod(kubernetes, "before-restart", { containers: [script(FOREVER)] });
    await podWhen(kubernetes, "before-restart", podReady);
    await kubernetes.server.restart();
    const key = { namespace: "default", name: "before-restart" };
    const failed = (): boolean => false;
    // The client's own old connections cost a failed call each.
    await eventually(() => kubernetes.client.delete(POD, key).then(() => true, failed));
    await eventually(async () => (await kubernetes.client.get(POD, key)) === undefined);
  });

  it("runs nothing for a pod that stands for something else", async () => {
    const ip = kubernetes.addressOn("node-b");
    const labels = { app: "be" };
    const given = { namespace: "starrocks", name: "be-0", node: "node-b", ip, labels };
    const before = kubernetes.pids.length;
    await kubernetes.registerPod(given);
    const key = { namespace: "starrocks", name: "be-0" };
    const pod = await kubernetes.client.get(POD, key);
    expect(pod?.status).to.include({ phase: "Running", podIP: ip });
    expect(pod?.metadata.labels).to.deep.equal(labels);
    expect(kubernetes.pids.length).to.equal(before);
    await kubernetes.client.delete(POD, key);
    await eventually(async () => (await kubernetes.client.get(POD, key)) === undefined);
  });

  it("leaves no volume of a pod that is gone, but its log", async () => {
    await kubernetes.client.create(SECRET, dataObject("Secret", "short", "precious"));
    const volumes = [{ name: "v", secret: { secretName: "short" } }];
    const volumeMounts = [{ name: "v", mountPath: "/v" }];
    const code = `console.log(require("fs").realpathSync(process.argv[1]))`;
    const made = await createPod(kubernetes, "short", {
      volumes,
      containers: [script(code, { args: ["/v/text"], volumeMounts })],
    });
    await podWhen(kubernetes, "short", podPhase("Succeeded"));
    const file = (await logOf(kubernetes, "short")).trim();
    expect(await readFile(file, "utf8")).to.equal("precious");
    const key = { namespace: "default", name: "short" };
    await kubernetes.client.delete(POD, key);
    await eventually(() =>
      readFile(file).then(
        () => false,
        () => true,
      ),
    );
    const log = `${cluster.dir}/nodes/node-a/default_short_${made.metadata.uid}/logs/main/0.log`;
    expect(await readFile(log, "utf8")).to.contain(file);
  });
});
