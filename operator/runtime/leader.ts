// Leader election by a Lease: of several operators one works. Whoever holds the lease renews it; whoever
// does not takes it over once nobody has renewed it for its whole duration.
//
// Flow: candidate → leader → lost, or stopped. A leader that is lost stays lost: the process ends and
// begins anew, because what it believed may be old.
// Guarantees: `isLeader` turns false by our own monotonic clock at the renew deadline, which is before the
// duration is over, so before another one can take over. `lost` resolves at that moment, at the latest.
// Assumptions: clocks run at about the same speed on all machines; their times need not agree.
// Caveats: a Lease is no fence. A process that sleeps between a look at `isLeader` and a write still
// writes. Before what cannot be repeated, call `requireLease`, which reads the lease from the server.
// Errors: `run` never rejects; troubles are logged and tried again until the deadline.
import type { Clock, Random } from "../clock.ts";
import { TransientError, describeError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Api } from "./api.ts";
import { isApiError } from "./api.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import type { Lease } from "./objects.ts";
import { LEASES } from "./objects.ts";

export interface LeaderDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: RuntimeMetrics;
}

export interface LeaderOptions {
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Of this process, and of no other: a pod's name and something random. */
  readonly identity: string;
  /** A lease nobody renewed for so long is free. Default 15 s. */
  readonly leaseMs?: number;
  /** A leader that could not renew for so long is none. Below `leaseMs`. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** Between renewals, and between looks at another's lease. Default 2 s. */
  readonly retryMs?: number;
}

interface Observed {
  readonly lease: Lease;
  /** When we first saw this version of it: our clock, not theirs. */
  readonly sinceMs: number;
}

export class Leader {
  /** Resolves when we lead; never, if the election is stopped before. */
  readonly elected: Promise<void>;
  /** Resolves when we led and no longer do, for any reason but {@link run}'s signal. */
  readonly lost: Promise<void>;
  readonly #deps: LeaderDeps;
  readonly #options: Required<LeaderOptions>;
  #markElected: () => void = () => {};
  #markLost: () => void = () => {};
  #observed: Observed | undefined;
  /** Until when we lead; we do not while it is in the past. */
  #leadsUntilMs = -Infinity;
  #phase: "candidate" | "leader" | "over" = "candidate";
  #cancelDeadline: () => void = () => {};

  constructor(deps: LeaderDeps, options: LeaderOptions) {
    this.#deps = deps;
    this.#options = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2000, ...options };
    this.elected = new Promise((resolve) => {
      this.#markElected = resolve;
    });
    this.lost = new Promise((resolve) => {
      this.#markLost = resolve;
    });
  }

  /** No I/O: by our own clock. */
  isLeader(): boolean {
    return this.#phase === "leader" && this.#deps.clock.monotonic() < this.#leadsUntilMs;
  }

  /** Rejects unless the server says that the lease is ours. For what must not happen twice. */
  async requireLease(): Promise<void> {
    const { namespace, name, identity } = this.#options;
    const lease = await this.#deps.api.get(LEASES, { namespace, name });
    const holder = lease?.spec?.holderIdentity;
    if (holder === identity && this.isLeader()) return;
    const message = `lease ${namespace}/${name} is held by ${holder ?? "nobody"}, not by us`;
    throw new TransientError("NotLeader", message);
  }

