// The table of stores.
import type { StoreKind } from "../../../operator/storage/store-kind.ts";
import type { BenchStore } from "./bench-store.ts";
import { gcs } from "./gcs.ts";
import { hdfs } from "./hdfs.ts";
import { s3 } from "./s3.ts";

export const STORES: Readonly<Record<StoreKind, BenchStore>> = { s3, gcs, hdfs };
