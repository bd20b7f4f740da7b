// Who gives way when more callers connect than may be there. The newcomer is not the one to refuse: it may be
// StarRocks, while somebody else holds a thousand connections and says nothing on them. So the address that has
// most gives one up, the one on which nothing was answered for longest; a call that is being worked on is never
// ended. StarRocks itself has a few connections from each of its nodes.
import type { Connection } from "./server-connection.ts";

type Candidate = Pick<Connection, "address" | "stillSinceMs" | "inFlight">;

/** Undefined: every connection is at work. */
export function whoGivesWay<T extends Candidate>(open: Iterable<T>): T | undefined {
  const byAddress = new Map<string, number>();
  const idle: T[] = [];
  for (const connection of open) {
    const { address } = connection;
    byAddress.set(address, (byAddress.get(address) ?? 0) + 1);
    if (connection.inFlight() === undefined) idle.push(connection);
  }
  const crowd = ({ address }: Candidate): number => byAddress.get(address) ?? 0;
  let found: T | undefined;
  for (const connection of idle) {
    const more = found === undefined ? 1 : crowd(connection) - crowd(found);
    const isStiller = found === undefined || connection.stillSinceMs < found.stillSinceMs;
    if (more > 0 || (more === 0 && isStiller)) found = connection;
  }
  return found;
}
