// A plain broker for the stand-in's own tests: files below a local folder, nothing hidden, every call
// recorded. It behaves as the reference broker does where callers depend on it (§4.10) and is no model
// of our agent. Its codec is the stand-in's; what checks that one is our agent, which has another.
import { access, mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { dirname, join } from "node:path";
import thrift from "thrift";
import {
  isMethodName,
  METHODS,
  readStruct,
  writeStruct,
  type BrokerFd,
  type FileStatus,
  type MethodName,
  type OperationStatus,
  type Protocol,
  type Requests,
  type Responses,
} from "../wire/broker-structs.ts";
import { ReadBuffer, socketWriter, Underrun } from "../wire/transports.ts";

const { TBinaryProtocol, Thrift } = thrift;

/** One call as it came in. */
export interface Call {
  readonly method: MethodName;
  /** The caller's address and port: one per connection. */
  readonly peer: string;
  readonly path?: string;
  readonly to?: string;
  readonly client?: string;
  readonly offset?: number;
  /** Asked by pread, brought by pwrite. */
  readonly bytes?: number;
  readonly properties?: Readonly<Record<string, string>>;
}

type Answers = { [M in MethodName]?: (request: Requests[M]) => Responses[M] | undefined };

export interface ReferenceBrokerOptions {
  readonly dir: string;
  readonly host: string;
  readonly port?: number;
  /** Answers in place of the broker's own; undefined falls through. */
  readonly answers?: Answers;
  /** Before each answer; a promise that never resolves is a broker that hangs. */
  readonly before?: (call: Call) => Promise<void> | undefined;
}

interface OpenFile {
  readonly handle: FileHandle;
  position: number;
}

const OK: OperationStatus = { statusCode: 0 };

function failed(error: unknown): OperationStatus {
  return { statusCode: 502, message: error instanceof Error ? error.message : String(error) };
}

export class ReferenceBroker {
  readonly calls: Call[] = [];
  readonly #options: ReferenceBrokerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #files = new Map<string, OpenFile>();
  readonly #performing = new Set<Promise<object>>();
  #nextFd = 1n;
  #killed = false;
  port = 0;

  private constructor(options: ReferenceBrokerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(options: ReferenceBrokerOptions): Promise<ReferenceBroker> {
    const broker = new ReferenceBroker(options);
    await mkdir(options.dir, { recursive: true });
    broker.#server.listen(options.port ?? 0, options.host);
    await once(broker.#server, "listening");
    const address = broker.#server.address();
    broker.port = typeof address === "object" && address !== null ? address.port : 0;
    return broker;
  }

  get address(): string {
    return `${this.#options.host}:${this.port}`;
  }

  /** kill -9: sockets close, half-written files stay. Resolves when nothing changes files any more. */
  async kill(): Promise<void> {
    this.#killed = true;
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.allSettled(this.#performing);
    for (const { handle } of this.#files.values()) await handle.close().catch(() => undefined);
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    let work = Promise.resolve();
    const peer = `${socket.remoteAddress ?? ""}:${socket.remotePort ?? 0}`;
    const input = new ReadBuffer();
    socket.on("data", (data: Buffer) => {
      input.append(data);
      for (let call = tryRead(input); call !== undefined; call = tryRead(input)) {
        const next = call;
        work = work.then(() => this.#answer(socket, peer, next));
      }
    });
  }

  async #answer(socket: Socket, peer: string, read: ReadCall): Promise<void> {
    const call = recorded(read, peer);
    this.calls.push(call);
    await this.#options.before?.(call);
    const special = this.#options.answers?.[read.method] as
      ((request: unknown) => object | undefined) | undefined;
    if (this.#killed) return;
    const performed = Promise.resolve(special?.(read.request) ?? this.#perform(read));
    this.#performing.add(performed);
    const success = await performed;
    this.#performing.delete(performed);
    if (socket.writable) writeAnswer(socket, read, success);
  }

  async #perform({ method, request }: ReadCall): Promise<object> {
    const perform = this.#methods[method] as (r: unknown) => Promise<object>;
    try {
      return await perform(request);
    } catch (error) {
      const status = failed(error);
      if (METHODS[method].response.name === "TBrokerOperationStatus") return status;
      return { opStatus: status, isPathExist: false, data: Buffer.alloc(0), files: [] };
    }
  }

  readonly #methods: { [M in MethodName]: (request: Requests[M]) => Promise<Responses[M]> } = {
    listPath: async ({ path }) => ({ opStatus: OK, files: await this.#list(path) }),
    deletePath: async ({ path }) => {
      await rm(this.#local(path), { recursive: true, force: true });
      return OK;
    },
    renamePath: async ({ srcPath, destPath }) => {
      await rename(this.#local(srcPath), this.#local(destPath));
      return OK;
    },
    checkPathExist: async ({ path }) => ({
      opStatus: OK,
      isPathExist: await access(this.#local(path)).then(
        () => true,
        () => false,
      ),
    }),
    openReader: async ({ path }) => ({ opStatus: OK, fd: await this.#open(path, "r") }),
    pread: async ({ fd, offset, length }) => {
      const data = Buffer.alloc(Math.min(length, 8192 * 1024));
      const { bytesRead } = await this.#file(fd).handle.read(data, 0, data.length, offset);
      return { opStatus: OK, data: data.subarray(0, bytesRead) };
    },
    closeReader: (request) => this.#close(request.fd),
    openWriter: async ({ path }) => {
      await mkdir(dirname(this.#local(path)), { recursive: true });
      return { opStatus: OK, fd: await this.#open(path, "w") };
    },
    pwrite: async ({ fd, offset, data }) => {
      const file = this.#file(fd);
      if (file.position !== offset) {
        const message = `current outputstream offset is ${file.position} not equal to request ${offset}`;
        return { statusCode: 403, message };
      }
      await file.handle.write(data);
      file.position += data.length;
      return OK;
    },
    closeWriter: (request) => this.#close(request.fd),
    ping: () => Promise.resolve(OK),
  };

  async #list(path: string): Promise<readonly FileStatus[]> {
    const local = this.#local(path);
    const folder = dirname(local);
    const name = local.slice(folder.length + 1);
    const entries = await readdir(folder).catch(() => []);
    const matching = name.endsWith("*")
      ? entries.filter((e) => e.startsWith(name.slice(0, -1)))
      : entries.filter((e) => e === name);
    return Promise.all(
      [...matching].sort().map(async (entry) => {
        const found = await stat(join(folder, entry));
        const isDir = found.isDirectory();
        return { path: entry, isDir, size: isDir ? -1 : found.size, isSplitable: !isDir };
      }),
    );
  }

  async #open(path: string, flags: "r" | "w"): Promise<BrokerFd> {
    const handle = await open(this.#local(path), flags);
    if (this.#killed) {
      await handle.close();
      throw new Error("killed");
    }
    const fd = { high: 7n, low: this.#nextFd };
    this.#nextFd += 1n;
    this.#files.set(String(fd.low), { handle, position: 0 });
    return fd;
  }

  #file(fd: BrokerFd): OpenFile {
    const found = this.#files.get(String(fd.low));
    if (found === undefined) throw new Error("the fd is not owned by client");
    return found;
  }

  async #close(fd: BrokerFd): Promise<OperationStatus> {
    await this.#file(fd).handle.close();
    this.#files.delete(String(fd.low));
    return OK;
  }

  /** `scheme://a/b` lies in `<dir>/a/b`. */
  #local(path: string): string {
    return join(this.#options.dir, path.replace(/^[a-z0-9]+:\/\//, ""));
  }
}

interface ReadCall {
  readonly method: MethodName;
  readonly seqid: number;
  readonly request: Record<string, unknown>;
}

/** A whole call, or undefined until more bytes come. */
function tryRead(buffer: ReadBuffer): ReadCall | undefined {
  const input: Protocol = new TBinaryProtocol(buffer.transport);
  try {
    const { fname, rseqid } = input.readMessageBegin();
    if (!isMethodName(fname)) throw new Error(`unknown method ${fname}`);
    const args = readStruct(input, {
      name: `${fname}_args`,
      fields: [{ id: 1, name: "request", type: METHODS[fname].request }],
    });
    buffer.commit();
    return { method: fname, seqid: rseqid, request: args["request"] as Record<string, unknown> };
  } catch (error) {
    if (!(error instanceof Underrun)) throw error;
    buffer.rollback();
    return undefined;
  }
}

function writeAnswer(socket: Socket, { method, seqid }: ReadCall, success: object): void {
  const out: Protocol = new TBinaryProtocol(socketWriter(socket), true, true);
  out.writeMessageBegin(method, Thrift.MessageType.REPLY, seqid);
  const fields = [{ id: 0, name: "success", type: METHODS[method].response }];
  writeStruct(out, { name: `${method}_result`, fields }, { success });
  out.writeMessageEnd();
  out.flush();
}

function recorded({ method, request }: ReadCall, peer: string): Call {
  const data = request["data"];
  const seen = {
    path: request["path"] ?? request["srcPath"],
    to: request["destPath"],
    client: request["clientId"],
    offset: request["offset"],
    bytes: Buffer.isBuffer(data) ? data.length : request["length"],
    properties: request["properties"],
  };
  const present = Object.entries(seen).filter(([, value]) => value !== undefined);
  return { method, peer, ...(Object.fromEntries(present) as Partial<Call>) };
}
