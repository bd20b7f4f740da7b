// Calls between FEs and BEs over the network between them: whoever is down refuses, whoever is cut off is waited
// for until the caller's socket gives up, and an answer may be lost on its way, too.
import type { Partitions } from "../partitions.ts";
import type { Frontend } from "./frontend.ts";
import type { BackendPort, FrontendPort } from "./messages.ts";

/** A socket's timeout, in cluster time, and no less than this in real time. */
const TIMEOUT_MS = 5_000;
const TIMEOUT_MIN_MS = 500;

export interface Rpc {
  readonly partitions: Partitions;
  /** How many times as fast the cluster's time runs. */
  readonly speed: number;
}

/** The way from the FE at `from` to a BE that may come and go. */
export function wayToBackend(
  rpc: Rpc,
  from: string,
  to: { readonly host: string; readonly backend: BackendPort | undefined },
): BackendPort {
  const ask = <T>(call: (backend: BackendPort) => Promise<T>): Promise<T> =>
    across(rpc, [from, to.host], () => call(to.backend ?? refuse()));
  return {
    heartbeat: () => ask((be) => be.heartbeat()),
    submitTasks: (tasks) => ask((be) => be.submitTasks(tasks)),
    createTablet: (id) => ask((be) => be.createTablet(id)),
    dropTablets: (ids) => ask((be) => be.dropTablets(ids)),
    tabletStats: () => ask((be) => be.tabletStats()),
  };
}

/** The way from the BE at `from` to whichever FE leads. */
export function wayToLeader(
  rpc: Rpc,
  from: string,
  leader: () => Frontend | undefined,
): FrontendPort {
  const ask = async <T>(call: (frontend: FrontendPort) => Promise<T>): Promise<T> => {
    const { host } = (leader() ?? refuse()).options;
    return await across(rpc, [from, host], () => call(leader() ?? refuse()));
  };
  return {
    finishTask: (done) => ask((fe) => fe.finishTask(done)),
    reportTasks: (id, signatures) => ask((fe) => fe.reportTasks(id, signatures)),
    reportProgress: (progress) => ask((fe) => fe.reportProgress(progress)),
  };
}

async function across<T>(
  { partitions, speed }: Rpc,
  [from, to]: readonly [from: string, to: string],
  call: () => Promise<T>,
): Promise<T> {
  const timeoutMs = Math.max(TIMEOUT_MS / speed, TIMEOUT_MIN_MS);
  await partitions.passable(from, to, timeoutMs);
  const answer = await call();
  await partitions.passable(to, from, timeoutMs);
  return answer;
}

function refuse(): never {
  throw new Error("java.net.ConnectException: Connection refused");
}
