// The samples for kustomize, Argo CD and Flux fit our resources, and each other. Whether those tools take them is
// judge.servers.test.ts' to say.
import { Ajv } from "ajv";
import { expect } from "chai";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { BACKUP } from "../../operator/api/kinds.ts";
import { validate, withDefaults } from "../../operator/api/validate.ts";
import { must } from "../../operator/assert.ts";
import { ended, putBackup, readyWorld } from "../../operator/controllers/testing/lives.ts";
import { BUILT, isOurs, manifestsBelow, objectsIn } from "./samples.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const config = manifestsBelow(root, "config");
const deploy = manifestsBelow(root, "deploy");
const ours = config.flatMap(({ path, objects }) =>
  objects.filter(isOurs).map((object) => ({ path, object })),
);

/** Values of a field of this name, at any depth. */
function valuesOf(value: unknown, field: string): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) => [
    ...(key === field ? [child] : []),
    ...valuesOf(child, field),
  ]);
}

/** Of what is stored that which was said: where both have a field or an item, at any depth. */
function said(stored: unknown, asked: unknown): unknown {
  if (Array.isArray(stored) && Array.isArray(asked)) {
    return stored.map((item, i) => said(item, asked[i]));
  }
  if (!isRecord(stored) || !isRecord(asked)) return stored;
  const fields = Object.keys(asked).filter((field) => field in stored);
  return Object.fromEntries(fields.map((field) => [field, said(stored[field], asked[field])]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

describe("the samples for GitOps", () => {
  for (const { path, object } of ours) {
    it(`${path} is accepted, and nothing that it says becomes another by defaults`, () => {
      expect(validate(object)).to.deep.equal([]);
      expect(said(withDefaults(object), object)).to.deep.equal(object);
    });
  }

  it("have one of each kind, and a Repository of each storage", () => {
    const kinds = new Set(ours.map(({ object }) => object.kind));
    expect([...kinds]).to.have.members(["Backup", "Repository", "Restore"]);
    const locations = ours.flatMap(({ object }) => valuesOf(object, "location")) as string[];
    const schemes = new Set(locations.map((location) => location.split(":")[0]));
    expect([...schemes]).to.have.members(["gs", "s3", "webhdfs"]);
  });

  it("of docs/gitops.md are accepted", () => {
    const page = readFileSync(join(root, "docs/gitops.md"), "utf8");
    const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
    const objects = blocks.flatMap(objectsIn).filter(isOurs);
    expect(objects).to.have.lengthOf(1);
    for (const object of objects) {
      const named = { ...object, metadata: { ...object.metadata, name: "made-by-kubernetes" } };
      expect(validate(named)).to.deep.equal([]);
    }
  });

  it("have no Secret: those come from elsewhere", () => {
    const kinds = [...config, ...deploy].flatMap(({ objects }) => objects.map(({ kind }) => kind));
    expect(kinds).not.to.include("Secret");
  });

  it("are all built: each folder's files are in its kustomization", () => {
    for (const folder of BUILT) {
      const text = readFileSync(join(root, folder, "kustomization.yaml"), "utf8");
      const kustomization = parse(text) as {
        readonly resources: readonly string[];
        readonly configurations?: readonly string[];
      };
      const named = [...kustomization.resources, ...(kustomization.configurations ?? [])];
      const missing = named.filter((name) => !existsSync(join(root, folder, name)));
      expect(missing, `${folder} names what is not there`).to.deep.equal([]);
      const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
      const built = files.filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml");
      expect(named.filter((name) => name.endsWith(".yaml")).sort(), folder).to.deep.equal(
        built.sort(),
      );
    }
  });

  it("name only folders that are there", () => {
    const sources = deploy.flatMap(({ objects }) => objects);
    const paths = ["path", "chart"]
      .flatMap((field) => sources.flatMap((object) => valuesOf(object, field)))
      .filter((value) => typeof value === "string");
    expect(paths).to.include("./config/overlays/prod").and.to.include("charts/starrocks-backup");
    expect(paths.filter((path) => !existsSync(join(root, path)))).to.deep.equal([]);
  });

  it("set only values that the chart has", () => {
    const text = readFileSync(join(root, "charts/starrocks-backup/values.schema.json"), "utf8");
    const fits = new Ajv({ strict: false }).compile(JSON.parse(text) as object);
    const objects = deploy.flatMap(({ objects: found }) => found);
    const values = ["values", "valuesObject"].flatMap((field) =>
      objects.flatMap((object) => valuesOf(object, field)),
    );
    expect(values).to.have.lengthOf(2);
    for (const value of values) expect(fits(value), JSON.stringify(fits.errors)).to.equal(true);
    expect(fits({ nosuch: 1 })).to.equal(false);
  });

  it("say where the image is, as the chart's default is published nowhere", () => {
    const charts = deploy
      .flatMap(({ objects }) => objects)
      .filter((object) => valuesOf(object, "replicas").length > 0);
    expect(charts.map(({ kind }) => kind)).to.have.members(["Application", "HelmRelease"]);
    for (const chart of charts) {
      const [image] = valuesOf(chart, "image");
      expect(image, chart.kind)
        .to.have.property("repository")
        .that.matches(/^registry\./);
    }
  });

  it("depend only on what is there", () => {
    const flux = deploy
      .filter(({ path }) => dirname(path) === "deploy/flux")
      .flatMap(({ objects }) => objects);
    const names = flux.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    for (const object of flux) {
      const needed = valuesOf(object, "dependsOn") as readonly (readonly { name: string }[])[];
      for (const { name } of needed.flat()) expect(names).to.include(`Kustomization/${name}`);
    }
    expect(names).to.include("GitRepository/fleet");
  });
});

describe("what is in Git", () => {
  it("is what stays in the cluster: no spec is written by the operator", async () => {
    const world = readyWorld();
    putBackup(world);
    const { spec } = must(world.get(BACKUP, "nightly"));
    await ended(world, "Backup", "nightly");
    expect(must(world.get(BACKUP, "nightly")).spec).to.deep.equal(spec);
  });
});
