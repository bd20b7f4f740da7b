// Secrets: stringData is written into data and never shown again, as in the real server.
import type { FieldError } from "../field-error.ts";
import { fieldForbidden, invalid, sameValueError } from "../field-error.ts";
import type { KubeObject } from "../object.ts";
import { fieldsAt, textsAt, withDefaults, without } from "../object.ts";
import { builtIn } from "../resource.ts";
import { AGE, NAME } from "./columns.ts";
import { checkImmutable, countData } from "./plain.ts";

export const secrets = builtIn({
  plural: "secrets",
  kind: "Secret",
  selectableFields: ["type"],
  columns: [
    NAME,
    { name: "Type", type: "string", cell: (o) => o["type"] },
    { name: "Data", type: "string", cell: countData },
    AGE,
  ],
  rules: { defaults: withData, validate: checkSecret },
});

function withData(object: KubeObject): KubeObject {
  const plain = textsAt(object, "stringData");
  const encoded = Object.entries(plain).map(
    ([key, value]) => [key, Buffer.from(value).toString("base64")] as const,
  );
  const data = { ...fieldsAt(object, "data"), ...Object.fromEntries(encoded) };
  const rest = without(object, "stringData");
  const typed = withDefaults(rest, { type: "Opaque" }) as KubeObject;
  return Object.keys(data).length === 0 ? typed : { ...typed, data };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function checkSecret(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  // The value itself is never part of the answer: it may be the password.
  const data = Object.entries(fieldsAt(object, "data"))
    .filter(([, value]) => typeof value !== "string" || !BASE64.test(value))
    .map(([key]) => fieldForbidden(`data[${key}]`, "must be base64"));
  const names = Object.keys(fieldsAt(object, "data"))
    .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key))
    .map((key) =>
      invalid(
        `data[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
      ),
    );
  const type = sameValueError("type", object["type"], old === undefined ? undefined : old["type"]);
  return [...data, ...names, ...type, ...checkImmutable(object, old)];
}
