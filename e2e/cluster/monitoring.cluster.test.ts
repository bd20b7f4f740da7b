// What the chart makes for the Prometheus operator, held against that operator's own CRDs by a real API server: it takes all
// of it as it stands. Whether the alerts mean something is promtool's to say (hack/alerts); the Prometheus operator itself
// is not there.
import { expect } from "chai";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments, stringify } from "yaml";
import { must } from "../../operator/assert.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { describeWithMonitoring } from "./describe.ts";
import { monitoringCrds } from "./programs.ts";

const CHART = fileURLToPath(new URL("../../charts/starrocks-backup", import.meta.url));
/** Of release and namespace, hence of all that has no other. */
const NAME = "starrocks-backup";
const KINDS = ["ServiceMonitor", "PrometheusRule"] as const;
const ENABLED = ["serviceMonitor", "prometheusRule"].flatMap((value) => [
  "--set",
  `metrics.${value}.enabled=true`,
]);

type Made = KubernetesObject & { readonly spec: Readonly<Record<string, unknown>> };
type Monitor = Made & {
  readonly spec: {
    readonly endpoints: readonly { readonly port: string }[];
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  };
};
type Service = Made & {
  readonly spec: { readonly ports: readonly { readonly name: string }[] };
};

describeWithMonitoring("the chart and the Prometheus operator's CRDs", () => {
  let plane: ControlPlane;

  before(async () => {
    plane = await startControlPlane();
    await plane.createNamespace(NAME);
  });

  after(async () => {
    await plane?.stop();
  });

  const rendered = async (...values: string[]): Promise<readonly Made[]> => {
    const text = await plane.helm("template", NAME, CHART, "--namespace", NAME, ...values);
    return parseAllDocuments(text)
      .map((document) => document.toJS() as Made | null)
      .filter((object) => object !== null)
      .filter(({ kind }) => (KINDS as readonly string[]).includes(kind));
  };
  // Without --wait: there are no nodes.
  const install = () => plane.helm("install", NAME, CHART, "--namespace", NAME, ...ENABLED);
  const inNamespace = (...args: string[]) => plane.kubectl("--namespace", NAME, ...args);
  const get = async <T extends Made>(...args: string[]): Promise<T> =>
    JSON.parse(await inNamespace("get", ...args, "--output=json")) as T;

  it("without them: an install says what is missing, and leaves nothing", async () => {
    const why = await install().then(String, (error: unknown) => String(error));
    for (const kind of KINDS) expect(why).to.include(`no matches for kind "${kind}"`);
    expect(why).to.include("ensure CRDs are installed first");
    expect(await inNamespace("get", "deployments,secrets", "--output=name")).to.equal("");
  });

  it("with them: the same install is taken, and the Service's port is what is scraped", async () => {
    const crds = ["-f", monitoringCrds()];
    await plane.kubectl("apply", "--server-side", ...crds);
    await plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", ...crds);
    await install();
    const { spec } = await get<Monitor>("servicemonitor", NAME);
    const labels = Object.entries(spec.selector.matchLabels).map((label) => label.join("="));
    const { items } = (await get("services", "-l", labels.join())) as unknown as {
      readonly items: readonly Service[];
    };
    expect(items.map(({ metadata }) => metadata.name)).to.deep.equal([`${NAME}-metrics`]);
    const ports = must(items[0]).spec.ports.map(({ name }) => name);
    expect(spec.endpoints.map(({ port }) => port)).to.deep.equal(ports);
    await plane.helm("uninstall", NAME, "--namespace", NAME);
  });

  const samples = {
    "the defaults": ENABLED,
    "all values": ["--values", join(CHART, "ci/everything-values.yaml")],
  };
  for (const [title, values] of Object.entries(samples)) {
    it(`with ${title}, takes what is made without an unknown field, and drops nothing of it`, async () => {
      const objects = await rendered(...values);
      expect(objects.map(({ kind }) => kind)).to.have.members(KINDS);
      for (const object of objects) {
        // As kubectl does unless told otherwise, a field that is in no schema is refused.
        await plane.apply(stringify(object));
        const stored = await get(object.kind, object.metadata.name);
        expect(stored.spec).to.deep.equal(object.spec);
        expect(stored.metadata.labels).to.deep.equal(object.metadata.labels);
      }
    });
  }

  it("refuses a field that they do not know: the test above could have seen one", async () => {
    for (const object of await rendered(...ENABLED)) {
      const wrong = { ...object, spec: { ...object.spec, unknownField: "x" } };
      const why = await plane
        .apply(stringify(wrong))
        .then(String, (error: unknown) => String(error));
      expect(why, object.kind).to.match(/unknownField/);
    }
  });
});
