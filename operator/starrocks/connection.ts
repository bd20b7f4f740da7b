// The way of a statement: its turn, a session with the leader, the answer, and what is done when that fails. A
// statement that may be repeated is, over lost connections and over the FE's own stale broker sockets; one that
// may not (BACKUP, RESTORE) is sent to the wire once, and when its answer does not come, nobody can tell.
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Secret } from "../secret.ts";
import { classify, isLostOnTheWay, refusedError, tidy } from "./errors.ts";
import { FrontendError } from "./frontend.ts";
import { checkLeads, connectToLeader, type LeaderSearch } from "./leader.ts";
import type { SqlTable } from "./rows.ts";
import { ServerRefusal, Session, SessionLost, type Address } from "./session.ts";
import type { Turns } from "./turns.ts";

export interface Timeouts {
  /** From the first packet until the FE has let us in. */
  readonly connectMs: number;
  /** For statements that the FE answers by itself. */
  readonly statementMs: number;
  /** For those in which it calls agents: up to 120 s a call (`broker_client_timeout_ms`), several calls. */
  readonly brokerStatementMs: number;
  /** A session that is not used is closed after this. */
  readonly idleMs: number;
}

export interface ConnectionOptions {
  readonly seeds: readonly Address[];
  readonly user: string;
  readonly password: Secret;
  readonly timeouts: Timeouts;
  readonly clock: Clock;
  readonly log: Log;
  /** Shared with the connection of another user: one statement at a time. */
  readonly turns: Turns;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
}

export interface Statement {
  readonly sql: string;
  /** For people: `BACKUP of database shop`. */
  readonly what: string;
  /** The FE calls agents before it answers. */
  readonly callsBroker?: true;
  /** Must not be carried out twice. */
  readonly once?: true;
  /**
   * The FE answers it by itself, and what it says decides: it is asked first whether it still leads. An FE that has
   * lost the lead ends as a rule, and its connections with it, but nobody promises that.
   */
  readonly leaderOnly?: true;
  /** Values in the SQL that no message may show. */
  readonly secrets?: readonly string[];
  /** The refusal in an answer that says it in a row, as SHOW SNAPSHOT does; undefined when there is none. */
  refusalIn?(table: SqlTable): string | undefined;
}

/** Carries a statement out; {@link FrontendConnection} is the one. */
export type Ask = (statement: Statement) => Promise<SqlTable>;

/** §12.3: six stale sockets in a row were seen, 0.2 s apart. */
const ROUNDS_MAX = 10;
const REPEAT_AFTER_MS = 200;
/** A round may itself wait in the FE (10 s for a submission): no new one is begun after this. */
const REPEAT_FOR_MS = 20_000;

const NO_ROWS: SqlTable = { columns: [], rows: [] };

type Outcome =
  { readonly table: SqlTable } | { readonly error: FrontendError; readonly again: boolean };

