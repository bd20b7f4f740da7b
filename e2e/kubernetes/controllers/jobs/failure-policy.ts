// podFailurePolicy: what the end of one pod means for its Job. Pure. Rules are tried in order, the first that
// matches decides; none: the failure counts.
import type { KubeObject } from "../../api/object.ts";
import { at, listAt, numberAt, textAt } from "../../api/object.ts";

export type Verdict =
  | { readonly action: "Count" | "Ignore" }
  /** `message` becomes that of the Job's condition. */
  | { readonly action: "FailJob"; readonly message: string };

export function judgePod(job: KubeObject, pod: KubeObject): Verdict {
  const rules = listAt(job, "spec", "podFailurePolicy", "rules");
  for (const [index, rule] of rules.entries()) {
    const message = matchExitCodes(rule, pod, index) ?? matchConditions(rule, pod, index);
    if (message !== undefined) return verdictOf(textAt(rule, "action") ?? "Count", message);
  }
  return { action: "Count" };
}

function verdictOf(action: string, message: string): Verdict {
  if (action === "FailJob") return { action, message };
  return { action: action === "Ignore" ? "Ignore" : "Count" };
}

function matchExitCodes(rule: unknown, pod: KubeObject, index: number): string | undefined {
  const wanted = at(rule, "onExitCodes");
  if (wanted === undefined) return undefined;
  const only = textAt(wanted, "containerName");
  const statuses = [
    ...listAt(pod, "status", "initContainerStatuses"),
    ...listAt(pod, "status", "containerStatuses"),
  ];
  const match = statuses.find((status) => {
    const code = numberAt(status, "state", "terminated", "exitCode") ?? 0;
    const named = only === undefined || textAt(status, "name") === only;
    const listed = listAt(wanted, "values").includes(code);
    // Success never matches, whatever NotIn would say.
    return named && code !== 0 && listed === (textAt(wanted, "operator") === "In");
  });
  if (match === undefined) return undefined;
  const code = String(at(match, "state", "terminated", "exitCode"));
  const what = `failed with exit code ${code} matching ${action(rule)} rule at index ${index}`;
  return `Container ${textAt(match, "name")} for pod ${nameOf(pod)} ${what}`;
}

function matchConditions(rule: unknown, pod: KubeObject, index: number): string | undefined {
  const has = (pattern: unknown): boolean =>
    listAt(pod, "status", "conditions").some(
      (c) =>
        textAt(c, "type") === textAt(pattern, "type") &&
        textAt(c, "status") === (textAt(pattern, "status") ?? "True"),
    );
  const match = listAt(rule, "onPodConditions").find(has);
  if (match === undefined) return undefined;
  const type = textAt(match, "type");
  return `Pod ${nameOf(pod)} has condition ${type} matching ${action(rule)} rule at index ${index}`;
}

function action(rule: unknown): string {
  return textAt(rule, "action") ?? "";
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}
