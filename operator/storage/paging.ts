// Listings that come in pages, for the stores that say where the next one begins. What would surprise: there are stores
// that say there is more and not where, or the same place for ever. Taken for the end, objects would be missing from a
// listing without a word; followed, it would never end.
import { StorageError } from "./errors.ts";
import { compareKeys } from "./key.ts";
import type { ListEntry, ListOptions } from "./storage.ts";

export interface Paging<Page> {
  /** The page that begins at a place; undefined: the first. */
  readonly ask: (place: string | undefined) => Promise<Page>;
  /** Where the next one begins; undefined: this is the last. Empty: the store does not say. */
  readonly next: (page: Page) => string | undefined;
  readonly operation: string;
  readonly key: string;
  /** For messages: `gs://bucket/prefix`. */
  readonly place: string;
  /** What a person can do about a store that leads nowhere. */
  readonly advice: string;
}

/** One page after the other. Throws kind `wrongConfiguration` where the store does not say how to go on. */
export async function* pagesOf<Page>(paging: Paging<Page>): AsyncGenerator<Page, void> {
  let begins: string | undefined;
  for (;;) {
    const page = await paging.ask(begins);
    yield page;
    const next = paging.next(page);
    if (next === undefined) return;
    if (next === "" || next === begins) throw leadsNowhere(paging);
    begins = next;
  }
}

/** The rows of pages, in order, each once, from behind `startAfter` on. */
export async function* rowsInOrder(
  pages: AsyncIterable<readonly ListEntry[]>,
  { startAfter, signal }: Pick<ListOptions, "startAfter" | "signal">,
): AsyncGenerator<ListEntry, void> {
  let last = startAfter;
  for await (const page of pages) {
    // Not every store sorts as S3 does, nor begins after a name instead of at it; a folded row may come again where a
    // page begins.
    for (const entry of [...page].sort((a, b) => compareKeys(nameOf(a), nameOf(b)))) {
      const name = nameOf(entry);
      if (last !== undefined && compareKeys(name, last) <= 0) continue;
      last = name;
      yield entry;
      signal?.throwIfAborted();
    }
  }
}

function nameOf(entry: ListEntry): string {
  return entry.kind === "object" ? entry.key : entry.prefix;
}

function leadsNowhere({
  operation,
  key,
  place,
  advice,
}: Pick<Paging<never>, "operation" | "key" | "place" | "advice">): StorageError {
  const what = `${operation} of ${place}/${key}: the store says that there is more, but not where`;
  return new StorageError("wrongConfiguration", what, { operation, key, advice });
}