export class FrontendConnection {
  readonly #options: ConnectionOptions;
  readonly #search: LeaderSearch;
  #current: Session | undefined;
  #lastLeader: readonly Address[] = [];
  #cancelIdle: () => void = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { seeds, user, password, clock, signal, timeouts, log } = options;
    const connectTimeoutMs = timeouts.connectMs;
    this.#search = {
      seeds,
      user,
      statementTimeoutMs: timeouts.statementMs,
      log,
      open: (address) => Session.open({ address, user, password, connectTimeoutMs, clock, signal }),
    };
    signal.addEventListener("abort", () => this.#drop("it was closed here"));
  }

  get user(): string {
    return this.#options.user;
  }

  /** Resolves with the rows; with none when what was asked for is the case already. */
  async run(statement: Statement): Promise<SqlTable> {
    const { turns } = this.#options;
    if (turns.isFull) {
      throw new FrontendError(
        "FrontendUnreachable",
        true,
        `${statement.what}: too many statements wait for this StarRocks; it is slow to answer`,
      );
    }
    return await turns.take(() => this.#carryOut(statement));
  }

  async #carryOut(statement: Statement): Promise<SqlTable> {
    const { clock, signal, log } = this.#options;
    const beganMs = clock.monotonic();
    for (let round = 1; ; round += 1) {
      this.#requireOpen(statement);
      const outcome = await this.#ask(statement);
      const tookMs = Math.round(clock.monotonic() - beganMs);
      if ("table" in outcome) {
        log.debug("statement", { what: statement.what, round, tookMs });
        return outcome.table;
      }
      if (!outcome.again || round >= ROUNDS_MAX || tookMs > REPEAT_FOR_MS) throw outcome.error;
      log.debug("statement is repeated", {
        what: statement.what,
        round,
        why: outcome.error.message,
      });
      await clock.sleep(REPEAT_AFTER_MS, signal).catch(() => {});
    }
  }

  /** One attempt: from finding the leader to the answer. */
  async #ask(statement: Statement): Promise<Outcome> {
    try {
      const session = await this.#leader(statement);
      const { statementMs, brokerStatementMs } = this.#options.timeouts;
      const limitMs = statement.callsBroker === true ? brokerStatementMs : statementMs;
      const table = await session.query(statement.sql, limitMs);
      const refusal = statement.refusalIn?.(table);
      return refusal === undefined ? { table } : this.#refused(statement, refusal);
    } catch (error) {
      return this.#failed(statement, error);
    } finally {
      this.#closeWhenIdle();
    }
  }

  #failed(statement: Statement, error: unknown): Outcome {
    if (error instanceof ServerRefusal) return this.#refused(statement, error.message);
    if (error instanceof SessionLost) return this.#lost(statement, error);
    if (error instanceof FrontendError) {
      return { error, again: error.reason === "FrontendUnreachable" };
    }
    throw error;
  }

  #refused({ what, secrets, once }: Statement, message: string): Outcome {
    const verdict = classify(message, this.user);
    if (verdict.reason === "AlreadySo") return { table: NO_ROWS };
    if (verdict.repeat === "elsewhere") this.#drop("its FE does not lead");
    const text = tidy(message, secrets);
    if (once === true && isLostOnTheWay(message, verdict)) {
      return { error: unknown(what, text), again: false };
    }
    return { error: refusedError(what, text, verdict), again: verdict.repeat !== "no" };
  }

  #lost(statement: Statement, lost: SessionLost): Outcome {
    this.#drop(lost.message);
    const { what, once } = statement;
    if (once === true && lost.sent) return { error: unknown(what, lost.message), again: false };
    const message = `${what}: the connection was lost: ${lost.message}`;
    return { error: new FrontendError("FrontendUnreachable", true, message), again: true };
  }

  /** The session at hand or a new one. */
  async #leader({ once, leaderOnly }: Statement): Promise<Session> {
    this.#cancelIdle();
    if (once === true || leaderOnly === true) await this.#confirmLeader();
    if (this.#current?.isOpen !== true) {
      // The last one first: it is found though the given addresses are gone.
      const seeds = [...this.#lastLeader, ...this.#search.seeds];
      this.#current = await connectToLeader({ ...this.#search, seeds });
      const { host, port } = this.#current.address;
      this.#lastLeader = [{ host, port }];
      this.#options.log.debug("connected to StarRocks", { host, port, user: this.user });
    }
    return this.#current;
  }

  async #confirmLeader(): Promise<void> {
    const at = this.#current;
    if (at === undefined) return;
    try {
      const leads = await checkLeads(at, this.#search.statementTimeoutMs);
      if (leads === false) this.#drop("its FE does not lead any more");
    } catch (error) {
      if (!(error instanceof SessionLost) && !(error instanceof ServerRefusal)) throw error;
      this.#drop(error.message);
    }
  }

  #requireOpen({ what }: Statement): void {
    if (!this.#options.signal.aborted) return;
    const message = `${what}: the connections to StarRocks are closed here`;
    throw new FrontendError("FrontendUnreachable", true, message);
  }

  #drop(why: string): void {
    if (this.#current === undefined) return;
    this.#current.close(why);
    this.#current = undefined;
    this.#options.log.debug("left StarRocks", { user: this.user, why });
  }

  #closeWhenIdle(): void {
    const { clock, timeouts } = this.#options;
    this.#cancelIdle = clock.after(timeouts.idleMs, () => this.#drop("it was idle"));
  }
}

function unknown(what: string, why: string): FrontendError {
  return new FrontendError(
    "OutcomeUnknown",
    false,
    `${what}: it was sent, and no answer came (${why}); look at SHOW BACKUP or SHOW RESTORE before anything else`,
  );
}
