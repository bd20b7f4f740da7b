// A whole small world for the reconcilers: Kubernetes and StarRocks in memory, storage as StarRocks' fake shows it,
// agents and one-shot commands, time that moves when told. `round` lets everything that wants to move do so once.
//
// The operator in it is a process that may die at any write (mortality.ts) and begins anew with nothing but what
// the world tells it.
import { Registry } from "prom-client";
import { LABELS, MANAGED_BY } from "../../api/group.ts";
import { BACKUP, REPOSITORY, RESTORE } from "../../api/kinds.ts";
import { EXIT } from "../../agent/outcome.ts";
import { assert, must } from "../../assert.ts";
import { validateStatus } from "../../api/validate.ts";
import { silentLog } from "../../log.ts";
import type { Kind, KubernetesObject, ObjectKey } from "../../runtime/api.ts";
import { isApiError } from "../../runtime/api.ts";
import { keyOf } from "../../runtime/keys.ts";
import { JOBS, NODES, PODS, SECRETS, SERVICES, type Job } from "../../runtime/objects.ts";
import type { Result } from "../../runtime/result.ts";
import { ObjectStore, byLabel } from "../../runtime/store.ts";
import { MemoryApi } from "../../runtime/testing/memory-api.ts";
import type { FakeFrontendOptions } from "../../starrocks/testing/fake-frontend.ts";
import { Secret } from "../../secret.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import type { Caches, ControllerDeps } from "../deps.ts";
import { countRunning, withNode, withoutSpec } from "../index.ts";
import { Frontends } from "../frontends.ts";
import { reconcileJob } from "../job/controller.ts";
import type { JobResource } from "../job/model.ts";
import { kindOf } from "../job/settings.ts";
import { isFinal, type JobPhase } from "../job/status.ts";
import { OperatorMetrics } from "../metrics.ts";
import { reconcileRepository } from "../repository/controller.ts";
import { CountingFrontend } from "./counting-frontend.ts";
import { Kubelet, flagOf, isAgent, isSelected, type End } from "./kubelet.ts";
import { Died, Mortality, type Death, type Harms } from "./mortality.ts";
import { NOW_MS } from "./samples.ts";

/** Where all slots of the one Repository lead. */
export const FOLDER = "the repository";
const ROUND_MS = 3_000;
/** A reconcile that asks to be called again at once, so often in a row, spins. */
const SPINS_AFTER = 60;

export interface WorldOptions extends Partial<Death> {
  /** Asked at each write; in place of one death. */
  readonly harms?: Harms;
  readonly starrocks?: FakeFrontendOptions;
  /** The informers bring news once a round only: they are behind the operator's own writes. */
  readonly lags?: boolean;
  /** The Repository is not reconciled: its sweep must not hide what a job leaves behind. */
  readonly standsStill?: boolean;
}

export interface Emitted {
  readonly about: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

export class World {
  readonly clock = new ManualClock(NOW_MS);
  readonly api = new MemoryApi({ clock: this.clock });
  readonly starrocks: CountingFrontend;
  /** Asked once a round: what people and other tools do meanwhile. */
  readonly reactions: (() => Promise<void> | void)[] = [];
  readonly kubelet: Kubelet;
  readonly mortality: Mortality;
  readonly events: Emitted[] = [];
  /** The informers' watches are cut off: they bring no news at all. */
  isDeaf = false;
  /** The last result of each object, by `Kind name`. */
  readonly results = new Map<string, Result>();
  /** Labels whose staging note is in the storage: agents write it before they serve. */
  readonly notes = new Set<string>();
  /** Whose snapshot a label in storage is: UID of a Backup. */
  readonly owners = new Map<string, string>();
  /** The metrics of the operator's present life. */
  readonly registry = new Registry();
  readonly #ends = new Map<string, string>();
  readonly #options: WorldOptions;
  #process: Process;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    const { write, when, harms, starrocks = {} } = options;
    const death = write === undefined || when === undefined ? undefined : { write, when };
    this.mortality = new Mortality(harms ?? death);
    this.starrocks = new CountingFrontend({
      databases: { shop: [{ name: "orders" }, { name: "items" }] },
      folderOf: () => FOLDER,
      agentServes: (address) => this.#agentServes(address),
      nowMs: () => this.clock.now(),
      ...starrocks,
    });
    this.kubelet = new Kubelet({
      api: this.api,
      clock: this.clock,
      runs: (job) => this.#runs(job),
    });
    this.#seed();
    this.#process = new Process(this);
  }

  get deps(): ControllerDeps {
    return this.#process.deps;
  }

