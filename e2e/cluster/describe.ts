// Mocha's `describe` for tests that need a real Kubernetes. Where they cannot run one pending test says why and what to do
// about it; with REQUIRE_KUBERNETES=1 it fails instead.
import { missingPackages, missingPrograms } from "./programs.ts";
import { isInside } from "./run.ts";

/** Needs a control plane alone: no root, no nodes ({@link startControlPlane}). */
export function describeOnControlPlane(title: string, tests: () => void): void {
  describeUnless(whyNoControlPlane(), title, tests);
}

/** Needs nodes ({@link sharedCluster}), hence root: runs within `npm run e2e`. */
export function describeOnCluster(title: string, tests: () => void): void {
  describeUnless(whyNoControlPlane() ?? whyNoNodes(), title, tests);
}

function whyNoControlPlane(): string | undefined {
  const missing = missingPrograms();
  if (missing.length === 0) return undefined;
  return `not installed: npm run kubernetes (it lacks ${missing.join(", ")})`;
}

function whyNoNodes(): string | undefined {
  const missing = missingPackages();
  if (missing.length > 0) return `not installed: apt-get install ${missing.join(" ")}`;
  return isInside() ? undefined : "needs nodes: npm run e2e, as root";
}

function describeUnless(why: string | undefined, title: string, tests: () => void): void {
  if (why === undefined) {
    describe(title, tests);
    return;
  }
  describe(`${title}: SKIPPED, ${why}`, () => {
    if (process.env["REQUIRE_KUBERNETES"] !== "1") it("runs");
    else {
      it("runs", () => {
        throw new Error(`REQUIRE_KUBERNETES=1, and it cannot run: ${why}`);
      });
    }
  });
}
