// One pod on its node, from the first sight of its object to the object's end. The object says what should
// be; everything here can be told again at any time.
//
//   setting up   volumes are made; repeated until Secrets and ConfigMaps are there
//   running      init containers one by one, then the others side by side, each until it needs no more life
//   over         Succeeded or Failed is in the status; nothing runs
//   deleted      the object was to go: what ran was ended, the object is removed
//   gone         the object is no more, with or without us
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeError } from "../../../operator/errors.ts";
import { POD, timestamp, type ContainerSpec, type ContainerStatus, type Pod } from "../core.ts";
import { BackOff } from "./back-off.ts";
import { Container, rootOf } from "./container.ts";
import type { PodPlace } from "./downward.ts";
import type { NodeContext } from "./node-context.ts";
import { PodTokens } from "./pod-tokens.ts";
import { isTerminal, podStatus, type Verdict } from "./pod-status.ts";
import { sourcesOf } from "./sources.ts";
import { StatusWriter } from "./status-writer.ts";
import { unsupportedIn } from "./unsupported.ts";
import { Volumes } from "./volumes.ts";

const DEFAULT_GRACE_SECONDS = 30;

export class PodWorker {
  /** Resolves when nothing of it runs any more; never rejects. */
  readonly over: Promise<void>;
  readonly #node: NodeContext;
  readonly #dir: string;
  readonly #place: PodPlace;
  readonly #startTime: string;
  readonly #init: readonly Container[];
  readonly #containers: readonly Container[];
  readonly #tokens: PodTokens;
  readonly #volumes: Volumes;
  readonly #writer: StatusWriter;
  /** No container starts again. */
  readonly #stopping = new AbortController();
  /** Nothing is written to the API any more. */
  readonly #silent = new AbortController();
  /** A node that comes back finds pods that ended long ago: their status is not to be touched. */
  readonly #wasOver: boolean;
  #pod: Pod;
  #over = false;
  #graceSeconds = Number.POSITIVE_INFINITY;
  #verdict: Verdict | undefined;
  #cancelDeadline: () => void = () => undefined;
  #cancelRefresh: (() => void) | undefined;
  /** One at a time: who read later writes later. */
  #refreshing: Promise<void> = Promise.resolve();
  #cancelRenewal: () => void = () => undefined;

