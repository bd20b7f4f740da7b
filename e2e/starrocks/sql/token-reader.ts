// A cursor over tokens with the small phrases every grammar rule needs. Keywords are matched without
// regard to case; a quoted identifier is never a keyword.
import { SyntaxProblem, tokenize, type Token } from "./lexer.ts";
import type { Properties } from "./statement.ts";

// Words that StarRocks' grammar reserves and that cannot stand for a name without back-quotes
// (StarRocks.g4, nonReserved is the complement). Those a caller is likely to meet.
const RESERVED = new Set(
  `ADD ALL ALTER AND AS ASC BETWEEN BIGINT BITMAP BOTH BY CASE CHAR COLUMN CREATE CROSS CUBE
   CURRENT_USER DATABASE DATABASES DATE DECIMAL DEFAULT DELETE DENSE_RANK DESC DESCRIBE DISTINCT
   DOUBLE DROP ELSE EXCEPT EXISTS EXPLAIN FALSE FLOAT FOR FORCE FROM FULL FUNCTION GRANT GROUP
   GROUPING HAVING IN INDEX INNER INSERT INT INTEGER INTERSECT INTO IS JOIN JSON KEY KEYS LAG LEAD
   LEFT LIKE LIMIT LOAD MATERIALIZED NOT NULL ON OR ORDER OUTER OVER PARTITION PRIMARY PROCEDURE
   RANGE RANK READ RELEASE REPLACE REVOKE RIGHT ROW ROWS SCHEMA SCHEMAS SELECT SET SHOW SMALLINT
   TABLE TEXT THEN TINYINT TO TRUE UNION UNIQUE UPDATE USE USING VALUES VARCHAR WHEN WHERE WITH
   BACKENDS`.split(/\s+/),
);

export class TokenReader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(sql: string) {
    this.#tokens = tokenize(sql);
  }

  peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)];
    if (token === undefined) throw new SyntaxProblem("Unexpected input '<EOF>'", 0);
    return token;
  }

  take(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.#next += 1;
    return token;
  }

  /** A problem at the next token; `wanted` is what the grammar would have taken. */
  unexpected(wanted: string): SyntaxProblem {
    const token = this.peek();
    return new SyntaxProblem(
      `Unexpected input '${token.text}', the most similar input is {${wanted}}`,
      token.at,
    );
  }

  /** Whether the words come next; nothing is taken. */
  sees(...words: readonly string[]): boolean {
    return words.every((word, i) => {
      const token = this.peek(i);
      return token.kind === "word" && token.text.toUpperCase() === word;
    });
  }

  /** Takes the words when they come next. */
  accepts(...words: readonly string[]): boolean {
    if (!this.sees(...words)) return false;
    this.#next += words.length;
    return true;
  }

  require(...words: readonly string[]): void {
    for (const word of words) {
      if (!this.accepts(word)) throw this.unexpected(`'${word}'`);
    }
  }

  /** Takes the first of the words that comes next. */
  oneOf(...words: readonly string[]): string {
    for (const word of words) {
      if (this.accepts(word)) return word;
    }
    throw this.unexpected(words.map((w) => `'${w}'`).join(", "));
  }

  acceptsSymbol(symbol: string): boolean {
    const token = this.peek();
    if (token.kind !== "symbol" || token.text !== symbol) return false;
    this.#next += 1;
    return true;
  }

  requireSymbol(symbol: string): void {
    if (!this.acceptsSymbol(symbol)) throw this.unexpected(`'${symbol}'`);
  }

  identifier(): string {
    const token = this.peek();
    const plain = token.kind === "word" && !RESERVED.has(token.text.toUpperCase());
    if (!plain && token.kind !== "quoted") throw this.unexpected("a legal identifier");
    this.#next += 1;
    return token.text;
  }

  /** `a` or `a.b`. */
  qualifiedName(): { readonly db: string | undefined; readonly name: string } {
    const first = this.identifier();
    if (!this.acceptsSymbol(".")) return { db: undefined, name: first };
    return { db: first, name: this.identifier() };
  }

  string(): string {
    const token = this.peek();
    if (token.kind !== "string") throw this.unexpected("a string");
    this.#next += 1;
    return token.text;
  }

  identifierOrString(): string {
    return this.peek().kind === "string" ? this.string() : this.identifier();
  }

  list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.acceptsSymbol(",")) items.push(item());
    return items;
  }

  /** `PROPERTIES ("k" = "v", …)`: strings on both sides, at least one pair. */
  properties(): Properties {
    const found = new Map<string, string>();
    this.require("PROPERTIES");
    this.requireSymbol("(");
    this.list(() => {
      const key = this.string();
      this.requireSymbol("=");
      found.set(key, this.string());
    });
    this.requireSymbol(")");
    return found;
  }

  optionalProperties(): Properties {
    return this.sees("PROPERTIES") ? this.properties() : new Map<string, string>();
  }

  end(): void {
    while (this.acceptsSymbol(";"));
    if (this.peek().kind !== "end") throw this.unexpected("<EOF>, ';'");
  }
}
