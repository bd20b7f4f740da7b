// The columns nearly every table begins and ends with.
import { age } from "../age.ts";
import type { Column } from "../resource.ts";

export const NAME: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace.",
  cell: (object) => object.metadata.name,
};

export const AGE: Column = {
  name: "Age",
  type: "string",
  description: "Time since the object was made.",
  cell: (object, nowMs) => age(object.metadata.creationTimestamp, nowMs),
};
