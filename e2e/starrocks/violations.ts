// What a broker did that a real FE or BE would not survive (a loop without end, memory written past a
// buffer, a NullPointerException). The stand-in cannot crash so, it notes the deed instead; a scenario
// that ends with a note in this list has found a defect of the agent.

export class Violations {
  readonly #notes: string[] = [];
  readonly #heard: ((text: string) => void) | undefined;

  /** `heard` is told each note, in a process whose list nobody reads. */
  constructor(heard?: (text: string) => void) {
    this.#heard = heard;
  }

  note(text: string): void {
    this.#notes.push(text);
    this.#heard?.(text);
  }

  get list(): readonly string[] {
    return this.#notes;
  }
}

/** The call that a real FE or BE would not come back from. */
export class ViolationError extends Error {
  override readonly name = "ViolationError" as const;
}
