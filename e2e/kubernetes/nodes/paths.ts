// Paths of a container, which has no root of its own here, and where they really are. Command words and
// environment values are searched for known paths (of the image, of mounts, of the termination message)
// and these are replaced, the longest first. Contents of files are never touched: what points from one
// mounted file to another there must be relative.

/** A character that goes on or leads a path; a known path beside one is part of another path. */
const BEFORE = "(?<![\\w./-])";
const AFTER = "(?![\\w.-])";

export class PathMap {
  readonly #here: ReadonlyMap<string, string>;
  readonly #pattern: RegExp | undefined;

  /** `entries`: absolute paths in the container, and here. */
  constructor(entries: Readonly<Record<string, string>>) {
    this.#here = new Map(
      Object.entries(entries).map(([inside, here]) => [withoutSlash(inside), withoutSlash(here)]),
    );
    const known = [...this.#here.keys()]
      .filter((path) => path.length > 1)
      .sort((a, b) => b.length - a.length);
    if (known.length === 0) return;
    const alternatives = known.map((path) => RegExp.escape(path)).join("|");
    this.#pattern = new RegExp(`${BEFORE}(?:${alternatives})${AFTER}`, "g");
  }

  /** The text with every known path replaced. */
  rewrite(text: string): string {
    if (this.#pattern === undefined) return text;
    return text.replaceAll(this.#pattern, (path) => this.#here.get(path) ?? path);
  }

  /** Whether an absolute path lies at or below a known one. */
  knows(path: string): boolean {
    return [...this.#here.keys()].some((p) => path === p || path.startsWith(`${p}/`));
  }
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}
