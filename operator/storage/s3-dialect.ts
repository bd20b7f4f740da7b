// What a store turned out not to offer of S3's protocol. Stores that speak most of it (Google's with HMAC
// keys, among others) refuse the rest as not implemented; there is another way for each. Found out by
// trying, remembered as long as the process lives, and told once. What would surprise: it can only be
// learned where the store says so. One that ignores what it does not know looks as if it did it.
import type { Log } from "../log.ts";
import { isStorageError } from "./errors.ts";

/** What may be missing, and what is done instead. */
const INSTEAD = {
  batchDelete: "objects are deleted one by one",
  partCopy: "large objects are copied in one request each",
  conditionalPut:
    "before an object is written that must be new, it is looked for; two writers at the same moment would not notice each other",
} as const;

export type S3Feature = keyof typeof INSTEAD;

const REFUSALS: Readonly<Record<S3Feature, readonly (string | undefined)[]>> = {
  // Google's older answer was InvalidArgument: it took the request for the making of a bucket.
  batchDelete: ["NotImplemented", "XNotImplemented", "MethodNotAllowed", "InvalidArgument"],
  partCopy: ["NotImplemented", "XNotImplemented", "MethodNotAllowed"],
  conditionalPut: ["NotImplemented", "XNotImplemented"],
};

export class S3Dialect {
  readonly #lacking = new Set<S3Feature>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  lacks(feature: S3Feature): boolean {
    return this.#lacking.has(feature);
  }

  /** `usual`, or `instead` when the store is known not to offer the feature or says so now. */
  async either<T>(
    feature: S3Feature,
    usual: () => Promise<T>,
    instead: () => Promise<T>,
  ): Promise<T> {
    if (this.lacks(feature)) return instead();
    try {
      return await usual();
    } catch (error) {
      if (!refuses(error, feature)) throw error;
      this.#learn(feature);
      return instead();
    }
  }

  #learn(feature: S3Feature): void {
    if (this.lacks(feature)) return;
    this.#lacking.add(feature);
    this.#log.warn(`the store does not offer all of S3: ${INSTEAD[feature]}`, { feature });
  }
}

function refuses(error: unknown, feature: S3Feature): boolean {
  if (!isStorageError(error)) return false;
  const { code, status } = error.detail;
  return status === 501 || REFUSALS[feature].includes(code);
}
