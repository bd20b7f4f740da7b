// Who may do what (§7.1): the new model of 3.0+ and the old one of 2.5. A privilege is written as
// `REPOSITORY`, `EXPORT` (on everything) or `EXPORT ON shop.orders`, `CREATE TABLE ON shop`.
import type { FrontendProfile } from "./profile.ts";
import { AccessDenied, DdlError } from "./sql/errors.ts";

export interface User {
  readonly name: string;
  readonly password: string;
  readonly privileges: "ALL" | readonly string[];
  /** The privileges come by roles that are not active until `SET ROLE ALL`. */
  readonly needsSetRole?: boolean;
}

/** What a user holds that followed docs/starrocks-user.md. */
export const MINIMAL_PRIVILEGES: readonly string[] = [
  "REPOSITORY",
  "OPERATE",
  "NODE",
  "EXPORT",
  "CREATE TABLE",
  "INSERT",
];

export class Grants {
  readonly #user: User;
  readonly #rolesActive: boolean;

  constructor(user: User, rolesActive: boolean) {
    this.#user = user;
    this.#rolesActive = rolesActive;
  }

  /** Whether the user holds it on everything or on this object (`db` or `db.table`). */
  holds(privilege: string, on?: string): boolean {
    const { privileges, needsSetRole } = this.#user;
    if (needsSetRole === true && !this.#rolesActive) return false;
    if (privileges === "ALL" || privileges.includes(privilege)) return true;
    return on !== undefined && privileges.includes(`${privilege} ON ${on}`);
  }

  require(privilege: string, kind: string, on?: string): void {
    if (this.holds(privilege, on)) return;
    throw new AccessDenied(privilege, on === undefined ? kind : `${kind} ${on}`);
  }

  requireAny(privileges: readonly string[], kind: string): void {
    if (privileges.some((p) => this.holds(p))) return;
    throw new AccessDenied(privileges.join(" OR "), kind);
  }

  /** A table shows in information_schema to whoever holds anything on it. */
  sees(table: string): boolean {
    return ["SELECT", "EXPORT", "INSERT", "ALTER", "DROP", "LOAD", "ADMIN"].some((p) =>
      this.holds(p, table),
    );
  }
}

const SYSTEM = "SYSTEM";

/** The checks of one profile, by statement. */
export class PrivilegeChecks {
  readonly #rbac: boolean;

  constructor(profile: FrontendProfile) {
    this.#rbac = profile.rbac;
  }

  alterSystem(grants: Grants): void {
    grants.require("NODE", SYSTEM);
  }

  showNodes(grants: Grants): void {
    grants.requireAny(this.#rbac ? ["OPERATE", "NODE"] : ["ADMIN", "NODE"], SYSTEM);
  }

  configuration(grants: Grants): void {
    grants.require(this.#rbac ? "OPERATE" : "ADMIN", SYSTEM);
  }

  repository(grants: Grants): void {
    grants.require(this.#rbac ? "REPOSITORY" : "ADMIN", SYSTEM);
  }

  backup(grants: Grants, db: string, tables: readonly string[]): void {
    if (!this.#rbac) {
      // The old checker swallows its own error.
      if (!grants.holds("LOAD", db)) throw new DdlError("BackupStatement failed");
      return;
    }
    grants.require("REPOSITORY", SYSTEM);
    for (const table of tables) grants.require("EXPORT", "TABLE", `${db}.${table}`);
  }

  /** False: SHOW BACKUP returns no rows at all, and no error. */
  mayShowBackup(grants: Grants, db: string, tables: readonly string[]): boolean {
    if (!this.#rbac) return grants.holds("LOAD", db);
    return tables.every((t) => grants.holds("EXPORT", `${db}.${t}`));
  }

  jobs(grants: Grants, db: string | undefined): void {
    if (this.#rbac) grants.require("REPOSITORY", SYSTEM);
    else if (db !== undefined) grants.require("LOAD", "DATABASE", db);
  }

  /** `tables` are the existing ones of the original names; aliases are not looked at. */
  restore(grants: Grants, wanted: RestoreRights): void {
    const { db, exists, tables } = wanted;
    if (!this.#rbac) {
      grants.require("LOAD", "DATABASE", db);
      return;
    }
    grants.require("REPOSITORY", SYSTEM);
    if (tables === undefined) {
      grants.require("CREATE DATABASE", "CATALOG default_catalog");
      return;
    }
    if (!exists) return;
    grants.require("CREATE TABLE", "DATABASE", db);
    for (const table of tables) grants.require("INSERT", "TABLE", `${db}.${table}`);
  }

  alterTable(grants: Grants, db: string, table: string): void {
    grants.require("ALTER", "TABLE", `${db}.${table}`);
  }

  dropTable(grants: Grants, db: string, table: string): void {
    grants.require("DROP", "TABLE", `${db}.${table}`);
  }

  createDatabase(grants: Grants): void {
    grants.require("CREATE DATABASE", "CATALOG default_catalog");
  }
}

export interface RestoreRights {
  readonly db: string;
  readonly exists: boolean;
  /** Undefined: the whole database. */
  readonly tables: readonly string[] | undefined;
}
