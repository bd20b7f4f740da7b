// Helm itself, for tests of the chart: it renders and lints, and talks to no cluster here. A test whose Helm is missing is
// skipped by name, and fails instead where all must be there (REQUIRE_KUBERNETES=1, as in CI).
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { missingPrograms, pathOf } from "../../e2e/cluster/programs.ts";
import { describeUnless } from "../../e2e/describe-unless.ts";
import { CHART } from "../generate/chart.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const CHART_FOLDER = join(ROOT, CHART);

const run = promisify(execFile);

/** What Helm prints. Rejects with what it says where it fails. */
export async function helm(...args: readonly string[]): Promise<string> {
  const none = join(tmpdir(), "no-helm-home");
  const { stdout } = await run(pathOf("helm"), [...args], {
    // Nothing of the person who runs it: no cluster, no plug-ins, no repositories.
    env: { HELM_CACHE_HOME: none, HELM_CONFIG_HOME: none, HELM_DATA_HOME: none, KUBECONFIG: none },
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

export interface Release {
  readonly name?: string;
  readonly namespace?: string;
  /** Files below the chart. */
  readonly files?: readonly string[];
  /** As a file would have them. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** The objects of a release, tests among them. */
export async function render(release: Release = {}): Promise<readonly KubernetesObject[]> {
  const { name = "starrocks-backup", namespace = "starrocks-backup" } = release;
  const text = await helm("template", name, CHART_FOLDER, "-n", namespace, ...valueFlags(release));
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(`not YAML: ${document.errors.join()}`);
    return (document.toJS() as KubernetesObject | null) ?? [];
  });
}

export function valueFlags({ files = [], values = {} }: Release): readonly string[] {
  return [
    ...files.flatMap((file) => ["--values", join(CHART_FOLDER, file)]),
    ...Object.entries(values).flatMap(([key, value]) => [
      "--set-json",
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];
}

/** Mocha's `describe` for tests that need Helm. */
export function describeWithHelm(title: string, tests: () => void): void {
  const isMissing = missingPrograms().includes("helm");
  const why = isMissing ? "not installed: npm run kubernetes" : undefined;
  describeUnless(why, "REQUIRE_KUBERNETES", title, tests);
}
