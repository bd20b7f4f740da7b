// A whole backup, with the agent dying at each of its writes in turn. StarRocks goes on with another agent
// as it does: a BE never sends again what was acknowledged, an FE begins each of its files anew. Whatever
// the moment: what was acknowledged is there in the end, and `__info` is never there before the rest.
import { expect } from "chai";
import { systemClock } from "../clock.ts";
import type { MemoryStorageOptions } from "../storage/testing/memory.ts";
import { STORES } from "../storage/testing/stores.ts";
import {
  content,
  Fixture,
  md5,
  requireOk,
  SNAPSHOT,
  SNAPSHOT_KEY,
  STAGING_KEY,
  TABLET_KEY,
} from "./testing/service-fixture.ts";
import { MortalStorage, type Death } from "./testing/mortal-storage.ts";

const TABLET_FILES: readonly (readonly [string, Buffer])[] = [
  ["5.hdr", content(300, 1)],
  ["a.dat", content(3000, 2)],
  ["b.dat", content(900, 3)],
];
const FE_FILES: readonly (readonly [string, Buffer])[] = [
  ["__meta", content(1500, 4)],
  ["__info_2026-01-31-04-05-06-007", content(200, 5)],
];
/** Each with its key and its bytes, `__info` last. */
const EXPECTED = [
  ...TABLET_FILES.map(([name, bytes]) => [`${TABLET_KEY}/${name}.${md5(bytes)}`, bytes] as const),
  ...FE_FILES.map(([name, bytes]) => [`${SNAPSHOT_KEY}/${name}.${md5(bytes)}`, bytes] as const),
];

const ANSWER_AFTER_MS = 77;
/** Renames of large files are answered at once with an intent. */
const impatient = {
  ...systemClock,
  after: (ms: number, fn: () => void) => {
    if (ms !== ANSWER_AFTER_MS) return systemClock.after(ms, fn);
    fn();
    return () => {};
  },
};

class Backup {
  readonly storage: MortalStorage;
  readonly #acknowledged = new Set<string>();
  /** Agents that answer; the FE asks any of them, anew for each call. */
  #agents: Fixture[];
  #calls = 0;

  constructor(store: MemoryStorageOptions, death: Death, isImpatient: boolean) {
    this.storage = new MortalStorage(store);
    this.storage.dieAt(death);
    const options = isImpatient ? { clock: impatient } : {};
    this.#agents = [this.storage, this.storage.another()].map(
      (storage) => new Fixture({ ...options, storage, answerAfterMs: ANSWER_AFTER_MS }),
    );
  }

  /** Until all is done; StarRocks tries again. */
  async run(): Promise<void> {
    for (let round = 0; ; round += 1) {
      try {
        await this.#uploadTablet(this.#agents[0] as Fixture);
        for (const [name, bytes] of FE_FILES) await this.#uploadFrontend(name, bytes);
        return;
      } catch (error) {
        if (round === 5) throw error;
        this.#requireHonest();
        if (this.storage.isDead) await this.#replaceDead();
      }
    }
  }

  async stop(): Promise<void> {
    for (const agent of this.#agents) await agent.service.stop();
  }

  async #uploadTablet(agent: Fixture): Promise<void> {
    for (const [name, bytes] of TABLET_FILES) {
      if (this.#acknowledged.has(name)) continue;
      requireOk(await agent.upload(name, bytes));
      this.#acknowledged.add(name);
    }
  }

  async #uploadFrontend(name: string, bytes: Buffer): Promise<void> {
    const source = `${SNAPSHOT}/${name}.part`;
    const target = `${SNAPSHOT}/${name}.${md5(bytes)}`;
    requireOk(await this.#any().delete(source));
    requireOk(await this.#any().delete(target));
    await this.#any().writeFile(source, bytes);
    requireOk(await this.#any().rename(source, target));
  }

  #any(): Fixture {
    this.#calls += 1;
    return this.#agents[this.#calls % this.#agents.length] as Fixture;
  }

  /** The dead agent's place is taken by another one, which knows what is stored and nothing else. */
  async #replaceDead(): Promise<void> {
    const [dead, other] = this.#agents;
    await dead?.service.stop();
    const storage = this.storage.another();
    this.#agents = [new Fixture({ storage, answerAfterMs: ANSWER_AFTER_MS }), other as Fixture];
  }

  #requireHonest(): void {
    const [infoKey] = EXPECTED.at(-1) ?? [""];
    if (this.storage.content(infoKey) !== undefined) this.requireWhole();
  }

  requireWhole(): void {
    for (const [key, bytes] of EXPECTED)
      expect(this.storage.content(key), key).to.deep.equal(bytes);
    const others = this.storage.keys().filter((key) => !EXPECTED.some(([name]) => name === key));
    for (const key of others) {
      expect(key).to.satisfy((k: string) => k.startsWith(`${STAGING_KEY}/`));
      expect(key).to.not.contain("/intents/");
    }
  }

  requireSweepable(): void {
    for (const upload of this.storage.openUploads()) {
      expect(upload).to.satisfy((key: string) => key.startsWith(`${STAGING_KEY}/`));
    }
  }
}

describe("BrokerService, an agent that dies at any write of a backup", () => {
  for (const { name, options } of STORES) {
    for (const isImpatient of [false, true]) {
      for (const after of [false, true]) {
        const moment = after ? "after it took effect" : "before it took effect";
        const answered = isImpatient ? "with an intent" : "when it is done";
        it(`loses nothing that was answered to ${name}: large files ${answered}, death ${moment}`, async () => {
          for (let atWrite = 1; ; atWrite += 1) {
            const backup = new Backup(options, { atWrite, after }, isImpatient);
            await backup.run();
            backup.requireWhole();
            backup.requireSweepable();
            await backup.stop();
            if (!backup.storage.isDead) break;
            expect(atWrite).to.be.below(100);
          }
        });
      }
    }
  }
});
