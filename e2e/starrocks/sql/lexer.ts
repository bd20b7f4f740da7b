// Splits a statement into tokens by StarRocks' lexical rules (StarRocksLex.g4): back-quoted
// identifiers with a doubled back-quote inside, strings in either quote with backslash escapes or the
// doubled quote. Plain words start with a letter or `_`; anything else must be back-quoted.

export type TokenKind = "word" | "quoted" | "string" | "number" | "symbol" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The value: unquoted and unescaped for `quoted` and `string`. */
  readonly text: string;
  /** Where it starts in the statement. */
  readonly at: number;
}

/** What the grammar refuses; `column` counts from 0 as ANTLR does. */
export class SyntaxProblem extends Error {
  override readonly name = "SyntaxProblem" as const;
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const SPACE = /\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\//y;
const WORD = /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff$]*/y;
const NUMBER = /\d+(?:\.\d+)?(?![A-Za-z_])/y;
const SYMBOL = /!=|<>|<=|>=|@@|[(),.;=*@<>+\-/]/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0", b: "\b" };

export function tokenize(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const space = matchAt(SPACE, sql, at);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const [token, next] = readToken(sql, at);
    tokens.push(token);
    at = next;
  }
  tokens.push({ kind: "end", text: "<EOF>", at: sql.length });
  return tokens;
}

function readToken(sql: string, at: number): [Token, number] {
  const first = sql[at] ?? "";
  if (first === "`") return readQuoted(sql, at);
  if (first === "'" || first === '"') return readString(sql, at, first);
  for (const [kind, pattern] of [
    ["word", WORD],
    ["number", NUMBER],
    ["symbol", SYMBOL],
  ] as const) {
    const text = matchAt(pattern, sql, at);
    if (text !== undefined) return [{ kind, text, at }, at + text.length];
  }
  throw new SyntaxProblem(`Unexpected input '${first}'`, at);
}

function readQuoted(sql: string, at: number): [Token, number] {
  let text = "";
  for (let i = at + 1; i < sql.length; i += 1) {
    if (sql[i] !== "`") {
      text += sql[i];
    } else if (sql[i + 1] === "`") {
      text += "`";
      i += 1;
    } else {
      return [{ kind: "quoted", text, at }, i + 1];
    }
  }
  throw new SyntaxProblem("Unexpected input '`'", at);
}

function readString(sql: string, at: number, quote: string): [Token, number] {
  let text = "";
  for (let i = at + 1; i < sql.length; i += 1) {
    const c = sql[i] ?? "";
    if (c === "\\" && i + 1 < sql.length) {
      const escaped = sql[i + 1] ?? "";
      text += ESCAPES[escaped] ?? escaped;
      i += 1;
    } else if (c !== quote) {
      text += c;
    } else if (sql[i + 1] === quote) {
      text += quote;
      i += 1;
    } else {
      return [{ kind: "string", text, at }, i + 1];
    }
  }
  throw new SyntaxProblem(`Unexpected input '${quote}'`, at);
}

function matchAt(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}
