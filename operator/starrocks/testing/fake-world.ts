// What the fake StarRocks holds: databases, brokers, repositories, and the folders of repositories as its agents
// show them. Plain data and lookups; what changes it is in fake-frontend.ts and fake-job.ts.
import type { BackendNode, TableKind } from "../frontend.ts";

export interface FakeTableSpec {
  readonly name: string;
  /** Default `table`. */
  readonly kind?: TableKind;
  /** Default what `information_schema` says of the kind. */
  readonly engine?: string;
  /** Default one of the table's own name. */
  readonly partitions?: readonly string[];
  readonly replication?: number;
  /** Two tables of one name fit when theirs are equal. */
  readonly schema?: string;
  /** What each partition holds; default a text that names it. */
  readonly content?: string;
}

export interface FakeTable {
  readonly id: number;
  readonly name: string;
  readonly kind: TableKind;
  readonly engine: string;
  readonly schema: string;
  readonly replication: number;
  /** Partition → content. */
  readonly partitions: Map<string, string>;
  state: "NORMAL" | "RESTORE" | "SCHEMA_CHANGE";
  /** Made by a restore that is not finished. */
  isPending: boolean;
}

export interface FakeSnapshot {
  readonly database: string;
  readonly tables: readonly FakeTable[];
  /** Undefined: a folder without `__info`; the label is used up all the same. */
  timestamp: string | undefined;
}

export interface FakeBroker {
  readonly address: string;
  alive: boolean;
  failures: number;
  error: string;
}

export interface FakeRepository {
  readonly name: string;
  readonly broker: string;
  readonly location: string;
  readonly readOnly: boolean;
  readonly properties: Readonly<Record<string, string>>;
}

const ENGINES: Readonly<Record<TableKind, string>> = {
  table: "OLAP",
  materializedView: "MATERIALIZED_VIEW",
  view: "VIEW",
  other: "MYSQL",
};

/** heartbeat_retry_times + 1: so many failures in a row make a broker dead. */
const FAILURES_MAX = 4;

export class FakeWorld {
  #lastId = 10_000;
  readonly databases = new Map<string, Map<string, FakeTable>>();
  readonly brokers = new Map<string, FakeBroker[]>();
  readonly repositories = new Map<string, FakeRepository>();
  /** Folder → label → snapshot. */
  readonly storage = new Map<string, Map<string, FakeSnapshot>>();
  backends: readonly BackendNode[] = [1, 2, 3].map((i) => ({
    id: String(10_003 + i),
    host: `be-${i - 1}`,
    alive: true,
    decommissioned: false,
  }));

  /** Of tables and jobs alike (GlobalStateMgr.getNextId). */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  putTable(database: string, spec: FakeTableSpec): void {
    const tables = this.databases.get(database) ?? new Map<string, FakeTable>();
    this.databases.set(database, tables);
    tables.set(spec.name, { ...tableOf(spec), id: this.nextId() });
  }

  table(database: string, name: string): FakeTable | undefined {
    return this.databases.get(database)?.get(name);
  }

  snapshotsOf(folder: string): Map<string, FakeSnapshot> {
    const found = this.storage.get(folder) ?? new Map<string, FakeSnapshot>();
    this.storage.set(folder, found);
    return found;
  }

  usableBackends(): number {
    return this.backends.filter((b) => b.alive && !b.decommissioned).length;
  }

  /** One round of the leader's pings. */
  heartbeat(serves: (address: string) => boolean): void {
    for (const broker of [...this.brokers.values()].flat()) {
      if (serves(broker.address)) {
        Object.assign(broker, { alive: true, failures: 0, error: "" });
        continue;
      }
      broker.failures += 1;
      if (broker.failures < FAILURES_MAX) continue;
      Object.assign(broker, {
        alive: false,
        error: "java.net.ConnectException: Connection refused",
      });
    }
  }

  /** The address that a call would take, or the text with which it fails (BrokerMgr.getBroker). */
  pickBroker(name: string): { readonly address: string } | { readonly refusal: string } {
    const known = this.brokers.get(name);
    if (known === undefined) return { refusal: `Unknown broker name(${name})` };
    const alive = known.find((b) => b.alive);
    return alive ?? { refusal: `failed to find alive broker: ${name}` };
  }
}

export function copyOf(table: FakeTable, partitions: readonly string[]): FakeTable {
  const chosen = [...table.partitions].filter(
    ([name]) => partitions.length === 0 || partitions.includes(name),
  );
  return { ...table, partitions: new Map(chosen), state: "NORMAL", isPending: false };
}

function tableOf(spec: FakeTableSpec): Omit<FakeTable, "id"> {
  const { name, kind = "table", replication = 1, schema = "k,v", content } = spec;
  const hasData = kind === "table" || kind === "materializedView";
  const partitions = hasData ? (spec.partitions ?? [name]) : [];
  return {
    name,
    kind,
    engine: spec.engine ?? ENGINES[kind],
    schema,
    replication,
    partitions: new Map(partitions.map((p) => [p, content ?? `rows of ${name}.${p}`])),
    state: "NORMAL",
    isPending: false,
  };
}