  constructor(node: NodeContext, pod: Pod) {
    const { metadata, spec } = pod;
    this.#node = node;
    this.#pod = pod;
    this.#wasOver = isTerminal(pod.status?.phase);
    this.#dir = join(node.dir, `${metadata.namespace}_${metadata.name}_${metadata.uid}`);
    const podIP = node.network.takePodAddress(node.index);
    this.#place = { podIP, hostIP: node.address };
    this.#startTime = pod.status?.startTime ?? timestamp(node.clock.now());
    const read = sourcesOf(node.client, metadata.namespace ?? "default");
    const rootOfContainer = (name: string): string => rootOf(this.#dir, name);
    this.#tokens = new PodTokens(node.tokens, node.clock);
    this.#volumes = new Volumes({
      place: this.#place,
      read,
      tokens: this.#tokens,
      rootOf: rootOfContainer,
    });
    const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
    const made = (before: readonly ContainerStatus[]) => (c: ContainerSpec) =>
      this.#container(
        c,
        before.find((s) => s.name === c.name),
      );
    this.#init = (spec.initContainers ?? []).map(made(initContainerStatuses));
    this.#containers = spec.containers.map(made(containerStatuses));
    this.#writer = this.#makeWriter();
    this.over = this.#live();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get address(): string {
    return this.#place.podIP;
  }

  /** The processes that run now. */
  get pids(): readonly number[] {
    return [...this.#init, ...this.#containers].flatMap((c) => c.pid ?? []);
  }

  container(name: string | undefined): Container | undefined {
    const all = [...this.#containers, ...this.#init];
    return name === undefined ? all[0] : all.find((c) => c.spec.name === name);
  }

  /** The object has changed. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    if (!this.#wasOver) this.#writer.seen(pod);
    if (pod.metadata.deletionTimestamp !== undefined) void this.#terminate();
    if (
      !sameMap(before.metadata.annotations, pod.metadata.annotations) ||
      !sameMap(before.metadata.labels, pod.metadata.labels)
    ) {
      this.refreshSoon();
    }
  }

  /** What its volumes show may have changed. */
  refreshSoon(): void {
    const { clock, times } = this.#node;
    this.#cancelRefresh ??= clock.after(times.volumeRefreshMs, () => {
      this.#cancelRefresh = undefined;
      this.#refreshing = this.#refreshing.then(async () => {
        if (!this.#over) await this.#refresh();
      });
    });
  }

  /** To all of its containers that run. */
  kill(signal: NodeJS.Signals, reason?: string): void {
    for (const container of [...this.#init, ...this.#containers]) container.kill(signal, reason);
  }

  /** The object is gone: what still runs has no right to. */
  async gone(): Promise<void> {
    this.#silent.abort();
    this.#stopping.abort();
    this.kill("SIGKILL");
    await Promise.all([this.over, this.#refreshing]);
    await rm(join(this.#dir, "containers"), { recursive: true, force: true });
  }

  /** The power is off: nothing runs, nobody is told. */
  async powerOff(): Promise<void> {
    this.#silent.abort();
    this.#stopping.abort();
    this.kill("SIGKILL");
    await this.over;
  }

  /** Ends what runs, with some grace; the object stays as it is. */
  async shutDown(graceMs: number): Promise<void> {
    this.#silent.abort();
    await this.#stop(graceMs);
  }

  async #live(): Promise<void> {
    try {
      if (!this.#wasOver) await this.#run();
    } catch (error) {
      // Not the pod's fault, but it must be seen: a harness that hides its own bugs proves nothing.
      this.#verdict = { reason: "HarnessError", message: describeError(error) };
    }
    this.#over = true;
    this.#cancelDeadline();
    this.#cancelRefresh?.();
    this.#cancelRenewal();
    this.#node.network.releasePodAddress(this.#place.podIP);
    if (!this.#wasOver) await this.#writer.flush();
  }

  async #run(): Promise<void> {
    const unsupported = unsupportedIn(this.#pod);
    if (unsupported.length > 0) {
      const message = `this node has no ${unsupported.join(", no ")}`;
      this.#verdict = { reason: "UnsupportedByHarness", message };
      this.#node.events.warning(this.#pod, "UnsupportedByHarness", message);
      return;
    }
    this.#armDeadline();
    this.#writer.changed();
    await this.#setUp();
    for (const container of this.#init) {
      if (!(await this.#runInit(container))) return;
    }
    await Promise.all(this.#containers.map((container) => this.#runContainer(container)));
  }

  async #setUp(): Promise<void> {
    const { events, times } = this.#node;
    const { signal } = this.#stopping;
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        await this.#volumes.setUp(this.#pod);
        this.#armRenewal();
        return;
      } catch (error) {
        events.warning(this.#pod, "FailedMount", describeError(error));
        const ms = Math.min(times.retryMs * 2 ** tries, times.backOffMaxMs);
        await sleep(ms, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Whether the pod goes on after it. */
  async #runInit(container: Container): Promise<boolean> {
    // A restarted node runs them all again; until they are done the pod is not initialized.
    const policy = this.#pod.spec.restartPolicy === "Never" ? "Never" : "OnFailure";
    await this.#repeat(container, policy);
    return container.end?.exitCode === 0;
  }

  async #runContainer(container: Container): Promise<void> {
    const policy = this.#pod.spec.restartPolicy ?? "Always";
    if (container.end !== undefined && !startsAgain(policy, container.end.exitCode)) return;
    await this.#repeat(container, policy);
  }

  /** Life after life, as the policy says. */
  async #repeat(container: Container, policy: string): Promise<void> {
    const { clock, events, times } = this.#node;
    const { signal } = this.#stopping;
    const backOff = new BackOff({ firstMs: times.backOffMs, maxMs: times.backOffMaxMs });
    while (!signal.aborted) {
      const began = clock.monotonic();
      const end = await container.live(signal);
      if (end === undefined || !startsAgain(policy, end.exitCode) || signal.aborted) return;
      const ms = backOff.after(clock.monotonic() - began);
      const message = `back-off ${ms / 1000}s restarting failed container=${container.spec.name}`;
      container.backOff(message);
      events.warning(this.#pod, "BackOff", message);
      await sleep(ms, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Once; again when the grace has become shorter. */
  async #terminate(): Promise<void> {
    const { metadata, spec } = this.#pod;
    const seconds =
      metadata.deletionGracePeriodSeconds ??
      spec.terminationGracePeriodSeconds ??
      DEFAULT_GRACE_SECONDS;
    if (seconds >= this.#graceSeconds) return;
    const first = this.#graceSeconds === Number.POSITIVE_INFINITY;
    this.#graceSeconds = seconds;
    if (first && !this.#over) this.#node.events.normal(this.#pod, "Killing", "Stopping containers");
    await this.#stop(seconds * 1000);
    if (first) await this.#remove();
  }

  async #stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#init, ...this.#containers].map((c) => c.stop(graceMs)));
    await this.over;
  }

  #armDeadline(): void {
    const { activeDeadlineSeconds } = this.#pod.spec;
    if (activeDeadlineSeconds === undefined) return;
    const { clock } = this.#node;
    // A pod that began before this node's restart has used a part of it.
    const { startTime } = this.#pod.status ?? {};
    const usedMs = startTime === undefined ? 0 : clock.now() - Date.parse(startTime);
    const leftMs = activeDeadlineSeconds * 1000 - usedMs;
    this.#cancelDeadline = clock.after(Math.max(0, leftMs), () => {
      const message = "Pod was active on the node longer than the specified deadline";
      this.#verdict = { reason: "DeadlineExceeded", message };
      this.#node.events.normal(this.#pod, "DeadlineExceeded", message);
      void this.#stop(
        (this.#pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000,
      );
    });
  }

  /** A kubelet tries again in its next round: what an API server that was away made fail must not stay old. */
  async #refresh(): Promise<void> {
    try {
      await this.#volumes.refresh(this.#pod);
      if (!this.#over) this.#armRenewal();
    } catch (error) {
      if (this.#silent.signal.aborted) return;
      this.#node.events.warning(this.#pod, "FailedMount", describeError(error));
      this.refreshSoon();
    }
  }

  /** Tokens end without anybody changing an object. */
  #armRenewal(): void {
    this.#cancelRenewal();
    const ms = this.#tokens.renewInMs;
    if (ms !== undefined)
      this.#cancelRenewal = this.#node.clock.after(ms, () => this.refreshSoon());
  }

  /** The last word of a node: the object may go. Finalizers may still hold it. */
  async #remove(): Promise<void> {
    const { namespace, name, uid } = this.#pod.metadata;
    const key = { name, ...(namespace === undefined ? {} : { namespace }) };
    while (!this.#silent.signal.aborted) {
      try {
        const about = uid === undefined ? {} : { uid };
        await this.#node.client.delete(POD, key, { gracePeriodSeconds: 0, ...about });
        return;
      } catch {
        const { signal } = this.#silent;
        await sleep(this.#node.times.retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #container(spec: ContainerSpec, before: ContainerStatus | undefined): Container {
    return new Container({
      node: this.#node,
      spec,
      pod: () => this.#pod,
      place: this.#place,
      read: sourcesOf(this.#node.client, this.#pod.metadata.namespace ?? "default"),
      dir: this.#dir,
      waitsFor:
        (this.#pod.spec.initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating",
      changed: () => this.#writer.changed(),
      ...(before === undefined ? {} : { before }),
    });
  }

  #makeWriter(): StatusWriter {
    return new StatusWriter({
      client: this.#node.client,
      pod: this.#pod,
      signal: this.#silent.signal,
      refused: (message) => this.#node.events.warning(this.#pod, "HarnessError", message),
      build: (current) =>
        podStatus({
          pod: current,
          place: this.#place,
          startTime: this.#startTime,
          init: this.#init.map((c) => c.status),
          containers: this.#containers.map((c) => c.status),
          over: this.#over,
          verdict: this.#verdict,
          now: timestamp(this.#node.clock.now()),
        }),
    });
  }
}

function startsAgain(policy: string, exitCode: number): boolean {
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

function sameMap(
  a: Readonly<Record<string, string>> | undefined = {},
  b: Readonly<Record<string, string>> | undefined = {},
): boolean {
  const keys = Object.keys({ ...a, ...b });
  return keys.every((key) => a[key] === b[key]);
}
