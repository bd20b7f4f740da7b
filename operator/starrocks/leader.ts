// Finds the FE that leads and connects to it: SHOW RESTORE, SHOW SNAPSHOT, SHOW REPOSITORIES and the views of
// information_schema are answered by the FE that is asked, and a follower's answers lack tasks and lag (§1.10): an
// older Restore may be taken for ours, a table that was just made for one that is not there. So nobody else is asked,
// though a follower would hand most statements on. The search starts from the addresses a person gave; the leader's
// own one comes from SHOW FRONTENDS, and a follower that lags may tell an old one: then the next address is tried.
import type { Log } from "../log.ts";
import { classify, tidy } from "./errors.ts";
import { FrontendError, type FrontendNode } from "./frontend.ts";
import { frontendNode } from "./rows.ts";
import { ServerRefusal, SessionLost, type Address, type Session } from "./session.ts";
import { FORWARD_TO_LEADER, SET_ROLE_ALL, SET_TIME_ZONE, SHOW_FRONTENDS } from "./statements.ts";

/** A leader that moved while it was looked for is found at the next hop. */
const HOPS_MAX = 3;

export interface LeaderSearch {
  /** Tried in this order. */
  readonly seeds: readonly Address[];
  readonly user: string;
  readonly statementTimeoutMs: number;
  readonly log: Log;
  open(address: Address): Promise<Session>;
}

/** What one search has learnt so far. */
interface Found {
  readonly refused: FrontendError[];
  /** An FE that let us in, and whom it takes for the leader. */
  follower: { readonly address: Address; readonly leader: Address } | undefined;
}

/** Rejects with {@link FrontendError}: `AccessDenied` when no FE lets us in, else `FrontendUnreachable`. */
export async function connectToLeader(search: LeaderSearch): Promise<Session> {
  const found: Found = { refused: [], follower: undefined };
  for (const seed of search.seeds) {
    const session = await leaderFrom(search, seed, found);
    if (session !== undefined) return session;
  }
  const { refused, follower } = found;
  const denied = refused.find((e) => e.reason === "AccessDenied");
  throw denied ?? leaderUnreachable(follower, refused) ?? refused[0] ?? unreachable(search);
}

/** Whether the FE of this session leads; undefined when the user may not know. */
export async function checkLeads(
  session: Session,
  statementTimeoutMs: number,
): Promise<boolean | undefined> {
  const nodes = await frontendsOf(session, statementTimeoutMs);
  return nodes === undefined ? undefined : isLeader(session.address, nodes);
}

/** The leader's session, starting from one FE and asking each whom it takes for the leader. */
async function leaderFrom(
  search: LeaderSearch,
  seed: Address,
  found: Found,
): Promise<Session | undefined> {
  const { refused } = found;
  let address = seed;
  for (let hop = 0; hop < HOPS_MAX; hop += 1) {
    const session = await tryOpen(search, address, refused);
    if (session === undefined) return undefined;
    try {
      const seen = await leaderSeenBy(session, search.statementTimeoutMs);
      if (seen === "itself") return session;
      session.close();
      found.follower = { address, leader: seen };
      address = seen;
    } catch (error) {
      session.close();
      if (!(error instanceof SessionLost) && !(error instanceof ServerRefusal)) throw error;
      refused.push(lost(session.address, tidy(error.message)));
      return undefined;
    }
  }
  return undefined;
}

/** A user that may not know is left where it is: every other statement tells which right is missing. */
async function leaderSeenBy(session: Session, timeoutMs: number): Promise<"itself" | Address> {
  const nodes = await frontendsOf(session, timeoutMs);
  if (nodes === undefined || isLeader(session.address, nodes)) return "itself";
  const leader = nodes.find((n) => n.leads && n.alive);
  if (leader === undefined) throw new ServerRefusal("no FE leads");
  return { host: leader.host, port: leader.queryPort };
}

/** Undefined: the user may not see them, which other statements will say better. */
async function frontendsOf(
  session: Session,
  timeoutMs: number,
): Promise<readonly FrontendNode[] | undefined> {
  try {
    const { rows } = await session.query(SHOW_FRONTENDS, timeoutMs);
    return rows.map(frontendNode);
  } catch (error) {
    if (error instanceof ServerRefusal && isRightMissing(error)) return undefined;
    throw error;
  }
}

function isRightMissing(error: ServerRefusal): boolean {
  return classify(error.message, "").reason === "RightMissing";
}

/** A lone FE leads whatever address it was reached at: a Service's, or a forwarded port. */
function isLeader(at: Address, nodes: readonly FrontendNode[]): boolean {
  if (nodes.length === 1) return nodes[0]?.leads === true;
  const leader = nodes.find((n) => n.leads && n.alive);
  return leader?.queryPort === at.port && leader.host.toLowerCase() === at.host.toLowerCase();
}

/** Opens and sets up a session; undefined when that fails, with the reason in `refused`. */
async function tryOpen(
  search: LeaderSearch,
  address: Address,
  refused: FrontendError[],
): Promise<Session | undefined> {
  let session: Session | undefined;
  try {
    session = await search.open(address);
    await setUp(session, search);
    return session;
  } catch (error) {
    session?.close();
    refused.push(openError(address, error, search));
    return undefined;
  }
}

/** A release or a user that refuses one of them is served without it. */
async function setUp(session: Session, { statementTimeoutMs, log }: LeaderSearch): Promise<void> {
  for (const sql of [SET_ROLE_ALL, FORWARD_TO_LEADER, SET_TIME_ZONE]) {
    try {
      await session.query(sql, statementTimeoutMs);
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error;
      log.debug("StarRocks does not take a setting", { sql, said: tidy(error.message) });
    }
  }
}

function openError(address: Address, error: unknown, { user }: LeaderSearch): FrontendError {
  if (error instanceof FrontendError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ServerRefusal)) return lost(address, text);
  const { reason, heals, advice } = classify(text, user);
  const known =
    reason === "AlreadySo" || reason === "StatementFailed" ? "FrontendUnreachable" : reason;
  const message = `${show(address)} lets the user ${user} not in: ${tidy(text)}; ${advice}`;
  return new FrontendError(known, heals, message);
}

function lost(address: Address, why: string): FrontendError {
  return new FrontendError("FrontendUnreachable", true, `FE ${show(address)}: ${why}`);
}

function leaderUnreachable(
  follower: Found["follower"],
  refused: readonly FrontendError[],
): FrontendError | undefined {
  if (follower === undefined) return undefined;
  const { address, leader } = follower;
  const why = refused.at(-1)?.message ?? "it does not lead";
  const message =
    `the leading FE ${show(leader)} cannot be reached from here (${why}); ${show(address)} answers, but what a ` +
    "follower says may be old: its address must be reachable as SHOW FRONTENDS tells it";
  return new FrontendError("FrontendUnreachable", true, message);
}

function unreachable({ seeds }: LeaderSearch): FrontendError {
  const list = seeds.map(show).join(", ");
  return new FrontendError("FrontendUnreachable", true, `no FE answers at ${list}`);
}

function show({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
