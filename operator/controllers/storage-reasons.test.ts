// What a storage says is wrong arrives at people: for each reason that an agent's check can end with, the condition, the
// sentence, and whether somebody is waited for or another try.
import { expect } from "chai";
import { EXIT } from "../agent/outcome.ts";
import { findCondition } from "../api/conditions.ts";
import { REPOSITORY } from "../api/kinds.ts";
import type { Repository } from "../api/repository.generated.ts";
import { must } from "../assert.ts";
import { CONFIG_MAPS } from "../runtime/objects.ts";
import { STORAGE_REASONS } from "../storage/errors.ts";
import type { End } from "./testing/kubelet.ts";
import { runOperator, type RunningOperator } from "./testing/operator.ts";
import { repository } from "./testing/samples.ts";
import { World } from "./testing/world.ts";

describe("a Repository whose storage", () => {
  let world: World;
  let operator: RunningOperator;
  /** How the next checks end; undefined: well. */
  let end: End | undefined;

  function begin(made: Repository): void {
    world = new World();
    world.kubelet.scripts.push(() => end);
    operator = runOperator(world);
    world.put(REPOSITORY, made);
  }

  afterEach(async () => {
    end = undefined;
    await operator.stop();
  });

  function condition(
    type: string,
  ): { status: string; reason: string; message: string } | undefined {
    return findCondition(world.get(REPOSITORY, "prod")?.status?.conditions, type);
  }

  async function untilReady(status: string, reason: string): Promise<void> {
    const isSo = (): boolean =>
      condition("Ready")?.status === status && condition("Ready")?.reason === reason;
    await operator.until(isSo, `Ready ${status} ${reason}`);
  }

  for (const reason of STORAGE_REASONS) {
    for (const [exitCode, state, other] of [
      [EXIT.failed, "Reconciling", "Stalled"],
      [EXIT.misconfigured, "Stalled", "Reconciling"],
    ] as const) {
      it(`fails with ${reason} and exit ${exitCode} is ${state}, until it is mended`, async () => {
        const message = `the step "list" failed: ${reason} of the store`;
        end = { exitCode, reason, message };
        begin(repository({}, { meta: { finalizers: [] } }));
        await untilReady("False", reason);
        expect(condition("StorageReady")).to.deep.include({ status: "False", reason, message });
        expect(condition(state)).to.deep.include({ status: "True", reason, message });
        expect(condition(other)?.status).to.equal("False");
        expect(world.get(REPOSITORY, "prod")?.status?.phase).to.equal("NOT_READY");
        end = undefined;
        await untilReady("True", "Ready");
        expect(condition("StorageReady")).to.deep.include({ status: "True", reason: "Probed" });
      });
    }
  }

  it("has a private authority is checked as soon as that is there, and anew when it changes", async () => {
    const caBundle = { configMap: { name: "company-ca", key: "ca.crt" } };
    begin(repository({ connection: { caBundle } }, { meta: { finalizers: [] } }));
    await untilReady("False", "CaBundleMissing");
    expect(condition("Stalled")?.message).to.match(/^ConfigMap company-ca does not exist/);
    const put = (certificate: string): void => {
      const metadata = { name: "company-ca", namespace: "ops" };
      const data = { "ca.crt": certificate };
      world.put(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
    };
    put("one");
    await untilReady("True", "Ready");
    end = { exitCode: EXIT.misconfigured, reason: "CertificateUntrusted", message: "not trusted" };
    put("two");
    await untilReady("False", "CertificateUntrusted");
    const { checkedWith } = must(world.get(REPOSITORY, "prod")?.status);
    end = undefined;
    put("three");
    await untilReady("True", "Ready");
    expect(world.get(REPOSITORY, "prod")?.status?.checkedWith).to.not.equal(checkedWith);
  });
});
