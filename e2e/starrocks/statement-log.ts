// The last statements of all clients, as an FE's audit log has them, with what became of each.

export interface Statement {
  readonly user: string;
  readonly sql: string;
  /** It was carried out, or begun: not refused. */
  readonly isTaken: boolean;
}

const STATEMENTS_MAX = 20_000;

export class StatementLog {
  /** What somebody does before a statement is carried out. */
  before: ((user: string, sql: string) => Promise<void>) | undefined;
  readonly #statements: { -readonly [K in keyof Statement]: Statement[K] }[] = [];

  get list(): readonly Statement[] {
    return this.#statements;
  }

  async run<T>(user: string, sql: string, execute: () => Promise<T>): Promise<T> {
    const statement = { user, sql, isTaken: false };
    this.#statements.push(statement);
    if (this.#statements.length > STATEMENTS_MAX) this.#statements.shift();
    await this.before?.(user, sql);
    const result = await execute();
    statement.isTaken = true;
    return result;
  }
}