  /** The operator ends, and another one begins. */
  restart(): void {
    this.mortality.revive();
    this.registry.clear();
    this.#process = new Process(this);
  }

  put<T extends KubernetesObject>(kind: Kind<T>, object: T): T {
    const { resourceVersion: _, ...metadata } = object.metadata;
    return this.api.seed(kind, { ...object, metadata });
  }

  get<T extends KubernetesObject>(kind: Kind<T>, name: string): T | undefined {
    return this.api.all(kind).find((o) => o.metadata.name === name);
  }

  job(kind: JobResource["kind"], name: string): JobResource {
    return must(this.get(kindOf(kind), name), `${kind} ${name}`);
  }

  /** A person deletes it. */
  async delete<T extends KubernetesObject>(kind: Kind<T>, name: string): Promise<void> {
    await this.api.delete(kind, keyOf(must(this.get(kind, name))));
  }

  /** A person changes its spec. */
  async edit<T extends KubernetesObject>(kind: Kind<T>, name: string, spec: object): Promise<void> {
    await this.api.patch(kind, keyOf(must(this.get(kind, name))), { spec });
  }

  /** All move: the operator, pods, StarRocks, time. */
  async round(): Promise<void> {
    if (!this.isDeaf) this.#process.refresh();
    for (const object of this.#objects()) await this.#reconcile(object);
    await this.move();
  }

  /** All but the operator move. */
  async move(): Promise<void> {
    this.kubelet.step();
    this.starrocks.tick();
    this.#claim();
    for (const react of this.reactions) await react();
    for (const object of this.#objects()) {
      requireSound(object);
      this.#requireSameEnd(object);
    }
    await this.clock.advance(ROUND_MS);
  }

  /** Rounds until `isDone`; fails with what everybody waits for when that does not come. */
  async until(isDone: () => boolean, what: string, roundsMax = 400): Promise<void> {
    for (let i = 0; i < roundsMax; i += 1) {
      if (isDone()) return;
      await this.round();
    }
    throw new Error(`${what} never came\n${this.describe()}`);
  }

  /** What everybody waits for. */
  describe(): string {
    return [...this.results].map(([who, result]) => `${who}: ${JSON.stringify(result)}`).join("\n");
  }

  #objects(): readonly KubernetesObject[] {
    const repositories = this.#options.standsStill === true ? [] : this.api.all(REPOSITORY);
    return [...repositories, ...this.api.all(BACKUP), ...this.api.all(RESTORE)];
  }

