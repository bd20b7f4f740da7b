// The JSONPath of printer columns and selectable fields: children, quoted children, indices, wildcards and
// equality filters, such as `.status.conditions[?(@.type=="Ready")].reason`. What it cannot read it refuses,
// when the CustomResourceDefinition is created, not when a table is drawn.
import { at, shown } from "./object.ts";

export type JsonPath = (value: unknown) => readonly unknown[];

type Step = (values: readonly unknown[]) => readonly unknown[];

/** Throws an Error that names the place it cannot read. */
export function parseJsonPath(text: string): JsonPath {
  const steps: Step[] = [];
  let rest = text.replace(/^\{(.*)\}$/, "$1");
  while (rest !== "") {
    const [step, length] = nextStep(rest);
    steps.push(step);
    rest = rest.slice(length);
  }
  return (value) => steps.reduce<readonly unknown[]>((values, step) => step(values), [value]);
}

const CHILD = /^\.((?:\\.|[^.[\\])+)/;
const QUOTED = /^\[['"]([^'"]*)['"]\]/;
const INDEX = /^\[(-?\d+)\]/;
const FILTER = /^\[\?\(\s*@((?:\.[\w-]+)+)\s*==\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+))\s*\)\]/;

function nextStep(text: string): [Step, number] {
  const wildcard = /^(?:\[\*\]|\.\*)/.exec(text);
  if (wildcard !== null) return [(values) => values.flatMap(elements), wildcard[0].length];
  const child = CHILD.exec(text) ?? QUOTED.exec(text);
  if (child !== null) {
    const name = (child[1] ?? "").replaceAll(/\\(.)/g, "$1");
    return [(values) => present(values.map((value) => at(value, name))), child[0].length];
  }
  const index = INDEX.exec(text);
  if (index !== null) {
    const position = Number(index[1]);
    return [
      (values) => present(values.map((value) => elements(value).at(position))),
      index[0].length,
    ];
  }
  const filter = FILTER.exec(text);
  if (filter === null) throw new Error(`cannot read JSONPath at "${text}"`);
  return [filterStep(filter), filter[0].length];
}

function filterStep([, path = "", double, single, bare]: RegExpExecArray): Step {
  const steps = path.split(".").slice(1);
  const wanted = double ?? single ?? bare ?? "";
  return (values) =>
    values.flatMap(elements).filter((value) => shown(at(value, ...steps)) === wanted);
}

function elements(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}

function present(values: readonly unknown[]): readonly unknown[] {
  return values.filter((value) => value !== undefined && value !== null);
}
