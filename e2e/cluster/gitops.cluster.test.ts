// What is kept in Git, on a real API server with a real kubectl: it is built and taken as it stands, and nobody finds a
// difference afterwards, neither in what defaults fill in nor in what an operator writes.
import { expect } from "chai";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FINALIZER, MANAGED_BY } from "../../operator/api/group.ts";
import { must } from "../../operator/assert.ts";
import { livedObjects, type Judged } from "../../hack/gitops/lived.ts";
import { BUILT } from "../../hack/gitops/samples.ts";
import { strangersInSpec } from "../scenarios/api-truth/ownership.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { describeOnControlPlane } from "./describe.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const CRDS = join(root, "config/crd");
const OVERLAY = join(root, "config/overlays/prod");
const SAMPLES = join(root, "config/samples");
const NAMESPACE = "starrocks-backup";

describeOnControlPlane("Git and a real API server", () => {
  let plane: ControlPlane;

  before(async () => {
    plane = await startControlPlane();
    await plane.kubectl("apply", "--server-side", "-k", CRDS);
    await plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all");
    for (const name of [NAMESPACE, `${NAMESPACE}-staging`]) await plane.createNamespace(name);
  });

  after(async () => {
    await plane?.stop();
  });

  /** Both write what kubectl would have to change; an empty text: nothing. Rejects where there is something. */
  const differences = async (folder: string): Promise<string> =>
    (await plane.kubectl("diff", "-k", folder)) +
    (await plane.kubectl("diff", "--server-side", "--field-manager=argocd", "-k", folder));

  /** As the operator does: a finalizer, and a status apart from the rest. */
  const writeAsTheOperator = async (kind: string, name: string, status: object): Promise<void> => {
    const patch = async (body: object, ...more: readonly string[]): Promise<string> =>
      await plane.kubectl(
        `--namespace=${NAMESPACE}`,
        "patch",
        `${kind}/${name}`,
        "--type=merge",
        `--field-manager=${MANAGED_BY}`,
        `--patch=${JSON.stringify(body)}`,
        ...more,
      );
    await patch({ metadata: { finalizers: [FINALIZER] } });
    await patch({ status }, "--subresource=status");
  };

  for (const folder of BUILT.filter((name) => name.startsWith("config/o"))) {
    it(`takes ${folder} as it stands`, async () => {
      const said = await plane.kubectl(
        "apply",
        "--server-side",
        "--field-manager=argocd",
        "--dry-run=server",
        `--kustomize=${join(root, folder)}`,
      );
      expect(said).to.match(/^repository.*serverside-applied/m);
    });
  }

  it("finds no difference in what was applied, from the client or from the server", async () => {
    await plane.kubectl("apply", "-k", SAMPLES);
    expect(await plane.kubectl("diff", "-k", SAMPLES)).to.equal("");
    expect(await plane.kubectl("apply", "-k", SAMPLES)).not.to.match(/ (configured|created)$/m);
  });

  it("finds none once the operator has written, which owns nothing of a spec", async () => {
    const apply = ["apply", "--server-side", "--field-manager=argocd", "-k", OVERLAY];
    await plane.kubectl(...apply);
    const written = [
      ["repository", "snapshots", "READY"],
      ["backup", "shop-20261121", "FINISHED"],
    ] as const;
    const lived = [...(await livedObjects()).values()];
    for (const [kind, name, phase] of written) {
      const is = (object: Judged): boolean =>
        object.kind.toLowerCase() === kind && object.status?.phase === phase;
      await writeAsTheOperator(kind, name, must(must(lived.find(is)).status));
      const args = ["--namespace", NAMESPACE, "get", kind, name, "--show-managed-fields"];
      const stored: unknown = JSON.parse(await plane.kubectl(...args, "--output=json"));
      expect(JSON.stringify(stored)).to.include(`"manager":"${MANAGED_BY}"`).and.include(phase);
      expect(strangersInSpec(stored, ["argocd"])).to.deep.equal([]);
    }
    expect(await differences(OVERLAY)).to.equal("");
    await plane.kubectl(...apply);
    expect(await differences(OVERLAY)).to.equal("");
  });

  it("finds one where there is one", async () => {
    const change = JSON.stringify({ spec: { bandwidth: "1Mi" } });
    const args = ["--namespace", NAMESPACE, "patch", "repository", "snapshots", "--type=merge"];
    await plane.kubectl(...args, "--patch", change);
    const found = await differences(OVERLAY).then(
      () => "nothing",
      (error: unknown) => String((error as { readonly stdout?: string }).stdout),
    );
    expect(found).to.include("200Mi");
  });
});