  async #reconcile(object: KubernetesObject): Promise<void> {
    for (let turn = 0; turn < SPINS_AFTER; turn += 1) {
      const isFollowing = this.#options.lags !== true && !this.isDeaf;
      if (isFollowing) this.#process.refresh();
      const result = await this.#once(object.kind, keyOf(object));
      if (result === undefined) return;
      this.results.set(`${object.kind} ${object.metadata.name}`, result);
      if (result.kind !== "poll" || result.afterMs > 0) return;
      // What the caches do not know yet cannot be gone on from.
      if (!isFollowing && turn > 2) return;
    }
    throw new Error(`${object.kind} ${object.metadata.name} spins\n${this.describe()}`);
  }

  /** Undefined: it died, or met somebody else's write, and looks again in the next round. */
  async #once(kind: string, key: ObjectKey): Promise<Result | undefined> {
    const { deps } = this;
    const context = { log: silentLog };
    try {
      return await (kind === "Repository"
        ? reconcileRepository(deps, key, context)
        : reconcileJob(deps, kind === "Backup" ? "Backup" : "Restore", key, context));
    } catch (error) {
      if (error instanceof Died) {
        this.restart();
        return undefined;
      }
      if (this.mortality.isCauseOf(error)) return undefined;
      if (isApiError(error, "Conflict") || isApiError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  /** How a job ended is told for as long as it is there. */
  #requireSameEnd({ kind, metadata, ...rest }: KubernetesObject): void {
    const { status } = rest as { readonly status?: Told };
    if (status === undefined || !isFinal(status.phase)) return;
    if (metadata.deletionTimestamp !== undefined) return;
    const who = `${kind} ${metadata.name}`;
    const told = `${status.phase} ${status.reason}: ${status.message}`;
    const first = this.#ends.get(who) ?? told;
    this.#ends.set(who, first);
    assert(told === first, () => `${who} told another end first: ${first}; now ${told}`);
  }

  #seed(): void {
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    this.put(SECRETS, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "starrocks-user", namespace: "ops" },
      data: { user: base64("backup"), password: base64(PASSWORD) },
    });
    for (const i of [0, 1, 2]) {
      this.put(NODES, {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name: `worker-${i}` },
        status: { addresses: [{ type: "InternalIP", address: `10.0.0.${i}` }] },
      });
    }
  }

  /** Every node loses its agent. */
  killAgents(): void {
    const jobs = new Set(
      this.api
        .all(JOBS)
        .filter(isAgent)
        .map((j) => j.metadata.uid),
    );
    for (const pod of this.api.all(PODS)) {
      if (jobs.has(pod.metadata.ownerReferences?.[0]?.uid)) this.kubelet.kill(pod);
    }
  }

  /** Through the Service, as a caller meets it. */
  #agentServes(address: string): boolean {
    if (this.starrocks.agentsElsewhere.has(address)) return true;
    const service = this.get(SERVICES, must(address.split(".")[0]));
    const selector = service?.spec?.selector;
    if (selector === undefined) return false;
    return this.api.all(PODS).some((pod) => isSelected(pod, selector));
  }

  #claim(): void {
    const labels = this.starrocks.world.snapshotsOf(FOLDER);
    for (const job of this.api.all(JOBS).filter(isAgent)) {
      const label = flagOf(job, "label");
      if (flagOf(job, "mode") !== "backup" || label === undefined) continue;
      if (this.kubelet.isRunning(job)) this.notes.add(label);
      if (!labels.has(label)) continue;
      if (!this.owners.has(label)) this.owners.set(label, must(flagOf(job, "backup-uid")));
    }
  }

  /** One-shot commands, as far as their effect on snapshots goes. */
  #runs(job: Job): End {
    const component = job.metadata.labels?.[LABELS.component];
    const label = flagOf(job, "label") ?? "";
    if (component === "seal" || component === "verify") return this.#compare(job, label);
    if (component === "prune") return this.#prune(job, label);
    if (component === "probe") return { exitCode: EXIT.ok, message: "every right is there" };
    const snapshots = this.starrocks.world.snapshotsOf(FOLDER).size;
    return { exitCode: EXIT.ok, log: this.#catalog(), detail: { snapshots } };
  }

  #compare(job: Job, label: string): End {
    const snapshot = this.starrocks.world.snapshotsOf(FOLDER).get(label);
    if (snapshot?.timestamp === undefined || snapshot.timestamp !== flagOf(job, "timestamp")) {
      return { exitCode: EXIT.damaged, reason: "Damaged", message: "its __info is not there" };
    }
    if (job.metadata.labels?.[LABELS.component] === "seal") this.notes.delete(label);
    const detail = { files: 4, bytes: 4096, tablets: 2, database: snapshot.database };
    return { exitCode: EXIT.ok, detail };
  }

  #prune(job: Job, label: string): End {
    const snapshots = this.starrocks.world.snapshotsOf(FOLDER);
    if (flagOf(job, "staging-only") === "true") {
      this.notes.delete(label);
      return { exitCode: EXIT.ok };
    }
    if (snapshots.has(label) && this.owners.get(label) !== flagOf(job, "backup-uid")) {
      return { exitCode: EXIT.refused, reason: "NotOurs", message: "it is somebody else's" };
    }
    snapshots.delete(label);
    this.notes.delete(label);
    return { exitCode: EXIT.ok };
  }

  #catalog(): string {
    return [...this.starrocks.world.snapshotsOf(FOLDER)]
      .map(([label, { timestamp, database }]) => {
        const timestamps = timestamp === undefined ? [] : [timestamp];
        const complete = timestamps.length > 0;
        const backupUid = this.owners.get(label);
        return JSON.stringify({
          message: "snapshot",
          label,
          timestamps,
          complete,
          database,
          backupUid,
        });
      })
      .map((line) => `${line}\n`)
      .join("");
  }
}

/** What every status must be, at any time, whatever happens. */
function requireSound(object: KubernetesObject): void {
  const { kind, metadata, status } = object as KubernetesObject & { readonly status?: Told };
  if (status === undefined) return;
  const who = `${kind} ${metadata.name}`;
  const problems = validateStatus(kind as "Backup", status);
  assert(
    problems.length === 0,
    () => `${who}: its status breaks the schema: ${JSON.stringify(problems)}`,
  );
  const texts = [status.message, ...(status.conditions ?? []).map((c) => c.message)];
  const isSecret = SECRETS_OF_THE_WORLD.some((secret) => JSON.stringify(status).includes(secret));
  assert(!isSecret, () => `${who}: its status holds a secret`);
  const bad = texts.find((text) => text !== undefined && STUTTER.test(text));
  assert(bad === undefined, () => `${who}: this reads badly: ${bad}`);
}

interface Told {
  readonly phase?: JobPhase;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly { readonly message: string }[];
}

