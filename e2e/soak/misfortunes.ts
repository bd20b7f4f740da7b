// What goes wrong: faults that mend themselves after some seconds. `mend` ends all of them at once and resolves when
// everything is there again.
import { setTimeout as sleep } from "node:timers/promises";
import { LABELS, MANAGED_BY } from "../../operator/api/group.ts";
import { must } from "../../operator/assert.ts";
import { PODS } from "../../operator/runtime/objects.ts";
import type { ApiRequest, Fault } from "../kubernetes/api/http/requests.ts";
import { seededRandom, type Harm } from "../servers/fault-script.ts";
import { between, chosen, type Deed, type Dice, type Misfortune } from "./plan.ts";
import { isRunning, patiently, type Stage } from "./stage.ts";

type Done = Promise<string | undefined>;

// Not damageUp: the server behind the proxy looks at no checksum, which no real store may do.
const HARMS: readonly Harm[] = [
  { do: "refuse", status: 503, code: "SlowDown" },
  { do: "refuse", status: 500, code: "InternalError" },
  { do: "page", status: 502 },
  { do: "wait", beforeMs: 300, afterMs: 300 },
  { do: "loseAnswer", how: "error" },
  { do: "loseAnswer", how: "reset" },
  { do: "resetUp", afterBytes: 1_000 },
  { do: "cutDown", how: "reset", afterBytes: 500 },
  { do: "cutDown", how: "end", afterBytes: 500 },
];

const REFUSED: readonly Harm[] = [{ do: "refuse", status: 503, code: "ServiceUnavailable" }];

const API_FAULTS: readonly Fault[] = [
  "refuse",
  "reset",
  { status: 500, reason: "InternalError", message: "on purpose" },
  { status: 429, reason: "TooManyRequests", message: "on purpose" },
  { status: 504, reason: "Timeout", message: "on purpose" },
];

interface Lasting {
  /** Ends it before its time. */
  readonly early: AbortController;
  /** It is mended. */
  readonly over: Promise<void>;
}

