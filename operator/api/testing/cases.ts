// What is accepted and what is refused, as data: the unit tests run it against our own check, and it can be
// run against an API server, which must say the same.
import { API_VERSION } from "../group.ts";
import type { UncheckedObject } from "../validate.ts";

export interface SchemaCase {
  readonly name: string;
  readonly object: UncheckedObject;
  /** The object before the change; absent: it is made. */
  readonly before?: UncheckedObject;
  /** Path, and a part of the message, of each problem in any order; empty: accepted. */
  readonly problems: readonly (readonly [path: string, message: string])[];
}

/** No names, though they would fit into a quoted one; the same that are refused on their way into SQL. */
export const UNWRITABLE: readonly (readonly [what: string, name: string])[] = [
  ["no characters", ""],
  ["a line break", "a\nb"],
  ["NUL", "a\u0000"],
  ["DEL", "\u007f"],
  ["a C1 control character", "a\u0085b"],
  ["the last C1 control character", "\u009f"],
  ["a line separator", "a\u2028b"],
  ["a paragraph separator", "\u2029"],
];

type Fields = Readonly<Record<string, unknown>>;

/** A Repository with only what it needs; `spec` says what is other, `undefined` takes a field away. */
export function aRepository(spec: Fields = {}, name = "prod"): UncheckedObject {
  return anObject("Repository", name, {
    location: "s3://backups/starrocks",
    s3: { region: "eu-central-1" },
    cluster: { frontends: ["fe.starrocks.svc"], credentialsSecret: { name: "starrocks-user" } },
    ...spec,
  });
}

export function aBackup(spec: Fields = {}, name = "nightly"): UncheckedObject {
  return anObject("Backup", name, { repository: "prod", database: "shop", ...spec });
}

export function aRestore(spec: Fields = {}, name = "again"): UncheckedObject {
  return anObject("Restore", name, { repository: "prod", source: { backup: "nightly" }, ...spec });
}

function anObject(kind: UncheckedObject["kind"], name: string, spec: Fields): UncheckedObject {
  const object = { apiVersion: API_VERSION, kind, metadata: { name, namespace: "ops" }, spec };
  // Through JSON, as it would come: without fields that are undefined.
  return JSON.parse(JSON.stringify(object)) as UncheckedObject;
}
