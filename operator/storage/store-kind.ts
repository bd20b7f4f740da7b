// The kind of store that a location is of: its scheme says it, and nothing else does.

export type StoreKind = "s3" | "gcs" | "hdfs";

const SCHEMES: readonly (readonly [scheme: RegExp, kind: StoreKind])[] = [
  [/^s3a?:/, "s3"],
  [/^gs:/, "gcs"],
  [/^(s?web)?hdfs:/, "hdfs"],
];

/** Undefined: of none that we know. */
export function storeKindOf(location: string): StoreKind | undefined {
  return SCHEMES.find(([scheme]) => scheme.test(location))?.[1];
}
