// Names, labels and annotations: RFC 1123 and its relatives, with the sentences the real server refuses
// them with.
import type { FieldError } from "./field-error.ts";
import { invalid, tooLong } from "./field-error.ts";
import type { Fields } from "./object.ts";
import { fieldsAt, isFields, listAt, textAt } from "./object.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

const SUBDOMAIN_HELP =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must " +
  "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_HELP =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and " +
  "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_HELP =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_HELP =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must " +
  "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used " +
  "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

export function checkSubdomain(path: string, name: string): FieldError[] {
  if (name.length > 253) return [invalid(path, name, "must be no more than 253 characters")];
  return SUBDOMAIN.test(name) ? [] : [invalid(path, name, SUBDOMAIN_HELP)];
}

export function checkDnsLabel(path: string, name: string): FieldError[] {
  if (name.length > 63) return [invalid(path, name, "must be no more than 63 characters")];
  return LABEL.test(name) ? [] : [invalid(path, name, LABEL_HELP)];
}

/** Labels, annotations, finalizers and owner references of any object. */
export function checkMetadata(metadata: Fields): FieldError[] {
  return [
    ...checkLabels("metadata.labels", fieldsAt(metadata, "labels")),
    ...checkAnnotations(fieldsAt(metadata, "annotations")),
    ...listAt(metadata, "finalizers").flatMap((name) =>
      checkQualified("metadata.finalizers", String(name)),
    ),
    ...checkOwners(listAt(metadata, "ownerReferences")),
  ];
}

export function checkLabels(path: string, labels: Fields): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkQualified(path, key),
    ...checkLabelValue(path, value),
  ]);
}

function checkLabelValue(path: string, value: unknown): FieldError[] {
  if (typeof value !== "string") return [invalid(path, value, "must be a string")];
  if (value.length > 63) return [invalid(path, value, "must be no more than 63 bytes")];
  return value === "" || QUALIFIED.test(value) ? [] : [invalid(path, value, LABEL_VALUE_HELP)];
}

function checkAnnotations(annotations: Fields): FieldError[] {
  const path = "metadata.annotations";
  const entries = Object.entries(annotations);
  const bytes = entries.reduce((sum, [k, v]) => sum + k.length + Buffer.byteLength(String(v)), 0);
  const errors = entries.flatMap(([key, value]) => [
    ...checkQualified(path, key.toLowerCase()),
    ...(typeof value === "string" ? [] : [invalid(path, value, "must be a string")]),
  ]);
  return bytes > ANNOTATIONS_BYTES_MAX ? [...errors, tooLong(path, ANNOTATIONS_BYTES_MAX)] : errors;
}

function checkQualified(path: string, key: string): FieldError[] {
  const slash = key.indexOf("/");
  const prefix = slash < 0 ? "" : key.slice(0, slash);
  const name = key.slice(slash + 1);
  const bad = slash >= 0 && (prefix.length > 253 || !SUBDOMAIN.test(prefix));
  if (bad) return [invalid(path, key, `prefix part ${SUBDOMAIN_HELP}`)];
  if (name.length > 63) return [invalid(path, key, "name part must be no more than 63 bytes")];
  return QUALIFIED.test(name) ? [] : [invalid(path, key, QUALIFIED_HELP)];
}

function checkOwners(owners: readonly unknown[]): FieldError[] {
  const path = "metadata.ownerReferences";
  const errors = owners.flatMap((owner) => {
    const missing = ["apiVersion", "kind", "name", "uid"].filter(
      (f) => (textAt(owner, f) ?? "") === "",
    );
    return missing.map((f) => invalid(`${path}.${f}`, "", "must not be empty"));
  });
  const controllers = owners.filter((owner) => isFields(owner) && owner["controller"] === true);
  if (controllers.length <= 1) return errors;
  const why = "Only one reference can have Controller set to true";
  return [...errors, invalid(path, controllers.length, why)];
}
