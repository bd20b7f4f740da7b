// The operator as main.ts puts it together, with real informers and queues, in a small world: nothing is looked at
// unless a watch or a poll asks for it.
import { setImmediate as turn } from "node:timers/promises";
import { RuntimeMetrics } from "../../runtime/metrics.ts";
import { Manager } from "../../runtime/manager.ts";
import { silentLog } from "../../log.ts";
import type { Api } from "../../runtime/api.ts";
import { controllers, makeInformers } from "../index.ts";
import type { World } from "./world.ts";

const WORKERS = 2;
/** Turns of the event loop in which all that was woken has run, at one turn a call of the API. */
const TURNS = 150;

export interface RunningOperator {
  /** Lets the world move on, and the operator react. */
  readonly round: () => Promise<void>;
  /** Rounds until it is so; rejects after `roundsMax`. */
  readonly until: (isDone: () => boolean, what: string, roundsMax?: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** How it is set up; default: everything is watched, with all rights. */
export interface OperatorOptions {
  readonly api?: Api;
  readonly namespaces?: readonly string[];
  readonly starRocksNamespaces?: readonly string[];
}

export function runOperator(world: World, options: OperatorOptions = {}): RunningOperator {
  const { clock } = world;
  const { api = world.api, namespaces, starRocksNamespaces } = options;
  const deps = { ...world.deps, starRocksNamespaces, ...(options.api !== undefined && { api }) };
  const metrics = new RuntimeMetrics();
  const common = { clock, metrics, log: silentLog, random: () => 1, register: () => {} };
  const manager = new Manager({ api, ...common });
  const informers = makeInformers(manager, namespaces);
  deps.metrics.follow(informers.caches, informers.pods);
  for (const one of controllers({ ...deps, caches: informers.caches }, informers, WORKERS)) {
    manager.add(one);
  }
  const end = new AbortController();
  const running = manager.run(end.signal);
  const round = async (): Promise<void> => {
    await settle();
    await world.move();
    await settle();
  };
  return {
    round,
    until: async (isDone, what, roundsMax = 100) => {
      for (let i = 0; i < roundsMax; i += 1) {
        if (isDone()) return;
        await round();
      }
      throw new Error(`${what} never came`);
    },
    stop: async () => {
      end.abort(new Error("the test is over"));
      await running;
    },
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < TURNS; i += 1) await turn();
}
