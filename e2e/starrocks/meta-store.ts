// What survives an FE: the image, the journal after it, the catalogue and the last state of each job
// that was edit-logged. All FEs of a cluster share it (BDB JE replicates it); each keeps its own brokers
// and repositories in memory, built from image and journal, as a real FE does. On disk it is one file.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "./catalog.ts";
import type { BrokerProperties } from "./wire/broker-structs.ts";

export interface BrokerRecord {
  readonly host: string;
  readonly port: number;
  /** Persisted with the broker (FsBroker): a restarted FE believes it. */
  alive: boolean;
  lastStartTime: number;
}

export type BrokerTable = Record<string, BrokerRecord[]>;

export interface RepositoryRecord {
  readonly id: number;
  readonly name: string;
  readonly createTime: number;
  readonly readOnly: boolean;
  readonly location: string;
  readonly broker: string;
  readonly properties: BrokerProperties;
}

export type JournalOp =
  | { readonly op: "addBroker"; readonly name: string; readonly addresses: readonly BrokerRecord[] }
  | { readonly op: "dropBroker"; readonly name: string; readonly keys: readonly string[] }
  | { readonly op: "dropAllBroker"; readonly name: string }
  | {
      readonly op: "brokerState";
      readonly name: string;
      readonly key: string;
      readonly alive: boolean;
      readonly lastStartTime: number;
    }
  | { readonly op: "createRepository"; readonly repository: RepositoryRecord }
  | { readonly op: "dropRepository"; readonly name: string };

export interface Image {
  readonly brokers: BrokerTable;
  readonly repositories: readonly RepositoryRecord[];
}

interface Contents {
  nextId: number;
  journalId: number;
  image: Image;
  journal: JournalOp[];
  databases: Database[];
  /** Database id → the job's record as it was logged last. */
  jobs: Record<string, unknown>;
}

/** Above the ids of the BEs. */
const FIRST_ID = 10_101;

export class MetaStore {
  readonly #path: string;
  readonly #contents: Contents;
  readonly #followers = new Set<(op: JournalOp) => void>();

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true });
    this.#path = join(dir, "meta.json");
    this.#contents = existsSync(this.#path)
      ? (JSON.parse(readFileSync(this.#path, "utf8")) as Contents)
      : {
          nextId: FIRST_ID,
          journalId: 1,
          image: { brokers: {}, repositories: [] },
          journal: [],
          databases: [],
          jobs: {},
        };
  }

  nextId(): number {
    this.#contents.nextId += 1;
    return this.#contents.nextId - 1;
  }

  get journalId(): number {
    return this.#contents.journalId;
  }

  get databases(): Database[] {
    return this.#contents.databases;
  }

  get image(): Image {
    return structuredClone(this.#contents.image);
  }

  get journal(): readonly JournalOp[] {
    return structuredClone(this.#contents.journal);
  }

  get jobs(): Readonly<Record<string, unknown>> {
    return this.#contents.jobs;
  }

  append(op: JournalOp): void {
    this.#contents.journal.push(structuredClone(op));
    this.save();
    for (const follower of this.#followers) follower(op);
  }

  /** Calls back for every further op; the result ends it. */
  follow(follower: (op: JournalOp) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  saveJob(databaseId: number, record: object): void {
    this.#contents.jobs[String(databaseId)] = structuredClone(record);
    this.save();
  }

  dropJob(databaseId: number): void {
    delete this.#contents.jobs[String(databaseId)];
    this.save();
  }

  /** A checkpoint: the journal becomes part of the image (ALTER SYSTEM CREATE IMAGE). */
  checkpoint(image: Image): void {
    this.#contents.image = structuredClone(image);
    this.#contents.journal = [];
    this.save();
  }

  /** Writes everything down; called after each change of the catalogue too. */
  save(): void {
    this.#contents.journalId += 1;
    writeFileSync(`${this.#path}.tmp`, JSON.stringify(this.#contents));
    renameSync(`${this.#path}.tmp`, this.#path);
  }
}
