// The chart's own files: that each value is described, that the description is true, and that what people copy works.
import { Ajv } from "ajv";
import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { must } from "../../operator/assert.ts";
import { IMAGE } from "../../operator/controllers/jobs.ts";
import { BROKER_PORT } from "../../operator/controllers/names.ts";
import { FLAGS } from "../../operator/config.ts";
import { type UncheckedObject, validate } from "../../operator/api/validate.ts";
import { CHART_FOLDER } from "./helm.ts";

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly additionalProperties?: boolean | Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const ROOT = join(CHART_FOLDER, "../..");
const text = (path: string): string => readFileSync(join(CHART_FOLDER, path), "utf8");
const values = parse(text("values.yaml")) as object;
const schema = JSON.parse(text("values.schema.json")) as Schema;
const chart = parse(text("Chart.yaml")) as {
  readonly version: string;
  readonly appVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
};
const annotation = (name: string): unknown =>
  parse(must(chart.annotations[`artifacthub.io/${name}`]));

/** Values that people choose as a whole, such as labels: their keys are theirs. */
function isLeaf({ properties }: Schema): boolean {
  return properties === undefined;
}

function* walk(of: Schema, path = ""): Generator<readonly [string, Schema]> {
  for (const [name, child] of Object.entries(of.properties ?? {})) {
    const at = path === "" ? name : `${path}.${name}`;
    yield [at, child];
    if (!isLeaf(child)) yield* walk(child, at);
  }
}

function valueAt(path: string): unknown {
  let at: unknown = values;
  for (const name of path.split("."))
    at = (at as Readonly<Record<string, unknown>> | undefined)?.[name];
  return at;
}

function* keysOf(of: unknown, path = ""): Generator<string> {
  if (typeof of !== "object" || of === null || Array.isArray(of)) return;
  for (const [name, child] of Object.entries(of)) {
    const at = path === "" ? name : `${path}.${name}`;
    yield at;
    yield* keysOf(child, at);
  }
}

describe("the chart's values", () => {
  const described = new Map(walk(schema));
  const leaves = [...described].filter(([, child]) => isLeaf(child));
  const isWithinLeaf = (key: string): boolean =>
    leaves.some(([leaf]) => key.startsWith(`${leaf}.`));
  const ajv = new Ajv({ strict: false });

  it("are all in the schema", () => {
    const unknown = [...keysOf(values)].filter((key) => !described.has(key) && !isWithinLeaf(key));
    expect(unknown).to.deep.equal([]);
  });

  it("have a default for each that the schema has, but what a parent chart brings", () => {
    const missing = leaves.map(([path]) => path).filter((path) => valueAt(path) === undefined);
    expect(missing).to.deep.equal(["global"]);
  });

  it("are each described, with examples that it accepts, and nothing else is taken", () => {
    for (const [path, child] of described) {
      expect(child.description, path).to.match(/^\S.{8,}[^.]$/);
      if (!isLeaf(child)) expect(child.additionalProperties, path).to.equal(false);
    }
    for (const [path, leaf] of leaves) {
      expect(leaf.examples, path).to.be.an("array").that.is.not.empty;
      for (const example of must(leaf.examples)) {
        expect(ajv.validate(leaf, example), `${path}: ${JSON.stringify(example)}`).to.equal(true);
      }
    }
    expect(schema.additionalProperties).to.equal(false);
  });

  it("are refused where the operator would refuse its flags", () => {
    const shape = (path: string, flag: keyof typeof FLAGS, tried: readonly (string | number)[]) => {
      for (const one of tried) {
        const takes = ajv.validate(must(described.get(path)), one);
        if (takes) expect(FLAGS[flag].shape.test(String(one)), `${path}: ${one}`).to.equal(true);
      }
      expect(tried.some((one) => ajv.validate(must(described.get(path)), one))).to.equal(true);
    };
    shape("operator.leaseSeconds", "lease-seconds", [1, 2, 3, 600, 601]);
    shape("operator.workers", "workers", [0, 1, 999, 1000]);
    shape("operator.logLevel", "log-level", ["info", "trace", ""]);
  });
});

describe("Chart.yaml", () => {
  it("has the version of the package, and of the image", () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      readonly version: string;
    };
    expect([chart.version, chart.appVersion]).to.deep.equal([version, version]);
    expect(annotation("images")).to.have.nested.property("0.image", `starrocks-backup:${version}`);
  });

  it("names each CRD, with an example from the documentation", () => {
    const crds = readdirSync(join(ROOT, "crds"))
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => parse(readFileSync(join(ROOT, "crds", name), "utf8")) as CrdFile)
      .map(({ metadata, spec }) => `${metadata.name} ${spec.names.kind}`);
    const named = annotation("crds") as readonly { readonly name: string; readonly kind: string }[];
    expect(named.map(({ name, kind }) => `${name} ${kind}`)).to.have.members(crds);
    const samples = ["repository", "backup", "restore"].map(
      (name) => parse(readFileSync(join(ROOT, `e2e/manifests/${name}.yaml`), "utf8")) as object,
    );
    expect(annotation("crdsExamples")).to.deep.equal(samples);
  });
});

interface CrdFile {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly names: { readonly kind: string } };
}

describe("the templates", () => {
  it("start what is in the image, where agents find StarRocks' calls", () => {
    const deployment = text("templates/deployment.yaml");
    expect(deployment).to.contain(
      `command: [${IMAGE.node}, --max-semi-space-size=4, ${IMAGE.operator}]`,
    );
    expect(text("templates/tests/readiness.yaml")).to.contain(`- ${IMAGE.node}\n`);
    expect(text("templates/networkpolicy-agents.yaml")).to.contain(`port: ${BROKER_PORT}\n`);
  });

  it("pass flags that the operator has", () => {
    const flags = [...text("templates/deployment.yaml").matchAll(/- --([a-z-]+)=/g)];
    expect(flags).to.have.length.greaterThan(5);
    for (const [, flag] of flags) expect(FLAGS).to.have.property(must(flag));
  });

  it("have a rule for the age of the last backup that a value can replace", () => {
    const rules = text("files/starrocks-backup.rules.yaml");
    expect(rules.split("> 26 * 3600")).to.have.length(3);
  });

  it("tell a next step whose manifests are accepted", () => {
    const blocks = [...text("templates/NOTES.txt").matchAll(/<<EOT\n([\s\S]*?)\nEOT\n/g)];
    const objects = blocks.flatMap(([, block]) =>
      parseAllDocuments(must(block)).map((document) => document.toJS() as UncheckedObject),
    );
    expect(objects.map(({ kind }) => kind)).to.deep.equal(["Repository", "Backup"]);
    for (const object of objects) {
      const placed = { ...object, metadata: { ...object.metadata, namespace: "ops" } };
      expect(validate(placed)).to.deep.equal([]);
    }
  });
});
