// What a statement answers: a table or a plain OK.

export type Cell = string | number | null;

export interface ResultTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns that arrive as BIGINT; all others are VARCHAR. */
  readonly numeric?: readonly string[];
}

export type Result = ResultTable | "ok";

/** `LIKE` with `%` and `_`; not case-sensitive, as patterns of SHOW are. */
export function likePattern(pattern: string): RegExp {
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/%/g, ".*").replace(/_/g, ".")}$`, "i");
}
