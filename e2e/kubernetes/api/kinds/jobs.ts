// batch/v1 Jobs as the API server sees them: defaults, the generated selector, what is refused. What a Job
// does is in controllers/. Surprise: deleting one without a propagationPolicy orphans its pods (jobStrategy
// DefaultGarbageCollectionPolicy of batch/v1, still so in Kubernetes 1.37); kubectl always says Background.
import { humanDuration } from "../age.ts";
import type { FieldError } from "../field-error.ts";
import { invalid, required, sameValueError, unsupported } from "../field-error.ts";
import { checkLabels } from "../names.ts";
import type { Fields, KubeObject } from "../object.ts";
import { at, fieldsAt, listAt, numberAt, textAt, textsAt, withDefaults } from "../object.ts";
import { builtIn } from "../resource.ts";
import { AGE, NAME } from "./columns.ts";
import { checkPodSpec, podSpecDefaults } from "./pods.ts";

export const jobs = builtIn({
  group: "batch",
  plural: "jobs",
  kind: "Job",
  categories: ["all"],
  hasStatus: true,
  hasGeneration: true,
  propagation: "Orphan",
  selectableFields: ["status.successful"],
  columns: [
    NAME,
    { name: "Status", type: "string", cell: jobStatus },
    { name: "Completions", type: "string", cell: completions },
    { name: "Duration", type: "string", cell: duration },
    AGE,
    { name: "Containers", type: "string", priority: 1, cell: (o) => ofContainers(o, "name") },
    { name: "Images", type: "string", priority: 1, cell: (o) => ofContainers(o, "image") },
  ],
  rules: { defaults: jobDefaults, admit: generateSelector, validate: checkJob },
});

function jobDefaults(job: KubeObject): KubeObject {
  const spec = fieldsAt(job, "spec");
  const one = spec["completions"] === undefined && spec["parallelism"] === undefined;
  const filled = withDefaults(spec, {
    parallelism: 1,
    ...(one ? { completions: 1 } : {}),
    backoffLimit: 6,
    completionMode: "NonIndexed",
    suspend: false,
    manualSelector: false,
    podReplacementPolicy: spec["podFailurePolicy"] === undefined ? "TerminatingOrFailed" : "Failed",
  });
  const template = fieldsAt(spec, "template");
  const withSpec = { ...template, spec: podSpecDefaults(fieldsAt(template, "spec")) };
  const policy = fieldsAt(spec, "podFailurePolicy");
  const failure =
    spec["podFailurePolicy"] === undefined ? {} : { podFailurePolicy: policyDefaults(policy) };
  return { ...job, spec: { ...filled, ...failure, template: withSpec } };
}

function policyDefaults(policy: Fields): Fields {
  const rules = listAt(policy, "rules").map((rule) => {
    const conditions = listAt(rule, "onPodConditions");
    if (conditions.length === 0) return rule;
    const filled = conditions.map((c) => withDefaults(c as Fields, { status: "True" }));
    return { ...(rule as Fields), onPodConditions: filled };
  });
  return { ...policy, rules };
}

