#!/usr/bin/env node
// The operator's process: configuration, clients, controllers, signals. No decisions.
import { randomUUID } from "node:crypto";
import { lookup } from "node:dns/promises";
import { hostname } from "node:os";
import { systemClock, systemRandom } from "./clock.ts";
import { helpText, parseConfig, type OperatorConfig } from "./config.ts";
import type { ControllerDeps } from "./controllers/deps.ts";
import { Frontends } from "./controllers/frontends.ts";
import { controllers, makeInformers } from "./controllers/index.ts";
import { OperatorMetrics, RUNTIME_PREFIX } from "./controllers/metrics.ts";
import { readMountKey } from "./controllers/mount-key.ts";
import { LEASE_NAME } from "./controllers/names.ts";
import { describeError, TerminalError } from "./errors.ts";
import { createLog, type Log } from "./log.ts";
import { openApi } from "./runtime/client.ts";
import { EventRecorder } from "./runtime/events.ts";
import { HealthServer } from "./runtime/health.ts";
import { Leader } from "./runtime/leader.ts";
import { Manager } from "./runtime/manager.ts";
import { RuntimeMetrics } from "./runtime/metrics.ts";
import type { Secret } from "./secret.ts";
import { openFrontend } from "./starrocks/open.ts";

const NAME = "starrocks-backup-operator";
const EXIT_FAILED = 1;
/** Nothing heals until a person changes flags, kubeconfig or rights. */
const EXIT_MISCONFIGURED = 42;
const FLUSH_MS = 3_000;
/** From the end of the controllers to that of the process, at the most. */
const LEAVE_MS = 10_000;

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help")) {
    process.stdout.write(`${helpText()}\n`);
    return 0;
  }
  let config: OperatorConfig;
  try {
    config = parseConfig(argv, process.env);
  } catch (error) {
    createLog("info").error(describeError(error), { reason: "WrongArguments" });
    return EXIT_MISCONFIGURED;
  }
  const log = createLog(config.logLevel);
  try {
    await run(config, log, untilSignalled(log));
    return 0;
  } catch (error) {
    log.error("the operator ends", { error: describeError(error) });
    return error instanceof TerminalError ? EXIT_MISCONFIGURED : EXIT_FAILED;
  }
}

async function run(config: OperatorConfig, log: Log, signal: AbortSignal): Promise<void> {
  const metrics = new RuntimeMetrics(RUNTIME_PREFIX);
  const operatorMetrics = new OperatorMetrics(metrics.registry);
  const common = { clock: systemClock, random: systemRandom, log, metrics };
  const { kubeconfig, context } = config;
  const api = openApi({ ...common, kubeconfig, context, userAgent: NAME, fieldManager: NAME });
  const identity = `${hostname()}_${randomUUID()}`;
  const health = new HealthServer({
    host: config.host,
    port: config.port,
    registry: metrics.registry,
  });
  const leader = new Leader(
    { ...common, api },
    { namespace: config.namespace, name: LEASE_NAME, identity, ...leaseTimes(config.leaseMs) },
  );
  const manager = new Manager({
    ...common,
    api,
    leader,
    register: (check) => health.register(check),
  });
  const events = new EventRecorder({ ...common, api, component: NAME, instance: hostname() });
  const frontends = new Frontends({
    api,
    clock: systemClock,
    log,
    open: openFrontend,
    metrics: operatorMetrics,
  });
  const informers = makeInformers(manager, config.watchNamespaces);
  operatorMetrics.follow(informers.caches, informers.pods);
  let key: Promise<Secret> | undefined;
  const deps: ControllerDeps = {
    api,
    clock: systemClock,
    log,
    caches: informers.caches,
    frontends,
    events: { emit: (about, event) => events.record(about, event) },
    metrics: operatorMetrics,
    requireLead: () => leader.requireLease(),
    mountKey: () =>
      (key ??= readMountKey(api, config.namespace).catch((error: unknown) => {
        key = undefined;
        throw error;
      })),
    lookup: addressesOf,
    starRocksNamespaces: config.starRocksNamespaces,
    agentImage: config.agentImage,
  };
  for (const options of controllers(deps, informers, config.workers)) manager.add(options);
  await requireMountKey(deps, log);
  const port = await health.listen();
  log.info("started", { server: api.server, namespace: config.namespace, healthPort: port });
  try {
    await manager.run(signal);
  } finally {
    leaveInTime(log);
    await events.flush(FLUSH_MS);
    await frontends.close();
    await health.close();
    api.close();
    log.info("ended");
  }
}

/** What waits on a dead network for ever must not keep a process that no longer leads: another one is to start. */
function leaveInTime(log: Log): void {
  setTimeout(() => {
    log.error("something did not end in time; leaves without it", { limitMs: LEAVE_MS });
    process.exit(EXIT_FAILED);
  }, LEAVE_MS).unref();
}

/** A key that is of no use is told at the start, and not by jobs that wait; an API server that is away is waited for. */
async function requireMountKey(deps: ControllerDeps, log: Log): Promise<void> {
  try {
    await deps.mountKey();
  } catch (error) {
    if (error instanceof TerminalError) throw error;
    log.warn("the key of the mounts cannot be read yet", { error: describeError(error) });
  }
}

/** Who cannot renew stops leading while the lease still keeps others out. */
function leaseTimes(leaseMs: number): {
  leaseMs: number;
  renewDeadlineMs: number;
  retryMs: number;
} {
  return { leaseMs, renewDeadlineMs: (leaseMs * 2) / 3, retryMs: leaseMs / 7 };
}

/** Empty: it has none, or DNS does not answer; a BE without a known place is told in the status. */
async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

/** Aborted by the first SIGTERM or SIGINT; a second one ends the process as it would by itself. */
function untilSignalled(log: Log): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => {
      log.info("stopping", { signal: name });
      controller.abort(new Error(name));
    });
  }
  return controller.signal;
}

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    createLog("error").error("a bug: the operator ends", {
      error: describeError(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
    process.exit(70);
  });
}

process.exitCode = await main(process.argv.slice(2));
