// Flux', Argo CD's and kustomize's own code judges what the other tests here judge by ours.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describeWith, requireServer } from "../../e2e/servers/installed.ts";
import { must } from "../../operator/assert.ts";
import { healthOf, healthScript, healthTests, KINDS, type Health } from "./argocd.ts";
import { fluxStatusOf, readHealthChecks } from "./flux.ts";
import { livedObjects, type Judged } from "./lived.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Verdict {
  readonly kstatus: string;
  readonly flux: string;
  readonly argo: Health;
}

describeWith("gitops-judge", "GitOps tools' own code", () => {
  const checks = readHealthChecks(root);

  function judge(objects: readonly Judged[]): readonly Verdict[] {
    const questions = objects.map((object) => ({
      object,
      lua: healthScript(root, object.kind as (typeof KINDS)[number]),
      expressions: checks.find(({ kind }) => kind === object.kind) ?? null,
    }));
    const input = JSON.stringify(questions);
    return JSON.parse(
      execFileSync(requireServer("gitops-judge"), ["health"], { input, encoding: "utf8" }),
    ) as readonly Verdict[];
  }

  it("says of the fixtures what their tests want", () => {
    const tests = KINDS.flatMap((kind) => healthTests(root, kind));
    const verdicts = judge(tests.map(({ object }) => object));
    for (const [i, { path, object, wanted }] of tests.entries()) {
      const { argo, flux } = must(verdicts[i]);
      expect(argo, `${object.kind} ${path}`).to.deep.equal(wanted);
      expect(flux, `${object.kind} ${path}`).to.equal(fluxStatusOf(object, checks));
    }
  });

  it("says of every state of a life what ours says, before and after its spec is changed", async () => {
    const lived = [...(await livedObjects()).values()];
    const changed = lived.map((object) => {
      const { metadata } = object;
      return { ...object, metadata: { ...metadata, generation: must(metadata.generation) + 1 } };
    });
    const objects = [...lived, ...changed];
    const verdicts = judge(objects);
    expect(verdicts).to.have.lengthOf(objects.length);
    for (const [i, object] of objects.entries()) {
      const { argo, flux, kstatus } = must(verdicts[i]);
      const script = healthScript(root, object.kind as (typeof KINDS)[number]);
      const what = `${object.kind} ${JSON.stringify(object.status)}`;
      expect(argo, what).to.deep.equal(await healthOf(script, object));
      expect(flux, what).to.equal(fluxStatusOf(object, checks));
      // Whoever asks kstatus alone (`kubectl`-like tools, Helm) is told the same, but of a Restore that was not repeated.
      expect(kstatus, what).to.equal(fluxStatusOf(object, []));
    }
  });
});
