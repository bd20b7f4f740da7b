// From the text of one statement to its plain data. Only the grammar the job needs; anything else is
// a syntax error, as loud as StarRocks' own (`Getting syntax error at line …`).
import type { SqlProfile } from "../profile.ts";
import { SyntaxProblem } from "./lexer.ts";
import {
  parseBackup,
  parseCancel,
  parseRestore,
  parseShowJobs,
  parseShowSnapshot,
} from "./parse-backup.ts";
import { parseSelect } from "./parse-select.ts";
import type { BrokerAddress, Statement } from "./statement.ts";
import { TokenReader } from "./token-reader.ts";

type Rule = (reader: TokenReader, sql: SqlProfile) => Statement;

const RULES: Readonly<Record<string, Rule>> = {
  ALTER: parseAlter,
  CREATE: parseCreate,
  DROP: parseDrop,
  BACKUP: parseBackup,
  RESTORE: parseRestore,
  CANCEL: parseCancel,
  SHOW: parseShow,
  ADMIN: parseAdmin,
  SELECT: parseSelect,
  SET: parseSet,
  USE: (reader) => ({ kind: "use", db: reader.identifier() }),
};

/** Reads one statement. Throws {@link SyntaxProblem} or `WhereProblem`. */
export function parse(text: string, sql: SqlProfile): Statement {
  const reader = new TokenReader(text);
  for (const [word, rule] of Object.entries(RULES)) {
    if (!reader.accepts(word)) continue;
    const statement = rule(reader, sql);
    reader.end();
    return statement;
  }
  throw reader.unexpected(
    Object.keys(RULES)
      .map((w) => `'${w}'`)
      .join(", "),
  );
}

/** The message StarRocks sends for a problem of the grammar. */
export function syntaxErrorText(text: string, problem: SyntaxProblem): string {
  const before = text.slice(0, problem.at);
  const line = before.split("\n").length;
  const column = problem.at - (before.lastIndexOf("\n") + 1);
  return `Getting syntax error at line ${line}, column ${column}. Detail message: ${problem.message}.`;
}

function parseAlter(reader: TokenReader, sql: SqlProfile): Statement {
  if (reader.accepts("TABLE")) return parseSwap(reader);
  if (reader.accepts("MATERIALIZED", "VIEW")) {
    const { db, name } = reader.qualifiedName();
    return { kind: "alterView", db, name, active: reader.oneOf("ACTIVE", "INACTIVE") === "ACTIVE" };
  }
  reader.require("SYSTEM");
  if (reader.accepts("CREATE", "IMAGE")) return { kind: "createImage" };
  if (reader.accepts("DROP", "ALL", "BROKER")) {
    return { kind: "dropAllBroker", name: reader.identifierOrString() };
  }
  const verb = reader.oneOf("ADD", "DROP");
  reader.require("BROKER");
  const name = reader.identifierOrString();
  const addresses = reader.list(() => parseAddress(reader, sql));
  return { kind: verb === "ADD" ? "addBroker" : "dropBroker", name, addresses };
}

function parseAddress(reader: TokenReader, sql: SqlProfile): BrokerAddress {
  const at = reader.peek().at;
  const text = reader.string().trim();
  const ipv6 = /^\[(.+)\]:(\d+)$/.exec(text);
  const plain = /^([^:]+):(\d+)$/.exec(text);
  const found = ipv6 !== null && sql.ipv6Brokers ? ipv6 : plain;
  const [, host = "", portText = ""] = found ?? [];
  const port = Number(portText);
  if (found === null || port < 1 || port > 65535) {
    throw new SyntaxProblem(`Invalid host port: ${text}`, at);
  }
  return { host: host.trim(), port };
}

function parseSwap(reader: TokenReader): Statement {
  const { db, name } = reader.qualifiedName();
  reader.require("SWAP", "WITH");
  return { kind: "swap", db, name, other: reader.identifier() };
}

