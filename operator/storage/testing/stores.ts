// The kinds of stores as a memory storage imitates them: what agents do is tried on each. Parts are small, so
// that a few hundred bytes are a large file.
import type { MemoryStorageOptions } from "./memory.ts";

export interface Store {
  readonly name: string;
  readonly options: MemoryStorageOptions;
}

export const STORES: readonly Store[] = [
  { name: "S3", options: { capabilities: { partBytesMin: 100 } } },
  {
    name: "GCS",
    options: {
      capabilities: { partBytesMin: 1, partsInOrder: true, uploadsListed: false },
      chunkBytes: 64,
    },
  },
  {
    name: "HDFS",
    options: { capabilities: { partBytesMin: 1, partsInOrder: true, atomicMove: true } },
  },
];
