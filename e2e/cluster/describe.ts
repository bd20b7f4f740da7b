// Mocha's `describe` for tests that need a real Kubernetes. Where they cannot run one pending test says why and what to do
// about it; with REQUIRE_KUBERNETES=1 it fails instead.
import { describeUnless } from "../describe-unless.ts";
import {
  areMonitoringCrdsThere,
  missingPackages,
  missingPrograms,
  MONITORING_CRDS,
} from "./programs.ts";
import { isInside } from "./run.ts";

/** Needs a control plane alone: no root, no nodes ({@link startControlPlane}). */
export function describeOnControlPlane(title: string, tests: () => void): void {
  describeUnless(whyNoControlPlane(), "REQUIRE_KUBERNETES", title, tests);
}

/** Needs the Prometheus operator's CRDs as well. */
export function describeWithMonitoring(title: string, tests: () => void): void {
  describeUnless(whyNoControlPlane() ?? whyNoMonitoring(), "REQUIRE_KUBERNETES", title, tests);
}

/** Needs nodes ({@link sharedCluster}), hence root: runs within `npm run e2e`. */
export function describeOnCluster(title: string, tests: () => void): void {
  describeUnless(whyNoControlPlane() ?? whyNoNodes(), "REQUIRE_KUBERNETES", title, tests);
}

function whyNoControlPlane(): string | undefined {
  return whyNot(missingPrograms());
}

function whyNoMonitoring(): string | undefined {
  return whyNot(areMonitoringCrdsThere() ? [] : [MONITORING_CRDS]);
}

function whyNot(missing: readonly string[]): string | undefined {
  if (missing.length === 0) return undefined;
  return `not installed: npm run kubernetes (it lacks ${missing.join(", ")})`;
}

function whyNoNodes(): string | undefined {
  const missing = missingPackages();
  if (missing.length > 0) return `not installed: apt-get install ${missing.join(" ")}`;
  return isInside() ? undefined : "needs nodes: npm run e2e, as root";
}
