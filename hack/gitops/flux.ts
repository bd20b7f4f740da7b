// How Flux finds the health of an object: by the expressions of a Kustomization where it has some for the kind, else by
// kstatus. Both after the rules that they publish; that they are understood here as they are there is
// judge.servers.test.ts' to say.
import { Environment } from "@marcbachmann/cel-js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { isTrue } from "../../operator/api/conditions.ts";
import { must } from "../../operator/assert.ts";
import type { Judged } from "./lived.ts";

export type FluxStatus = "InProgress" | "Failed" | "Current" | "Terminating";

export interface HealthCheck {
  readonly apiVersion: string;
  readonly kind: string;
  readonly inProgress?: string;
  readonly failed?: string;
  readonly current: string;
}

interface FluxKustomization {
  readonly spec: { readonly healthCheckExprs?: readonly HealthCheck[] };
}

export function readHealthChecks(root: string): readonly HealthCheck[] {
  const text = readFileSync(join(root, "deploy/flux/backups.yaml"), "utf8");
  const [kustomization] = parseAllDocuments(text).map((d) => d.toJS() as FluxKustomization);
  return must(kustomization?.spec.healthCheckExprs);
}

export function fluxStatusOf(object: Judged, checks: readonly HealthCheck[]): FluxStatus {
  const check = checks.find(
    ({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind,
  );
  return check === undefined ? kstatusOf(object) : evaluated(object, check);
}

/** Flux' RFC 9: the generation first, then the expressions in this order. */
function evaluated(object: Judged, { inProgress, failed, current }: HealthCheck): FluxStatus {
  if (isBehind(object)) return "InProgress";
  const holds = (expression: string | undefined): boolean =>
    expression !== undefined && environment.evaluate(expression, { ...object }) === true;
  if (holds(inProgress)) return "InProgress";
  if (holds(failed)) return "Failed";
  return holds(current) ? "Current" : "InProgress";
}

const environment = new Environment({ unlistedVariablesAreDyn: true });

/** kstatus' rules for kinds that it does not know. */
function kstatusOf(object: Judged): FluxStatus {
  const { conditions } = object.status ?? {};
  if (object.metadata.deletionTimestamp !== undefined) return "Terminating";
  if (isBehind(object) || isTrue(conditions, "Reconciling")) return "InProgress";
  if (isTrue(conditions, "Stalled")) return "Failed";
  const ready = conditions?.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True" ? "Current" : "InProgress";
}

function isBehind({ metadata, status }: Judged): boolean {
  return (
    status?.observedGeneration !== undefined && status.observedGeneration !== metadata.generation
  );
}
