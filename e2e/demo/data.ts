// What the demo's StarRocks holds: a small shop, a quarter of a gigabyte of real files. In S3 it lies in this
// process's memory, on disk once more for each copy that is restored.
import type { DatabaseSpec, TableSpec } from "../starrocks/data-builder.ts";
import { sizeText } from "../../operator/controllers/job/progress.ts";
import { countText, pad } from "./text.ts";

const MIB = 1024 ** 2;
const MONTHS = ["p202601", "p202602", "p202603", "p202604"];

export const SHOP: DatabaseSpec = {
  name: "shop",
  tables: [
    { name: "customers", tablets: 6, segmentBytes: [2 * MIB, 2 * MIB] },
    { name: "orders", partitions: MONTHS, tablets: 6, segmentBytes: [4 * MIB] },
    { name: "order_items", partitions: MONTHS, tablets: 6, segmentBytes: [5 * MIB] },
    { name: "products", tablets: 3, segmentBytes: [4 * MIB] },
  ],
};

/** A line per table. */
export function describeTables(tables: readonly TableSpec[]): string[] {
  return tables.map((table) => {
    const partitions = table.partitions?.length ?? 1;
    const tablets = partitions * (table.tablets ?? 1);
    const bytes = tablets * (table.segmentBytes ?? []).reduce((sum, size) => sum + size, 0);
    const columns = [countText(partitions, "partition"), countText(tablets, "tablet")];
    return [
      pad(table.name, 12),
      ...columns.map((c) => c.padStart(12)),
      sizeText(bytes).padStart(9),
    ].join("  ");
  });
}
