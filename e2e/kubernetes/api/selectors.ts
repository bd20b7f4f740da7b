// Label and field selectors, as in ?labelSelector= and ?fieldSelector=. A selector that cannot be read, or
// that names a field the kind does not index, is a client's mistake (400), never "selects everything".
import type { KubeObject } from "./object.ts";
import { at, shown } from "./object.ts";
import { badRequest } from "./status.ts";

export type Selector = (object: KubeObject) => boolean;

type Labels = Readonly<Record<string, string>>;

/** `a=b,c!=d,e in (f,g),!h,i`. */
export function parseLabelSelector(text: string): (labels: Labels) => boolean {
  const requirements = splitRequirements(text).map(parseRequirement);
  return (labels) => requirements.every((holds) => holds(labels));
}

// Commas separate requirements, but also the values within parentheses.
function splitRequirements(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

const SET = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/;
const EQUALITY = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/;
const EXISTENCE = /^(!?)\s*([^\s=!()]+)$/;

function parseRequirement(text: string): (labels: Labels) => boolean {
  const expression = asSet(text) ?? asEquality(text) ?? asExistence(text);
  if (expression === undefined) {
    throw badRequest(`unable to parse requirement: found '${text}', expected: '=', 'in' or a key`);
  }
  return (labels) => matchesExpression(expression, labels);
}

function asSet(text: string): Expression | undefined {
  const [match, key = "", operator, list = ""] = SET.exec(text) ?? [];
  if (match === undefined) return undefined;
  const values = list.split(",").map((value) => value.trim());
  return { key, operator: operator === "in" ? "In" : "NotIn", values };
}

function asEquality(text: string): Expression | undefined {
  const [match, key = "", operator, value = ""] = EQUALITY.exec(text) ?? [];
  if (match === undefined) return undefined;
  return { key, operator: operator === "!=" ? "NotIn" : "In", values: [value] };
}

function asExistence(text: string): Expression | undefined {
  const [match, not, key = ""] = EXISTENCE.exec(text) ?? [];
  if (match === undefined) return undefined;
  return { key, operator: not === "" ? "Exists" : "DoesNotExist" };
}

/** metav1.LabelSelector: `matchLabels` and `matchExpressions`. */
export function matchesLabels(selector: unknown, labels: Labels): boolean {
  const wanted = at(selector, "matchLabels") ?? {};
  const expressions = (at(selector, "matchExpressions") ?? []) as readonly Expression[];
  return (
    Object.entries(wanted).every(([key, value]) => labels[key] === value) &&
    expressions.every((expression) => matchesExpression(expression, labels))
  );
}

export interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** The operators of label selectors and of node selectors; an unknown one matches nothing. */
export function matchesExpression({ key, operator, values = [] }: Expression, on: Labels): boolean {
  return OPERATORS[operator]?.(on[key], values) ?? false;
}

type Operator = (value: string | undefined, values: readonly string[]) => boolean;

const OPERATORS: Readonly<Record<string, Operator>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
  Gt: (value, [bound]) => value !== undefined && Number(value) > Number(bound),
  Lt: (value, [bound]) => value !== undefined && Number(value) < Number(bound),
};

/** `metadata.name=x,status.phase!=Running`; only over fields the kind is indexed by. */
export function parseFieldSelector(text: string, selectable: readonly string[]): Selector {
  const terms = text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => parseTerm(part, selectable));
  return (object) => terms.every((holds) => holds(object));
}

function parseTerm(text: string, selectable: readonly string[]): Selector {
  const match = /^([^=!]+?)(==|=|!=)(.*)$/.exec(text);
  if (match === null) throw badRequest(`invalid field selector: ${text}`);
  const [, path = "", operator, value] = match;
  if (!selectable.includes(path)) throw badRequest(`field label not supported: ${path}`);
  const steps = path.split(".");
  return (object) => {
    return (shown(at(object, ...steps)) === value) === (operator !== "!=");
  };
}
