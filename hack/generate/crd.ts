// The custom resources as `crds/*.yaml` has them: read once, walked by every generator. What a file must
// look like beyond Kubernetes' own rules (one version, a description on every field) is crds.test.ts' matter.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Schema } from "../../operator/api/schema.ts";

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly priority?: number;
  readonly description?: string;
}

export interface CustomResource {
  /** `crds/backup.yaml`. */
  readonly path: string;
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly version: string;
  readonly schema: Schema;
  readonly columns: readonly PrinterColumn[];
}

interface CrdFile {
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly shortNames: readonly string[];
    };
    readonly versions: readonly [
      {
        readonly name: string;
        readonly schema: { readonly openAPIV3Schema: Schema };
        readonly additionalPrinterColumns: readonly PrinterColumn[];
      },
    ];
  };
}

/** All of them, by file name. */
export function readCustomResources(root: string): readonly CustomResource[] {
  return readdirSync(join(root, "crds"))
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => readCustomResource(root, `crds/${name}`));
}

function readCustomResource(root: string, path: string): CustomResource {
  const { spec } = parse(readFileSync(join(root, path), "utf8")) as CrdFile;
  const [version] = spec.versions;
  return {
    path,
    group: spec.group,
    ...spec.names,
    version: version.name,
    schema: version.schema.openAPIV3Schema,
    columns: version.additionalPrinterColumns,
  };
}

/** Every field of an object's schema, parents first; `path` as `spec.tables[].name`. */
export function* fieldsOf(
  schema: Schema,
  path = "",
): Generator<{ readonly path: string; readonly schema: Schema; readonly required: boolean }> {
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const childPath = path === "" ? name : `${path}.${name}`;
    yield { path: childPath, schema: child, required: schema.required?.includes(name) ?? false };
    yield* fieldsOf(child, childPath);
  }
  if (schema.items !== undefined) yield* fieldsOf(schema.items, `${path}[]`);
}
