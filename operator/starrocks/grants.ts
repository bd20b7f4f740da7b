// Which GRANT a refused statement asks for (§7). The FE's text names the privilege and mostly the object; 2.5
// speaks the old model (ADMIN, NODE, LOAD). A missing right is no bug of StarRocks or ours: the sentence made
// here is what a person pastes.

const DENIED =
  /you need \(at least one of\) the (.+?) privilege\(s\)(?: on (.+?))? for this operation/i;
const DENIED_DATABASE = /Access denied for user '.*?' to database '(.+?)'/i;
const OBJECT = /^(TABLE|VIEW|MATERIALIZED VIEW|DATABASE|CATALOG|FUNCTION)S? (.+)$/i;

/** `NODE` cannot be granted; it comes with a role (DefaultAuthorizationProvider, 3.1+). */
const BY_ROLE = "NODE";
const OLD_MODEL: Readonly<Record<string, string>> = {
  ADMIN: "ADMIN_PRIV",
  LOAD: "LOAD_PRIV",
  LOAD_PRIV: "LOAD_PRIV",
  ADMIN_PRIV: "ADMIN_PRIV",
};

/** The statements that give `user` what the refusal says is missing. */
export function grantFor(refusal: string, user: string): string {
  const who = `'${user.replaceAll("'", "\\'")}'@'%'`;
  const database = DENIED_DATABASE.exec(refusal)?.[1];
  if (database !== undefined) return oldGrant("LOAD_PRIV", database, who);
  const denied = DENIED.exec(refusal);
  if (denied === null) return `GRANT what it names to ${who}`;
  const [, names = "", object = ""] = denied;
  const privileges = names.split(/\s+OR\s+|\s*[,/]\s*/i).map((n) => n.trim().toUpperCase());
  return grantOf(privileges, object, who);
}

/** 2.5: the checker swallows its own text, and the right on the database is what is missing (§2.8). */
export function oldBackupGrant(user: string): string {
  return `GRANT LOAD_PRIV ON <database>.* TO '${user.replaceAll("'", "\\'")}'@'%'`;
}

function grantOf(privileges: readonly string[], object: string, who: string): string {
  const old = privileges.map((p) => OLD_MODEL[p]).find((p) => p !== undefined);
  if (old !== undefined) return oldGrant(old, databaseOf(object), who);
  // Of several that would do, the narrowest that can be granted.
  const wanted = privileges.find((p) => p !== BY_ROLE) ?? BY_ROLE;
  if (wanted === BY_ROLE) {
    return `GRANT cluster_admin TO USER ${who}; SET DEFAULT ROLE ALL TO ${who} (2.5: GRANT NODE_PRIV ON *.* TO ${who})`;
  }
  return `GRANT ${wanted} ON ${scopeOf(wanted, object)} TO USER ${who}`;
}

function oldGrant(privilege: string, database: string | undefined, who: string): string {
  const scope = database === undefined ? "*" : quoted(database);
  return `GRANT ${privilege} ON ${scope}.* TO ${who}`;
}

function databaseOf(object: string): string | undefined {
  const [, kind, name] = OBJECT.exec(object) ?? [];
  return kind?.toUpperCase() === "DATABASE" ? name : undefined;
}

/** Where the text names no object, the scope that the statements of §7.2 grant. */
const WIDEST: Readonly<Record<string, string>> = {
  EXPORT: "ALL TABLES IN ALL DATABASES",
  SELECT: "ALL TABLES IN ALL DATABASES",
  INSERT: "ALL TABLES IN ALL DATABASES",
  "CREATE TABLE": "ALL DATABASES",
  "CREATE DATABASE": "CATALOG default_catalog",
};

function scopeOf(privilege: string, object: string): string {
  const [, kind = "", name = ""] = OBJECT.exec(object) ?? [];
  if (name === "") return WIDEST[privilege] ?? "SYSTEM";
  return `${kind.toUpperCase()} ${name.split(".").map(quoted).join(".")}`;
}

function quoted(name: string): string {
  const plain = name.replaceAll("`", "");
  return /^[A-Za-z_]\w*$/.test(plain) ? plain : `\`${plain}\``;
}