/** The user's password, and the operator's key. */
const PASSWORD = "hunter2";
const KEY = "the key of the operator";
const SECRETS_OF_THE_WORLD = [PASSWORD, KEY] as const;

/** A word twice, a full stop at the end, a value that was not there. */
const STUTTER =
  /\b(waits? for|waited)\W+(waits?|waited)\b|\b([a-z]{2,})\s+\3(?![-\w])|undefined|\[object|NaN|\(\)|: *$|\.$/;

/** One life of the operator. */
class Process {
  readonly deps: ControllerDeps;
  readonly #world: World;
  readonly #stores: readonly (readonly [Kind<KubernetesObject>, ObjectStore<KubernetesObject>])[];

  constructor(world: World) {
    this.#world = world;
    const stores = new Map<string, ObjectStore<KubernetesObject>>();
    const store = <T extends KubernetesObject>(kind: Kind<T>): ObjectStore<T> => {
      const made = new ObjectStore<T>();
      stores.set(kind.kind, made as unknown as ObjectStore<KubernetesObject>);
      return made;
    };
    const caches = cachesOf(store);
    this.#stores = KINDS.map((kind) => [kind, must(stores.get(kind.kind))]);
    const { clock, mortality } = world;
    const api = mortality.api(world.api);
    const log = silentLog;
    const metrics = new OperatorMetrics(world.registry);
    metrics.caches = caches;
    this.deps = {
      api,
      clock,
      log,
      caches,
      frontends: new Frontends({ api, clock, log, open: () => this.#connect(), metrics }),
      events: {
        emit: (about, { type, reason, message }) => {
          const who = `${about.kind} ${about.metadata.name}`;
          world.events.push({ about: who, type, reason, message });
        },
      },
      metrics,
      requireLead: () => Promise.resolve(),
      mountKey: () => Promise.resolve(new Secret(KEY)),
      lookup: (host) => Promise.resolve([`10.0.0.${host.slice(3)}`]),
      starRocksNamespaces: undefined,
      agentImage: "agent:1",
    };
    this.refresh();
  }

  /** The informers catch up. */
  refresh(): void {
    for (const [kind, store] of this.#stores) {
      const all = this.#world.api.all(kind).filter((o) => isCustom(kind) || isOurs(o));
      const keys = new Set(all.map((o) => JSON.stringify(keyOf(o))));
      for (const known of store.list()) {
        if (!keys.has(JSON.stringify(keyOf(known)))) store.delete(known);
      }
      for (const object of all) {
        const before = store.get(keyOf(object))?.metadata.resourceVersion;
        if (before !== object.metadata.resourceVersion) store.set(keptOf(object));
      }
    }
  }

  /** Closing a connection does not end StarRocks. */
  #connect() {
    const { mortality, starrocks } = this.#world;
    return new Proxy(mortality.frontend(starrocks), {
      get: (target, property) =>
        property === "close"
          ? () => Promise.resolve()
          : (Reflect.get(target, property, target) as unknown),
    });
  }
}

const KINDS = [
  REPOSITORY,
  BACKUP,
  RESTORE,
  NODES,
  JOBS,
  PODS,
  SERVICES,
] as unknown as readonly Kind<KubernetesObject>[];

/** As index.ts has informers keep it. */
function keptOf(object: KubernetesObject): KubernetesObject {
  if (object.kind === "Pod") return withNode(object);
  return object.kind === "Job" ? withoutSpec(object) : object;
}

function isCustom({ kind }: Kind<KubernetesObject>): boolean {
  return ["Repository", "Backup", "Restore", "Node"].includes(kind);
}

function isOurs({ metadata }: KubernetesObject): boolean {
  return metadata.labels?.[LABELS.managedBy] === MANAGED_BY;
}

/** As index.ts makes them of informers. */
function cachesOf(store: <T extends KubernetesObject>(kind: Kind<T>) => ObjectStore<T>): Caches {
  const backups = store(BACKUP);
  const restores = store(RESTORE);
  const jobs = store(JOBS);
  const pods = store(PODS);
  const services = store(SERVICES);
  return {
    repositories: store(REPOSITORY),
    backups,
    restores,
    nodes: store(NODES),
    running: countRunning(backups, restores),
    pods: () => pods.size,
    jobsByOwner: jobs.index(byLabel(LABELS.jobUid)),
    jobsByRepository: jobs.index(byLabel(LABELS.repositoryUid)),
    podsByOwner: pods.index(byLabel(LABELS.jobUid)),
    podsByRepository: pods.index(byLabel(LABELS.repositoryUid)),
    slotsByRepository: services.index(byLabel(LABELS.repositoryUid)),
  };
}
