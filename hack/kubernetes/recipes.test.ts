import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "./lock.ts";
import { hashOf, recipes, versionFlags } from "./recipes.ts";

describe("the programs of the tests' Kubernetes", () => {
  it("are other ones as soon as one character of their sources is another", () => {
    const once = hashOf(["module a", "sum", "package main"]);
    expect(hashOf(["module a", "sum", "package main"])).to.equal(once);
    expect(hashOf(["module a", "sum", "package main "])).not.to.equal(once);
    expect(hashOf(["module a", "sumpackage", " main"])).not.to.equal(once);
  });

  it("say the version of Kubernetes that their go.mod names", () => {
    const flags = versionFlags("require (\n\tk8s.io/kubernetes v1.37.1\n)");
    expect(flags).to.contain("-X k8s.io/component-base/version.gitVersion=v1.37.1 ");
    expect(flags).to.contain("-X k8s.io/client-go/pkg/version.gitMinor=37 ");
    expect(versionFlags("module pause")).to.equal("");
  });

  it("are each for itself in the folder", () => {
    const names = recipes().map(({ name }) => name);
    expect(names).to.deep.equal(["kube", "coredns", "pause", "helm", "monitoring-crds"]);
    const kube = recipes()[0]?.steps("/out")[0]?.command.join(" ");
    expect(kube).to.match(/^nice go -C .*gitVersion=v1\.\d+\.\d+ .* -o \/out\/kube \.$/);
  });
});

describe("the lock around a build", () => {
  it("lets the second wait for the first, and is free after one that failed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lock-"));
    const file = join(folder, "lock");
    const order: string[] = [];
    let finish = () => {};
    const held = new Promise<void>((resolve) => (finish = resolve));
    let begun = () => {};
    const isHeld = new Promise<void>((resolve) => (begun = resolve));
    const first = withLock(
      file,
      () => {},
      async () => {
        begun();
        await held;
        order.push("first");
        throw new Error("it failed");
      },
    );
    await isHeld;
    let told = () => {};
    const isWaiting = new Promise<void>((resolve) => (told = resolve));
    const second = withLock(file, told, async () => void order.push("second"));
    await isWaiting;
    finish();
    const why = await first.catch((error: unknown) => (error as Error).message);
    await second;
    expect([why, ...order]).to.deep.equal(["it failed", "first", "second"]);
    rmSync(folder, { recursive: true });
  });
});
