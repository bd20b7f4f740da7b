// The Dockerfile says of itself how the image is put together and how it starts: the same as the archive.
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../operator/assert.ts";
import { SOURCES } from "./build.ts";
import { CONFIG, labels, LAYERS, NODE, PLATFORMS } from "./contents.ts";
import { pairOf, readDockerfile, valuesOf } from "./dockerfile.ts";
import { ROOT } from "./fill.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const { version, devDependencies } = JSON.parse(read("package.json")) as {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
};

describe("images/operator/Dockerfile", () => {
  const stages = readDockerfile(read("images/operator/Dockerfile"));
  const [build, image] = [must(stages[0]), must(stages[1])];

  it("takes the layers in their order, onto nothing", () => {
    expect(valuesOf(image, "FROM")).to.deep.equal(["scratch"]);
    expect(valuesOf(image, "COPY")).to.deep.equal(
      LAYERS.map(({ name }) => `--from=rootfs /rootfs/${name} /`),
    );
    expect(valuesOf(image, "RUN")).to.deep.equal([]);
  });

  it("starts as the archive does", () => {
    const [entrypoint = ""] = valuesOf(image, "ENTRYPOINT");
    expect({
      User: valuesOf(image, "USER")[0],
      Env: valuesOf(image, "ENV").map((value) => pairOf(value).join("=")),
      Entrypoint: JSON.parse(entrypoint) as unknown,
      WorkingDir: valuesOf(image, "WORKDIR")[0],
    }).to.deep.equal(CONFIG);
  });

  it("has the archive's labels", () => {
    const found = Object.fromEntries(valuesOf(image, "LABEL").map(pairOf));
    expect(found).to.deep.equal(labels(version));
  });

  it("brings everything that the layers are made of, past the ignored rest", () => {
    const sources = new Set(["hack", "package.json", ...Object.values(SOURCES).flat()]);
    const brought = valuesOf(build, "COPY").flatMap((value) => value.split(" ").slice(0, -1));
    const let_in = read("images/operator/Dockerfile.dockerignore").trim().split("\n");
    expect(brought.toSorted()).to.deep.equal([...sources].toSorted());
    expect(let_in.toSorted()).to.deep.equal(["*", ...brought.map((one) => `!${one}`)].toSorted());
  });
});

describe("the image's Node", () => {
  it("is the one that everything is developed and tested with", () => {
    expect(NODE.version).to.equal(devDependencies["node"]);
  });

  for (const [architecture, { nodeIntegrity }] of Object.entries(PLATFORMS)) {
    it(`has a whole digest for ${architecture}`, () => {
      expect(Buffer.from(nodeIntegrity.replace("sha512-", ""), "base64")).to.have.lengthOf(64);
    });
  }
});
