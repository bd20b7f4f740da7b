// JSON merge patches (RFC 7386): made from what is and what should be, and applied. Objects merge, all else
// is replaced whole (lists too), `null` removes.

type Json = Record<string, unknown>;

/**
 * The patch that turns `before` into `after`; `undefined` when they are the same. A field that is
 * `undefined` counts as absent.
 */
export function makeMergePatch(before: object, after: object): object | undefined {
  const patch: Json = {};
  const [from, to] = [before as Json, after as Json];
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const change = changeOf(from[key], to[key]);
    if (change !== undefined) patch[key] = change;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** A new value with the patch applied; neither argument is changed. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return structuredClone(patch);
  const result: Json = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = applyMergePatch(result[key], value);
  }
  return result;
}

function changeOf(before: unknown, after: unknown): unknown {
  // null cannot be written by a merge patch: it means absent.
  if (after === undefined || after === null) return before === undefined ? undefined : null;
  if (isRecord(before) && isRecord(after)) return makeMergePatch(before, after);
  return isSame(before, after) ? undefined : after;
}

function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, at) => isSame(item, b[at]));
  }
  if (isRecord(a) && isRecord(b)) return makeMergePatch(a, b) === undefined;
  return a === b;
}

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
