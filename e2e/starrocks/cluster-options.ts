// What a StarRocks stand-in is started with, and what follows from it alone.
import type { ChildProcess } from "node:child_process";
import type { Clock } from "../../operator/clock.ts";
import type { Partitions } from "../partitions.ts";
import type { User } from "./privileges.ts";
import type { Profile, ProfileName } from "./profile.ts";
import { profileOf } from "./profiles.ts";
import type { Dns, Resolve } from "./wire/name-service.ts";

export interface StarRocksOptions {
  readonly profile: ProfileName | Profile;
  /** Everything on disk is below it. An existing one is taken over, as after a restart. */
  readonly dir: string;
  readonly backends: number;
  readonly frontends?: number;
  /** How many times as fast ticks, reports, re-sends, heartbeats and job timeouts run. */
  readonly speed?: number;
  readonly seed?: string;
  /** FE i gets the i-th address from here on; default 127.0.0.1. */
  readonly frontendHost?: string;
  /** BE i gets the i-th address from here on; default 127.0.0.11. */
  readonly backendHost?: string;
  /** The address of each FE, on the nodes of a cluster; in place of `frontendHost`. */
  readonly frontendHosts?: readonly string[];
  /** The address of each BE; in place of `backendHost`. */
  readonly backendHosts?: readonly string[];
  /** The first FE's port; default a free one. */
  readonly mysqlPort?: number;
  readonly rootPassword?: string;
  readonly users?: readonly User[];
  readonly config?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Names of brokers, per caller. */
  readonly resolve?: Resolve;
  /** A DNS server that FEs and BEs ask, in place of `resolve`. */
  readonly dns?: Dns;
  /** Real time; the release's when nothing is said. */
  readonly socketTimeoutsMs?: Partial<SocketTimeouts>;
  /** upload_worker_count and download_worker_count. */
  readonly backendWorkers?: number;
  /** Each BE in a process of its own. Faults and host names are then those of its start. */
  readonly backendProcesses?: boolean;
  /** How each of those processes is started, where it cannot be here. */
  readonly forkBackend?: ForkBackend;
  /** Who does not reach whom, of FEs, BEs, MySQL clients; brokers are behind relays that ask the same one. */
  readonly partitions?: Partitions;
}

/** Starts Node with this module and an IPC channel on the machine with this address. */
export type ForkBackend = (host: string, module: string) => ChildProcess;

export interface SocketTimeouts {
  readonly frontendCall: number;
  readonly frontendHeartbeat: number;
  readonly backendCall: number;
  readonly backendDirectory: number;
  readonly backendPing: number;
}

export function profileFor(options: StarRocksOptions): Profile {
  const base = typeof options.profile === "string" ? profileOf(options.profile) : options.profile;
  const { backendCall, backendDirectory } = options.socketTimeoutsMs ?? {};
  return {
    ...base,
    backend: {
      ...base.backend,
      callTimeoutMs: backendCall ?? base.backend.callTimeoutMs,
      directoryTimeoutMs: backendDirectory ?? base.backend.directoryTimeoutMs,
      workers: options.backendWorkers ?? base.backend.workers,
    },
  };
}
