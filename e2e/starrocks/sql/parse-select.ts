// SELECTs as the operator needs them: over one information_schema view with simple conditions, and
// over functions and session variables without a table.
import type { Condition, Literal, SelectItem, Statement } from "./statement.ts";
import type { TokenReader } from "./token-reader.ts";

const AGGREGATES = ["COUNT", "SUM", "MAX", "MIN"] as const;

interface Item {
  readonly expression: string;
  readonly item: SelectItem;
}

export function parseSelect(reader: TokenReader): Statement {
  const items = reader.list(() => parseItem(reader));
  if (!reader.accepts("FROM")) {
    return {
      kind: "selectValues",
      values: items.map(({ expression, item }) => ({ expression, as: item.as })),
    };
  }
  const { db, name } = reader.qualifiedName();
  if (db?.toLowerCase() !== "information_schema") throw reader.unexpected("information_schema");
  const where = reader.accepts("WHERE") ? parseWhere(reader) : [];
  const groupBy = reader.accepts("GROUP", "BY") ? reader.list(() => columnName(reader)) : [];
  const orderBy = reader.accepts("ORDER", "BY") ? reader.list(() => parseOrder(reader)) : [];
  const limit = reader.accepts("LIMIT") ? Number(parseLiteral(reader)) : undefined;
  return {
    kind: "select",
    items: items.map((i) => i.item),
    view: name.toLowerCase(),
    where,
    groupBy,
    orderBy,
    limit,
  };
}

function parseItem(reader: TokenReader): Item {
  const { expression, column, aggregate } = parseExpression(reader);
  let as = expression;
  if (reader.accepts("AS")) as = reader.identifierOrString();
  else if (reader.peek().kind === "quoted") as = reader.identifier();
  return { expression, item: { column, aggregate, as } };
}

interface Expression {
  readonly expression: string;
  readonly column: string;
  readonly aggregate: SelectItem["aggregate"];
}

function parseExpression(reader: TokenReader): Expression {
  if (reader.acceptsSymbol("*")) return { expression: "*", column: "*", aggregate: undefined };
  if (reader.acceptsSymbol("@@")) {
    const name = reader.qualifiedName();
    const expression = `@@${name.db === undefined ? "" : `${name.db}.`}${name.name}`;
    return { expression, column: expression, aggregate: undefined };
  }
  const token = reader.peek();
  if (token.kind === "number" || token.kind === "string") {
    reader.take();
    return { expression: token.text, column: token.text, aggregate: undefined };
  }
  return parseNameOrCall(reader);
}

function parseNameOrCall(reader: TokenReader): Expression {
  const name = columnName(reader);
  if (!reader.acceptsSymbol("(")) return { expression: name, column: name, aggregate: undefined };
  let argument = "";
  if (reader.acceptsSymbol("*")) argument = "*";
  else if (reader.peek().text !== ")") argument = columnName(reader);
  reader.requireSymbol(")");
  const aggregate = AGGREGATES.find((a) => a === name.toUpperCase());
  return { expression: `${name.toLowerCase()}(${argument})`, column: argument, aggregate };
}

/** A column, perhaps with its table before it, which is dropped: there is one table only. */
function columnName(reader: TokenReader): string {
  return reader.qualifiedName().name;
}

function parseWhere(reader: TokenReader): readonly Condition[] {
  const conditions = [parseCondition(reader)];
  while (reader.accepts("AND")) conditions.push(parseCondition(reader));
  return conditions;
}

function parseCondition(reader: TokenReader): Condition {
  const column = columnName(reader);
  if (reader.accepts("IN")) {
    reader.requireSymbol("(");
    const values = reader.list(() => parseLiteral(reader));
    reader.requireSymbol(")");
    return { column, op: "IN", values };
  }
  if (reader.accepts("LIKE")) return { column, op: "LIKE", values: [reader.string()] };
  for (const op of ["!=", "<=", ">=", "=", "<", ">"] as const) {
    if (reader.acceptsSymbol(op)) return { column, op, values: [parseLiteral(reader)] };
  }
  if (reader.acceptsSymbol("<>")) return { column, op: "!=", values: [parseLiteral(reader)] };
  throw reader.unexpected("'=', 'IN', 'LIKE'");
}

function parseLiteral(reader: TokenReader): Literal {
  const token = reader.take();
  if (token.kind === "number") return Number(token.text);
  if (token.kind === "string") return token.text;
  throw reader.unexpected("a literal");
}

function parseOrder(reader: TokenReader): { column: string; descending: boolean } {
  const column = columnName(reader);
  if (reader.accepts("DESC")) return { column, descending: true };
  reader.accepts("ASC");
  return { column, descending: false };
}
