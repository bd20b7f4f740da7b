// docs/versions.md claims no more than what is tested: it names tests that are there, each release that the stand-in
// plays, and the versions that are pinned elsewhere.
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RELEASES } from "../../e2e/starrocks/profile.ts";
import { must } from "../../operator/assert.ts";
import { testsByName } from "./tests.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Row {
  readonly part: string;
  readonly version: string;
  readonly state: string;
  readonly against: string;
  readonly tests: readonly string[];
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function rows(): readonly Row[] {
  const [, section = ""] = read("docs/versions.md").split("\n## What is proven\n");
  const lines = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => /^\| \w/.test(line));
  return lines.slice(1).map((line) => {
    const [, part = "", version = "", state = "", against = "", tests = ""] = line
      .split("|")
      .map((cell) => cell.trim());
    const names = [...tests.matchAll(/`([\w-]+)`/g)].map(([, name = ""]) => name);
    return { part, version, state, against, tests: names };
  });
}

/** What a page says, and the file in which that version is pinned. */
const PINNED: readonly (readonly [part: string, said: RegExp, file: string, pin: string])[] = [
  ["kustomize", /api ([\d.]+\d)/, "hack/gitops/judge/go.mod", "sigs.k8s.io/kustomize/api v"],
  ["Argo CD", /gopher-lua ([\d.]+\d)/, "hack/gitops/judge/go.mod", "yuin/gopher-lua v"],
  ["Kubernetes", /(1\.\d+\.\d+)/, "e2e/cluster/programs/kube/go.mod", "k8s.io/kubernetes v"],
  ["prometheus-operator", /CRDs of ([\d.]+\d)/, "hack/kubernetes/recipes.ts", '"v'],
  ["Flux", /runtime ([\d.]+\d)/, "hack/gitops/judge/go.mod", "fluxcd/pkg/runtime v"],
];

describe("docs/versions.md", () => {
  const all = rows();
  const tests = testsByName(root);

  it("has a state in each row, and tests that are there where it claims something", () => {
    expect(all.length).to.be.greaterThan(15);
    for (const { part, version, state, tests: names } of all) {
      const row = `${part} ${version}`;
      expect(state, row).to.be.oneOf(["proven", "emulated", "unproven"]);
      expect(names.length > 0, row).to.equal(state !== "unproven");
      expect(
        names.filter((name) => !tests.has(name)),
        row,
      ).to.deep.equal([]);
    }
  });

  it("has each release that the stand-in plays", () => {
    const played = new Set(RELEASES.map((release) => /^\d+\.\d+/.exec(release)?.[0]));
    const said = all.filter(({ part, state }) => part === "StarRocks" && state === "emulated");
    const releases = said.map(({ version }) => version).filter((text) => /^[\d.]+$/.test(text));
    expect(new Set(releases)).to.deep.equal(played);
  });

  it("calls no StarRocks proven", () => {
    const proven = all.filter(({ part, state }) => part === "StarRocks" && state === "proven");
    expect(proven).to.deep.equal([]);
  });

  it("allows the Kubernetes that the chart allows", () => {
    const [, least] =
      /kubeVersion: ">=(\d+\.\d+)/.exec(read("charts/starrocks-backup/Chart.yaml")) ?? [];
    const said = all.filter(({ part }) => part === "Kubernetes").map(({ against }) => against);
    expect(said.join("\n")).to.include(`the chart allows ${must(least)} and newer`);
  });

  for (const [part, pattern, file, pin] of PINNED) {
    it(`names the version of ${part} that is pinned`, () => {
      const said = must(all.find((row) => row.part === part)).against;
      const version = must(pattern.exec(said)?.[1], said);
      const ends = read(file).split(/(?:";)?\n/);
      expect(ends.some((line) => line.endsWith(`${pin}${version}`))).to.equal(true);
    });
  }
});
