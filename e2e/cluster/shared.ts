// One cluster for a whole run of the tests, started by the first that asks. It goes with the process, which is the run's:
// nobody stops it. Each test has namespaces of its own in it, and gives back a node that it took.
import { startCluster, type Cluster } from "./cluster.ts";

let starting: Promise<Cluster> | undefined;

/** The same for all. One that did not start is not tried again: everybody learns of the same reason. */
export function sharedCluster(): Promise<Cluster> {
  starting ??= startTimed();
  return starting;
}

async function startTimed(): Promise<Cluster> {
  const begun = performance.now();
  const cluster = await startCluster();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`  (two nodes Ready in ${seconds} s)\n`);
  return cluster;
}
