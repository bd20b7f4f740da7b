// Default values of custom resources, at every write and read. A null where the schema does not allow one is
// as good as absent.
import type { Fields } from "../object.ts";
import { fieldsAt, isFields } from "../object.ts";

export function withSchemaDefaults(schema: Fields, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = fieldsAt(schema, "items");
    return value.map((item) => withSchemaDefaults(items, item));
  }
  return isFields(value) ? fieldsWithDefaults(schema, value) : value;
}

function fieldsWithDefaults(schema: Fields, value: Fields): Fields {
  const properties = fieldsAt(schema, "properties");
  const additional = fieldsAt(schema, "additionalProperties");
  const filled: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    const known = isFields(properties[key]) ? properties[key] : additional;
    const dropped = child === null && isFields(properties[key]) && known["nullable"] !== true;
    if (!dropped) filled[key] = withSchemaDefaults(known, child);
  }
  for (const [key, property] of Object.entries(properties)) {
    if (key in filled || !isFields(property) || property["default"] === undefined) continue;
    filled[key] = withSchemaDefaults(property, property["default"]);
  }
  return filled;
}
