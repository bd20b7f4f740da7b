// What Helm makes of the chart: for each sample of values, and for the ways in which people run several of them.
import { expect } from "chai";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../operator/assert.ts";
import type { RbacRule } from "../../operator/controllers/rbac.ts";
import { RBAC_RULES } from "../../operator/controllers/rbac.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import type { PodSpec } from "../../operator/runtime/objects.ts";
import { readRules } from "../alerts/rules.ts";
import type { RbacScope } from "../generate/rbac.ts";
import { scopeOf } from "../generate/rbac.ts";
import { CHART_FOLDER, describeWithHelm, helm, render, valueFlags } from "./helm.ts";
import { restrictedViolations } from "./restricted.ts";

const SAMPLES = readdirSync(join(CHART_FOLDER, "ci")).map((name) => `ci/${name}`);
const CLUSTER_SCOPED = ["ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"];
const LABEL = /^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$/;

interface PrometheusRule extends KubernetesObject {
  readonly spec: {
    readonly groups: readonly {
      readonly rules: readonly { readonly annotations: Readonly<Record<string, string>> }[];
    }[];
  };
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

type Role = KubernetesObject & { readonly rules: readonly Rule[] };
type Binding = KubernetesObject & { readonly subjects: unknown };
type Workload = KubernetesObject & {
  readonly spec: PodSpec & { readonly template?: { readonly spec: PodSpec } };
};

function idOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}

function ofKind(objects: readonly KubernetesObject[], kind: string): readonly KubernetesObject[] {
  return objects.filter((object) => object.kind === kind);
}

/** Of the operator, and not one that is aggregated into people's. */
function isOwnRole(object: KubernetesObject): object is Role {
  return object.kind.endsWith("Role") && !/:(view|edit)$/.test(object.metadata.name);
}

function podsOf(objects: readonly KubernetesObject[]): readonly PodSpec[] {
  return objects
    .filter(({ kind }) => kind === "Deployment" || kind === "Pod")
    .map((object) => (object as Workload).spec)
    .map((spec) => spec.template?.spec ?? spec);
}