  /** Until the signal is aborted, when the lease is given back, or until it is lost. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#deps;
    const { retryMs } = this.#options;
    while (!signal.aborted && this.#phase !== "over") {
      try {
        await this.#tryInTime(signal);
      } catch (error) {
        if (signal.aborted) break;
        const level = this.#phase === "leader" ? "warn" : "info";
        log[level]("cannot take or renew the lease", { error: describeError(error) });
      }
      if (signal.aborted || this.#hasEnded()) break;
      // A little chance, so that candidates do not come together for ever.
      await pause(clock, retryMs * (1 + random() * 0.2), signal);
    }
    this.#cancelDeadline();
    if (this.#phase === "leader") await this.#release();
  }

  #hasEnded(): boolean {
    return this.#phase === "over";
  }

  /** One request that hangs must not cost the leadership: the next try comes while there is time. */
  async #tryInTime(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const limitMs = this.#options.renewDeadlineMs / 2;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = clock.after(limitMs, () => {
      reject(new Error(`no answer within ${limitMs / 1000} s`));
    });
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop);
    try {
      await Promise.race([this.#tryOnce(), late, this.lost]);
    } finally {
      cancel();
      signal.removeEventListener("abort", stop);
    }
  }

  async #tryOnce(): Promise<void> {
    // Time counts from before the request: its answer may have been long on its way.
    const startedMs = this.#deps.clock.monotonic();
    const lease = await this.#observe();
    if (lease === undefined) {
      await this.#write(startedMs, (spec) => this.#deps.api.create(LEASES, this.#newLease(spec)));
    } else if (this.#isOurs(lease) || this.#isFree()) {
      const { resourceVersion } = lease.metadata;
      const { namespace, name } = this.#options;
      const guard = resourceVersion === undefined ? {} : { resourceVersion };
      await this.#write(
        startedMs,
        (spec) => this.#deps.api.patch(LEASES, { namespace, name }, { spec }, guard),
        lease,
      );
    }
  }

  /** Reads the lease; a leader that finds another's name on it is lost at once. */
  async #observe(): Promise<Lease | undefined> {
    const { api, clock } = this.#deps;
    const { namespace, name } = this.#options;
    const lease = await api.get(LEASES, { namespace, name });
    if (this.#phase === "leader" && (lease === undefined || !this.#isOurs(lease))) {
      this.#lose(`it is held by ${lease?.spec?.holderIdentity ?? "nobody"} now`);
    }
    const before = this.#observed?.lease.metadata.resourceVersion;
    if (lease === undefined) this.#observed = undefined;
    else if (lease.metadata.resourceVersion !== before) {
      this.#observed = { lease, sinceMs: clock.monotonic() };
    }
    return lease;
  }

  #isOurs({ spec }: Lease): boolean {
    return spec?.holderIdentity === this.#options.identity;
  }

  /** Given back, or not renewed for its whole duration, as long as we have looked. */
  #isFree(): boolean {
    if (this.#observed === undefined) return false;
    const { lease, sinceMs } = this.#observed;
    const { holderIdentity, leaseDurationSeconds } = lease.spec ?? {};
    if (holderIdentity === undefined || holderIdentity === "") return true;
    const durationMs = Math.max((leaseDurationSeconds ?? 0) * 1000, this.#options.leaseMs);
    return this.#deps.clock.monotonic() - sinceMs > durationMs;
  }

  async #write(
    startedMs: number,
    send: (spec: NonNullable<Lease["spec"]>) => Promise<Lease>,
    before?: Lease,
  ): Promise<void> {
    if (this.#phase === "over") return;
    try {
      const lease = await send(this.#specAfter(before));
      this.#observed = { lease, sinceMs: this.#deps.clock.monotonic() };
    } catch (error) {
      // Somebody else was faster. What that means shows in the next look.
      if (isApiError(error, "Conflict") || isApiError(error, "AlreadyExists")) return;
      throw error;
    }
    this.#hold(startedMs);
  }

  #specAfter(before: Lease | undefined): NonNullable<Lease["spec"]> {
    const { identity, leaseMs } = this.#options;
    const now = microTime(this.#deps.clock.now());
    const { acquireTime = now, leaseTransitions = 0 } = before?.spec ?? {};
    const isRenewal = before !== undefined && this.#isOurs(before);
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseMs / 1000),
      renewTime: now,
      acquireTime: isRenewal ? acquireTime : now,
      leaseTransitions: isRenewal || before === undefined ? leaseTransitions : leaseTransitions + 1,
    };
  }

  #newLease(spec: NonNullable<Lease["spec"]>): Lease {
    const { namespace, name } = this.#options;
    return {
      apiVersion: LEASES.apiVersion,
      kind: LEASES.kind,
      metadata: { namespace, name },
      spec,
    };
  }

  /** The lease is ours from `startedMs` on. */
  #hold(startedMs: number): void {
    const { clock, log, metrics } = this.#deps;
    const { identity, renewDeadlineMs } = this.#options;
    const untilMs = startedMs + renewDeadlineMs;
    // The answer of a try that was given up may come after that of a later one, or too late.
    if (untilMs <= Math.max(this.#leadsUntilMs, clock.monotonic()) || this.#hasEnded()) return;
    this.#leadsUntilMs = untilMs;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.after(this.#leadsUntilMs - clock.monotonic(), () => {
      this.#lose(`it could not be renewed for ${renewDeadlineMs / 1000} s`);
    });
    if (this.#phase === "leader") return;
    this.#phase = "leader";
    metrics.leader.set(1);
    log.info("leads", { identity });
    this.#markElected();
  }

  #lose(why: string): void {
    const { log, metrics } = this.#deps;
    this.#cancelDeadline();
    this.#phase = "over";
    metrics.leader.set(0);
    log.error(`leads no longer: ${why}`);
    this.#markLost();
  }

  /** Best effort: without it the next one waits for the lease to run out. */
  async #release(): Promise<void> {
    const { api, log, metrics } = this.#deps;
    const { namespace, name } = this.#options;
    this.#phase = "over";
    metrics.leader.set(0);
    const resourceVersion = this.#observed?.lease.metadata.resourceVersion;
    if (resourceVersion === undefined) return;
    try {
      const spec = { holderIdentity: "", leaseDurationSeconds: 1 };
      await api.patch(LEASES, { namespace, name }, { spec }, { resourceVersion });
      log.info("gave the lease back");
    } catch (error) {
      log.warn("could not give the lease back; the next leader waits for its end", {
        error: describeError(error),
      });
    }
  }
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch {
    // Aborted: the loop sees it.
  }
}

/** RFC 3339 with microseconds, as a Lease wants it. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
