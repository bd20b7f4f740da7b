// How an FE tells a client that a statement failed. Nearly everything is 1064/HY000 with a prefix that
// says who complained; clients tell errors apart by text alone (§2.8, §11).
import type { Profile } from "../profile.ts";

export class SqlError extends Error {
  override readonly name = "SqlError" as const;
  readonly code: number;
  readonly state: string;

  constructor(message: string, code = 1064, state = "HY000") {
    super(message);
    this.code = code;
    this.state = state;
  }
}

/** SemanticException: the analyzers' and, from 3.3.2 on, a missing broker's. */
export class AnalysisError extends SqlError {
  constructor(detail: string, code?: number) {
    super(`Getting analyzing error. Detail message: ${detail}.`, code);
  }
}

export function unknownDatabase(name: string, { frontend }: Profile): AnalysisError {
  return new AnalysisError(`Unknown database '${name}'`, frontend.errorCodes.unknownDatabase);
}

/** DdlException, as the connect processor shows it. */
export class DdlError extends SqlError {
  readonly detail: string;

  constructor(detail: string) {
    super(`Unexpected exception: ${detail}`);
    this.detail = detail;
  }
}

/** A missing privilege: the one kind with its own number. */
export class AccessDenied extends SqlError {
  constructor(privilege: string, on: string) {
    super(
      `Access denied; you need (at least one of) the ${privilege} privilege(s) on ${on} for this operation. ` +
        "Please ask the admin to grant permission(s) or try activating existing roles using " +
        "<set [default] role>. Current role(s): NONE. Inactivated role(s): NONE.",
      1252,
      "42000",
    );
  }
}
