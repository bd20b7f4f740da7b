// The FE's repositories (RepositoryMgr): a map by id, which SHOW lists, and a map by name, which every
// statement uses. They can drift apart: a `__repo_info` with another name registers that name, so a
// second CREATE of the asked name leaves a ghost that no statement can drop until the FE restarts.
import type { BlobStorage } from "./blob-storage.ts";
import type { JournalOp, RepositoryRecord } from "./meta-store.ts";
import { Repository } from "./repository.ts";

export class FrontendRepositories {
  readonly #byId = new Map<number, Repository>();
  readonly #byName = new Map<string, Repository>();
  readonly #blobOf: (record: RepositoryRecord) => BlobStorage;

  constructor(blobOf: (record: RepositoryRecord) => BlobStorage) {
    this.#blobOf = blobOf;
  }

  get(name: string): Repository | undefined {
    return this.#byName.get(name);
  }

  get all(): readonly Repository[] {
    return [...this.#byId.values()];
  }

  records(): readonly RepositoryRecord[] {
    return this.all.map((r) => r.record);
  }

  blobOf(record: RepositoryRecord): BlobStorage {
    return this.#blobOf(record);
  }

  put(repository: Repository): void {
    this.#byId.set(repository.record.id, repository);
    this.#byName.set(repository.record.name, repository);
  }

  /**
   * Replays one op. A CREATE is probed over the network with the brokers of that moment of the journal,
   * also when the repository was dropped since (§12 C).
   */
  async replay(op: JournalOp, starrocksPrefix: boolean): Promise<void> {
    if (op.op === "dropRepository") this.drop(op.name);
    if (op.op !== "createRepository") return;
    const repository = new Repository(op.repository, this.#blobOf(op.repository));
    await repository.probePrefix(starrocksPrefix);
    // addAndInitRepoIfNotExist: a name that is there already keeps its entry.
    if (!this.#byName.has(op.repository.name)) this.put(repository);
  }

  drop(name: string): void {
    const found = this.#byName.get(name);
    if (found === undefined) return;
    this.#byName.delete(name);
    this.#byId.delete(found.record.id);
  }
}
