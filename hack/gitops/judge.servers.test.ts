// Flux', Argo CD's and kustomize's own code judges what the other tests here judge by ours.
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describeWith, requireServer } from "../../e2e/servers/installed.ts";
import { validate } from "../../operator/api/validate.ts";
import { must } from "../../operator/assert.ts";
import { healthOf, healthScript, healthTests, KINDS, type Health } from "./argocd.ts";
import { fluxStatusOf, readHealthChecks } from "./flux.ts";
import { livedObjects, type Judged } from "./lived.ts";
import { BUILT, isOurs, manifestsBelow, objectsIn } from "./samples.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Restored {
  readonly repository: string;
}

const OVERLAY = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namePrefix: a-
resources: [../base, jobs.yaml]
secretGenerator:
  - name: s3-credentials
    literals: [accessKeyId=REPLACE_ME, secretAccessKey=REPLACE_ME]
  - name: starrocks-backup-user
    literals: [user=backup, password=REPLACE_ME]
`;
const JOBS = `apiVersion: backup.starrocks.io/v1alpha1
kind: Backup
metadata: { name: one }
spec: { repository: snapshots, database: shop }
---
apiVersion: backup.starrocks.io/v1alpha1
kind: Restore
metadata: { name: two }
spec: { repository: snapshots, source: { backup: one } }
`;

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

  function kustomize(folder: string): string {
    const program = requireServer("gitops-judge");
    return execFileSync(program, ["kustomize", folder], { encoding: "utf8" });
  }

  for (const folder of BUILT) {
    it(`builds ${folder}, of objects that are accepted`, () => {
      const objects = objectsIn(kustomize(join(root, folder)));
      expect(objects).not.to.deep.equal([]);
      for (const object of objects.filter(isOurs)) expect(validate(object)).to.deep.equal([]);
    });
  }

  it("follows names into our resources, as the base tells it", () => {
    const objects = objectsIn(kustomize(join(root, "config/overlays/staging")));
    const [repository, restore] = objects as readonly (Judged & { readonly spec: Restored })[];
    expect(must(repository).metadata.name).to.equal("snapshots-staging");
    expect(must(restore).spec.repository).to.equal("snapshots-staging");
  });

  it("follows names of generated Secrets and of Backups", async () => {
    const dir = await mkdtemp(join(tmpdir(), "kustomize-"));
    try {
      await cp(join(root, "config/base"), join(dir, "base"), { recursive: true });
      await mkdir(join(dir, "overlay"));
      await writeFile(join(dir, "overlay/jobs.yaml"), JOBS);
      await writeFile(join(dir, "overlay/kustomization.yaml"), OVERLAY);
      const text = kustomize(join(dir, "overlay"));
      expect(text).to.match(/credentialsSecret:\n +name: a-s3-credentials-\w{10}\n/);
      expect(text).to.match(
        /cluster:\n +credentialsSecret:\n +name: a-starrocks-backup-user-\w{10}\n/,
      );
      expect(text.match(/repository: a-snapshots\n/g)).to.have.lengthOf(2);
      expect(text).to.include("backup: a-one\n");
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  for (const { path, objects } of manifestsBelow(root, "deploy/flux")) {
    for (const object of objects.filter(({ apiVersion }) => apiVersion.includes(".fluxcd.io/"))) {
      it(`finds no field in ${path} that Flux does not know: ${object.kind}`, () => {
        const input = JSON.stringify(object);
        execFileSync(requireServer("gitops-judge"), ["flux"], { input, stdio: "pipe" });
        const spoilt = JSON.stringify({ ...object, spec: { nosuch: 1 } });
        const run = (): unknown =>
          execFileSync(requireServer("gitops-judge"), ["flux"], { input: spoilt, stdio: "pipe" });
        expect(run).to.throw(/nosuch/);
      });
    }
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
