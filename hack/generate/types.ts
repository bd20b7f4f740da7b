// Prints a custom resource's schema as TypeScript. Every object and every enum gets a name: the kind and the
// path to it (`BackupProgressNode`), so that functions can take just that part. A field with a default is
// never optional, because the API server fills it in; the status is, because tests and races have none.
import { assert, must } from "../../operator/assert.ts";
import type { Schema, SchemaType } from "../../operator/api/schema.ts";
import type { CustomResource } from "./crd.ts";

/** A name in the generated file, with its declaration. */
type Declarations = Map<string, string>;

interface Place {
  readonly kind: string;
  /** Fields from `spec` or `status` down; items of a list in the singular. */
  readonly path: readonly string[];
}

const CONDITIONS = "status.conditions";

/** The text of `<kind>.generated.ts`. */
export function printTypes(resource: CustomResource): string {
  const declarations: Declarations = new Map();
  const { kind, schema, path } = resource;
  for (const part of ["spec", "status"]) {
    typeOf(must(schema.properties?.[part], part), { kind, path: [part] }, declarations);
  }
  return [
    `// Made from ${path} by \`npm run generate\`. Do not edit.`,
    `import type { KubernetesObject } from "../runtime/api.ts";`,
    `import type { Condition } from "./conditions.ts";`,
    "",
    ...comment(schema.description, ""),
    `export interface ${kind} extends KubernetesObject {`,
    `  readonly apiVersion: "${resource.group}/${resource.version}";`,
    `  readonly kind: "${kind}";`,
    `  readonly spec: ${kind}Spec;`,
    "  /** Absent until it is written first. */",
    `  readonly status?: ${kind}Status;`,
    "}",
    "",
    ...declarations.values(),
  ].join("\n");
}

function typeOf(schema: Schema, place: Place, declarations: Declarations): string {
  if (schema["x-kubernetes-int-or-string"] === true) return "number | string";
  if (place.path.join(".") === CONDITIONS) return "readonly Condition[]";
  const type = must(schema.type, place.path.join(".")) as SchemaType;
  return TYPES[type](schema, place, declarations);
}

const TYPES: Readonly<Record<SchemaType, typeof typeOf>> = {
  integer: () => "number",
  boolean: () => "boolean",
  string: (schema, ...rest) =>
    schema.enum === undefined ? "string" : declareEnum(schema, ...rest),
  array: (schema, ...rest) => listOf(must(schema.items), ...rest),
  object: objectOf,
};

function listOf(items: Schema, place: Place, declarations: Declarations): string {
  const last = must(place.path.at(-1));
  const item = typeOf(
    items,
    { ...place, path: [...place.path.slice(0, -1), singular(last)] },
    declarations,
  );
  return item.includes(" ") ? `readonly (${item})[]` : `readonly ${item}[]`;
}

function objectOf(schema: Schema, place: Place, declarations: Declarations): string {
  if (schema.additionalProperties) {
    return `Readonly<Record<string, ${typeOf(schema.additionalProperties, place, declarations)}>>`;
  }
  return declare(place, declarations, (name) => [
    ...comment(schema.description, ""),
    `export interface ${name} {`,
    ...Object.entries(schema.properties ?? {}).flatMap(([field, child]) => {
      const type = typeOf(child, { ...place, path: [...place.path, field] }, declarations);
      const optional = schema.required?.includes(field) !== true && child.default === undefined;
      return [
        ...comment(child.description, "  "),
        `  readonly ${field}${optional ? "?" : ""}: ${type};`,
      ];
    }),
    "}",
  ]);
}

function declareEnum(schema: Schema, place: Place, declarations: Declarations): string {
  const members = must(schema.enum)
    .map((member) => JSON.stringify(member))
    .join(" | ");
  return declare(place, declarations, (name) => [`export type ${name} = ${members};`]);
}

/** Spec and status are left out of a name below them, unless it is taken: then the later one says it. */
function declare(
  { kind, path }: Place,
  declarations: Declarations,
  print: (name: string) => readonly string[],
): string {
  const below = path.slice(1).map(capitalized).join("");
  const part = capitalized(must(path[0]));
  const short = `${kind}${below === "" ? part : below}`;
  const name = declarations.has(short) ? `${kind}${part}${below}` : short;
  assert(!declarations.has(name), () => `two types would be called ${name}`);
  // Taken before it is printed, so that it stands above what it is made of.
  declarations.set(name, "");
  declarations.set(name, `${print(name).join("\n")}\n`);
  return name;
}

function singular(word: string): string {
  return word.endsWith("s") ? word.slice(0, -1) : `${word}Item`;
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

const COMMENT_WIDTH = 100;

function comment(text: string | undefined, indent: string): readonly string[] {
  if (text === undefined) return [];
  const short = `${indent}/** ${text} */`;
  if (short.length <= COMMENT_WIDTH) return [short];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && indent.length + 3 + line.length + 1 + word.length > COMMENT_WIDTH) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [`${indent}/**`, ...[...lines, line].map((one) => `${indent} * ${one}`), `${indent} */`];
}