describeWithHelm("the chart", () => {
  for (const file of SAMPLES) {
    describe(`with ${file}`, () => {
      let objects: readonly KubernetesObject[];

      before(async () => {
        objects = await render({ files: [file] });
      });

      it("is without a complaint of helm lint --strict", async () => {
        await helm("lint", "--strict", CHART_FOLDER, ...valueFlags({ files: [file] }));
      });

      it("makes objects that Kubernetes can store, each once and in its place", () => {
        const ids = objects.map(idOf);
        expect(new Set(ids).size).to.equal(ids.length);
        for (const { kind, metadata } of objects) {
          const isPlaced = metadata.namespace !== undefined;
          expect(isPlaced, `${kind} ${metadata.name}`).to.equal(!CLUSTER_SCOPED.includes(kind));
          for (const value of Object.values(metadata.labels ?? {})) expect(value).to.match(LABEL);
        }
      });

      it("makes pods that the restricted Pod Security Standard admits, and that write nowhere", () => {
        const pods = podsOf(objects);
        expect(pods).to.have.length(2);
        for (const pod of pods) {
          expect(restrictedViolations(pod)).to.deep.equal([]);
          for (const { securityContext } of pod.containers) {
            expect(securityContext).to.have.property("readOnlyRootFilesystem", true);
          }
        }
      });

      it("has no secret, and gives the operator and its agents one image", () => {
        expect(ofKind(objects, "Secret")).to.deep.equal([]);
        const images = new Set(
          podsOf(objects).flatMap((pod) => pod.containers.map((c) => c.image)),
        );
        expect(images.size).to.equal(1);
        const [operator] = podsOf(ofKind(objects, "Deployment")).flatMap((pod) => pod.containers);
        expect(must(operator).args).to.include(`--agent-image=${[...images][0]}`);
      });
    });
  }

  it("makes all that the values speak of", async () => {
    const kinds = (await render({ files: ["ci/everything-values.yaml"] })).map(({ kind }) => kind);
    expect(kinds).to.include.members([
      "PodDisruptionBudget",
      "NetworkPolicy",
      "ServiceMonitor",
      "PrometheusRule",
      "ConfigMap",
    ]);
  });

  it("brings the alerts, at the age that is said, and the dashboard", async () => {
    const objects = await render({ files: ["ci/everything-values.yaml"] });
    const [rule] = ofKind(objects, "PrometheusRule");
    expect(rule).to.have.nested.property("spec.groups[0].rules[0].alert", "StarRocksBackupTooOld");
    expect(JSON.stringify(rule)).to.contain("> 170 * 3600").and.not.to.contain("26 * 3600");
    const [dashboard] = ofKind(objects, "ConfigMap") as readonly (KubernetesObject & {
      readonly data: Readonly<Record<string, string>>;
    })[];
    const json = JSON.parse(must(dashboard?.data["starrocks-backup.json"])) as object;
    expect(json).to.have.property("panels").that.is.not.empty;
  });

  it("links each alert to its runbook where people read it, and nowhere unless that is said", async () => {
    const runbooks = async (runbookUrl: string): Promise<readonly unknown[]> => {
      const metrics = { prometheusRule: { enabled: true, runbookUrl } };
      const [rule] = ofKind(await render({ values: { metrics } }), "PrometheusRule");
      const { groups } = (must(rule) as PrometheusRule).spec;
      return groups.flatMap(({ rules }) => rules.map((r) => r.annotations["runbook_url"]));
    };
    const alerts = readRules().map(({ alert }) => alert.toLowerCase());
    const base = "https://wiki.example.org/backup";
    expect(await runbooks(base)).to.deep.equal(alerts.map((alert) => `${base}#${alert}`));
    expect(await runbooks("")).to.deep.equal(alerts.map(() => undefined));
  });

  it("keeps the pod of helm test, whose log Helm 3 asks for afterwards", async () => {
    const [pod] = ofKind(await render(), "Pod");
    const policy = must(pod).metadata.annotations?.["helm.sh/hook-delete-policy"];
    expect(policy).to.equal("before-hook-creation");
  });

  it("makes no PodDisruptionBudget of one replica", async () => {
    expect(ofKind(await render(), "PodDisruptionBudget")).to.deep.equal([]);
  });

  it("keeps CRDs at the uninstall unless told otherwise", async () => {
    const policies = async (values: Readonly<Record<string, unknown>>) =>
      ofKind(await render({ values }), "CustomResourceDefinition").map(
        ({ metadata }) => metadata.annotations?.["helm.sh/resource-policy"],
      );
    expect(await policies({})).to.deep.equal(["keep", "keep", "keep"]);
    expect(await policies({ "crds.keep": false })).to.deep.equal([undefined, undefined, undefined]);
    expect(await policies({ "crds.install": false })).to.deep.equal([]);
  });

  describe("rights", () => {
    const plain = (rules: readonly (Rule | RbacRule)[]): readonly Rule[] =>
      rules.map(({ apiGroups, resources, resourceNames, verbs }) => ({
        apiGroups,
        resources,
        ...(resourceNames !== undefined && { resourceNames }),
        verbs,
      }));
    const declared = (...scopes: readonly RbacScope[]): readonly Rule[] =>
      plain(scopes.flatMap((scope) => RBAC_RULES.filter((rule) => scopeOf(rule) === scope)));
    /** The operator's: kind and place → rules. */
    const given = (
      objects: readonly KubernetesObject[],
    ): Readonly<Record<string, readonly Rule[]>> => {
      const roles = [...ofKind(objects, "Role"), ...ofKind(objects, "ClusterRole")].filter(
        isOwnRole,
      );
      return Object.fromEntries(
        roles.map(({ kind, metadata, rules }) => [
          `${kind} ${metadata.namespace ?? ""}`.trim(),
          plain(rules),
        ]),
      );
    };

    it("are those that the controllers declare, in all namespaces", async () => {
      expect(given(await render({ namespace: "ops" }))).to.deep.equal({
        ClusterRole: declared("cluster", "all"),
        "Role ops": declared("own"),
      });
    });

    it("are those in each watched namespace, and nothing cluster-wide that is of one", async () => {
      const objects = await render({ namespace: "ops", files: ["ci/namespaced-values.yaml"] });
      const roles = given(objects);
      expect(roles).to.deep.equal({
        ClusterRole: declared("cluster"),
        "Role ops": declared("own"),
        "Role prod": declared("all"),
        "Role staging": declared("all"),
        "Role starrocks": declared("starrocks"),
      });
      const wide = must(roles["ClusterRole"]).flatMap(({ resources }) => resources);
      const ours = ["repositories", "backups", "restores"];
      expect(wide).to.have.members(["nodes", "namespaces", "customresourcedefinitions", ...ours]);
    });

    it("hold in the release's namespace, too, when that one is watched", async () => {
      const roles = ofKind(
        await render({ values: { watchNamespaces: ["starrocks-backup"] } }),
        "Role",
      );
      expect(roles.map(({ metadata }) => metadata.name.split(":").at(-1))).to.have.members([
        "own",
        "all",
      ]);
    });

    it("are bound to the operator's service account alone", async () => {
      for (const file of SAMPLES) {
        const objects = await render({ files: [file], namespace: "ops" });
        const [deployment] = podsOf(ofKind(objects, "Deployment"));
        const isBinding = (one: KubernetesObject): one is Binding => one.kind.endsWith("Binding");
        const bindings = objects.filter(isBinding);
        const names = (of: readonly KubernetesObject[]) => of.map(({ metadata }) => metadata.name);
        expect(names(bindings)).to.deep.equal(names(objects.filter(isOwnRole)));
        for (const binding of bindings) {
          const name = must(deployment).serviceAccountName;
          expect(binding.subjects).to.deep.equal([
            { kind: "ServiceAccount", name, namespace: "ops" },
          ]);
        }
      }
    });
  });

  describe("several releases", () => {
    it("of one name in two namespaces share nothing", async () => {
      const values = { "crds.install": false };
      const one = await render({ namespace: "one", values });
      const two = await render({ namespace: "two", values });
      const ids = new Set(one.map(idOf));
      expect(two.map(idOf).filter((id) => ids.has(id))).to.deep.equal([]);
    });

    it("of two names in one namespace share nothing, and select only their own pods", async () => {
      const values = { "crds.install": false };
      const one = await render({ name: "one", values });
      const two = await render({ name: "two", values });
      const ids = new Set(one.map(idOf));
      expect(two.map(idOf).filter((id) => ids.has(id))).to.deep.equal([]);
      const selector = (objects: readonly KubernetesObject[]): unknown =>
        (must(ofKind(objects, "Service")[0]) as KubernetesObject & { spec: { selector: unknown } })
          .spec.selector;
      expect(selector(one)).not.to.deep.equal(selector(two));
    });

    it("may have the longest name that Helm takes", async () => {
      const name = "a".repeat(53);
      const objects = await render({ name, files: ["ci/everything-values.yaml"] });
      for (const { kind, metadata } of objects) {
        if (!CLUSTER_SCOPED.includes(kind) && !kind.startsWith("Role")) {
          expect(metadata.name.length, metadata.name).to.be.at.most(63);
        }
        for (const value of Object.values(metadata.labels ?? {})) expect(value).to.match(LABEL);
      }
    });
  });

  describe("network policies", () => {
    const policies = async (values: Readonly<Record<string, unknown>>) =>
      ofKind(await render({ values }), "NetworkPolicy").map(idOf);
    const enabled = {
      "networkPolicy.agents.enabled": true,
      "networkPolicy.agents.starRocksFrom": [{ namespaceSelector: {} }],
    };

    it("for agents are where Repositories are", async () => {
      const names = (namespace: string) => [
        `NetworkPolicy ${namespace}/starrocks-backup-agents`,
        `NetworkPolicy ${namespace}/starrocks-backup-storage`,
      ];
      expect(await policies(enabled)).to.have.members(names("starrocks-backup"));
      expect(await policies({ ...enabled, watchNamespaces: ["a", "b"] })).to.have.members([
        ...names("a"),
        ...names("b"),
      ]);
      expect(
        await policies({
          ...enabled,
          watchNamespaces: ["a"],
          "networkPolicy.agents.namespaces": ["c"],
        }),
      ).to.have.members(names("c"));
    });

    it("are refused where they would let everybody reach agents", async () => {
      const without = render({ values: { "networkPolicy.agents.enabled": true } });
      expect(await failureOf(without)).to.match(/starRocksFrom is empty/);
    });
  });

  const WRONG: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "an unknown value": { replica: 2 },
    "an unknown value within another": { "image.tagg": "1" },
    "three replicas": { replicas: 3 },
    "a tag with a space": { "image.tag": "a b" },
    "a digest without its algorithm": { "image.digest": "0123" },
    "a namespace with capitals": { watchNamespaces: ["Prod"] },
    "a namespace twice": { watchNamespaces: ["prod", "prod"] },
    "a log level of other tools": { "operator.logLevel": "trace" },
    "labels that are the chart's": { commonLabels: { "app.kubernetes.io/name": "x" } },
    "a peer that is a name": { "networkPolicy.agents.starRocksFrom": ["starrocks"] },
    "a peer without anything, which means everybody": {
      "networkPolicy.agents.starRocksFrom": [{}],
    },
    "a privileged port": { "metrics.port": 80 },
  };
  for (const [what, values] of Object.entries(WRONG)) {
    it(`refuses ${what}`, async () => {
      expect(await failureOf(render({ values }))).to.match(/values don't meet the specifications/);
    });
  }
});

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "";
  } catch (error) {
    return String(error);
  }
}
