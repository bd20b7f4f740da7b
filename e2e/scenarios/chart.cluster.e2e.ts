// The life of a release on a real cluster, by a real Helm: the API server takes every sample of values; an older chart is
// upgraded with its CRDs; an uninstall leaves people's objects, and another install goes on with them. The operator has its
// chart's rights alone, and its namespace enforces the restricted Pod Security Standard.
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { parseAllDocuments, stringify } from "yaml";
import { must } from "../../operator/assert.ts";
import { LEASE_NAME } from "../../operator/controllers/names.ts";
import { MOUNT_KEY_SECRET } from "../../operator/controllers/mount-key.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { buildImage } from "../../hack/image/build.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { until } from "../cluster/component.ts";
import { describeOnCluster } from "../cluster/describe.ts";
import { sharedCluster } from "../cluster/shared.ts";

const CHART = fileURLToPath(new URL("../../charts/starrocks-backup", import.meta.url));
/** Release, namespace and service account; other scenarios install the same. */
const NAME = "starrocks-backup";
const WATCHED = "chart-watched";
const OTHER = "chart-other";
const NAMED_BY_SAMPLES = ["prod", "staging", "starrocks"];
const CRDS = ["repositories", "backups", "restores"].map(
  (plural) => `${plural}.backup.starrocks.io`,
);
const WITHIN_MS = 240_000;

type Seen = KubernetesObject & {
  readonly status?: { readonly phase?: string; readonly readyReplicas?: number };
  readonly spec: Readonly<Record<string, unknown>>;
};

