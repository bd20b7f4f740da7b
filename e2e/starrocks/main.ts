// A StarRocks stand-in as a process of its own, for demonstrations: starts a cluster from flags, makes
// databases, prints one JSON line when it serves, and takes one command a line on stdin.
//
//   node e2e/starrocks/main.ts --dir /tmp/sr --profile 3.5 --backends 3 --port 9030 \
//     --database shop:orders,items --bytes 1048576
//
// Commands: kill-be N, start-be N, kill-fe [N], start-fe [N], change-leader, break, load DB TABLE BYTES,
// digest DB TABLE, host NAME ADDRESS, violations, stop. Each is answered by one JSON line.
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { startStarRocks, type StarRocks } from "./cluster.ts";
import { MINIMAL_PRIVILEGES } from "./privileges.ts";
import { isProfileName, PROFILE_NAMES } from "./profiles.ts";

const { values: flags } = parseArgs({
  options: {
    dir: { type: "string" },
    profile: { type: "string", default: "3.5" },
    backends: { type: "string", default: "3" },
    frontends: { type: "string", default: "1" },
    host: { type: "string", default: "127.0.0.1" },
    "backend-host": { type: "string", default: "127.0.0.11" },
    port: { type: "string", default: "9030" },
    speed: { type: "string", default: "1" },
    /** Each BE in a process of its own. */
    processes: { type: "boolean", default: false },
    password: { type: "string", default: "" },
    /** `name:table,table`; may be given several times. */
    database: { type: "string", multiple: true, default: [] },
    partitions: { type: "string", default: "2" },
    tablets: { type: "string", default: "3" },
    replicas: { type: "string", default: "1" },
    /** Of each tablet. */
    bytes: { type: "string", default: "1048576" },
    /** `name:password`: a user with the rights an operator needs and no more. */
    user: { type: "string" },
  },
});

function reply(value: object): void {
  console.log(JSON.stringify(value));
}

async function main(): Promise<void> {
  const { dir, profile } = flags;
  if (dir === undefined || !isProfileName(profile)) {
    throw new Error(`--dir is needed, and a --profile of ${PROFILE_NAMES.join(", ")}`);
  }
  const [user, password = ""] = flags.user?.split(":") ?? [];
  const starrocks = await startStarRocks({
    dir,
    profile,
    backends: Number(flags.backends),
    frontends: Number(flags.frontends),
    frontendHost: flags.host,
    backendHost: flags["backend-host"],
    mysqlPort: Number(flags.port),
    speed: Number(flags.speed),
    backendProcesses: flags.processes,
    rootPassword: flags.password,
    users: user === undefined ? [] : [{ name: user, password, privileges: MINIMAL_PRIVILEGES }],
  });
  for (const text of flags.database) await makeDatabase(starrocks, text);
  const { host, port } = starrocks.mysql;
  reply({ serving: { host, port }, backends: starrocks.backendHosts });
  await serveCommands(starrocks);
}

/** A database that is there already (the folder of an earlier run) stays as it is. */
async function makeDatabase(starrocks: StarRocks, text: string): Promise<void> {
  const [name = "", tables = ""] = text.split(":");
  if (starrocks.databaseNames.includes(name)) return;
  await starrocks.createDatabase({
    name,
    tables: tables.split(",").map((table) => ({
      name: table,
      partitions: Array.from({ length: Number(flags.partitions) }, (_, i) => `p${i + 1}`),
      tablets: Number(flags.tablets),
      replicationNum: Number(flags.replicas),
      segmentBytes: [Number(flags.bytes)],
    })),
  });
}

type Command = (starrocks: StarRocks, args: readonly string[]) => unknown;

const COMMANDS: Readonly<Record<string, Command>> = {
  "kill-be": (sr, [i]) => sr.killBackend(Number(i)),
  "start-be": (sr, [i]) => sr.startBackend(Number(i)),
  "kill-fe": (sr, [i]) => sr.killFrontend(i === undefined ? undefined : Number(i)),
  "start-fe": (sr, [i]) => sr.startFrontend(Number(i ?? 0)),
  "change-leader": (sr) => sr.changeLeader(),
  break: (sr) => sr.breakConnections(),
  load: (sr, [db = "", table = "", bytes]) => sr.load(db, table, [Number(bytes)]),
  digest: (sr, [db = "", table = ""]) => sr.digest(db, table),
  host: (sr, [name = "", address]) => sr.setHost(name, address),
  violations: (sr) => sr.violations,
  stop: (sr) => sr.stop(),
};

async function serveCommands(starrocks: StarRocks): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void starrocks.stop().then(() => process.exit(0)));
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const [name = "", ...args] = line.trim().split(/\s+/);
    const command = COMMANDS[name];
    try {
      if (command === undefined) throw new Error(`unknown command: ${name}`);
      reply({ done: name, result: (await command(starrocks, args)) ?? null });
    } catch (error) {
      reply({ failed: name, message: error instanceof Error ? error.message : String(error) });
    }
    if (name === "stop") process.exit(0);
  }
}

await main();
