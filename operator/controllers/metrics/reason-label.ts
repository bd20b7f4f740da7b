// Reasons as labels. Ours are constants of the code; a pod's end may carry a word of Kubernetes or of a container
// runtime instead. So that no stranger makes series without bound, words that are not written like a reason, and
// all beyond the first two hundred, are `Other`.

const SHAPE = /^[A-Z][A-Za-z]{0,49}$/;
/** Above all that the code has. */
const DISTINCT_MAX = 200;
const OTHER = "Other";

export class ReasonLabels {
  readonly #known = new Set<string>();

  of(reason: string | undefined): string {
    if (reason === undefined || !SHAPE.test(reason)) return OTHER;
    if (this.#known.has(reason)) return reason;
    if (this.#known.size >= DISTINCT_MAX) return OTHER;
    this.#known.add(reason);
    return reason;
  }
}