export class Misfortunes {
  readonly #stage: Stage;
  /** Faults that last, by what is faulty: one at a time of each. */
  readonly #lasting = new Map<string, Lasting>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async do(what: Misfortune, deed: Deed): Done {
    return await this.#misfortunes[what](deed);
  }

  /** All is well from now on; rejects when something could not be mended, now or by itself before. */
  async mend(): Promise<void> {
    await Promise.all(
      [...this.#lasting.values()].map(async ({ early, over }) => {
        early.abort();
        await over;
      }),
    );
  }

  readonly #misfortunes: Readonly<Record<Misfortune, (deed: Deed) => Done>> = {
    killPod: async ({ dice }) => await this.#signalPod(dice, "SIGKILL"),
    hangPod: async ({ dice }) => await this.#hangPod(dice),
    killOperator: async ({ dice }) => await this.#endOperator(dice, "SIGKILL"),
    stopOperator: async ({ dice }) => await this.#endOperator(dice, "SIGTERM"),
    hangOperator: async ({ dice }) => await this.#hangOperator(dice),
    killBackend: async ({ dice: [which, long] }) => {
      const { starrocks } = this.#stage.world;
      const i = between(0, starrocks.backendHosts.length - 1, which);
      return this.#last(`BE ${i}`, between(500, 6_000, long), () => {
        starrocks.killBackend(i);
        return () => starrocks.startBackend(i);
      });
    },
    killFrontend: async ({ dice: [, long] }) => {
      const { starrocks } = this.#stage.world;
      return this.#last("FE", between(100, 5_000, long), async () => {
        await starrocks.killFrontend(0);
        // Its temporary files stay: without them a job in UPLOAD_INFO hangs until our limit of 15 minutes.
        return async () => await starrocks.startFrontend(0, { keepsTmp: true });
      });
    },
    breakConnections: () => {
      this.#stage.world.starrocks.breakConnections();
      return Promise.resolve("all");
    },
    mergeVersions: ({ dice: [which] }) => {
      const { starrocks } = this.#stage.world;
      const i = between(0, starrocks.backendHosts.length - 1, which);
      starrocks.backendFaults(i).alreadyMerged = 1;
      return Promise.resolve(`BE ${i}`);
    },
    restartApiServer: async ({ dice: [, long] }) => {
      const { server } = this.#stage.world.kubernetes;
      await server.restart(() => sleep(between(0, 3_000, long)));
      return "the API server";
    },
    failApiServer: async ({ dice }) => await this.#failApiServer(dice),
    failStorage: async ({ dice }) => await this.#failStorage(dice, 0.15, HARMS),
    loseStorage: async ({ dice }) => await this.#failStorage(dice, 1, REFUSED),
    cutNode: async ({ dice: [which, long] }) => {
      const { kubernetes } = this.#stage.world;
      const name = must(chosen(kubernetes.nodeNames, which));
      return await this.#last(`node ${name}`, between(1_000, 10_000, long), () => {
        kubernetes.node(name).partition();
        return () => kubernetes.node(name).reconnect();
      });
    },
  };

  async #somePod(die: number): Promise<{ namespace: string; name: string } | undefined> {
    const { client } = this.#stage.world.kubernetes;
    const labelSelector = `${LABELS.managedBy}=${MANAGED_BY}`;
    const { items } = await patiently("listing pods", () => client.list(PODS, { labelSelector }));
    const pod = chosen(
      items.filter((p) => p.status?.phase === "Running"),
      die,
    );
    if (pod === undefined) return undefined;
    return { namespace: pod.metadata.namespace ?? "", name: pod.metadata.name };
  }

  async #signalPod([which]: Dice, signal: NodeJS.Signals): Done {
    const pod = await this.#somePod(which);
    if (pod === undefined) return undefined;
    const { namespace, name } = pod;
    try {
      this.#stage.world.kubernetes.killPod(namespace, name, signal);
    } catch {
      // It ended between the two.
      return undefined;
    }
    return `${namespace}/${name}`;
  }

  async #hangPod(dice: Dice): Done {
    const pod = await this.#somePod(dice[0]);
    if (pod === undefined) return undefined;
    const { namespace, name } = pod;
    const signal = (which: NodeJS.Signals): void => {
      try {
        this.#stage.world.kubernetes.killPod(namespace, name, which);
      } catch {
        // It is gone: what hung was killed.
      }
    };
    return await this.#last(`${namespace}/${name}`, between(1_000, 15_000, dice[1]), () => {
      signal("SIGSTOP");
      return () => signal("SIGCONT");
    });
  }

  async #endOperator([which, long]: Dice, signal: NodeJS.Signals): Done {
    const found = this.#stage.runningOperator(which);
    if (found === undefined) return undefined;
    const { replica, child } = found;
    return await this.#last(`operator ${replica}`, between(100, 6_000, long), () => {
      child.kill(signal);
      this.#stage.operators[replica] = undefined;
      return () => {
        if (isRunning(child)) child.kill("SIGKILL");
        this.#stage.startOperator(replica);
      };
    });
  }

  /** Longer than its lease: another one leads when it wakes. */
  async #hangOperator([which, long]: Dice): Done {
    const found = this.#stage.runningOperator(which);
    if (found === undefined) return undefined;
    const { replica, child } = found;
    return await this.#last(`operator ${replica}`, between(500, 9_000, long), () => {
      child.kill("SIGSTOP");
      return () => void child.kill("SIGCONT");
    });
  }

  async #failApiServer([rate, long, seed]: Dice): Done {
    const random = seededRandom(Math.floor(seed * 2 ** 32));
    const fault = ({ userAgent }: ApiRequest): Fault | undefined =>
      userAgent.startsWith("starrocks-backup-operator") && random() < 0.05 + 0.3 * rate
        ? chosen(API_FAULTS, random())
        : undefined;
    return await this.#last("API server", between(1_000, 8_000, long), () => {
      const { faults } = this.#stage.world.kubernetes.server;
      const count = faults.before;
      faults.before = (request) => count?.(request) ?? fault(request);
      faults.after = fault;
      return () => {
        faults.before = count;
        faults.after = undefined;
      };
    });
  }

  async #failStorage([, long, seed]: Dice, rate: number, harms: readonly Harm[]): Done {
    const { s3 } = this.#stage.world;
    return await this.#last("storage", between(500, 8_000, long), () => {
      s3.harmAtRandom({ seed: Math.floor(seed * 2 ** 32), rate, harms });
      return () => s3.heal();
    });
  }

  /** Undefined: it is faulty already. */
  async #last(
    what: string,
    ms: number,
    begin: () => Promise<() => Promise<void> | void> | (() => Promise<void> | void),
  ): Done {
    if (this.#lasting.has(what)) return undefined;
    const end = await begin();
    const early = new AbortController();
    const over = this.#endAfter(ms, early.signal, what, end);
    // Who mends is told; until then it is nobody's.
    over.catch(() => {});
    this.#lasting.set(what, { early, over });
    return `${what} for ${ms} ms`;
  }

  /** What could not be mended stays in the list. */
  async #endAfter(
    ms: number,
    early: AbortSignal,
    what: string,
    end: () => Promise<void> | void,
  ): Promise<void> {
    await sleep(ms, undefined, { signal: early }).catch(() => {});
    try {
      await end();
    } catch (error) {
      throw new Error(`${what} could not be mended`, { cause: error });
    }
    this.#lasting.delete(what);
  }
}
