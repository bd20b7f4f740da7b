// An FE that a test scripts: the stand-in's MySQL port with answers of the test's own.
import { doubleSha1, MysqlServer } from "../../../e2e/starrocks/mysql-server.ts";
import type { Result } from "../../../e2e/starrocks/sql/result.ts";

/** Every user's. */
export const PASSWORD = "pass-of-the-user";

/** `hang`: no answer; `break`: the connections break off; undefined: what an FE without anything says. */
export type Answer = Result | Error | "hang" | "break" | undefined;

export class ScriptedFrontend {
  readonly asked: string[] = [];
  readonly server: MysqlServer<string>;
  readonly host: string;
  port = 0;
  script: (sql: string) => Answer | Promise<Answer> = () => undefined;
  /** Rows of SHOW FRONTENDS. */
  nodes: () => readonly ScriptedFrontend[] = () => [this];
  leads = true;
  /** As SHOW FRONTENDS tells it. */
  advertised: string;

  constructor(host: string) {
    this.host = host;
    this.advertised = host;
    this.server = new MysqlServer<string>(
      {
        passwordHash: () => doubleSha1(PASSWORD),
        connected: (user) => user,
        query: (user, sql) => this.#answer(user, sql),
      },
      "5.1.0",
    );
  }

  static async start(host: string): Promise<ScriptedFrontend> {
    const frontend = new ScriptedFrontend(host);
    frontend.port = await frontend.server.listen(host, 0);
    return frontend;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  count(part: string): number {
    return this.asked.filter((sql) => sql.includes(part)).length;
  }

  async #answer(user: string, sql: string): Promise<Result> {
    this.asked.push(`${user}: ${sql}`);
    const answer = await this.script(sql);
    if (answer === "hang") return new Promise(() => {});
    if (answer === "break") {
      this.server.breakConnections();
      return "ok";
    }
    if (answer instanceof Error) throw answer;
    if (answer !== undefined) return answer;
    return sql === "SHOW FRONTENDS" ? this.#frontends() : { columns: ["Nothing"], rows: [] };
  }

  #frontends(): Result {
    return {
      columns: ["Name", "IP", "QueryPort", "Role", "Alive"],
      rows: this.nodes().map((n) => [
        `fe_${n.host}`,
        n.advertised,
        String(n.port),
        n.leads ? "LEADER" : "FOLLOWER",
        "true",
      ]),
    };
  }
}
