// HDFS in the suite of faults, on a real NameNode and DataNode. One fault at a time never makes the driver cut back a
// file (TRUNCATE), and only gateways make it list without pages (LISTSTATUS).
import { HarmingProxy } from "../../e2e/servers/harming-proxy.ts";
import { startMiniCluster } from "../../e2e/servers/hdfs/mini-cluster.ts";
import { HdfsDialect, type HdfsFaultRequest } from "../../e2e/servers/hdfs-dialect.ts";
import { describeWith } from "../../e2e/servers/installed.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { openStorage } from "./open.ts";
import type { FaultTable, FaultyStore } from "./testing/faults.ts";
import { storageFaults } from "./testing/faults.ts";

const TABLE: FaultTable<HdfsFaultRequest> = {
  requests: {
    CREATE: { call: "put", answers: "words" },
    "CREATE of bytes": { call: "put", sends: "unchecked", mayLoseEnd: true },
    APPEND: { call: "upload", answers: "words" },
    "APPEND of bytes": { call: "upload", sends: "unchecked", mayLoseEnd: true },
    RENAME: { call: "upload" },
    OPEN: { call: "read", answers: "words" },
    "OPEN of bytes": { call: "read", answers: "content", stands: true },
    GETFILESTATUS: { call: "stat", answers: "words", most: 4 },
    LISTSTATUS_BATCH: { call: "list", answers: "words", stands: true },
    MKDIRS: { call: "move", answers: "words" },
    DELETE: { call: "delete", answers: "words" },
  },
  refusals: {
    internal: { do: "refuse", status: 403, code: "RetriableException" },
    throttled: { do: "refuse", status: 429, code: "TooManyRequests" },
    denied: { do: "refuse", status: 403, code: "AccessControlException" },
  },
};

async function openFaultyHdfs(): Promise<FaultyStore<HdfsFaultRequest>> {
  const cluster = await startMiniCluster();
  await cluster.order("mkdir /backup 777");
  const nameNode = must(cluster.nameNodes[0]);
  const proxy = new HarmingProxy(new HdfsDialect());
  const nameNodes = [await proxy.through(nameNode)];
  return {
    proxy,
    storage: (limitMs) =>
      openStorage(
        {
          location: "hdfs://ns1/backup/faults",
          connection: { maxSockets: 16 },
          hdfs: {
            nameNodes,
            user: "eve",
            timeouts: { nameNodeMs: limitMs, requestMs: limitMs, stallMs: limitMs / 4 },
          },
          // One call takes five requests here, each of which may suffer in a bad hour.
          retry: { tries: 20, firstDelayMs: 1, delayMaxMs: 5, retryAfterMaxMs: 500 },
        },
        { clock: systemClock, random: () => 0.5, log: silentLog },
      ),
    unfinished: () => temporaryFiles(nameNode, "/backup"),
    close: async () => {
      await proxy.stop();
      await cluster.stop();
    },
  };
}

interface Listed {
  readonly FileStatuses?: {
    readonly FileStatus: readonly { readonly pathSuffix: string; readonly type: string }[];
  };
}

/** What the NameNode itself shows of files whose names begin with a point, anywhere below. */
async function temporaryFiles(nameNode: string, path: string): Promise<readonly string[]> {
  const answer = await fetch(
    `${nameNode}/webhdfs/v1${encodeURI(path)}?op=LISTSTATUS&user.name=eve`,
  );
  const { FileStatuses } = (await answer.json()) as Listed;
  const found = (FileStatuses?.FileStatus ?? []).map(async ({ pathSuffix, type }) => {
    const child = `${path}/${pathSuffix}`;
    if (type === "DIRECTORY") return temporaryFiles(nameNode, child);
    return pathSuffix.startsWith(".") ? [child] : [];
  });
  return (await Promise.all(found)).flat();
}

describeWith("hadoop", "HDFS", () => {
  storageFaults("HDFS", TABLE, openFaultyHdfs);
});
