// The server through the real kubectl; skipped, and said so, where there is none.
import { expect } from "chai";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pods } from "./kinds/pods.ts";
import { jobs } from "./kinds/jobs.ts";
import type { Fields } from "./object.ts";
import { fieldsAt } from "./object.ts";
import type { ApiServer } from "./server.ts";
import { startApiServer } from "./server.ts";
import { addNode, endPod, podsOf, setPodStatus, thingDefinition } from "./testing/cluster.ts";
import { must } from "../../../operator/assert.ts";

const MISSING = spawnSync("kubectl", ["version", "--client"]).error !== undefined;

const MANIFESTS = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {a: "1"}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: work, namespace: default}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: x}]
`;
const THING = `
apiVersion: example.com/v1
kind: Thing
metadata: {name: one, namespace: default}
spec: {size: 1}
`;

describe("API server through kubectl", function () {
  // A dozen calls, each of which takes some seconds on a busy machine.
  this.timeout(300_000);
  let server: ApiServer;
  let dir: string;

  before(async function () {
    if (MISSING) {
      process.stderr.write(
        "SKIPPED: kubectl is not installed; the API server is not tried with it\n",
      );
      this.skip();
    }
    dir = await mkdtemp(join(tmpdir(), "kubectl-"));
  });
  after(async () => {
    if (!MISSING) await rm(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    server = await startApiServer();
  });
  afterEach(async () => {
    await server.stop();
    expect(server.problems).to.deep.equal([]);
  });

  interface Outcome {
    readonly code: number;
    readonly out: string;
    readonly err: string;
  }

  /** Runs it; `told` gets what it prints, when it prints it. */
  function run(
    args: readonly string[],
    signal?: AbortSignal,
    told: (out: string) => void = () => undefined,
  ): Promise<Outcome> {
    // Discovery is cached by address; addresses are used again, so each server has its own cache.
    const cache = join(dir, `cache-${new URL(server.url).port}`);
    const all = ["--server", server.url, "--cache-dir", cache, "--request-timeout", "90s", ...args];
    const env = { PATH: process.env["PATH"] ?? "", HOME: dir, KUBECONFIG: "/dev/null" };
    return new Promise((resolve) => {
      const child = execFile("kubectl", all, { env, timeout: 120_000, signal }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
      );
      child.stdout?.on("data", told);
    });
  }
  const kubectl = (...args: readonly string[]): Promise<Outcome> => run(args);
  async function fine(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await kubectl(...args);
    expect(code, err).to.equal(0);
    return out;
  }
  async function file(content: string | Fields): Promise<string> {
    const path = join(dir, `${Math.random()}.yaml`);
    await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  }
  async function withThings(): Promise<void> {
    await fine("apply", "-f", await file(thingDefinition()));
    await fine("wait", "--for=condition=Established", "crd/things.example.com");
  }

  it("applies again and again, without flags and without a warning", async () => {
    const path = await file(MANIFESTS);
    const first = await kubectl("apply", "-f", path);
    expect(first.err).to.equal("");
    expect(first.out).to.equal(
      "configmap/settings created\nservice/web created\njob.batch/work created\n",
    );
    expect(await fine("apply", "-f", path)).to.equal(
      "configmap/settings unchanged\nservice/web unchanged\njob.batch/work unchanged\n",
    );
    const changed = await file(
      MANIFESTS.replace('a: "1"', 'b: "2"').replace("port: 80", "port: 81"),
    );
    const again = await kubectl("apply", "-f", changed);
    expect(again.err).to.equal("");
    expect(again.out).to.contain("configmap/settings configured\nservice/web configured");
    expect(await fine("get", "cm", "settings", "-o", "jsonpath={.data}")).to.equal('{"b":"2"}');
    expect(await fine("get", "svc", "web", "-o", "jsonpath={.spec.ports[*].port}")).to.equal("81");
  });

  it("applies on the server's side", async () => {
    const path = await file(MANIFESTS);
    expect(await fine("apply", "--server-side", "-f", path)).to.contain(
      "configmap/settings serverside-applied",
    );
    const changed = await file(MANIFESTS.replace('a: "1"', 'b: "2"'));
    await fine("apply", "--server-side", "-f", changed);
    expect(await fine("get", "cm", "settings", "-o", "jsonpath={.data}")).to.equal('{"b":"2"}');
  });

  it("shows built-in kinds as people know them", async () => {
    addNode(server.registry, "n1");
    await fine("apply", "-f", await file(MANIFESTS));
    await fine("wait", "--for=jsonpath={.status.active}=1", "job/work");
    const all = await fine("get", "all");
    expect(all).to.match(
      /NAME +READY +STATUS +RESTARTS +AGE\npod\/work-\w{5} +0\/1 +Pending +0 +\d+s/,
    );
    expect(all).to.match(/service\/web +ClusterIP +127\.96\.0\.1 +<none> +80\/TCP/);
    expect(all).to.match(/job\.batch\/work +Running +0\/1/);
    expect(await fine("get", "nodes")).to.match(/n1 +Ready +<none>/);
    expect(await fine("get", "pods", "-o", "wide")).to.match(/n1 +<none> +<none>/);
    expect(await fine("get", "events")).to.match(
      /Normal +SuccessfulCreate +job\/work +Created pod: work-/,
    );
    expect(await fine("get", "endpointslices")).to.match(/web-\w{5} +IPv4/);
    expect(await fine("get", "ns", "--show-labels")).to.contain(
      "kubernetes.io/metadata.name=default",
    );
    expect(await fine("api-resources", "--namespaced=false")).to.contain(
      "customresourcedefinitions",
    );
    const described = await fine("describe", "job", "work");
    expect(described).to.contain("Pods Statuses:    1 Active (0 Ready) / 0 Succeeded / 0 Failed");
    expect(described).to.contain("SuccessfulCreate");
    expect(await fine("describe", "service", "web")).to.contain("127.96.0.1");
    expect(await fine("describe", "pods")).to.match(/Controlled By: +Job\/work/);
    expect(await fine("describe", "node", "n1")).to.contain("Ready");
  });

  it("waits for conditions and for deletion", async () => {
    addNode(server.registry, "n1");
    await fine("apply", "-f", await file(MANIFESTS));
    await fine("wait", "--for=jsonpath={.status.active}=1", "job/work");
    const complete = kubectl("wait", "--for=condition=Complete", "job/work", "--timeout=90s");
    endPod(server.registry, must(podsOf(server.registry)[0]), 0);
    expect((await complete).out).to.equal("job.batch/work condition met\n");
    const gone = kubectl("wait", "--for=delete", "job/work", "--timeout=90s");
    expect(await fine("delete", "job", "work")).to.equal('job.batch "work" deleted\n');
    expect((await gone).code).to.equal(0);
    expect(server.registry.store.list(jobs.collection)).to.deep.equal([]);
    // kubectl says Background: the pod of the Job went too.
    await fine("wait", "--for=delete", "pod", "--all", "--timeout=90s");
    expect(podsOf(server.registry)).to.deep.equal([]);
  });

  it("serves custom resources from the moment they are defined", async () => {
    await withThings();
    expect(await fine("api-resources", "--api-group=example.com")).to.match(
      /things +th +example.com\/v1 +true +Thing/,
    );
    await fine("apply", "-f", await file(THING));
    expect(await fine("get", "th")).to.match(/NAME +SIZE +REASON +AGE\none +1 +\d+s/);
    expect(await fine("get", "demo")).to.contain("one");
    expect(await fine("get", "thing", "one", "-o", "yaml")).to.contain("observedGeneration: -1");
    expect(await fine("get", "th", "--field-selector", "spec.color=blue")).to.equal("");
    expect(await fine("explain", "thing.spec")).to.contain("size\t<integer> -required-");
    const condition = [
      {
        type: "Ready",
        status: "True",
        reason: "Fine",
        message: "m",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      },
    ];
    const ready = kubectl("wait", "--for=condition=Ready", "thing/one", "--timeout=90s");
    await fine(
      "patch",
      "th",
      "one",
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status: { observedGeneration: 1, conditions: condition } }),
    );
    expect((await ready).code).to.equal(0);
    expect(await fine("describe", "thing", "one")).to.contain("Reason:                Fine");
    await fine("annotate", "th", "one", "note=yes");
    await fine("label", "th", "one", "a=b");
    expect(await fine("get", "th", "-l", "a=b", "-o", "name")).to.equal("thing.example.com/one\n");
  });

  it("refuses in words that help", async () => {
    await withThings();
    const typo = await kubectl(
      "apply",
      "-f",
      await file(THING.replace("size: 1", "size: 1, colour: red")),
    );
    expect(typo.err).to.contain('strict decoding error: unknown field "spec.colour"');
    const wrong = await kubectl(
      "apply",
      "-f",
      await file(THING.replace("size: 1", "color: green")),
    );
    expect(wrong.err).to.contain('The Thing "one" is invalid');
    expect(wrong.err).to.contain("spec.size: Required value");
    expect(wrong.err).to.contain(
      'spec.color: Unsupported value: "green": supported values: "red", "blue"',
    );
    expect((await kubectl("get", "cm", "nothing")).err).to.equal(
      'Error from server (NotFound): configmaps "nothing" not found\n',
    );
  });

  it("follows a watch", async () => {
    await withThings();
    const path = await file(THING);
    const seen = new AbortController();
    let out = "";
    const args = ["get", "th", "--watch", "--output-watch-events"];
    const watching = run(args, seen.signal, (more) => {
      out += more;
    });
    try {
      await eventually(() =>
        server.requests.some((r) => r.verb === "watch" && r.resource === "things"),
      );
      await fine("apply", "-f", path);
      await fine("delete", "-f", path);
      await eventually(() => /ADDED +one +1[^]*DELETED +one +1/.test(out));
    } finally {
      seen.abort();
      await watching;
    }
  });

  it("deletes a definition with its objects, and a namespace with its content", async () => {
    await withThings();
    await fine("apply", "-f", await file(THING));
    await fine("delete", "crd", "things.example.com");
    expect(server.registry.resources.find("example.com", "v1", "things")).to.equal(undefined);
    await fine("apply", "-f", await file("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}"));
    await fine(
      "apply",
      "-f",
      await file(MANIFESTS.replaceAll("namespace: default", "namespace: x")),
    );
    await fine("delete", "namespace", "x");
    expect((await kubectl("get", "ns", "x")).err).to.contain('namespaces "x" not found');
  });

  it("prints and follows logs", async () => {
    const spec = { nodeName: "n", containers: [{ name: "a", image: "x" }] };
    const pod = server.registry.create(pods, "default", { metadata: { name: "p" }, spec });
    setPodStatus(server.registry, pod, { phase: "Running" });
    server.podLogs = () =>
      (async function* () {
        yield Buffer.from("one\n");
        yield Buffer.from("two\n");
      })();
    expect(await fine("logs", "p")).to.equal("one\ntwo\n");
    expect(await fine("logs", "-f", "p", "--tail=1")).to.equal("one\ntwo\n");
    expect(server.requests.at(-1)?.query).to.contain("tailLines=1");
  });

  it("keeps status apart from a client that edits the whole", async () => {
    await withThings();
    await fine("apply", "-f", await file(THING));
    const made = JSON.parse(await fine("get", "th", "one", "-o", "json")) as Fields;
    const edited = {
      ...made,
      spec: { ...fieldsAt(made, "spec"), size: 2 },
      status: { phase: "Mine" },
    };
    await fine("replace", "-f", await file(edited));
    expect(
      await fine(
        "get",
        "th",
        "one",
        "-o",
        "jsonpath={.spec.size} {.status.phase} {.metadata.generation}",
      ),
    ).to.equal("2  2");
    const stale = await kubectl("replace", "-f", await file(edited));
    expect(stale.err).to.contain(
      "the object has been modified; please apply your changes to the latest version",
    );
  });
});

async function eventually(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error("it did not become so in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
