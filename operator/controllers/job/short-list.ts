// Names for a message that people read: the first ten, and how many more there are.

const NAMES_MAX = 10;

/** Bounded, however many there are; "none" of none. */
export function shortList(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : "";
  return names.slice(0, NAMES_MAX).join(", ") + more;
}
