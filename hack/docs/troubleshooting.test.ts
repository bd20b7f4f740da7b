// docs/troubleshooting.md has a section for each reason and each alert, called as it is, and none for what is no more.
// That the tables of the other pages have every reason of the code is reasons.test.ts' to say.
import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LABELS } from "../../operator/api/group.ts";
import { readRules } from "../alerts/rules.ts";
import { fieldsOf, readCustomResources } from "../generate/crd.ts";
import { namedOn } from "./reasons.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PAGE = "docs/troubleshooting.md";
const PAGES = [
  "docs/spec/backup.md",
  "docs/spec/restore.md",
  "docs/spec/repository.md",
  "docs/agent.md",
  "docs/operator.md",
];
const PARTS = ["Means", "Look at", "Do"];

interface Section {
  readonly name: string;
  readonly text: string;
}

const sections: readonly Section[] = readFileSync(join(root, PAGE), "utf8")
  .split(/^(?=##+ )/m)
  .flatMap((text) => {
    const [, name] = /^### (.+)$/m.exec(text) ?? [];
    return name === undefined ? [] : [{ name, text }];
  });

/** `docs/page.md` or `docs/page.md#anchor` in what ships. */
function pagesNamed(): readonly string[] {
  return readdirSync(join(root, "operator"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|yaml)$/.test(name) && !name.endsWith(".test.ts"))
    .flatMap((name) => [
      ...readFileSync(join(root, "operator", name), "utf8").matchAll(
        /docs\/[\w/-]+\.md(#[\w-]+)?/g,
      ),
    ])
    .map(([found]) => found);
}

function anchorsOf(page: string): readonly string[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
}

describe("docs/troubleshooting.md", () => {
  const reasons = new Set(PAGES.flatMap((page) => [...namedOn(root, page)]));
  const alerts = readRules().map(({ alert }) => alert);

  it("has a section for each reason and each alert", () => {
    const names = new Set(sections.map(({ name }) => name));
    expect([...reasons, ...alerts].filter((name) => !names.has(name)).sort()).to.deep.equal([]);
  });

  it("has none that the code lacks, and none twice", () => {
    const known = new Set([...reasons, ...alerts]);
    const names = sections.map(({ name }) => name);
    expect(names.filter((name) => !known.has(name))).to.deep.equal([]);
    expect(names).to.deep.equal([...new Set(names)]);
  });

  it("says of each what it means, what to look at and what to do", () => {
    for (const { name, text } of sections) {
      const parts = [...text.matchAll(/^- \*\*(.+?)\*\*: \S/gm)].map(([, part = ""]) => part);
      expect(parts, name).to.deep.equal(PARTS);
    }
  });

  it("names only fields that a resource has", () => {
    const fields = new Set(
      readCustomResources(root).flatMap(({ schema }) =>
        [...fieldsOf(schema)].map(({ path }) => path.replaceAll("[]", "")),
      ),
    );
    const named = sections.flatMap(({ text }) => [
      ...text.matchAll(/(?<![\w-])(?:status|spec)\.[\w.[\]*]*\w/g),
    ]);
    const paths = named.map(([path]) => path.replaceAll("[*]", ""));
    expect(paths.length).to.be.greaterThan(20);
    expect(paths.filter((path) => !fields.has(path))).to.deep.equal([]);
  });

  it("names only labels of ours that there are", () => {
    const text = sections.map((section) => section.text).join("");
    const labels = [...text.matchAll(/backup\.starrocks\.io\/[\w-]+/g)].map(([label]) => label);
    expect(Object.values(LABELS)).to.include.members(labels);
  });

  it("and every other page that the code names have what it names", () => {
    const named = pagesNamed();
    expect(named).not.to.deep.equal([]);
    for (const one of named) {
      const [page = "", anchor] = one.split("#");
      if (anchor !== undefined) expect(anchorsOf(page), one).to.include(anchor);
      else expect(() => readFileSync(join(root, page)), one).not.to.throw();
    }
  });
});
