// The FE's MySQL port: protocol 10, `mysql_native_password`, COM_QUERY only. Written by hand, because
// the package the operator connects with would hide a mistake that both ends share. COM_STMT_PREPARE is
// refused as the FE refuses it, and nearly every error is 1064/HY000, even a wrong password (§11).
import { createHash, randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { Partitions } from "../partitions.ts";
import { freePort } from "../servers/loopback.ts";
import { SqlError } from "./sql/errors.ts";
import type { Cell, Result, ResultTable } from "./sql/result.ts";

/** What stands behind the port. */
export interface MysqlHandler<Client> {
  /** The SHA1(SHA1(password)) of a user, or undefined when there is none. */
  passwordHash(user: string): Buffer | undefined;
  connected(user: string, connectionId: number, db: string | undefined): Client;
  query(client: Client, sql: string): Promise<Result>;
}

const CAPABILITIES =
  0x1 | // LONG_PASSWORD
  0x4 | // LONG_FLAG
  0x8 | // CONNECT_WITH_DB
  0x200 | // PROTOCOL_41
  0x2000 | // TRANSACTIONS
  0x8000 | // SECURE_CONNECTION
  0x80000; // PLUGIN_AUTH
const CONNECT_WITH_DB = 0x8;
const LENENC_AUTH = 0x200000;
const UTF8 = 33;
const AUTOCOMMIT = 2;
const TYPE_VARCHAR = 0xfd;
const TYPE_BIGINT = 0x08;
const PACKET_MAX = 0xffffff;

const COMMANDS: Readonly<Record<number, string>> = {
  1: "QUIT",
  2: "INIT_DB",
  3: "QUERY",
  14: "PING",
};
const COMMAND_NAMES: Readonly<Record<number, string>> = {
  4: "COM_FIELD_LIST",
  17: "COM_CHANGE_USER",
  22: "COM_STMT_PREPARE",
  23: "COM_STMT_EXECUTE",
  31: "COM_RESET_CONNECTION",
};

export function doubleSha1(password: string): Buffer {
  return sha1(sha1(Buffer.from(password)));
}

function sha1(...parts: readonly Buffer[]): Buffer {
  const hash = createHash("sha1");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export class MysqlServer<Client> {
  readonly #handler: MysqlHandler<Client>;
  readonly #version: string;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #partitions: Partitions;
  readonly #muted = new WeakSet<Socket>();
  #forget: () => void = () => undefined;
  #connections = 0;

  constructor(handler: MysqlHandler<Client>, version: string, partitions = new Partitions()) {
    this.#handler = handler;
    this.#version = version;
    this.#partitions = partitions;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens; `port` 0 takes one that is free for those after it, too. Answers the port. */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port === 0 ? await freePort(host) : port, host);
    await once(this.#server, "listening");
    this.#forget = this.#partitions.onChange(() => {
      for (const socket of this.#sockets) this.#settle(socket);
    });
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  /** Stops listening and ends every connection at once. */
  async kill(): Promise<void> {
    this.#forget();
    this.breakConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  breakConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    this.#connections += 1;
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    this.#settle(socket);
    const connection = new Connection(socket, this.#handler, this.#connections);
    connection.greet(this.#version);
  }

  /** Across a partition nothing is read, and what is written waits. */
  #settle(socket: Socket): void {
    const { localAddress = "", remoteAddress = "" } = socket;
    const isCut = this.#partitions.separate(localAddress, remoteAddress);
    if (isCut === this.#muted.has(socket)) return;
    if (isCut) {
      this.#muted.add(socket);
      socket.pause();
      socket.cork();
    } else {
      this.#muted.delete(socket);
      socket.uncork();
      socket.resume();
    }
  }
}

class Connection<Client> {
  readonly #socket: Socket;
  readonly #handler: MysqlHandler<Client>;
  readonly #id: number;
  readonly #challenge = randomBytes(20).map((b) => (b % 94) + 33);
  #client: Client | undefined;
  #sequence = 0;
  #input = Buffer.alloc(0);
  #work: Promise<void> = Promise.resolve();

  constructor(socket: Socket, handler: MysqlHandler<Client>, id: number) {
    this.#socket = socket;
    this.#handler = handler;
    this.#id = id;
    socket.on("data", (data: Buffer) => this.#received(data));
  }

  greet(version: string): void {
    const capabilities = int(CAPABILITIES, 4);
    this.#write(
      Buffer.concat([
        Buffer.from([10]),
        Buffer.from(`${version}\0`),
        int(this.#id, 4),
        this.#challenge.subarray(0, 8),
        Buffer.from([0]),
        capabilities.subarray(0, 2),
        Buffer.from([UTF8]),
        int(AUTOCOMMIT, 2),
        capabilities.subarray(2),
        Buffer.from([21]),
        Buffer.alloc(10),
        this.#challenge.subarray(8),
        Buffer.from("\0mysql_native_password\0"),
      ]),
    );
  }

  #received(data: Buffer): void {
    this.#input = Buffer.concat([this.#input, data]);
    while (this.#input.length >= 4) {
      const length = this.#input.readUIntLE(0, 3);
      if (this.#input.length < 4 + length) return;
      const sequence = this.#input[3] ?? 0;
      const packet = this.#input.subarray(4, 4 + length);
      this.#input = this.#input.subarray(4 + length);
      // Packets are worked on in order, each when the one before is answered.
      this.#work = this.#work.then(() => this.#packet(packet, sequence));
    }
  }

  async #packet(packet: Buffer, sequence: number): Promise<void> {
    this.#sequence = sequence + 1;
    try {
      if (this.#client === undefined) this.#authenticate(packet);
      else await this.#command(this.#client, packet);
    } catch (error) {
      this.#writeError(error);
      if (this.#client === undefined) this.#socket.end();
    }
  }

  #authenticate(packet: Buffer): void {
    const flags = packet.readUInt32LE(0);
    let at = packet.indexOf(0, 32);
    const user = packet.toString("utf8", 32, at);
    const tokenLength = packet[at + 1] ?? 0;
    if ((flags & LENENC_AUTH) !== 0 && tokenLength > 250) throw new SqlError("Bad handshake");
    const token = packet.subarray(at + 2, at + 2 + tokenLength);
    at += 2 + tokenLength;
    const end = packet.indexOf(0, at);
    const hasDb = (flags & CONNECT_WITH_DB) !== 0 && end > at;
    const db = hasDb ? packet.toString("utf8", at, end) : undefined;
    if (!this.#verify(user, token)) {
      const using = tokenLength > 0 ? "YES" : "NO";
      throw new SqlError(`Access denied for user '${user}' (using password: ${using})`);
    }
    this.#client = this.#handler.connected(user, this.#id, db);
    this.#writeOk();
  }

  #verify(user: string, token: Buffer): boolean {
    const stored = this.#handler.passwordHash(user);
    if (stored === undefined) return false;
    if (token.length === 0) return stored.equals(doubleSha1(""));
    const mask = sha1(Buffer.from(this.#challenge), stored);
    const stage1 = Buffer.from(token.map((b, i) => b ^ (mask[i] ?? 0)));
    return sha1(stage1).equals(stored);
  }

  async #command(client: Client, packet: Buffer): Promise<void> {
    const code = packet[0] ?? 0;
    const text = packet.toString("utf8", 1);
    switch (COMMANDS[code] ?? "") {
      case "QUIT":
        this.#socket.end();
        break;
      case "PING":
        this.#writeOk();
        break;
      case "INIT_DB":
        await this.#handler.query(client, `USE \`${text.replaceAll("`", "``")}\``);
        this.#writeOk();
        break;
      case "QUERY":
        this.#writeResult(await this.#handler.query(client, text));
        break;
      default:
        throw new SqlError(`Unsupported command(${COMMAND_NAMES[code] ?? `COM_${code}`})`);
    }
  }

  #writeResult(result: Result): void {
    if (result === "ok") {
      this.#writeOk();
      return;
    }
    this.#write(lengthEncoded(result.columns.length));
    for (const column of result.columns) this.#write(columnDefinition(column, result));
    this.#writeEof();
    for (const row of result.rows) this.#write(Buffer.concat(row.map(cell)));
    this.#writeEof();
  }

  #writeOk(): void {
    this.#write(Buffer.from([0, 0, 0, AUTOCOMMIT, 0, 0, 0]));
  }

  #writeEof(): void {
    this.#write(Buffer.from([0xfe, 0, 0, AUTOCOMMIT, 0]));
  }

  #writeError(error: unknown): void {
    const { code, state } = error instanceof SqlError ? error : { code: 1064, state: "HY000" };
    const text = error instanceof Error ? error.message : String(error);
    this.#write(
      Buffer.concat([Buffer.from([0xff]), int(code, 2), Buffer.from(`#${state}${text}`)]),
    );
  }

  #write(payload: Buffer): void {
    for (let at = 0; ; at += PACKET_MAX) {
      const part = payload.subarray(at, at + PACKET_MAX);
      if (this.#socket.writable) {
        this.#socket.write(
          Buffer.concat([int(part.length, 3), Buffer.from([this.#sequence & 0xff]), part]),
        );
      }
      this.#sequence += 1;
      if (part.length < PACKET_MAX) return;
    }
  }
}

function columnDefinition(name: string, { numeric }: ResultTable): Buffer {
  const isNumber = numeric?.includes(name) === true;
  return Buffer.concat([
    text("def"),
    text(""),
    text(""),
    text(""),
    text(name),
    text(name),
    Buffer.from([0x0c]),
    int(UTF8, 2),
    int(isNumber ? 20 : 255, 4),
    Buffer.from([isNumber ? TYPE_BIGINT : TYPE_VARCHAR]),
    int(0, 2),
    Buffer.from([0, 0, 0]),
  ]);
}

function cell(value: Cell): Buffer {
  return value === null ? Buffer.from([0xfb]) : text(String(value));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([lengthEncoded(bytes.length), bytes]);
}

function lengthEncoded(value: number): Buffer {
  if (value < 0xfb) return Buffer.from([value]);
  if (value <= 0xffff) return Buffer.concat([Buffer.from([0xfc]), int(value, 2)]);
  if (value <= 0xffffff) return Buffer.concat([Buffer.from([0xfd]), int(value, 3)]);
  return Buffer.concat([Buffer.from([0xfe]), int(value, 6), Buffer.alloc(2)]);
}

function int(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}
