// Checks a custom resource as the API server does at admission: schema by ajv, then the CEL rules. The
// operator asks again because objects may be older than the rules, or the CRD other than the operator. The
// status is not asked: it is our own.
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { must } from "../assert.ts";
import type { KubernetesObject } from "../runtime/api.ts";
import { brokenRules } from "./cel.ts";
import type { Problem, Schema } from "./schema.ts";
import { type SchemaKind, SCHEMAS } from "./schemas.generated.ts";

/** A custom resource as it comes: nothing is known of its spec yet. */
export type UncheckedObject = KubernetesObject & { readonly kind: SchemaKind };

/**
 * What is wrong with the object, or with changing `before` into it: empty when all is well. Never throws, changes
 * neither. Rules are looked at only when everything has the right type.
 */
export function validate(object: UncheckedObject, before?: UncheckedObject): readonly Problem[] {
  const value = withoutStatus(object);
  const validator = validatorOf(object.kind);
  if (!validator(value)) return must(validator.errors).map(problemOf);
  return brokenRules(SCHEMAS[object.kind], {
    path: "",
    value,
    before: before === undefined ? undefined : withoutStatus(withDefaults(before)),
  });
}

/** What is wrong with a status, for tests of those who write one. */
export function validateStatus(kind: SchemaKind, status: object): readonly Problem[] {
  const validator = validatorOf(`${kind}Status`);
  return validator(structuredClone(status)) ? [] : must(validator.errors).map(problemOf);
}

/** A copy with the spec's defaults filled in, as the API server stores it. What does not fit stays as it is. */
export function withDefaults<T extends UncheckedObject>(object: T): T {
  const copy = structuredClone(object);
  validatorOf(object.kind)(copy);
  return copy;
}

type ValidatorName = SchemaKind | `${SchemaKind}Status`;

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

const ajv = new Ajv({
  allErrors: true,
  useDefaults: true,
  allowUnionTypes: true,
  formats: {
    int32: { type: "number", validate: (n: number) => Math.abs(n) <= 2 ** 31 },
    int64: { type: "number", validate: Number.isSafeInteger },
    "date-time": (text) => DATE_TIME.test(text) && !Number.isNaN(Date.parse(text)),
  },
});
ajv.addVocabulary(["x-kubernetes-validations"]);
ajv.addKeyword({
  keyword: "x-kubernetes-list-map-keys",
  type: "array",
  error: { message: "names the same one twice" },
  validate: (keys: readonly string[], items: readonly (Record<string, unknown> | null)[]) =>
    allDiffer(items.map((item) => JSON.stringify(keys.map((key) => item?.[key])))),
});
ajv.addKeyword({
  keyword: "x-kubernetes-list-type",
  type: "array",
  error: { message: "names the same one twice" },
  validate: (type: string, items: readonly unknown[]) =>
    type !== "set" || allDiffer(items.map((item) => JSON.stringify(item))),
});

function allDiffer(items: readonly string[]): boolean {
  return new Set(items).size === items.length;
}

const validators = new Map<ValidatorName, ValidateFunction>();

function validatorOf(name: ValidatorName): ValidateFunction {
  const validator = validators.get(name) ?? ajv.compile(schemaOf(name));
  validators.set(name, validator);
  return validator;
}

function schemaOf(name: ValidatorName): Schema {
  if (name in SCHEMAS) return SCHEMAS[name as SchemaKind];
  const kind = name.slice(0, -"Status".length) as SchemaKind;
  const { default: _, ...status } = must(SCHEMAS[kind].properties?.["status"]);
  return status;
}

function withoutStatus(object: UncheckedObject): UncheckedObject {
  const { status: _, ...rest } = structuredClone(object) as UncheckedObject & { status?: unknown };
  return rest;
}

interface Params {
  readonly additionalProperty?: string;
  readonly missingProperty?: string;
  readonly allowedValues?: readonly unknown[];
}

function problemOf({ instancePath, keyword, params, message }: ErrorObject): Problem {
  const path = pathOf(instancePath);
  const { additionalProperty, missingProperty, allowedValues } = params as Params;
  switch (keyword) {
    case "additionalProperties":
      return {
        path: under(path, additionalProperty),
        message: "is no field here: take it out, or look at its spelling",
      };
    case "required":
      return { path: under(path, missingProperty), message: "is needed" };
    case "enum":
      return { path, message: `must be one of ${must(allowedValues).join(", ")}` };
    case "pattern":
      return { path, message: `${must(message)}: kubectl explain says what to write there` };
    default:
      return { path, message: message ?? "is wrong" };
  }
}

function under(path: string, field = ""): string {
  return path === "" ? field : `${path}.${field}`;
}

/** `/spec/tables/1/name` → `spec.tables[1].name`. */
function pathOf(pointer: string): string {
  return pointer
    .slice(1)
    .replace(/\/(\d+)(?=\/|$)/g, "[$1]")
    .replaceAll("/", ".")
    .replaceAll("~1", "/")
    .replaceAll("~0", "~");
}
