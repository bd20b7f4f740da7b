// StarRocks in memory that remembers which statements it took, whatever became of the answers.
import type { BackupRequest, RestoreRequest } from "../../starrocks/frontend.ts";
import { FakeFrontend } from "../../starrocks/testing/fake-frontend.ts";

export class CountingFrontend extends FakeFrontend {
  /** `backup nightly_1a2b3c4d`. */
  readonly accepted: string[] = [];
  /** What somebody else does between our last look and our next statement. */
  readonly races: (() => Promise<void>)[] = [];
  /** Brokers of other tools that answer. */
  readonly agentsElsewhere = new Set<string>();

  override async backup(request: BackupRequest): Promise<void> {
    await this.#counted(request.database, () => super.backup(request));
  }

  override async restore(request: RestoreRequest): Promise<void> {
    await this.#counted(request.database, () => super.restore(request));
  }

  async #counted(database: string, send: () => Promise<void>): Promise<void> {
    await this.races.shift()?.();
    const before = this.job(database);
    try {
      await send();
    } finally {
      const { spec } = this.job(database) ?? {};
      const isNew = spec !== undefined && spec !== before?.spec;
      if (isNew) this.accepted.push(`${spec.kind} ${spec.label}`);
    }
  }
}
