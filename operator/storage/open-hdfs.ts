// From settings to the HDFS driver.
import { makeAgents } from "./connection.ts";
import type { HdfsTimeouts } from "./hdfs-client.ts";
import { HdfsClient } from "./hdfs-client.ts";
import { formatHdfsLocation, nameNodesOf, parseHdfsLocation } from "./hdfs-location.ts";
import { HdfsStorage } from "./hdfs.ts";
import type { DriverDeps, StorageConfig } from "./open.ts";
import type { Storage } from "./storage.ts";

const TIMEOUTS: HdfsTimeouts = {
  connectMs: 5000,
  nameNodeMs: 20_000,
  requestMs: 60_000,
  stallMs: 30_000,
};

export function openHdfs(config: StorageConfig, deps: DriverDeps): Storage {
  const { hdfs: settings = {}, connection = {} } = config;
  const { clock, steps, maxSockets } = deps;
  const location = parseHdfsLocation(config.location);
  const client = new HdfsClient({
    nameNodes: nameNodesOf(location, settings.nameNodes),
    settings,
    agents: makeAgents(connection, maxSockets),
    clock,
    timeouts: {
      ...TIMEOUTS,
      connectMs: connection.connectTimeoutMs ?? TIMEOUTS.connectMs,
      ...settings.timeouts,
    },
    origin: formatHdfsLocation({ ...location, path: "" }),
  });
  return new HdfsStorage({ client, location, clock, steps });
}