function parseCreate(reader: TokenReader, sql: SqlProfile): Statement {
  if (reader.accepts("DATABASE")) {
    const ifNotExists = reader.accepts("IF", "NOT", "EXISTS");
    return { kind: "createDatabase", name: reader.identifier(), ifNotExists };
  }
  const readOnly = reader.accepts("READ", "ONLY");
  reader.require("REPOSITORY");
  const name = reader.identifier();
  reader.require("WITH", "BROKER");
  let broker: string | undefined;
  if (!reader.sees("ON")) {
    broker = sql.brokerNameMayBeQuoted ? reader.identifierOrString() : reader.identifier();
  }
  reader.require("ON", "LOCATION");
  const location = reader.string();
  const properties = sql.propertiesRequired ? reader.properties() : reader.optionalProperties();
  return { kind: "createRepository", name, readOnly, broker, location, properties };
}

function parseDrop(reader: TokenReader, sql: SqlProfile): Statement {
  if (sql.dropSnapshot && reader.accepts("SNAPSHOT")) return parseDropSnapshot(reader);
  const what = reader.oneOf("REPOSITORY", "TABLE", "DATABASE");
  if (what === "REPOSITORY") return { kind: "dropRepository", name: reader.identifier() };
  const ifExists = reader.accepts("IF", "EXISTS");
  const { db, name } = reader.qualifiedName();
  reader.accepts("FORCE");
  if (what === "DATABASE") return { kind: "dropDatabase", name, ifExists };
  return { kind: "dropTable", db, name, ifExists };
}

function parseDropSnapshot(reader: TokenReader): Statement {
  const label = reader.identifier();
  reader.require("ON");
  const repository = reader.identifier();
  reader.accepts("FORCE");
  return { kind: "dropSnapshot", label, repository };
}

function parseShow(reader: TokenReader, sql: SqlProfile): Statement {
  if (reader.accepts("BACKUP")) return parseShowJobs(reader, "BACKUP");
  if (reader.accepts("RESTORE")) return parseShowJobs(reader, "RESTORE");
  if (reader.accepts("SNAPSHOT")) return parseShowSnapshot(reader, sql);
  if (reader.accepts("PROC")) return { kind: "showProc", path: reader.string() };
  if (reader.accepts("DATABASES")) return { kind: "showDatabases", pattern: optionalLike(reader) };
  if (reader.accepts("TABLES")) return parseShowTables(reader);
  if (reader.accepts("VARIABLES")) {
    optionalLike(reader);
    return { kind: "showVariables" };
  }
  if (reader.accepts("COMPUTE", "NODES")) return { kind: "show", what: "COMPUTE NODES" };
  const what = reader.oneOf("REPOSITORIES", "BROKER", "BACKENDS", "FRONTENDS");
  return { kind: "show", what } as Statement;
}

function parseShowTables(reader: TokenReader): Statement {
  const db = reader.accepts("FROM") || reader.accepts("IN") ? reader.identifier() : undefined;
  return { kind: "showTables", db, pattern: optionalLike(reader) };
}

function optionalLike(reader: TokenReader): string | undefined {
  return reader.accepts("LIKE") ? reader.string() : undefined;
}

function parseAdmin(reader: TokenReader): Statement {
  if (reader.accepts("SHOW", "FRONTEND", "CONFIG")) {
    return { kind: "showConfig", pattern: optionalLike(reader) };
  }
  reader.require("SET", "FRONTEND", "CONFIG");
  reader.requireSymbol("(");
  const properties = new Map<string, string>();
  reader.list(() => {
    const key = reader.string();
    reader.requireSymbol("=");
    properties.set(key, reader.string());
  });
  reader.requireSymbol(")");
  return { kind: "setConfig", properties };
}

function parseSet(reader: TokenReader): Statement {
  if (reader.sees("ROLE") || reader.sees("DEFAULT", "ROLE")) {
    while (reader.peek().kind !== "end" && reader.peek().text !== ";") reader.take();
    return { kind: "setRole" };
  }
  if (reader.accepts("NAMES")) return { kind: "set", variable: "names", value: reader.take().text };
  if (reader.accepts("CATALOG")) {
    return { kind: "set", variable: "catalog", value: reader.identifier() };
  }
  if (!reader.acceptsSymbol("@@") && !reader.accepts("SESSION")) reader.accepts("GLOBAL");
  const variable = reader.qualifiedName().name.toLowerCase();
  reader.requireSymbol("=");
  return { kind: "set", variable, value: reader.take().text };
}
