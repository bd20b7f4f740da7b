// What the parser understands, as plain data. Names are as written, unquoted; nothing is looked up.

export type ObjectKind = "table" | "materializedView" | "view" | "function";

export interface ObjectRef {
  readonly kind: ObjectKind;
  readonly db: string | undefined;
  readonly name: string;
  /** Only for tables. */
  readonly partitions: readonly string[];
  /** RESTORE only. */
  readonly alias: string | undefined;
}

/** `ON (…)`; absent: everything. */
export interface ObjectList {
  readonly all: readonly ObjectKind[];
  readonly refs: readonly ObjectRef[];
}

export type Properties = ReadonlyMap<string, string>;

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

export interface BackupStatement {
  readonly kind: "backup";
  readonly db: string | undefined;
  readonly label: string;
  readonly repository: string;
  readonly on: ObjectList | undefined;
  readonly properties: Properties;
}

export interface RestoreStatement {
  readonly kind: "restore";
  readonly db: string | undefined;
  readonly label: string;
  readonly repository: string;
  /** 3.4+: `DATABASE a AS b`. */
  readonly snapshotDb: string | undefined;
  readonly targetDb: string | undefined;
  readonly on: ObjectList | undefined;
  readonly properties: Properties;
}

export interface CreateRepositoryStatement {
  readonly kind: "createRepository";
  readonly name: string;
  readonly readOnly: boolean;
  /** Absent: StarRocks' own client, which the stand-in does not have. */
  readonly broker: string | undefined;
  readonly location: string;
  readonly properties: Properties;
}

export interface ShowSnapshotStatement {
  readonly kind: "showSnapshot";
  readonly repository: string;
  readonly labels: readonly string[];
  /** `SNAPSHOT = '…'`: the one label is looked at directly, without a list of all. */
  readonly exact: boolean;
  readonly timestamp: string | undefined;
}

export type Literal = string | number;
export interface Condition {
  readonly column: string;
  readonly op: "=" | "!=" | "<" | ">" | "<=" | ">=" | "LIKE" | "IN";
  readonly values: readonly Literal[];
}

export interface SelectItem {
  /** A column's name, `*`, or the argument of a function. */
  readonly column: string;
  readonly aggregate: "COUNT" | "SUM" | "MAX" | "MIN" | undefined;
  readonly as: string;
}

export interface SelectStatement {
  readonly kind: "select";
  readonly items: readonly SelectItem[];
  /** The view's name in information_schema. */
  readonly view: string;
  readonly where: readonly Condition[];
  readonly groupBy: readonly string[];
  readonly orderBy: readonly { readonly column: string; readonly descending: boolean }[];
  readonly limit: number | undefined;
}

/** `SELECT current_version()` and its like: functions, literals and session variables. */
export interface SelectValuesStatement {
  readonly kind: "selectValues";
  readonly values: readonly { readonly expression: string; readonly as: string }[];
}

export type Statement =
  | BackupStatement
  | RestoreStatement
  | CreateRepositoryStatement
  | ShowSnapshotStatement
  | SelectStatement
  | SelectValuesStatement
  | {
      readonly kind: "addBroker";
      readonly name: string;
      readonly addresses: readonly BrokerAddress[];
    }
  | {
      readonly kind: "dropBroker";
      readonly name: string;
      readonly addresses: readonly BrokerAddress[];
    }
  | { readonly kind: "dropAllBroker"; readonly name: string }
  | { readonly kind: "createImage" }
  | { readonly kind: "dropRepository"; readonly name: string }
  | { readonly kind: "dropSnapshot"; readonly label: string; readonly repository: string }
  | { readonly kind: "cancel"; readonly job: "BACKUP" | "RESTORE"; readonly db: string | undefined }
  | {
      readonly kind: "showJobs";
      readonly job: "BACKUP" | "RESTORE";
      readonly db: string | undefined;
    }
  | {
      readonly kind: "show";
      readonly what: "REPOSITORIES" | "BROKER" | "BACKENDS" | "FRONTENDS" | "COMPUTE NODES";
    }
  | { readonly kind: "showProc"; readonly path: string }
  | { readonly kind: "showConfig"; readonly pattern: string | undefined }
  | { readonly kind: "setConfig"; readonly properties: Properties }
  | { readonly kind: "showDatabases"; readonly pattern: string | undefined }
  | {
      readonly kind: "showTables";
      readonly db: string | undefined;
      readonly pattern: string | undefined;
    }
  | { readonly kind: "showVariables" }
  | { readonly kind: "set"; readonly variable: string; readonly value: string }
  | { readonly kind: "setRole" }
  | { readonly kind: "use"; readonly db: string }
  | { readonly kind: "createDatabase"; readonly name: string; readonly ifNotExists: boolean }
  | { readonly kind: "dropDatabase"; readonly name: string; readonly ifExists: boolean }
  | {
      readonly kind: "dropTable";
      readonly db: string | undefined;
      readonly name: string;
      readonly ifExists: boolean;
    }
  | {
      readonly kind: "swap";
      readonly db: string | undefined;
      readonly name: string;
      readonly other: string;
    }
  | {
      readonly kind: "alterView";
      readonly db: string | undefined;
      readonly name: string;
      readonly active: boolean;
    };
