// The HDFS driver on a real cluster of Hadoop: one with two NameNodes for the whole file.
import { describeWith } from "../../e2e/servers/installed.ts";
import type { MiniCluster } from "../../e2e/servers/hdfs/mini-cluster.ts";
import { startMiniCluster } from "../../e2e/servers/hdfs/mini-cluster.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import type { Agents } from "./connection.ts";
import { makeAgents } from "./connection.ts";
import { HdfsClient } from "./hdfs-client.ts";
import { nameNodesOf, parseHdfsLocation } from "./hdfs-location.ts";
import { HdfsStorage } from "./hdfs.ts";
import type { Storage } from "./storage.ts";
import { storageContract } from "./testing/contract.ts";

const TIMEOUTS = { connectMs: 5000, nameNodeMs: 60_000, requestMs: 60_000, stallMs: 30_000 };

describeWith("hadoop", "HdfsStorage", () => {
  let cluster: MiniCluster | undefined;
  const made: Agents[] = [];

  before(async function () {
    this.timeout(200_000);
    cluster = await startMiniCluster({ ha: true });
    await must(cluster).order("mkdir /backup 777");
  });
  after(async () => {
    for (const { http, https } of made) {
      http.destroy();
      https.destroy();
    }
    await cluster?.stop();
  });

  const open = (how: { folder?: string; user?: string; nameNodes?: string[] } = {}): Storage => {
    const { folder = "backup/some folder/p%41", user = "eve", nameNodes } = how;
    const agents = makeAgents({}, 16);
    made.push(agents);
    const location = parseHdfsLocation(`hdfs://ns1/${folder}`);
    const client = new HdfsClient({
      nameNodes: nameNodesOf(location, nameNodes ?? must(cluster).nameNodes),
      settings: { user },
      agents,
      clock: systemClock,
      timeouts: TIMEOUTS,
      origin: "hdfs://ns1",
    });
    return new HdfsStorage({ client, location, clock: systemClock });
  };

  storageContract("HdfsStorage on HDFS", async () => ({
    storage: open(),
    another: () => open(),
    close: async () => {},
  }));
});