/** The labels that tie pods to their Job; the old names without prefix are still set by the real one. */
function generateSelector(job: KubeObject): KubeObject {
  if (at(job, "spec", "manualSelector") === true) return { ...job, status: {} };
  const { uid, name } = job.metadata;
  const labels = {
    ...textsAt(job, "spec", "template", "metadata", "labels"),
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
  const template = fieldsAt(job, "spec", "template");
  const metadata = { ...fieldsAt(template, "metadata"), labels };
  const selector = { matchLabels: { "batch.kubernetes.io/controller-uid": uid } };
  const spec = { ...fieldsAt(job, "spec"), selector, template: { ...template, metadata } };
  return { ...job, spec, status: {} };
}

const COUNTS = [
  "parallelism",
  "completions",
  "backoffLimit",
  "activeDeadlineSeconds",
  "ttlSecondsAfterFinished",
];
const FIXED = ["completions", "selector", "template", "completionMode", "podFailurePolicy"];

function checkJob(job: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = fieldsAt(job, "spec");
  const template = fieldsAt(spec, "template");
  const negative = COUNTS.filter((key) => (numberAt(spec, key) ?? 0) < 0);
  const changed =
    old === undefined
      ? []
      : FIXED.flatMap((key) => sameValueError(`spec.${key}`, spec[key], at(old, "spec", key)));
  return [
    ...negative.map((key) =>
      invalid(`spec.${key}`, spec[key], "must be greater than or equal to 0"),
    ),
    ...checkLabels("spec.template.labels", fieldsAt(template, "metadata", "labels")),
    ...checkRestartPolicy(spec),
    ...checkPodSpec("spec.template.spec", fieldsAt(template, "spec")),
    ...checkFailurePolicy(spec),
    ...changed,
  ];
}

function checkRestartPolicy(spec: Fields): FieldError[] {
  const path = "spec.template.spec.restartPolicy";
  const policy = textAt(spec, "template", "spec", "restartPolicy");
  if (policy === "Always") return [unsupported(path, policy, ["OnFailure", "Never"])];
  if (spec["podFailurePolicy"] === undefined || policy === "Never") return [];
  return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')];
}

function checkFailurePolicy(spec: Fields): FieldError[] {
  if (spec["podFailurePolicy"] === undefined) return [];
  const replacement = spec["podReplacementPolicy"];
  return [
    ...(replacement === "Failed"
      ? []
      : [unsupported("spec.podReplacementPolicy", replacement, ["Failed"])]),
    ...listAt(spec, "podFailurePolicy", "rules").flatMap((rule, i) =>
      checkFailureRule(`spec.podFailurePolicy.rules[${i}]`, rule),
    ),
  ];
}

const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];

function checkFailureRule(path: string, rule: unknown): FieldError[] {
  const action = at(rule, "action");
  const exitCodes = at(rule, "onExitCodes");
  const conditions = listAt(rule, "onPodConditions");
  const errors = ACTIONS.includes(String(action))
    ? []
    : [unsupported(`${path}.action`, action, ACTIONS)];
  if ((exitCodes === undefined) === (conditions.length === 0)) {
    const why = "specifying one of OnExitCodes and OnPodConditions is required";
    return [...errors, invalid(path, rule, why)];
  }
  return exitCodes === undefined ? errors : [...errors, ...checkExitCodes(path, exitCodes)];
}

function checkExitCodes(path: string, exitCodes: unknown): FieldError[] {
  const operator = at(exitCodes, "operator");
  const values = listAt(exitCodes, "values");
  const where = `${path}.onExitCodes`;
  return [
    ...(["In", "NotIn"].includes(String(operator))
      ? []
      : [unsupported(`${where}.operator`, operator, ["In", "NotIn"])]),
    ...(values.length === 0 ? [required(`${where}.values`)] : []),
    ...(operator === "In" && values.includes(0)
      ? [invalid(`${where}.values`, 0, "must not be 0 for the In operator")]
      : []),
  ];
}

export function hasCondition(object: KubeObject, type: string, status = "True"): boolean {
  return listAt(object, "status", "conditions").some(
    (c) => textAt(c, "type") === type && textAt(c, "status") === status,
  );
}

const STATUSES: readonly (readonly [condition: string, shown: string])[] = [
  ["Complete", "Complete"],
  ["Failed", "Failed"],
  ["Suspended", "Suspended"],
  ["FailureTarget", "FailureTarget"],
  ["SuccessCriteriaMet", "SuccessCriteriaMet"],
];

function jobStatus(job: KubeObject): string {
  if (job.metadata.deletionTimestamp !== undefined) return "Terminating";
  return STATUSES.find(([type]) => hasCondition(job, type))?.[1] ?? "Running";
}

function completions(job: KubeObject): string {
  const succeeded = numberAt(job, "status", "succeeded") ?? 0;
  const wanted = numberAt(job, "spec", "completions");
  return wanted === undefined
    ? `${succeeded}/1 of ${String(at(job, "spec", "parallelism"))}`
    : `${succeeded}/${wanted}`;
}

function duration(job: KubeObject, nowMs: number): string {
  const start = textAt(job, "status", "startTime");
  if (start === undefined) return "";
  const failed = listAt(job, "status", "conditions").find((c) => textAt(c, "type") === "Failed");
  const end = textAt(job, "status", "completionTime") ?? textAt(failed, "lastTransitionTime");
  return humanDuration((end === undefined ? nowMs : Date.parse(end)) - Date.parse(start));
}

function ofContainers(job: KubeObject, field: string): string {
  const containers = listAt(job, "spec", "template", "spec", "containers");
  return containers.map((container) => textAt(container, field) ?? "").join(",");
}
