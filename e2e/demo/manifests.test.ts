import { readdir } from "node:fs/promises";
import { expect } from "chai";
import { adapt, readSample, yamlOf, type Place } from "./manifests.ts";

const PLACE: Place = {
  namespace: "prod",
  location: "s3://bucket/starrocks",
  endpoint: "http://127.0.0.1:9000",
  frontend: "127.77.1.2:9030",
  secrets: {
    "s3-credentials": { accessKeyId: "the-id", secretAccessKey: "the-key" },
    "starrocks-backup-user": { user: "backup", password: "the-password" },
  },
};

async function adapted(file: string, spec = {}): Promise<readonly object[]> {
  return (await readSample(file)).map((sample) => adapt(sample, PLACE, spec));
}

describe("the demo's manifests", () => {
  it("are the samples, each in the demo's namespace and without a placeholder", async () => {
    const files = await readdir(new URL("../manifests/", import.meta.url));
    expect(files).to.have.length.above(5);
    for (const file of files) {
      for (const object of await adapted(file)) {
        const { kind, metadata } = object as { kind: string; metadata: Record<string, string> };
        expect(metadata[kind === "Namespace" ? "name" : "namespace"], file).to.equal("prod");
      }
    }
  });

  it("name the demo's store and StarRocks", async () => {
    const [sample] = await readSample("repository.yaml");
    const [object] = await adapted("repository.yaml");
    const { spec } = sample as unknown as { spec: { s3: object; cluster: object } };
    expect(object).to.have.deep.property("spec", {
      ...spec,
      location: "s3://bucket/starrocks",
      s3: { ...spec.s3, endpoint: "http://127.0.0.1:9000" },
      cluster: { ...spec.cluster, frontends: ["127.77.1.2:9030"] },
    });
  });

  it("keep what the sample says beside what is added", async () => {
    expect(await adapted("backup.yaml", { bandwidth: "3Mi" })).to.have.deep.nested.property(
      "[0].spec",
      {
        repository: "prod",
        database: "shop",
        bandwidth: "3Mi",
      },
    );
  });

  it("hold the credentials, and do not show them", async () => {
    const objects = (await readSample("01-secrets.yaml")).map((sample) => adapt(sample, PLACE));
    expect(JSON.stringify(objects)).to.contain("the-key").and.contain("the-password");
    const shown = yamlOf(objects);
    expect(shown).to.contain("s3-credentials").and.contain("secretAccessKey");
    expect(shown).not.to.match(/the-(id|key|password)/);
  });

  it("refuse a Secret that they have no values for, and a placeholder that is left", async () => {
    const [secret] = await readSample("01-secrets.yaml");
    if (secret === undefined) throw new Error("no Secret in the sample");
    expect(() => adapt(secret, { ...PLACE, secrets: {} })).to.throw(
      "values for Secret s3-credentials",
    );
    const secrets = { ...PLACE.secrets, "s3-credentials": { secretAccessKey: "REPLACE_ME" } };
    expect(() => adapt(secret, { ...PLACE, secrets })).to.throw("still says REPLACE_ME");
  });
});
