// A storage seen by a process that dies at its nth write: just before that takes effect, or just after.
// From then on it can do nothing more. Both halves of a move count, where the store has halves.
import { StorageError } from "../../storage/errors.ts";
import type {
  CallOptions,
  CopyOptions,
  ObjectInfo,
  PutOptions,
  Upload,
  UploadState,
} from "../../storage/storage.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";

export interface Death {
  /** Counted from 1. */
  readonly atWrite: number;
  /** The write takes effect, but nobody is told. */
  readonly after: boolean;
}

export class MortalStorage extends MemoryStorage {
  #death: Death = { atWrite: Infinity, after: false };
  #writes = 0;

  dieAt(death: Death): void {
    this.#death = death;
  }

  get isDead(): boolean {
    return this.#writes >= this.#death.atWrite;
  }

  override put(key: string, body: Buffer, options?: PutOptions): Promise<ObjectInfo> {
    return this.#write(() => super.put(key, body, options));
  }

  override copy(from: string, to: string, options?: CallOptions): Promise<ObjectInfo> {
    return this.#write(() => super.copy(from, to, options));
  }

  override move(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo> {
    const inOneStep = this.capabilities.atomicMove;
    const move = (): Promise<ObjectInfo> => super.move(from, to, options);
    return inOneStep ? this.#write(move) : move();
  }

  override delete(key: string, options?: CallOptions): Promise<void> {
    return this.#write(() => super.delete(key, options));
  }

  override upload(key: string, options?: CallOptions): Promise<Upload> {
    return this.#write(() => super.upload(key, options));
  }

  override resumeUpload(state: UploadState): Upload {
    const upload = super.resumeUpload(state);
    return {
      key: upload.key,
      state: () => upload.state(),
      part: (body, options) => this.#write(() => upload.part(body, options)),
      complete: (options) => this.#write(() => upload.complete(options)),
      abort: (options) => this.#write(() => upload.abort(options)),
    };
  }

  async #write<T>(work: () => Promise<T>): Promise<T> {
    this.#writes += 1;
    const { atWrite, after } = this.#death;
    if (this.#writes < atWrite) return await work();
    if (this.#writes === atWrite && after) await work();
    const detail = { operation: "write", key: "" };
    throw new StorageError("unavailable", "the process is dead", detail);
  }
}
