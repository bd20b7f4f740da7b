// metav1.Table: what `kubectl get` asks for, rows and columns made by the server.
import type { Fields, KubeObject } from "./object.ts";
import type { Column, Resource } from "./resource.ts";

/** What of the object each row carries: metadata is what kubectl needs to name it. */
export type IncludeObject = "Metadata" | "Object" | "None";

export interface TableOptions {
  readonly nowMs: number;
  readonly includeObject: IncludeObject;
  /** In a watch only the first table names its columns. */
  readonly withColumns: boolean;
}

export function tableOf(
  resource: Resource,
  objects: readonly KubeObject[],
  metadata: Fields,
  options: TableOptions,
): Fields {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: options.withColumns ? resource.columns.map(columnDefinition) : [],
    rows: objects.map((object) => ({
      cells: resource.columns.map((column) => column.cell(object, options.nowMs)),
      object: included(object, options.includeObject),
    })),
  };
}

function columnDefinition(column: Column): Fields {
  const { name, type, format = "", description = "", priority = 0 } = column;
  // The server sends dates as text already; the type says how they were meant.
  return { name, type, format, description, priority };
}

function included(object: KubeObject, include: IncludeObject): Fields | null {
  if (include === "Object") return object;
  if (include === "None") return null;
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}
