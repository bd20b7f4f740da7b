// A memory storage whose process dies after so many writes: from then on every call fails, as nothing
// that a dead process would have done may happen. Each key of a `deleteMany` and both halves of a
// `move` count for themselves. `another()` is the storage as the next process finds it.
import type {
  CallOptions,
  ObjectInfo,
  PutOptions,
  Upload,
  UploadRef,
} from "../../../storage/storage.ts";
import { MemoryStorage } from "../../../storage/testing/memory.ts";

export class Crash extends Error {
  override readonly name = "Crash" as const;
}

export class CrashingStorage extends MemoryStorage {
  #left = Number.POSITIVE_INFINITY;
  /** Writes so far. */
  writes = 0;

  /** The process dies once it has done this many more writes. */
  crashAfter(writes: number): void {
    this.#left = writes;
    this.writes = 0;
  }

  get crashed(): boolean {
    return this.#left === 0;
  }

  override async put(key: string, body: Buffer, options?: PutOptions): Promise<ObjectInfo> {
    return this.#write(() => super.put(key, body, options));
  }

  override async copy(from: string, to: string, options?: CallOptions): Promise<ObjectInfo> {
    return this.#write(() => super.copy(from, to, options));
  }

  override async delete(key: string, options?: CallOptions): Promise<void> {
    return this.#write(() => super.delete(key, options));
  }

  override async upload(key: string, options?: CallOptions): Promise<Upload> {
    const upload = await this.#write(() => super.upload(key, options));
    return {
      key,
      part: (body, partOptions) => this.#write(() => upload.part(body, partOptions)),
      state: () => upload.state(),
      complete: (callOptions) => this.#write(() => upload.complete(callOptions)),
      abort: (callOptions) => this.#write(() => upload.abort(callOptions)),
    };
  }

  override async abortUpload(upload: UploadRef, options?: CallOptions): Promise<void> {
    return this.#write(() => super.abortUpload(upload, options));
  }

  async #write<T>(work: () => Promise<T>): Promise<T> {
    if (this.#left === 0) throw new Crash("the process is dead");
    const result = await work();
    this.#left -= 1;
    this.writes += 1;
    return result;
  }
}
