// Puts informers, leader election and controllers together and runs them: informers from the start,
// controllers once everything is listed and we lead, everything down again in order when told to.
//
// Flow: `informer` and `add` while building → `run` → signal: no new work, running reconciles end by
// themselves or are aborted after a while, the lease is given back, informers stop.
// Errors: `run` rejects with `LeadershipLost` when the lease is gone; the process should end with an error
// and begin anew.
import { assert } from "../assert.ts";
import type { Clock, Random } from "../clock.ts";
import { TransientError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Api, Kind, KubernetesObject } from "./api.ts";
import type { ControllerOptions } from "./controller.ts";
import { Controller } from "./controller.ts";
import type { HealthCheck } from "./health.ts";
import { Informer } from "./informer.ts";
import type { InformerOptions, Scope } from "./informer.ts";
import type { Leader } from "./leader.ts";
import type { RuntimeMetrics } from "./metrics.ts";

export interface ManagerDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: RuntimeMetrics;
  /** Where checks go: `HealthServer.register`. */
  readonly register: (check: HealthCheck) => void;
  /** Absent: always lead. For tests, and for an operator that is alone by other means. */
  readonly leader?: Leader;
  /** How long running reconciles get to end when we stop. Default 20 s. */
  readonly graceMs?: number;
}

/** What every informer is to the manager, whatever its kind. */
interface Runnable {
  readonly synced: Promise<void>;
  readonly health: HealthCheck;
  run(signal: AbortSignal): Promise<void>;
}

/** After their signal was aborted, reconciles get so long; then we go without them. */
const ABORT_MS = 5000;

export class Manager {
  readonly #deps: ManagerDeps;
  readonly #informers = new Map<string, Runnable>();
  readonly #controllers: Controller[] = [];
  #hasStarted = false;

  constructor(deps: ManagerDeps) {
    this.#deps = deps;
  }

  /** The one informer of this kind and scope; the options are those of who asks first. */
  informer<T extends KubernetesObject>(
    kind: Kind<T>,
    scope: Scope = {},
    options: InformerOptions<T> = {},
  ): Informer<T> {
    const { namespaces, labelSelector, fieldSelector } = scope;
    const id = JSON.stringify([
      kind.apiVersion,
      kind.plural,
      namespaces,
      labelSelector,
      fieldSelector,
    ]);
    const known = this.#informers.get(id);
    if (known !== undefined) return known as Informer<T>;
    assert(!this.#hasStarted, "informers are made before the manager runs");
    const informer = new Informer(this.#deps, kind, scope, options);
    this.#informers.set(id, informer);
    this.#deps.register(informer.health);
    return informer;
  }

  add(options: ControllerOptions): Controller {
    assert(!this.#hasStarted, "controllers are added before the manager runs");
    const controller = new Controller(this.#deps, options);
    this.#controllers.push(controller);
    this.#deps.register(controller.health);
    return controller;
  }

  /** Resolves when the signal was aborted and all has ended. */
  async run(signal: AbortSignal): Promise<void> {
    this.#hasStarted = true;
    const { leader, log } = this.#deps;
    const stopInformers = new AbortController();
    const stopElection = new AbortController();
    const informers = [...this.#informers.values()];
    const watching = Promise.all(informers.map((one) => one.run(stopInformers.signal)));
    const electing = leader?.run(stopElection.signal);
    const isReady = await this.#ready(signal);
    if (isReady) {
      log.info("starts its controllers", {
        controllers: this.#controllers.map(({ name }) => name),
      });
      for (const controller of this.#controllers) controller.start();
    }
    const isLost = await this.#end(signal);
    await this.#stopControllers(isLost ? 0 : undefined);
    stopElection.abort(new Error("stopping"));
    // A lost election may still wait for an answer; there is nothing in it for us.
    if (!isLost) await electing;
    stopInformers.abort(new Error("stopping"));
    await watching;
    if (!isLost) return;
    throw new TransientError("LeadershipLost", "another operator may lead now; this one must end");
  }

  /** Whether all is listed and we lead; not, when it ended before. */
  async #ready(signal: AbortSignal): Promise<boolean> {
    const { leader } = this.#deps;
    const synced = Promise.all([...this.#informers.values()].map((informer) => informer.synced));
    const ready = Promise.all([synced, leader?.elected]).then(() => true);
    const ended = this.#end(signal).then(() => false);
    return await Promise.race([ready, ended]);
  }

  /** Whether leadership ended it, or else the signal. */
  async #end(signal: AbortSignal): Promise<boolean> {
    const { leader } = this.#deps;
    const aborted = whenAborted(signal).then(() => false);
    if (leader === undefined) return await aborted;
    return await Promise.race([aborted, leader.lost.then(() => true)]);
  }

  async #stopControllers(graceMs = this.#deps.graceMs ?? 20_000): Promise<void> {
    const { log } = this.#deps;
    const stopped = Promise.all(this.#controllers.map((controller) => controller.stop()));
    if (await this.#isWithin(graceMs, stopped)) return;
    for (const controller of this.#controllers) {
      controller.abort(new TransientError("Stopping", "the operator stops"));
    }
    if (await this.#isWithin(ABORT_MS, stopped)) return;
    log.error("reconciles do not heed their signal; stops without them");
  }

  async #isWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
    const { clock } = this.#deps;
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const cancel = clock.after(ms, () => resolve(false));
    try {
      return await Promise.race([promise.then(() => true), late]);
    } finally {
      cancel();
    }
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
