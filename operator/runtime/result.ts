// What a reconcile ends with: three kinds, always with a sentence for a person. Waiting is a result, not
// an error; the controller alone turns results into work of the queue.

export type Result =
  /** Nothing more to do until the object changes. */
  | { readonly kind: "done"; readonly message: string }
  /** A watch will wake us. A slow safety poll runs all the same. */
  | { readonly kind: "awaitChange"; readonly on: string }
  /** Nobody will tell us: StarRocks, object stores, deadlines. */
  | { readonly kind: "poll"; readonly afterMs: number; readonly on: string };

export function done(message: string): Result {
  return { kind: "done", message };
}

export function awaitChange(on: string): Result {
  return { kind: "awaitChange", on };
}

export function poll(afterMs: number, on: string): Result {
  return { kind: "poll", afterMs, on };
}
