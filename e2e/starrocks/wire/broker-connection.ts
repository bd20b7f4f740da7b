// One TCP connection to a broker: unframed TBinaryProtocol, strict writes, calls strictly one after
// another. It notices a peer's end but does not tell anybody until the next call, as the pools of FE
// and BE do not look at an idle socket (§4.3).
import { connect, type Socket } from "node:net";
import thrift from "thrift";
import { assert, must } from "../../../operator/assert.ts";
import {
  METHODS,
  ProtocolProblem,
  readStruct,
  writeStruct,
  type MethodName,
  type Protocol,
  type Requests,
  type Responses,
} from "./broker-structs.ts";
import { ReadBuffer, socketWriter, Underrun } from "./transports.ts";

const { TBinaryProtocol, Thrift } = thrift;

/** TTransportException: connecting, sending or receiving failed; the answer is unknown. */
export class TransportProblem extends Error {
  override readonly name = "TransportProblem" as const;
  readonly kind: "refused" | "closed" | "timeout";

  constructor(kind: TransportProblem["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** The caller's own loopback address. */
  readonly localAddress: string;
  readonly timeoutMs: number;
}

interface Waiting {
  readonly method: MethodName;
  readonly seqid: number;
  readonly resolve: (answer: Record<string, unknown>) => void;
  readonly reject: (error: Error) => void;
  timer?: NodeJS.Timeout;
}

export class BrokerConnection {
  readonly #socket: Socket;
  readonly #input = new ReadBuffer();
  #waiting: Waiting | undefined;
  #seqid = 0;
  #gone: TransportProblem | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (data: Buffer) => this.#received(data));
    socket.on("error", (error) => this.#end(new TransportProblem("closed", causeOf(error))));
    socket.on("close", () =>
      this.#end(new TransportProblem("closed", "Socket is closed by peer.")),
    );
    socket.on("end", () => this.#end(new TransportProblem("closed", "Socket is closed by peer.")));
  }

  /** Connects within the timeout (0 = none) or rejects with {@link TransportProblem}. */
  static open(options: ConnectOptions): Promise<BrokerConnection> {
    const { host, port, localAddress, timeoutMs } = options;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, localAddress });
      const fail = (kind: "refused" | "timeout", message: string): void => {
        socket.destroy();
        reject(new TransportProblem(kind, message));
      };
      const timer =
        timeoutMs === 0
          ? undefined
          : setTimeout(() => fail("timeout", "connect timed out"), timeoutMs);
      const onError = (error: Error): void => {
        clearTimeout(timer);
        fail("refused", causeOf(error));
      };
      socket.once("error", onError);
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.off("error", onError);
        resolve(new BrokerConnection(socket));
      });
    });
  }

  /**
   * One call. `timeoutMs` 0 waits for ever. Rejects with {@link TransportProblem} when the connection
   * fails, with {@link ProtocolProblem} when the answer is not what the IDL says.
   */
  call<M extends MethodName>(
    method: M,
    request: Requests[M],
    timeoutMs: number,
  ): Promise<Responses[M]> {
    assert(this.#waiting === undefined, `one call at a time, not ${method} beside another`);
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    if (this.#gone !== undefined) {
      reject(this.#gone);
    } else {
      this.#seqid += 1;
      this.#waiting = { method, seqid: this.#seqid, resolve, reject };
      this.#send(method, request);
      this.#limit(timeoutMs);
    }
    return promise as unknown as Promise<Responses[M]>;
  }

  /** Closes at once, as the kernel does for a killed process. */
  destroy(): void {
    this.#end(new TransportProblem("closed", "Socket is closed by peer."));
    this.#socket.destroy();
  }

  #send(method: MethodName, request: object): void {
    const out: Protocol = new TBinaryProtocol(socketWriter(this.#socket), true, true);
    out.writeMessageBegin(method, Thrift.MessageType.CALL, this.#seqid);
    const args = {
      name: `${method}_args`,
      fields: [{ id: 1, name: "request", type: METHODS[method].request }],
    };
    writeStruct(out, args, { request: { version: 1, ...request } });
    out.writeMessageEnd();
    out.flush();
  }

  #limit(timeoutMs: number): void {
    if (timeoutMs === 0) return;
    const waiting = must(this.#waiting);
    waiting.timer = setTimeout(() => {
      // A late answer could be taken for the next call's: the connection is of no use any more.
      this.#end(new TransportProblem("timeout", "java.net.SocketTimeoutException: Read timed out"));
      this.#socket.destroy();
    }, timeoutMs);
    waiting.timer.unref();
  }

  #received(data: Buffer): void {
    this.#input.append(data);
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    let answer: Record<string, unknown> | Error;
    try {
      answer = readAnswer(this.#input, waiting);
    } catch (error) {
      if (error instanceof Underrun) {
        this.#input.rollback();
        return;
      }
      answer = error instanceof Error ? error : new Error(String(error));
    }
    this.#input.commit();
    this.#waiting = undefined;
    clearTimeout(waiting.timer);
    if (!(answer instanceof Error)) {
      waiting.resolve(answer);
      return;
    }
    // What follows a broken message cannot be read.
    this.#end(new TransportProblem("closed", "Socket is closed by peer."));
    this.#socket.destroy();
    waiting.reject(answer);
  }

  #end(problem: TransportProblem): void {
    this.#gone ??= problem;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(waiting?.timer);
    waiting?.reject(problem);
  }
}

function readAnswer(buffer: ReadBuffer, waiting: Waiting): Record<string, unknown> {
  const input: Protocol = new TBinaryProtocol(buffer.transport);
  const { fname, mtype, rseqid } = input.readMessageBegin();
  if (mtype === Thrift.MessageType.EXCEPTION) {
    const problem = readStruct(input, {
      name: "TApplicationException",
      fields: [{ id: 1, name: "message", type: "string", optional: true }],
    });
    throw new ProtocolProblem(`TApplicationException: ${String(problem["message"])}`);
  }
  const result = readStruct(input, {
    name: `${waiting.method}_result`,
    fields: [{ id: 0, name: "success", type: METHODS[waiting.method].response }],
  });
  if (fname !== waiting.method || rseqid !== waiting.seqid) {
    throw new ProtocolProblem(
      `${waiting.method} failed: out of sequence response: expected ${waiting.seqid} but got ${rseqid} of ${fname}`,
    );
  }
  return result["success"] as Record<string, unknown>;
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset",
  EPIPE: "Broken pipe (Write failed)",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
};

function causeOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return CAUSES[code] ?? error.message;
}
