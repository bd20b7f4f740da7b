// Sizes as specs say them: whole bytes, or a Kubernetes quantity (`100Mi`, `1.5Gi`, `500M`). The schema's
// rules let no other in; whoever parses a field of a checked object never meets an error.
import { TerminalError } from "../errors.ts";

const SHAPE = /^([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)$/;

/** Kubernetes has `k` but no `K`, and `Ki` but no `ki`. */
const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["k", 1e3],
  ["M", 1e6],
  ["G", 1e9],
  ["T", 1e12],
  ["P", 1e15],
  ["Ki", 2 ** 10],
  ["Mi", 2 ** 20],
  ["Gi", 2 ** 30],
  ["Ti", 2 ** 40],
  ["Pi", 2 ** 50],
]);

/** What Kubernetes takes for a quantity of anything: also parts of a CPU (`500m`), exponents (`1e3`), signs, and a bare point. */
export function isQuantity(text: string): boolean {
  return /^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]*)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$/.test(text);
}

/** Bytes, rounded up as Kubernetes does; what no number can count is as much as can be counted. Throws {@link TerminalError} for what is no size. */
export function parseBytes(quantity: number | string): number {
  if (typeof quantity === "number") return quantity;
  const [, number, unit = ""] = SHAPE.exec(quantity) ?? [];
  const bytes = UNIT_BYTES.get(unit);
  if (number === undefined || bytes === undefined) {
    throw new TerminalError(
      "InvalidSpec",
      `${JSON.stringify(quantity)} is no size: write bytes, or a number and Ki, Mi, Gi, k, M or G, such as 100Mi`,
    );
  }
  return Math.min(Math.ceil(Number(number) * bytes), Number.MAX_SAFE_INTEGER);
}