describeOnCluster("the chart on a real cluster", () => {
  let cluster: Cluster;
  let image: readonly string[];
  let folder: string;

  const upgrade = async (chart: string, values: Readonly<Record<string, unknown>> = {}) => {
    const what = ["upgrade", "--install", NAME, chart, "--namespace", NAME, "--reset-values"];
    return await cluster.helm(...what, "--wait", "--timeout", "3m", ...image, ...flags(values));
  };
  const get = async (...args: readonly string[]): Promise<Seen> =>
    JSON.parse(await cluster.kubectl("get", ...args, "--output", "json")) as Seen;
  const isThere = async (...args: readonly string[]): Promise<boolean> =>
    (await cluster.kubectl("get", ...args, "--ignore-not-found", "--output", "name")) !== "";
  const backup = async (namespace: string, name: string, spec: object = {}): Promise<void> => {
    await cluster.apply(
      stringify({
        apiVersion: "backup.starrocks.io/v1alpha1",
        kind: "Backup",
        metadata: { name, namespace },
        spec: { repository: "none", database: "shop", ...spec },
      }),
    );
  };
  const phaseIs = async (namespace: string, name: string, phase: string): Promise<void> => {
    await until({ what: `Backup ${name} to be ${phase}`, withinMs: WITHIN_MS }, async () => {
      return (
        (await get("backups.backup.starrocks.io", name, "-n", namespace)).status?.phase === phase
      );
    });
  };
  const may = async (verb: string, what: string, ...where: readonly string[]): Promise<boolean> => {
    const who = `system:serviceaccount:${NAME}:${NAME}`;
    try {
      await cluster.kubectl("auth", "can-i", verb, what, ...where, "--as", who);
      return true;
    } catch (error) {
      if ((error as { readonly stdout?: string }).stdout?.trim() === "no") return false;
      throw error;
    }
  };
  const log = async (): Promise<string> =>
    await cluster.kubectl("logs", `deployment/${NAME}`, "-n", NAME);

  /** Their operator is gone, and they have nothing outside of Kubernetes. */
  const letGoOfBackups = async (): Promise<void> => {
    if (!(await isThere("crd", must(CRDS[1])))) return;
    const { items } = (await get("backups.backup.starrocks.io", "-A")) as unknown as {
      readonly items: readonly Seen[];
    };
    const patch = [
      "--type",
      "merge",
      "--patch",
      JSON.stringify({ metadata: { finalizers: null } }),
    ];
    for (const { metadata } of items) {
      const one = [metadata.name, "-n", must(metadata.namespace)];
      await cluster.kubectl("patch", "backups.backup.starrocks.io", ...one, ...patch);
    }
  };

  before(async () => {
    const { archive, reference } = await buildImage();
    cluster = await sharedCluster();
    await cluster.importImage(archive);
    const [repository = "", tag = ""] = reference.split(/:(?=[^:]*$)/);
    image = ["--set", `image.repository=${repository},image.tag=${tag}`];
    folder = join(cluster.folder, "chart");
    await mkdir(folder, { recursive: true });
    await cluster.helm("uninstall", NAME, "--namespace", NAME, "--ignore-not-found", "--wait");
    for (const name of [NAME, WATCHED, OTHER, ...NAMED_BY_SAMPLES])
      await cluster.createNamespace(name);
  });

  /** Whatever happened: the next scenarios begin without CRDs, and with a namespace for their release. */
  after(async () => {
    const ignore = "--ignore-not-found";
    await cluster.helm("uninstall", NAME, "--namespace", NAME, ignore, "--wait");
    await letGoOfBackups();
    await cluster.kubectl("delete", "crd", ...CRDS, ignore);
    const namespaces = [WATCHED, OTHER, ...NAMED_BY_SAMPLES];
    await cluster.kubectl("delete", "namespace", "--wait=false", ignore, ...namespaces);
  });

  it("makes objects that the API server takes without an unknown field, for every sample", async () => {
    const samples = (await readdir(join(CHART, "ci"))).map((name) => join(CHART, "ci", name));
    expect(samples).to.have.length.greaterThan(3);
    for (const sample of samples) {
      const text = await cluster.helm("template", NAME, CHART, "-n", NAME, "--values", sample);
      const objects = parseAllDocuments(text)
        .map((document) => document.toJS() as KubernetesObject | null)
        // The Prometheus operator is not there.
        .filter((object) => object !== null && !object.apiVersion.startsWith("monitoring."));
      const file = join(folder, "sample.yaml");
      await writeFile(file, objects.map((object) => stringify(object)).join("---\n"));
      const said = await cluster.kubectl(
        "apply",
        "--dry-run=server",
        "--validate=strict",
        "-f",
        file,
      );
      expect(said.trim().split("\n")).to.have.length(objects.length);
    }
  });

  it("installs an older chart, whose CRDs lack a field", async () => {
    const older = join(folder, "older");
    await cp(CHART, older, { recursive: true });
    await edit(join(older, "Chart.yaml"), /^version: .*$/m, "version: 0.0.1");
    await edit(join(older, "templates/crd-backup.yaml"), /^ {16}bandwidth:\n(?: {17,}.*\n)+/m, "");
    await upgrade(older);
    await backup(WATCHED, "kept");
    await phaseIs(WATCHED, "kept", "PENDING");
    expect(await failureOf(backup(WATCHED, "newer", { bandwidth: "50Mi" }))).to.match(/bandwidth/);
  });

  it("upgrades it, CRDs too, to two replicas, of which one leads", async () => {
    await upgrade(CHART, { replicas: 2 });
    await backup(WATCHED, "newer", { bandwidth: "50Mi" });
    await phaseIs(WATCHED, "newer", "PENDING");
    const { status } = await get("deployment", NAME, "-n", NAME);
    expect(must(status).readyReplicas).to.equal(2);
    expect(await isThere("poddisruptionbudget", NAME, "-n", NAME)).to.equal(true);
    // Until one of them has taken it over, it may be of the pod before, or nobody's.
    await until({ what: "one of the pods to hold the lease", withinMs: WITHIN_MS }, async () => {
      const { spec } = await get("lease", LEASE_NAME, "-n", NAME);
      const [holder = ""] = String(spec["holderIdentity"]).split("_");
      const pods = await cluster.kubectl("get", "pods", "-n", NAME, "--output", "name");
      return pods.split("\n").includes(`pod/${holder}`);
    });
  });

  it("passes helm test", async () => {
    expect(await cluster.helm("test", NAME, "--namespace", NAME, "--logs")).to.match(/Succeeded/);
  });

  it("gives the operator all rights that it asks for, and nobody is refused", async () => {
    expect(await may("get", "secrets", "-n", OTHER)).to.equal(true);
    expect(await may("list", "secrets", "-n", OTHER)).to.equal(false);
    expect(await may("create", "pods", "-n", OTHER)).to.equal(false);
    expect(await log()).not.to.match(/forbidden/i);
  });

  it("lets people with the role edit make Backups, and those with view see them", async () => {
    for (const role of ["edit", "view"]) {
      await cluster.kubectl(
        "create",
        "rolebinding",
        role,
        `--clusterrole=${role}`,
        `--user=${role}`,
        "-n",
        OTHER,
      );
    }
    const can = async (user: string, verb: string): Promise<string> =>
      await cluster
        .kubectl("auth", "can-i", verb, "backups.backup.starrocks.io", "-n", OTHER, "--as", user)
        .then(
          (text) => text.trim(),
          () => "no",
        );
    // The controller that aggregates roles takes a moment.
    await until({ what: "edit to be aggregated", withinMs: WITHIN_MS }, async () => {
      return (await can("edit", "create")) === "yes" && (await can("view", "list")) === "yes";
    });
    expect(await can("view", "create")).to.equal("no");
  });

  it("leaves CRDs, objects and the operator's key at the uninstall", async () => {
    const { metadata } = await get("backups.backup.starrocks.io", "kept", "-n", WATCHED);
    await cluster.helm("uninstall", NAME, "--namespace", NAME, "--wait");
    for (const crd of CRDS) expect(await isThere("crd", crd), crd).to.equal(true);
    const after = await get("backups.backup.starrocks.io", "kept", "-n", WATCHED);
    expect(after.metadata.uid).to.equal(metadata.uid);
    expect(after.metadata.deletionTimestamp).to.equal(undefined);
    expect(await isThere("secret", MOUNT_KEY_SECRET, "-n", NAME)).to.equal(true);
    const left =
      "clusterrole,clusterrolebinding,role,rolebinding,deployment,service,serviceaccount";
    expect(await isThere(left, "-A", "-l", `app.kubernetes.io/instance=${NAME}`)).to.equal(false);
  });

  it("goes on with them when it is installed again, now for one namespace", async () => {
    await upgrade(CHART, { watchNamespaces: [WATCHED], starRocksNamespaces: ["starrocks"] });
    await backup(OTHER, "unwatched");
    const patch = ["--type", "merge", "--patch", JSON.stringify({ spec: { cancel: true } })];
    await cluster.kubectl("patch", "backups.backup.starrocks.io", "kept", "-n", WATCHED, ...patch);
    await phaseIs(WATCHED, "kept", "CANCELLED");
    const { status } = await get("backups.backup.starrocks.io", "unwatched", "-n", OTHER);
    expect(status?.phase).to.equal(undefined);
    expect(await log()).not.to.match(/forbidden/i);
  });

  it("has no right outside of the namespaces that it watches, but what lets it see and let go", async () => {
    const ALLOWED = [
      ["get", "secrets", "-n", WATCHED],
      ["list", "pods", "-n", "starrocks"],
      ["get", `namespaces/${WATCHED}`, "-n", WATCHED],
      ["get", `secrets/${MOUNT_KEY_SECRET}`, "-n", NAME],
      ["list", "nodes"],
      ["get", `crd/${must(CRDS[0])}`],
    ] as const;
    const REFUSED = [
      ["get", "secrets", "-n", OTHER],
      ["get", "secrets", "-n", NAME],
      ["get", "secrets", "-n", "starrocks"],
      ["watch", "pods", "-n", "starrocks"],
      ["list", "pods", "--all-namespaces"],
      ["list", "backups.backup.starrocks.io", "-n", OTHER],
      ["delete", "backups.backup.starrocks.io", "-n", OTHER],
      ["get", "crd/others.example.org"],
    ] as const;
    for (const [verb, what, ...where] of ALLOWED) {
      expect(await may(verb, what, ...where), `${verb} ${what} ${where.join(" ")}`).to.equal(true);
    }
    for (const [verb, what, ...where] of REFUSED) {
      expect(await may(verb, what, ...where), `${verb} ${what} ${where.join(" ")}`).to.equal(false);
    }
  });

  it("lets go of what is in a namespace that is being deleted, and that takes its rights along", async () => {
    // Before the ten minutes after which anything is let go.
    await cluster.kubectl("delete", "namespace", WATCHED, "--timeout", "8m");
  });

  it("fits many times into what Helm can store of a release", async () => {
    const [newest] = (
      JSON.parse(
        await cluster.kubectl("get", "secrets", "-n", NAME, "-l", "owner=helm", "--output", "json"),
      ) as { readonly items: readonly { readonly data: { readonly release: string } }[] }
    ).items;
    const bytes = Buffer.from(must(newest).data.release, "base64").length;
    process.stdout.write(`      (${Math.round(bytes / 1024)} KiB of 1024)\n`);
    expect(bytes).to.be.lessThan(256 * 1024);
  });
});

function flags(values: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => [
    "--set-json",
    `${key}=${JSON.stringify(value)}`,
  ]);
}

async function edit(path: string, what: RegExp, by: string): Promise<void> {
  const text = await readFile(path, "utf8");
  expect(text).to.match(what);
  await writeFile(path, text.replace(what, by));
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "";
  } catch (error) {
    return String(error);
  }
}
