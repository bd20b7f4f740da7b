// Storages for commands that look at very much: what is listed and read is made up on the way. Each counts its requests
// as a driver would send them: a list is one a thousand rows.
import {
  SyntheticStorage,
  layout,
} from "../../operator/agent/commands/testing/synthetic-storage.ts";
import type { SyntheticOptions } from "../../operator/agent/commands/testing/synthetic-storage.ts";
import type {
  ListEntry,
  ListOptions,
  ObjectReader,
  ReadOptions,
} from "../../operator/storage/storage.ts";

const PAGE_ROWS = 1_000;

export class CountedStorage extends SyntheticStorage {
  requests = 0;

  override async read(key: string, options?: ReadOptions): Promise<ObjectReader> {
    this.requests += 1;
    return await super.read(key, options);
  }

  override async *list(prefix: string, options?: ListOptions): AsyncIterable<ListEntry> {
    yield* this.counted(super.list(prefix, options));
  }

  override async deleteMany(keys: readonly string[]): Promise<void> {
    this.requests += 1;
    if (keys.length < PAGE_ROWS) await super.deleteMany(keys);
  }

  protected async *counted(rows: AsyncIterable<ListEntry>): AsyncIterable<ListEntry> {
    let count = 0;
    for await (const row of rows) {
      if (count % PAGE_ROWS === 0) this.requests += 1;
      count += 1;
      yield row;
    }
    if (count === 0) this.requests += 1;
  }
}

/** Once all of the snapshot was listed and deleted, nothing of it is there. */
export class PrunableStorage extends CountedStorage {
  readonly #root: string;
  #isEmpty = false;

  constructor(options: SyntheticOptions, label: string) {
    super(options);
    this.#root = `${layout.snapshot(label).root}/`;
  }

  override async *list(prefix: string, options?: ListOptions): AsyncIterable<ListEntry> {
    if (prefix === this.#root && this.#isEmpty) return;
    yield* super.list(prefix, options);
    this.#isEmpty ||= prefix === this.#root;
  }
}

const MD5 = "0123456789abcdef0123456789abcdef";

/** A repository of so many sealed snapshots; `summaryOf` is what each one's manifest says. */
export class ManySnapshots extends CountedStorage {
  readonly #snapshots: number;
  readonly #summaryOf: (label: string) => Buffer;

  constructor(options: SyntheticOptions, snapshots: number, summaryOf: (label: string) => Buffer) {
    super(options);
    this.#snapshots = snapshots;
    this.#summaryOf = summaryOf;
  }

  override async read(key: string): Promise<ObjectReader> {
    this.requests += 1;
    const label = layout.labelOf(key.slice(0, key.lastIndexOf("/") + 1)) ?? "";
    const body = this.#summaryOf(label);
    const info = { key, size: body.length, etag: MD5 };
    return { info, body: chunksOf(body), destroy: () => {} };
  }

  override async *list(prefix: string): AsyncIterable<ListEntry> {
    if (prefix === layout.snapshots()) yield* this.counted(this.#labels());
    else yield* this.counted(this.#top(prefix));
  }

  async *#labels(): AsyncIterable<ListEntry> {
    for (let i = 0; i < this.#snapshots; i += 1) {
      const label = `nightly_${String(i).padStart(6, "0")}`;
      yield { kind: "prefix", prefix: `${layout.snapshot(label).root}/` };
    }
  }

  async *#top(prefix: string): AsyncIterable<ListEntry> {
    const snapshot = layout.snapshot(layout.labelOf(prefix) ?? "");
    const keys = [
      `${snapshot.infos()}2026-01-31-04-05-06-789.${MD5}`,
      snapshot.manifest(),
      snapshot.manifestFiles(),
      `${snapshot.metas()}${MD5}`,
    ];
    for (const key of keys) yield { kind: "object", key, size: 1_000, etag: MD5 };
    yield { kind: "prefix", prefix: snapshot.content() };
  }
}

async function* chunksOf(body: Buffer): AsyncIterable<Buffer> {
  yield body;
}
