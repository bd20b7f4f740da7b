import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { must } from "../../operator/assert.ts";
import { GROUP } from "../../operator/api/group.ts";
import { type UncheckedObject, validate } from "../../operator/api/validate.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

function textsIn(folder: string, ending: string): ReadonlyMap<string, string> {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(ending));
  return new Map(names.map((name) => [name, readFileSync(join(root, folder, name), "utf8")]));
}

function objectsIn(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
}

function isOurs(object: KubernetesObject): object is UncheckedObject {
  return object.apiVersion.startsWith(`${GROUP}/`);
}

const manifests = textsIn("e2e/manifests", ".yaml");
const pages = textsIn("docs/spec", ".md");
const readme = readFileSync(join(root, "README.md"), "utf8");
/** One for each storage and credential, on the page alone: e2e/manifests.test.ts applies them. */
const STORAGES = /^## A sample for each storage[\s\S]*?(?=^## )/m;
const samples = [...pages].flatMap(([page, text]) =>
  blocksOf(text.replace(STORAGES, ""), "yaml").map((sample) => ({ page, sample })),
);

/** Code of a language in a page; of a block in a list without the list's indent. */
function blocksOf(text: string, language: string): readonly string[] {
  const blocks = text.matchAll(new RegExp(`^( *)\`\`\`${language}\n([\\s\\S]*?)^\\1\`\`\`$`, "gm"));
  return [...blocks].map(([, indent = "", block = ""]) =>
    block.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );
}

describe("the manifests", () => {
  for (const [name, text] of manifests) {
    it(`${name} is accepted`, () => {
      const objects = objectsIn(text);
      expect(objects).not.to.deep.equal([]);
      const problems = objects.filter(isOurs).flatMap((object) => validate(object));
      expect(problems).to.deep.equal([]);
    });
  }

  it("have no real credentials", () => {
    const values = [...manifests.values()]
      .flatMap(objectsIn)
      .flatMap((object) => Object.entries((object as { stringData?: object }).stringData ?? {}));
    const secrets = values.filter(([key]) => key !== "user").map(([, value]) => value as string);
    expect(new Set(secrets)).to.deep.equal(new Set(["REPLACE_ME"]));
  });
});

describe("the samples of docs/spec", () => {
  it("are the manifests, all of them but the namespace", () => {
    const said = samples.map(({ sample }) => sample).sort();
    const files = [...manifests].filter(([name]) => name !== "00-namespace.yaml");
    expect(said).to.deep.equal(files.map(([, text]) => text).sort());
  });

  for (const kind of ["repository", "backup", "restore"]) {
    it(`show a ${kind} on its page`, () => {
      const kinds = samples
        .filter(({ page }) => page === `${kind}.md`)
        .flatMap(({ sample }) => objectsIn(sample).map((object) => object.kind.toLowerCase()));
      expect(kinds).to.include(kind);
    });
  }
});

describe("the samples of README.md", () => {
  it("are manifests: a Repository, a Backup and a Restore", () => {
    const said = blocksOf(readme, "yaml");
    const files = new Set(manifests.values());
    expect(said.filter((sample) => !files.has(sample))).to.deep.equal([]);
    const kinds = said.flatMap(objectsIn).map(({ kind }) => kind);
    expect(kinds).to.deep.equal(["Repository", "Backup", "Restore"]);
  });

  it("grant the StarRocks user what its page says, as the Repository's page does", () => {
    const [granted] = blocksOf(readFileSync(join(root, "docs/starrocks-user.md"), "utf8"), "sql");
    expect(blocksOf(readme, "sql")).to.deep.equal([granted]);
    expect(blocksOf(must(pages.get("repository.md")), "sql")).to.deep.equal([granted]);
  });
});
