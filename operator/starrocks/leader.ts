// Finds the FE that leads and connects to it: SHOW RESTORE, SHOW SNAPSHOT and SHOW REPOSITORIES are answered by
// the FE that is asked, and a follower's answers lack tasks and lag (§1.10). It starts from the addresses a
// person gave; the leader's own address comes from SHOW FRONTENDS. When that one cannot be reached from here
// (another network, a port-forward), the first FE that let us in has to do: it hands statements on.
import type { Log } from "../log.ts";
import { classify, tidy } from "./errors.ts";
import { FrontendError, type FrontendNode } from "./frontend.ts";
import { frontendNode } from "./rows.ts";
import { ServerRefusal, SessionLost, type Address, type Session } from "./session.ts";
import { FORWARD_TO_LEADER, SET_ROLE_ALL, SET_TIME_ZONE, SHOW_FRONTENDS } from "./statements.ts";

/** A leader that moved while it was looked for is found at the next hop. */
const HOPS_MAX = 3;

export interface LeaderSession {
  readonly session: Session;
  /** False: its FE follows, or nobody could tell. */
  readonly leads: boolean;
}

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
  /** FEs that let us in and cannot bring us to their leader. */
  readonly followers: Session[];
}

/** Rejects with {@link FrontendError}: `AccessDenied` when no FE lets us in, else `FrontendUnreachable`. */
export async function connectToLeader(search: LeaderSearch): Promise<LeaderSession> {
  const { refused, followers }: Found = { refused: [], followers: [] };
  try {
    for (const seed of search.seeds) {
      const session = await leaderFrom(search, seed, { refused, followers });
      if (session !== undefined) return { session, leads: true };
    }
    const follower = followers.shift();
    if (follower === undefined) {
      throw refused.find((e) => e.reason === "AccessDenied") ?? refused[0] ?? unreachable(search);
    }
    const { host, port } = follower.address;
    search.log.warn("the StarRocks leader cannot be reached, another FE is asked", { host, port });
    return { session: follower, leads: false };
  } finally {
    for (const session of followers) session.close();
  }
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
  { refused, followers }: Found,
): Promise<Session | undefined> {
  let address: Address | undefined = seed;
  for (let hop = 0; hop < HOPS_MAX && address !== undefined; hop += 1) {
    const session = await tryOpen(search, address, refused);
    if (session === undefined) return undefined;
    try {
      const seen = await leaderSeenBy(session, search.statementTimeoutMs);
      if (seen === "itself") return session;
      followers.push(session);
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

/** Undefined: the user may not know. */
async function leaderSeenBy(
  session: Session,
  timeoutMs: number,
): Promise<"itself" | Address | undefined> {
  const nodes = await frontendsOf(session, timeoutMs);
  if (nodes === undefined) return undefined;
  if (isLeader(session.address, nodes)) return "itself";
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

function unreachable({ seeds }: LeaderSearch): FrontendError {
  const list = seeds.map(show).join(", ");
  return new FrontendError("FrontendUnreachable", true, `no FE answers at ${list}`);
}

function show({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
