// One connection to one FE over the MySQL protocol, one statement at a time. It opens, asks, and closes; who
// leads, what to repeat and what a refusal means are not its business. Text protocol only: the FE prepares
// nothing (§11). All cells arrive as text. The password goes to the driver and nowhere else.
import { connect, type Socket } from "node:net";
import { createConnection, type Connection, type FieldPacket, type QueryError } from "mysql2";
import type { Clock } from "../clock.ts";
import type { Secret } from "../secret.ts";
import type { SqlRow, SqlTable } from "./rows.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface SessionOptions {
  readonly address: Address;
  readonly user: string;
  readonly password: Secret;
  /** From the first packet until the FE has let us in. */
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  /** Ends the session, also while it is being opened. */
  readonly signal: AbortSignal;
}

/** The connection could not be had, was lost, or did not answer in time. */
export class SessionLost extends Error {
  override readonly name = "SessionLost" as const;
  /** The statement may have reached the FE. */
  readonly sent: boolean;

  constructor(message: string, sent: boolean) {
    super(message);
    this.sent = sent;
  }
}

/** The FE answered with an error: its text, as it came. */
export class ServerRefusal extends Error {
  override readonly name = "ServerRefusal" as const;
}

const KEEP_ALIVE_MS = 30_000;

export class Session {
  readonly address: Address;
  readonly #socket: Socket;
  readonly #connection: Connection;
  readonly #options: SessionOptions;
  /** Why it ended; undefined while it is open. */
  #lost: string | undefined;
  /** Ends the statement that waits for its answer. */
  #fail: ((why: string) => void) | undefined;
  /** Takes what the driver reports outside of a statement; a refused login is among it. */
  #onError: (error: QueryError) => void = (error) => this.close(error.message);

  private constructor(options: SessionOptions) {
    this.address = options.address;
    this.#options = options;
    const { host, port } = options.address;
    // A socket of our own: the driver's `destroy` only ends its half politely.
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#connection = createConnection({
      stream: this.#socket,
      user: options.user,
      password: options.password.reveal(),
      // The FE calls its columns `utf8`, which to the driver is MySQL's of three bytes, and writes UTF-8 of four.
      typeCast: (field) => field.string("utf8"),
    });
    this.#connection.on("error", (error: QueryError) => this.#onError(error));
    this.#socket.on("error", (error) => this.close(error.message));
    this.#socket.on("close", () => this.close("the FE closed the connection"));
  }

  /** Rejects with {@link SessionLost} or, when the FE does not let us in, {@link ServerRefusal}. */
  static async open(options: SessionOptions): Promise<Session> {
    const session = new Session(options);
    try {
      await session.#handshake();
      return session;
    } catch (error) {
      session.close("it could not be opened");
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#lost === undefined;
  }

  /** Rejects with {@link SessionLost}, which ends the session, or {@link ServerRefusal}. Not to be overlapped. */
  async query(sql: string, timeoutMs: number): Promise<SqlTable> {
    if (this.#lost !== undefined) throw new SessionLost(this.#lost, false);
    return await this.#guarded(timeoutMs, true, (resolve, refuse) => {
      this.#connection.query(sql, (error, rows, fields) => {
        if (error === null) resolve(tableOf(rows, fields));
        else refuse(error);
      });
    });
  }

  /** At once; a statement that waits is rejected. May be called again. */
  close(why = "it was closed here"): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    this.#socket.destroy();
    this.#fail?.(why);
  }

  async #handshake(): Promise<void> {
    const closeIt = this.#onError;
    await this.#guarded<void>(this.#options.connectTimeoutMs, false, (resolve, refuse) => {
      this.#connection.once("connect", () => resolve());
      this.#onError = refuse;
    });
    this.#onError = closeIt;
  }

  /** Runs what ends by an answer, the loss of the connection, the time limit or the signal. */
  async #guarded<T>(
    timeoutMs: number,
    sends: boolean,
    start: (resolve: (value: T) => void, refuse: (error: QueryError) => void) => void,
  ): Promise<T> {
    const { clock, signal } = this.#options;
    const onAbort = () => this.close("it was closed here");
    const seconds = timeoutMs / 1_000;
    const cancelTimer = clock.after(timeoutMs, () => this.close(`no answer in ${seconds} s`));
    signal.addEventListener("abort", onAbort);
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#fail = (why) => reject(new SessionLost(why, sends));
        if (signal.aborted) onAbort();
        start(resolve, (error) => {
          if (isAnswer(error)) reject(new ServerRefusal(error.message));
          else this.close(error.message);
        });
      });
    } finally {
      this.#fail = undefined;
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
    }
  }
}

/** An ERR packet carries an SQL state; what the driver or the socket say does not. */
function isAnswer(error: QueryError): boolean {
  return typeof error.sqlState === "string" && error.sqlState !== "";
}

function tableOf(rows: unknown, fields: readonly FieldPacket[] | undefined): SqlTable {
  return {
    columns: (fields ?? []).map((f) => f.name),
    rows: Array.isArray(rows) ? (rows as SqlRow[]) : [],
  };
}
