// A whole StarRocks in one process: FEs with their MySQL ports, BEs with their folders, each on a
// loopback address of its own, and the things that can go wrong with them as methods. The product never
// imports it; scenarios and the demo do.
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createConnection, type Connection } from "mysql2/promise";
import { systemClock } from "../../operator/clock.ts";
import { must } from "../../operator/assert.ts";
import { hostOf } from "./addresses.ts";
import { Partitions } from "../partitions.ts";
import { Backend, noFaults, type BackendFaults } from "./backend.ts";
import { BackendProcess } from "./backend-process.ts";
import { ClusterClock } from "./cluster-clock.ts";
import { profileFor, type StarRocksOptions } from "./cluster-options.ts";
import { findTable, type Database, type Table } from "./catalog.ts";
import { addTable, buildDatabase, type DatabaseSpec, type TableSpec } from "./data-builder.ts";
import { execute, type ClusterView } from "./executor.ts";
import { Frontend } from "./frontend.ts";
import { CATALOGS_ID, catalogBackup } from "./jobs/catalog-backup.ts";
import { MetaStore } from "./meta-store.ts";
import { doubleSha1, MysqlServer } from "./mysql-server.ts";
import type { User } from "./privileges.ts";
import type { Profile } from "./profile.ts";
import { wayToBackend, wayToLeader, type Rpc } from "./rpc.ts";
import { seededRandom } from "./seeded-random.ts";
import { Session } from "./session.ts";
import type { FrontendRow } from "./show/nodes.ts";
import { DdlError } from "./sql/errors.ts";
import type { BackendSlot, FrontendSlot } from "./slots.ts";
import { StatementLog, type Statement } from "./statement-log.ts";
import { TabletStore } from "./tablets.ts";
import { Violations } from "./violations.ts";
import { NameService, resolveBy } from "./wire/name-service.ts";

/** Heartbeats may be fast, but an agent on a busy machine still gets this long to answer. */
const HEARTBEAT_MIN_MS = 2_000;
const FIRST_BACKEND_ID = 10_004;
/** Followers elect another leader when they have not heard of theirs for so long (BDB JE, about). */
const ELECTION_MS = 10_000;

export class StarRocks implements ClusterView {
  readonly #options: StarRocksOptions;
  readonly #profile: Profile;
  readonly #clock: ClusterClock;
  readonly #store: MetaStore;
  readonly #names: NameService;
  readonly #violations = new Violations();
  readonly statementLog = new StatementLog();
  readonly #partitions: Partitions;
  readonly #frontends: readonly FrontendSlot[];
  readonly #backends: readonly BackendSlot[];
  readonly #users: User[];

