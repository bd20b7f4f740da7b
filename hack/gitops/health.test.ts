// What Argo CD and Flux make of our objects: of those in the fixtures, and of each state that a whole life passes through.
import { expect } from "chai";
import { fileURLToPath } from "node:url";
import { must } from "../../operator/assert.ts";
import { validate, validateStatus, type UncheckedObject } from "../../operator/api/validate.ts";
import { healthOf, healthScript, healthTests, KINDS, type Health } from "./argocd.ts";
import { fluxStatusOf, readHealthChecks } from "./flux.ts";
import { livedObjects, shapeOf, type Judged } from "./lived.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** From the phase alone: what the conditions and the tools must come to. */
function wantedOf({ status }: Judged): Health["status"] {
  const { phase, conditions = [] } = must(status);
  if (phase === "FINISHED" || phase === "READY") return "Healthy";
  const [ready, stalled] = ["Ready", "Stalled"].map((type) =>
    must(conditions.find((condition) => condition.type === type)),
  );
  if (phase === "FAILED" && must(ready).reason === "StartBeforeOver") return "Healthy";
  if (phase === "FAILED" || phase === "CANCELLED") return "Degraded";
  return must(stalled).status === "True" ? "Degraded" : "Progressing";
}

const FLUX = { Healthy: "Current", Progressing: "InProgress", Degraded: "Failed" } as const;

describe("health in GitOps tools", () => {
  const expressions = readHealthChecks(root);
  let lived: ReadonlyMap<string, Judged>;

  before(async () => {
    lived = await livedObjects();
  });

  for (const kind of KINDS) {
    const script = healthScript(root, kind);
    for (const { path, object, wanted } of healthTests(root, kind)) {
      it(`of a ${kind} as in ${path} is ${wanted.status}`, async () => {
        expect(await healthOf(script, object)).to.deep.equal(wanted);
        expect(fluxStatusOf(object, expressions)).to.equal(FLUX[wanted.status]);
      });

      it(`is asked of a real ${kind}: ${path}`, () => {
        expect(validate(object as UncheckedObject)).to.deep.equal([]);
        expect(validateStatus(kind, must(object.status))).to.deep.equal([]);
        if (object.status?.conditions === undefined) return;
        // Of one that is behind: as it was before its spec was changed.
        const { observedGeneration: generation = 0 } = object.status;
        const seen = shapeOf({ ...object, metadata: { ...object.metadata, generation } });
        expect([...lived.keys()]).to.include(seen);
      });
    }
  }

  it("is what the phase says, wherever a life comes by", async () => {
    const phases = new Set(
      [...lived.values()].map(({ kind, status }) => `${kind} ${status?.phase}`),
    );
    expect(phases).to.have.lengthOf(3 + 7 + 7);
    for (const [shape, object] of lived) {
      const script = healthScript(root, object.kind as (typeof KINDS)[number]);
      const wanted = wantedOf(object);
      expect((await healthOf(script, object)).status, shape).to.equal(wanted);
      expect(fluxStatusOf(object, expressions), shape).to.equal(FLUX[wanted]);
    }
  });

  it("is of no object whose spec was changed and not looked at since", async () => {
    for (const [shape, object] of lived) {
      const script = healthScript(root, object.kind as (typeof KINDS)[number]);
      const { metadata } = object;
      const changed = {
        ...object,
        metadata: { ...metadata, generation: must(metadata.generation) + 1 },
      };
      expect((await healthOf(script, changed)).status, shape).to.equal("Progressing");
      expect(fluxStatusOf(changed, expressions), shape).to.equal("InProgress");
    }
  });
});
