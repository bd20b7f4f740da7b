// The JSON text that says who we are to Google: a key file, or a workload identity federation.
//
// What would surprise: other forms that Google's own libraries take are refused on purpose. A federation can name a
// program to run or an address to ask, and whoever writes a Secret would then make an agent do so (ADR 14).
import { StorageError } from "./errors.ts";

export interface ServiceAccountKey {
  readonly type: "service_account";
  readonly client_email: string;
  readonly private_key: string;
  readonly private_key_id?: string;
}

/** Fields as the client library takes them. */
export interface Federation {
  readonly type: "external_account";
  readonly audience: string;
  readonly subject_token_type: string;
  readonly token_url: string;
  readonly service_account_impersonation_url?: string;
  readonly credential_source: { readonly file: string };
}

export type GcsIdentity = ServiceAccountKey | Federation;

const WRITE =
  "give the JSON of a service account's key (type service_account) or of a workload identity federation " +
  "(type external_account) whose credential_source is a file";

/** Reads the text. A wrong one is kind `wrongCredentials`, without any of its values. */
export function parseGcsCredentials(text: string): GcsIdentity {
  const fields = parseObject(text);
  const { type } = fields;
  if (type === "service_account") {
    requireTexts(fields, ["client_email", "private_key"]);
    return fields as unknown as ServiceAccountKey;
  }
  if (type === "external_account") return requireFederation(fields);
  throw wrong(`of type ${typeof type === "string" ? JSON.stringify(type) : "none"}`);
}

function requireFederation(fields: Fields): Federation {
  requireTexts(fields, ["audience", "subject_token_type", "token_url"]);
  const { credential_source: source, service_account_impersonation_url: impersonation } = fields;
  if (!isFields(source) || typeof source["file"] !== "string") {
    throw wrong("a federation whose credential_source is no file");
  }
  requireAddress(fields["token_url"], "token_url");
  if (impersonation !== undefined) {
    requireAddress(impersonation, "service_account_impersonation_url");
  }
  return fields as unknown as Federation;
}

// A token that is sent in the clear belongs to everybody on its way.
function requireAddress(value: unknown, name: string): void {
  const address = typeof value === "string" ? URL.parse(value) : null;
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(address?.hostname ?? "");
  if (address?.protocol === "https:" || (address?.protocol === "http:" && loopback)) return;
  throw wrong(`a federation whose ${name} is no https:// address`);
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not the parser's words: they quote the text.
    throw wrong("no JSON");
  }
  if (!isFields(value)) throw wrong("no JSON object");
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function requireTexts(fields: Fields, names: readonly string[]): void {
  const missing = names.filter((name) => typeof fields[name] !== "string" || fields[name] === "");
  if (missing.length > 0) throw wrong(`without ${missing.join(", ")}`);
}

function wrong(what: string): StorageError {
  return new StorageError("wrongCredentials", `the credentials for Google are ${what}: ${WRITE}`, {
    operation: "credentials",
    key: "",
    code: "InvalidCredentials",
    reason: "WrongCredentials",
  });
}
