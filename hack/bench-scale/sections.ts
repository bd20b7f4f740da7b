// The sections of the benchmark: what grows in each, from where to where.
import { measureBackups } from "./backups.ts";
import { measureCatalog, measureSnapshot } from "./commands.ts";
import { pair } from "./figure.ts";
import { measureMemory } from "./memory.ts";
import type { Section } from "./figure.ts";

export const SECTIONS: Readonly<Record<string, () => Promise<Section>>> = {
  queue: async () => ({
    name: "Backups in the queue of one Repository, 16 of which run, on 3 nodes",
    grows: "Backups",
    small: "100",
    full: "1,000",
    factor: 10,
    figures: pair(
      await measureBackups({ repositories: 1, backups: 100, slots: 16, nodes: 3 }),
      await measureBackups({ repositories: 1, backups: 1_000, slots: 16, nodes: 3 }),
    ),
  }),
  running: async () => ({
    name: "Backups that run at the same time, in 10 Repositories, on 3 nodes, 5 minutes of upload each",
    grows: "running Backups",
    small: "10",
    full: "100",
    factor: 10,
    figures: pair(
      await measureBackups({
        repositories: 10,
        backups: 10,
        slots: 1,
        nodes: 3,
        uploadSeconds: 300,
      }),
      await measureBackups({
        repositories: 10,
        backups: 100,
        slots: 10,
        nodes: 3,
        uploadSeconds: 300,
      }),
    ),
  }),
  nodes: async () => ({
    name: "Nodes with a BE, 4 Backups that run",
    grows: "nodes",
    small: "20",
    full: "200",
    factor: 10,
    figures: pair(
      await measureBackups({
        repositories: 1,
        backups: 4,
        slots: 4,
        nodes: 20,
        uploadSeconds: 300,
      }),
      await measureBackups({
        repositories: 1,
        backups: 4,
        slots: 4,
        nodes: 200,
        uploadSeconds: 300,
      }),
    ),
  }),
  snapshot: async () => ({
    name: "The agent's commands over a snapshot, five files a tablet",
    grows: "files",
    small: "100,000",
    full: "1,000,000",
    factor: 10,
    figures: pair(await measureSnapshot(100_000), await measureSnapshot(1_000_000)),
  }),
  catalog: async () => ({
    name: "The catalogue of a repository",
    grows: "snapshots",
    small: "1,000",
    full: "10,000",
    factor: 10,
    figures: pair(await measureCatalog(1_000), await measureCatalog(10_000)),
  }),
  memory: async () => ({
    name: "Memory of the operator's process, with 20 agents' Jobs and pods for each Backup",
    grows: "Backups",
    small: "100",
    full: "1,000",
    factor: 10,
    figures: pair(
      await measureMemory({ backups: 100, agents: 2_000 }),
      await measureMemory({ backups: 1_000, agents: 20_000 }),
    ),
  }),
};