  private constructor(options: StarRocksOptions) {
    this.#options = options;
    this.#profile = profileFor(options);
    this.#partitions = options.partitions ?? new Partitions();
    this.#clock = new ClusterClock(options.clock ?? systemClock, options.speed ?? 1);
    this.#store = new MetaStore(join(options.dir, "meta"));
    this.#names = new NameService(options.dns ? resolveBy(options.dns) : options.resolve);
    const root = { name: "root", password: options.rootPassword ?? "", privileges: "ALL" } as const;
    this.#users = [root, ...(options.users ?? [])];
    this.#frontends = Array.from({ length: options.frontends ?? 1 }, (_, i) => ({
      name: `fe-${i}`,
      host: hostOf(i, options.frontendHosts, options.frontendHost ?? "127.0.0.1"),
      port: i === 0 ? (options.mysqlPort ?? 0) : 0,
      frontend: undefined,
      server: undefined,
    }));
    this.#backends = Array.from({ length: options.backends }, (_, i) => ({
      id: FIRST_BACKEND_ID + i,
      host: hostOf(i, options.backendHosts, options.backendHost ?? "127.0.0.11"),
      dir: join(options.dir, `be-${i}`),
      faults: noFaults(),
      tablets: new TabletStore(join(options.dir, `be-${i}`)),
      backend: undefined,
    }));
  }

  static async start(options: StarRocksOptions): Promise<StarRocks> {
    const cluster = new StarRocks(options);
    try {
      await mkdir(options.dir, { recursive: true });
      for (const i of cluster.#backends.keys()) cluster.startBackend(i);
      for (const i of cluster.#frontends.keys()) await cluster.startFrontend(i);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Where clients connect: the leader, or the first FE while there is none. */
  get mysql(): { host: string; port: number; user: string; password: string } {
    const slot = must(this.#frontends.find((s) => s.frontend?.isLeader) ?? this.#frontends[0]);
    const { name, password } = must(this.#users[0]);
    return { host: slot.host, port: slot.port, user: name, password };
  }

  /** The MySQL address of each FE, in order. */
  get frontendAddresses(): readonly { readonly host: string; readonly port: number }[] {
    return this.#frontends.map(({ host, port }) => ({ host, port }));
  }

  get backendHosts(): readonly string[] {
    return this.#backends.map((b) => b.host);
  }

  get databaseNames(): readonly string[] {
    return this.#store.databases.map((d) => d.name);
  }

  /** The last statements of all clients, as an FE's audit log has them. */
  get statements(): readonly Statement[] {
    return this.statementLog.list;
  }

  /** What brokers did that real FEs or BEs would not survive. */
  get violations(): readonly string[] {
    return this.#violations.list;
  }

  /** GRANT, REVOKE, SET PASSWORD: rights count at once, also in open sessions; a password for new ones. */
  changeUser(name: string, change: Partial<Omit<User, "name">>): void {
    const at = this.#users.findIndex((u) => u.name === name);
    this.#users[at] = { ...must(this.#users[at]), ...change };
  }

  /** A schema change begins or ends. */
  setTableState(db: string, name: string, state: Table["state"]): void {
    must(findTable(this.#database(db), name), `table ${db}.${name}`).state = state;
    this.#store.save();
  }

  /** The caller ends the connection. */
  async connect(user = "root", frontend?: number): Promise<Connection> {
    const at = frontend === undefined ? this.mysql : must(this.#frontends[frontend]);
    const { password } = must(this.#users.find((u) => u.name === user));
    return createConnection({ host: at.host, port: at.port, user, password });
  }

  async createDatabase(spec: DatabaseSpec): Promise<void> {
    await buildDatabase(spec, this.#builder());
  }

  /** One more table in a database that is there. */
  async createTable(db: string, spec: TableSpec): Promise<void> {
    await addTable(this.#database(db), spec, this.#builder());
  }

  /** A load: one more rowset in each tablet of the table. Refused while the table is restored. */
  async load(db: string, name: string, segmentBytes: readonly number[]): Promise<void> {
    const table = must(findTable(this.#database(db), name), `table ${db}.${name}`);
    if (table.state !== "NORMAL") throw new DdlError(`Cannot write ${table.state} state table`);
    const seed = this.#options.seed ?? "starrocks";
    for (const partition of table.partitions) {
      for (const [i, tablet] of partition.index.tablets.entries()) {
        const path = `${seed}/${db}/${name}/${partition.name}/${i}`;
        for (const store of this.#holders(tablet.backends)) {
          await store.load(tablet.id, path, { segmentBytes });
        }
      }
    }
    // All at once: a snapshot has the load in every partition or in none.
    for (const partition of table.partitions) {
      partition.version += 1;
      partition.versionTime = this.#clock.now();
    }
    this.#store.save();
  }

  /** Compaction on every replica: new segments of the same content, the same version. */
  async compact(db: string, name: string): Promise<void> {
    const table = must(findTable(this.#database(db), name), `table ${db}.${name}`);
    for (const tablet of table.partitions.flatMap((p) => p.index.tablets)) {
      for (const store of this.#holders(tablet.backends)) {
        await store.compact(tablet.id, `${db}/${name}/${tablet.id}`);
      }
    }
  }

  /**
   * A hash of what a table holds, whatever ids and file names: equal digests mean an equal restore.
   * Throws when replicas differ or one is missing.
   */
  async digest(db: string, name: string): Promise<string> {
    const table = must(findTable(this.#database(db), name), `table ${db}.${name}`);
    const hash = createHash("sha256");
    for (const partition of [...table.partitions].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      hash.update(`${partition.name}:${partition.version}`);
      for (const [i, tablet] of partition.index.tablets.entries()) {
        const digests = new Set<string>();
        for (const store of this.#holders(tablet.backends)) {
          digests.add(await store.digest(tablet.id));
        }
        if (digests.size !== 1) {
          throw new Error(`replicas of tablet ${tablet.id} of ${db}.${name} differ`);
        }
        hash.update(`${i}:${[...digests].join("")}`);
      }
    }
    return hash.digest("hex");
  }

  /** Which things go wrong in BE `i`; change its fields at any time. */
  backendFaults(i: number): BackendFaults {
    return must(this.#backends[i]).faults;
  }

  killBackend(i: number): void {
    const slot = must(this.#backends[i]);
    slot.backend?.kill();
    slot.backend = undefined;
  }

  startBackend(i: number): void {
    const slot = must(this.#backends[i]);
    if (slot.backend !== undefined) return;
    const { id, host, dir, faults } = slot;
    const pingTimeoutMs = this.#options.socketTimeoutsMs?.backendPing ?? HEARTBEAT_MIN_MS / 4;
    const common = { id, host, dir, faults, profile: this.#profile.backend, pingTimeoutMs };
    const frontend = wayToLeader(this.#rpc, host, () => this.leader());
    const violations = this.#violations;
    const { dns, forkBackend: fork } = this.#options;
    slot.backend =
      this.#options.backendProcesses === true
        ? new BackendProcess(
            { ...common, speed: this.#clock.speed, hosts: this.#names.entries, dns },
            { frontend, violations, fork },
          )
        : new Backend({ ...common, clock: this.#clock, names: this.#names, violations, frontend });
  }

  /** kill -9. With others alive, one of them leads at once; the killed one's temporary files are lost. */
  async killFrontend(i = this.leaderIndex()): Promise<void> {
    const slot = must(this.#frontends[i]);
    const led = slot.frontend?.isLeader === true;
    slot.frontend?.kill();
    slot.frontend = undefined;
    await slot.server?.kill();
    slot.server = undefined;
    if (led) this.#frontends.find((s) => s.frontend?.isAlive)?.frontend?.lead();
  }

  /**
   * Starts an FE on its old port and data; it leads when nobody does. `tmp_dir` is an emptyDir unless
   * `keepsTmp`: what SAVE_META wrote is gone.
   */
  async startFrontend(i = 0, options: { readonly keepsTmp?: boolean } = {}): Promise<void> {
    const slot = must(this.#frontends[i]);
    if (slot.frontend !== undefined) return;
    const tmpDir = join(this.#options.dir, slot.name, "temp_dir");
    if (options.keepsTmp !== true) await rm(tmpDir, { recursive: true, force: true });
    const frontend = await Frontend.start({
      name: slot.name,
      host: slot.host,
      tmpDir,
      profile: this.#profile,
      clock: this.#clock,
      store: this.#store,
      names: this.#names,
      violations: this.#violations,
      random: seededRandom(this.#options.seed ?? "starrocks"),
      timeouts: this.#frontendTimeouts(),
      backends: this.#backends.map((b) => ({
        id: b.id,
        host: b.host,
        port: wayToBackend(this.#rpc, slot.host, b),
      })),
      ...(this.#options.config === undefined ? {} : { config: this.#options.config }),
    });
    slot.frontend = frontend;
    if (this.leader() === undefined) frontend.lead();
    await this.showFrontend(i);
  }

  /** SIGSTOP: it keeps all its sockets and answers nobody. Not for BEs in processes of their own. */
  stopBackend(i: number): void {
    const { host, backend } = must(this.#backends[i]);
    if (backend instanceof Backend) backend.stoppable.stop();
    this.partitionBackend(i);
    must(backend, `BE ${host} runs`);
  }

  /** It goes on, and nobody reaches it, nor it anybody. */
  partitionBackend(i: number): void {
    const { host } = must(this.#backends[i]);
    this.#partitions.isolate(`be-${i}`, (address) => address === host);
  }

  /** The end of {@link stopBackend} and {@link partitionBackend}. */
  continueBackend(i: number): void {
    const { backend } = must(this.#backends[i]);
    this.#partitions.join(`be-${i}`);
    if (backend instanceof Backend) backend.stoppable.go();
  }

  /** SIGSTOP of an FE. Was it the leader, the others elect another one, of which it does not hear. */
  async stopFrontend(i = this.leaderIndex()): Promise<void> {
    must(this.#frontends[i]).frontend?.stoppable.stop();
    await this.partitionFrontend(i);
  }

  /** An FE without a network; resolves when there is a leader again, or nobody who could be it. */
  async partitionFrontend(i = this.leaderIndex()): Promise<void> {
    const slot = must(this.#frontends[i]);
    const led = slot.frontend?.isLeader === true;
    this.#partitions.isolate(slot.name, (address) => address === slot.host);
    const others = this.#frontends.filter((s) => s !== slot && s.frontend?.isAlive);
    // Two of three are a quorum, one of two is none.
    if (!led || others.length * 2 <= this.#frontends.length) return;
    await this.#clock.sleep(ELECTION_MS);
    // What it does from now on counts nowhere; nobody sees its sockets close before the network is back.
    slot.frontend?.kill();
    slot.frontend = undefined;
    must(others[0]).frontend?.lead();
  }

  /** The end of both. Who finds another leader exits, and is started anew as a follower. */
  async continueFrontend(i: number): Promise<void> {
    const slot = must(this.#frontends[i]);
    this.#partitions.join(slot.name);
    slot.frontend?.stoppable.go();
    if (slot.frontend !== undefined) return;
    await slot.server?.kill();
    slot.server = undefined;
    await this.startFrontend(i);
  }

  /** The leader ends (it exits when it loses the lead), another one takes over, the old one follows. */
  async changeLeader(): Promise<void> {
    if (this.#frontends.length < 2) throw new Error("a change of leader needs two FEs");
    const old = this.leaderIndex();
    await this.killFrontend(old);
    await this.startFrontend(old);
  }

  /** The MySQL port of FE `i` refuses and its connections end, as behind a network that is cut; it goes on. */
  async hideFrontend(i: number): Promise<void> {
    const slot = must(this.#frontends[i]);
    await slot.server?.kill();
    slot.server = undefined;
  }

  /** Its port answers again. */
  async showFrontend(i: number): Promise<void> {
    const slot = must(this.#frontends[i]);
    if (slot.server !== undefined) return;
    const handler = this.#mysqlHandler(must(slot.frontend, `FE ${i}`));
    slot.server = new MysqlServer(handler, "5.1.0", this.#partitions);
    slot.port = await slot.server.listen(slot.host, slot.port);
  }

  /** Follower `i` replays nothing until {@link catchUp}, or until it leads. */
  lagFollower(i: number): void {
    const frontend = must(this.#frontends[i]?.frontend, `FE ${i}`);
    if (frontend.isLeader) throw new Error(`FE ${i} leads and cannot lag`);
    frontend.lag(this.frontendRows());
  }

  catchUp(i: number): void {
    this.#frontends[i]?.frontend?.catchUp();
  }

  /** A backup of external catalogs that somebody made: from 3.4 on SHOW BACKUP never leaves it out. */
  pretendCatalogBackup(label: string): void {
    const record = catalogBackup(label, this.#store.nextId(), this.#clock.now());
    this.#store.saveJob(CATALOGS_ID, record);
    this.leader()?.handler?.load();
  }

  leaderIndex(): number {
    return this.#frontends.findIndex((s) => s.frontend?.isLeader);
  }

  /** Breaks every broker connection of the BEs and every client connection of the FEs. */
  breakConnections(): void {
    for (const { backend } of this.#backends) backend?.breakConnections();
    this.breakClients();
  }

  /** Breaks every client connection of the FEs alone: no upload loses a write that is never repeated. */
  breakClients(): void {
    for (const { server } of this.#frontends) server?.breakConnections();
  }

  /** An entry of every caller's hosts file; undefined takes it away. */
  setHost(host: string, address: string | undefined): void {
    this.#names.set(host, address);
  }

  leader(): Frontend | undefined {
    return this.#frontends.find((s) => s.frontend?.isLeader)?.frontend;
  }

  /** The last job in a database, as the leader has it this very moment. */
  jobState(database: string): { readonly kind: string; readonly state: string } | undefined {
    const jobs = this.leader()?.handler?.jobs ?? [];
    const last = jobs.findLast(({ record }) => record.databaseName === database);
    return last && { kind: last.record.type, state: last.record.state };
  }

  frontendRows(): readonly FrontendRow[] {
    return this.#frontends.map((slot, i) => ({
      id: i + 1,
      name: `${slot.name}_9010`,
      host: slot.host,
      queryPort: slot.port,
      role: slot.frontend?.isLeader === true ? "LEADER" : "FOLLOWER",
      alive: slot.frontend !== undefined,
      startTime: slot.frontend?.startTime ?? 0,
      journalId: this.#store.journalId,
    }));
  }

  async stop(): Promise<void> {
    for (const slot of this.#frontends) {
      slot.frontend?.kill();
      slot.frontend = undefined;
      await slot.server?.kill();
    }
    for (const i of this.#backends.keys()) this.killBackend(i);
  }

  #builder() {
    const alive = this.#backends.filter((s) => s.backend !== undefined);
    return {
      store: this.#store,
      stores: alive.map((s) => s.tablets),
      backendIds: alive.map((s) => s.id),
      seed: this.#options.seed ?? "starrocks",
      now: this.#clock.now(),
    };
  }

  #database(name: string): Database {
    return must(
      this.#store.databases.find((d) => d.name === name),
      `database ${name}`,
    );
  }

  #holders(ids: readonly number[]): readonly TabletStore[] {
    return ids.map((id) => must(this.#backends.find((b) => b.id === id)?.tablets, `BE ${id}`));
  }

  #frontendTimeouts(): { brokerCallMs: number; heartbeatMs: number } {
    const set = this.#options.socketTimeoutsMs;
    const heartbeatMs = Math.max(5_000 / this.#clock.speed, HEARTBEAT_MIN_MS);
    return {
      brokerCallMs: set?.frontendCall ?? this.#profile.frontend.brokerClientTimeoutMs,
      heartbeatMs: set?.frontendHeartbeat ?? heartbeatMs,
    };
  }

  get #rpc(): Rpc {
    return { partitions: this.#partitions, speed: this.#clock.speed };
  }

  #mysqlHandler(frontend: Frontend) {
    const userOf = (name: string) => this.#users.find((u) => u.name === name);
    return {
      passwordHash: (user: string) => {
        const found = userOf(user);
        return found === undefined ? undefined : doubleSha1(found.password);
      },
      connected: (user: string, connectionId: number, db: string | undefined) =>
        new Session(() => must(userOf(user)), {
          connectionId,
          db,
          timeZone: this.#profile.show.timeZone,
        }),
      query: (session: Session, sql: string) =>
        this.statementLog.run(session.user.name, sql, () => execute(sql, frontend, session, this)),
    };
  }
}

/** Starts a cluster; the caller stops it. */
export async function startStarRocks(options: StarRocksOptions): Promise<StarRocks> {
  return StarRocks.start(options);
}
