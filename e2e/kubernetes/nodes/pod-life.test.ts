// Pods as they are run: what they get, how they start, end, start again and are stopped. Each test has a pod
// of its own on one node.
import { expect } from "chai";
import { EVENT, POD, type ContainerStatus, type Pod, type Terminated } from "../core.ts";
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

describe("a pod's life", () => {
  let cluster: TestCluster;
  let kubernetes: TestCluster["kubernetes"];

  before(async () => {
    // So long does a container say that its image could not be pulled, before it says that it waits.
    cluster = await startTestCluster({ times: { retryMs: 2_000 } });
    kubernetes = cluster.kubernetes;
  });
  after(() => cluster.stop());

  const end = (pod: Pod, i = 0): Terminated => {
    const state = pod.status?.containerStatuses?.[i]?.state;
    if (state === undefined || !("terminated" in state)) throw new Error("it has not ended");
    return state.terminated;
  };
  const waiting = (reason: string) => (pod: Pod) =>
    (pod.status?.containerStatuses ?? []).some(
      ({ state }) => "waiting" in state && state.waiting.reason === reason,
    );
  const events = async (name: string): Promise<readonly string[]> => {
    const { items } = await kubernetes.client.list(EVENT, { namespace: "default" });
    const own = items.filter((e) => (e["involvedObject"] as { name: string }).name === name);
    return own.map((e) => `${String(e["reason"])}: ${String(e["message"])}`);
  };
  /** Events are written on a way of their own, before or after the status that goes with them. */
  const said = async (name: string, text: string): Promise<void> => {
    let all: readonly string[] = [];
    await eventually(async () => {
      all = await events(name);
      return all.join("\n").includes(text);
    }).catch((error: unknown) => {
      throw new Error(`no event of ${name} has "${text}": ${all.join("; ")}`, { cause: error });
    });
  };

  it("ends as Succeeded with exit code, log and termination message", async () => {
    const code = `require("fs").writeFileSync(process.argv[1], "all good");
      console.log("hello", process.env.POD_IP, process.env.FROM_IMAGE, Object.keys(process.env).sort().join());
      console.error("to stderr");`;
    await createPod(kubernetes, "succeeds", {
      containers: [
        script(code, {
          args: ["/dev/termination-log"],
          env: [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
        }),
      ],
    });
    const pod = await podWhen(kubernetes, "succeeds", podPhase("Succeeded"));
    expect(end(pod)).to.include({ exitCode: 0, reason: "Completed", message: "all good" });
    expect(pod.status?.podIP).to.match(new RegExp(`^${kubernetes.network}\\.1\\.\\d+$`));
    expect(pod.status?.hostIP).to.equal(`${kubernetes.network}.1.1`);
    const log = await logOf(kubernetes, "succeeds");
    const said = `hello ${pod.status?.podIP} yes FROM_IMAGE,HOSTNAME,PATH,POD_IP`;
    expect(log.trim().split("\n").sort()).to.deep.equal([said, "to stderr"]);
  });

  it("ends as Failed with the exit code and the end of its log", async () => {
    await createPod(kubernetes, "fails", {
      containers: [
        script(`console.log("first"); console.log("it broke"); process.exitCode = 42`, {
          terminationMessagePolicy: "FallbackToLogsOnError",
        }),
      ],
    });
    const pod = await podWhen(kubernetes, "fails", podPhase("Failed"));
    expect(end(pod)).to.include({ exitCode: 42, reason: "Error", message: "first\nit broke\n" });
    expect(pod.status?.conditions?.find((c) => c.type === "Ready")?.reason).to.equal("PodFailed");
  });

  it("cuts a termination message", async () => {
    const code = `require("fs").writeFileSync(process.argv[1], "x".repeat(10000))`;
    const containers = [script(code, { args: ["/tmp/end"], terminationMessagePath: "/tmp/end" })];
    await createPod(kubernetes, "long-message", { containers });
    const pod = await podWhen(kubernetes, "long-message", podPhase("Succeeded"));
    expect(end(pod).message).to.have.length(4096);
  });

  it("says by which signal it ended, and OOMKilled when told so", async () => {
    await createPod(kubernetes, "killed", { containers: [script(FOREVER)] });
    await podWhen(kubernetes, "killed", podReady);
    kubernetes.killPod("default", "killed", "SIGKILL", "OOMKilled");
    const pod = await podWhen(kubernetes, "killed", podPhase("Failed"));
    expect(end(pod)).to.include({ exitCode: 137, signal: 9, reason: "OOMKilled" });
  });

  it("ends with all that it has started", async () => {
    const child = `require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"])`;
    const code = `const c = ${child}; console.log(c.pid); setTimeout(() => process.exit(3), 100)`;
    await createPod(kubernetes, "family", { containers: [script(code)] });
    await podWhen(kubernetes, "family", podPhase("Failed"));
    const pid = Number(await logOf(kubernetes, "family"));
    await eventually(() => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    });
  });

  it("starts again as its policy says, with a back-off and its log before", async () => {
    const code = `console.log("life"); process.exit(1)`;
    await createPod(kubernetes, "crashes", {
      restartPolicy: "OnFailure",
      containers: [script(code)],
    });
    const crashed = (pod: Pod): ContainerStatus | undefined => pod.status?.containerStatuses?.[0];
    const pod = await podWhen(kubernetes, "crashes", (p) => (crashed(p)?.restartCount ?? 0) >= 2);
    expect(pod.status?.phase).to.equal("Running");
    expect(crashed(pod)?.lastState.terminated?.exitCode).to.equal(1);
    await podWhen(kubernetes, "crashes", waiting("CrashLoopBackOff"));
    await said("crashes", "BackOff: back-off");
    // Each life has a log of its own, which is empty at first.
    await eventually(async () => (await logOf(kubernetes, "crashes").catch(() => "")) === "life\n");
    await kubernetes.client.delete(POD, { namespace: "default", name: "crashes" });
  });

  it("does not start again after success with OnFailure", async () => {
    await createPod(kubernetes, "once", {
      restartPolicy: "OnFailure",
      containers: [script("0")],
    });
    const pod = await podWhen(kubernetes, "once", podPhase("Succeeded"));
    expect(pod.status?.containerStatuses?.[0]?.restartCount).to.equal(0);
  });

  it("runs init containers first, one by one", async () => {
    const note = (text: string): string =>
      `require("fs").appendFileSync(process.argv[1] + "/steps", ${JSON.stringify(`${text} `)})`;
    const volumeMounts = [{ name: "shared", mountPath: "/shared" }];
    const args = ["/shared"];
    await createPod(kubernetes, "init", {
      volumes: [{ name: "shared", emptyDir: {} }],
      initContainers: [
        script(note("one"), { name: "one", args, volumeMounts }),
        script(note("two"), { name: "two", args, volumeMounts }),
      ],
      containers: [
        script(`console.log(require("fs").readFileSync(process.argv[1] + "/steps", "utf8"))`, {
          args,
          volumeMounts,
        }),
      ],
    });
    await podWhen(kubernetes, "init", podPhase("Succeeded"));
    expect(await logOf(kubernetes, "init")).to.equal("one two \n");
  });

  it("fails with an init container that fails", async () => {
    await createPod(kubernetes, "init-fails", {
      initContainers: [script("process.exit(5)", { name: "first" })],
      containers: [script("0")],
    });
    const pod = await podWhen(kubernetes, "init-fails", podPhase("Failed"));
    expect(pod.status?.containerStatuses?.[0]?.state).to.deep.equal({
      waiting: { reason: "PodInitializing" },
    });
  });

  it("is stopped by SIGTERM, then its object goes", async () => {
    await createPod(kubernetes, "stopped", { containers: [script(FOREVER)] });
    await eventually(async () =>
      (await logOf(kubernetes, "stopped").catch(() => "")).includes("up"),
    );
    const key = { namespace: "default", name: "stopped" };
    const finalizers = ["test/hold"];
    await kubernetes.client.patch(POD, key, { metadata: { finalizers } });
    await kubernetes.client.delete(POD, key);
    const pod = await podWhen(kubernetes, "stopped", podPhase("Succeeded"));
    expect(pod.metadata.deletionTimestamp).to.be.a("string");
    expect(await logOf(kubernetes, "stopped")).to.equal("up\nbye\n");
    await kubernetes.client.patch(POD, key, { metadata: { finalizers: null } });
    await eventually(async () => (await kubernetes.client.get(POD, key)) === undefined);
  });

  it("is killed when its grace is over", async () => {
    const stubborn = `process.on("SIGTERM", () => console.log("no")); console.log("up"); setInterval(() => {}, 1000)`;
    await createPod(
      kubernetes,
      "stubborn",
      // It must come to say something before it is killed.
      { terminationGracePeriodSeconds: 3, containers: [script(stubborn)] },
      { finalizers: ["test/hold"] },
    );
    await eventually(async () =>
      (await logOf(kubernetes, "stubborn").catch(() => "")).includes("up"),
    );
    const key = { namespace: "default", name: "stubborn" };
    await kubernetes.client.delete(POD, key);
    const pod = await podWhen(kubernetes, "stubborn", podPhase("Failed"));
    expect(end(pod)).to.include({ exitCode: 137, signal: 9 });
    expect(await logOf(kubernetes, "stubborn")).to.equal("up\nno\n");
    await kubernetes.client.patch(POD, key, { metadata: { finalizers: null } });
  });

  it("goes at once when it is deleted without grace", async () => {
    await createPod(kubernetes, "forced", { containers: [script(FOREVER)] });
    await podWhen(kubernetes, "forced", podReady);
    const before = kubernetes.pids.length;
    const key = { namespace: "default", name: "forced" };
    await kubernetes.client.delete(POD, key, { gracePeriodSeconds: 0 });
    await eventually(() => kubernetes.pids.length < before);
    expect(await kubernetes.client.get(POD, key)).to.equal(undefined);
  });

  it("fails when its deadline has passed", async () => {
    await createPod(kubernetes, "late", {
      activeDeadlineSeconds: 1,
      containers: [script(FOREVER)],
    });
    const pod = await podWhen(kubernetes, "late", podPhase("Failed"));
    expect(pod.status?.reason).to.equal("DeadlineExceeded");
  });

  it("waits for an image that is not there", async () => {
    await createPod(kubernetes, "no-image", {
      containers: [script("0", { image: "nobody/knows" })],
    });
    await podWhen(kubernetes, "no-image", waiting("ErrImagePull"));
    const pod = await podWhen(kubernetes, "no-image", waiting("ImagePullBackOff"));
    expect(pod.status?.phase).to.equal("Pending");
  });

  it("cannot run a program that its image does not have", async () => {
    const containers = [script("", { command: ["/bin/sh", "-c", "true"] })];
    await createPod(kubernetes, "no-program", { containers });
    const pod = await podWhen(kubernetes, "no-program", podPhase("Failed"));
    expect(end(pod)).to.include({ exitCode: 128, reason: "StartError" });
    expect(end(pod).message).to.contain("stat /bin/sh: no such file or directory");
  });

  it("refuses aloud what a node here cannot do", async () => {
    const volumes = [{ name: "disk", hostPath: { path: "/" } }];
    await createPod(kubernetes, "too-much", { volumes, containers: [script("0")] });
    const pod = await podWhen(kubernetes, "too-much", podPhase("Failed"));
    expect(pod.status?.message).to.equal("this node has no volume disk of kind hostPath");
  });

  it("is ready when its readiness probe passes, and not when it fails", async () => {
    const code = `const s = require("http").createServer((q, a) => {
        if (q.url === "/break") broken = true;
        a.statusCode = broken && q.url === "/ready" ? 503 : 200; a.end(); });
      let broken = false; s.listen(8080, process.env.POD_IP);`;
    await createPod(kubernetes, "probed", {
      containers: [
        script(code, {
          env: [{ name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
          ports: [{ name: "http", containerPort: 8080 }],
          startupProbe: { tcpSocket: { port: "http" }, periodSeconds: 1, failureThreshold: 30 },
          readinessProbe: {
            httpGet: { path: "/ready", port: "http" },
            periodSeconds: 1,
            failureThreshold: 1,
          },
        }),
      ],
    });
    const pod = await podWhen(kubernetes, "probed", podReady);
    await fetch(`http://${pod.status?.podIP}:8080/break`);
    const unready = await podWhen(kubernetes, "probed", (p) => !podReady(p));
    expect(unready.status?.phase).to.equal("Running");
    expect(unready.status?.containerStatuses?.[0]).to.include({ ready: false, started: true });
    await said(
      "probed",
      "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503",
    );
  });

  it("is started again when its liveness probe fails", async () => {
    await createPod(kubernetes, "unwell", {
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 1,
      containers: [
        script(FOREVER, {
          livenessProbe: {
            exec: { command: ["/usr/local/bin/node", "-e", "process.exit(1)"] },
            periodSeconds: 1,
            timeoutSeconds: 5,
            failureThreshold: 1,
          },
        }),
      ],
    });
    await podWhen(
      kubernetes,
      "unwell",
      (p) => (p.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0,
    );
    await said("unwell", "failed liveness probe");
    await kubernetes.client.delete(POD, { namespace: "default", name: "unwell" });
  });

  it("can be evicted", async () => {
    await createPod(
      kubernetes,
      "evicted",
      { containers: [script(FOREVER)] },
      { finalizers: ["test/hold"] },
    );
    await podWhen(kubernetes, "evicted", podReady);
    await kubernetes.evict("default", "evicted");
    const pod = await podWhen(kubernetes, "evicted", (p) => p.status?.phase !== "Running");
    expect(pod.status?.conditions?.map((c) => c.type)).to.include("DisruptionTarget");
    const key = { namespace: "default", name: "evicted" };
    await kubernetes.client.patch(POD, key, { metadata: { finalizers: null } });
  });
});
