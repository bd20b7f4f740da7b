// Opens a StarRocks: addresses and users in, a Frontend out. Nothing is contacted before the first verb. TLS is
// not there yet.
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Secret } from "../secret.ts";
import { FrontendConnection, type Ask, type Timeouts } from "./connection.ts";
import type { Frontend } from "./frontend.ts";
import { invalid, shown } from "./quoting.ts";
import type { Address } from "./session.ts";
import { SqlFrontend } from "./sql-frontend.ts";
import { Turns } from "./turns.ts";

export interface OpenFrontendOptions {
  /** `host:port`, `host` (port 9030) or `[IPv6]:port`; at least one. The leader is found from any of them. */
  readonly frontends: readonly string[];
  readonly user: string;
  readonly password: Secret;
  /** Who runs ADD and DROP BROKER; `user` when absent. */
  readonly mountUser?: string;
  readonly mountPassword?: Secret;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeouts?: Partial<Timeouts>;
  /** Closes it, as `close` does. */
  readonly signal?: AbortSignal;
}

const QUERY_PORT = 9030;
const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  statementMs: 30_000,
  brokerStatementMs: 150_000,
  idleMs: 60_000,
};
/** Statements that wait for their turn; more than any number of jobs of one StarRocks has at once. */
const WAITING_MAX = 200;

/** Throws a FrontendError `RequestInvalid` when an address cannot be one. The caller closes it. */
export function openFrontend(options: OpenFrontendOptions): Frontend {
  if (options.frontends.length === 0) throw invalid("no FE address is given");
  const ending = new AbortController();
  const { clock, log, user, password, mountUser, mountPassword } = options;
  const common = {
    seeds: options.frontends.map(parseAddress),
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    turns: new Turns(WAITING_MAX),
    signal: ending.signal,
    clock,
    log,
  };
  const asker = (as: { readonly user: string; readonly password: Secret }): Ask => {
    const connection = new FrontendConnection({ ...common, ...as });
    return (statement) => connection.run(statement);
  };
  const ask = asker({ user, password });
  const askToMount =
    mountUser === undefined || mountPassword === undefined
      ? ask
      : asker({ user: mountUser, password: mountPassword });
  const close = (): Promise<void> => {
    ending.abort();
    return Promise.resolve();
  };
  if (options.signal?.aborted === true) ending.abort();
  options.signal?.addEventListener("abort", () => void close(), { signal: ending.signal });
  return new SqlFrontend({ ask, askToMount, close });
}

function parseAddress(text: string): Address {
  const [, inBrackets, plain, portText] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text.trim()) ?? [];
  const host = inBrackets ?? plain;
  const port = portText === undefined ? QUERY_PORT : Number(portText);
  if (host === undefined || port < 1 || port > 65_535) {
    throw invalid(`the FE address ${shown(text)} is not host:port`);
  }
  return { host, port };
}
