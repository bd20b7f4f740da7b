// StarRocks at work while others attack: files that are written, published and read back on connections of its
// own, an old one as BEs pool them and a new one each round. Each must go as if nobody else were there.
import { setTimeout as sleep } from "node:timers/promises";
import type { OperationStatus } from "../../operator/broker/protocol.ts";
import { BrokerClient } from "../../operator/broker/testing/client.ts";
import { inTime, type Address } from "./talk.ts";
import { md5, OWN, READABLE, READABLE_PATH, TOKEN, type Mode } from "./target.ts";

const TABLET = `${OWN}/__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__77`;
const PROPERTIES = new Map([["token", TOKEN]]);
const CLIENT = "127.0.0.11:9060";

export class Honest {
  readonly #at: Address;
  readonly #mode: Mode;
  readonly #pooled: BrokerClient;
  /** What was published, by its path. */
  readonly published = new Set<string>();
  #stopped = false;
  #running: Promise<void> = Promise.resolve();
  rounds = 0;

  private constructor(at: Address, mode: Mode, pooled: BrokerClient) {
    this.#at = at;
    this.#mode = mode;
    this.#pooled = pooled;
  }

  static async start(at: Address, mode: Mode): Promise<Honest> {
    const pooled = await BrokerClient.connect(at.host, at.port);
    const honest = new Honest(at, mode, pooled);
    honest.#running = honest.#work();
    // Met by whoever stops it, or looks at `failure`.
    honest.#running.catch(() => {});
    return honest;
  }

  /** Settles when it has ended; rejects when something went wrong for it. */
  get failure(): Promise<void> {
    return this.#running;
  }

  /** Rejects with what went wrong for it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    try {
      await this.#running;
    } finally {
      this.#pooled.close();
    }
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      await this.round();
      await sleep(20);
    }
  }

  /** One file on the pooled connection, one on a new one. */
  async round(): Promise<void> {
    await inTime(this.#transfer(this.#pooled), "an honest caller's file");
    const fresh = await BrokerClient.connect(this.#at.host, this.#at.port);
    try {
      await inTime(this.#transfer(fresh), "an honest caller's file on a new connection");
    } finally {
      fresh.close();
    }
    this.rounds += 1;
  }

  async #transfer(client: BrokerClient): Promise<void> {
    requireOk(await client.call("ping", { version: 1, clientId: CLIENT }), "ping");
    if (this.#mode === "backup") await this.#write(client);
    else await this.#read(client);
  }

  async #write(client: BrokerClient): Promise<void> {
    const content = Buffer.alloc(50_000, `file ${this.published.size} `);
    const part = `${TABLET}/h_${this.published.size % 50}.dat.part`;
    const final = part.replace(/part$/, md5(content));
    const open = { path: part, openMode: 1, clientId: CLIENT, properties: PROPERTIES } as const;
    const { opStatus, fd } = await client.call("openWriter", { version: 1, ...open });
    requireOk(opStatus, "openWriter");
    if (fd === undefined) throw new Error("openWriter gave no descriptor");
    for (let at = 0; at < content.length; at += 20_000) {
      const piece = content.subarray(at, at + 20_000);
      requireOk(await client.pwrite({ version: 1, fd, offset: BigInt(at) }, [piece]), "pwrite");
    }
    requireOk(await client.call("closeWriter", { version: 1, fd }), "closeWriter");
    const names = { srcPath: part, destPath: final, properties: PROPERTIES };
    requireOk(await client.call("renamePath", { version: 1, ...names }), "renamePath");
    this.published.add(final);
  }

  async #read(client: BrokerClient): Promise<void> {
    const open = { path: READABLE_PATH, startOffset: 0n, clientId: CLIENT, properties: PROPERTIES };
    const { opStatus, fd } = await client.call("openReader", { version: 1, ...open });
    requireOk(opStatus, "openReader");
    if (fd === undefined) throw new Error("openReader gave no descriptor");
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < READABLE.length;) {
      const asked = { version: 1, fd, offset: BigInt(at), length: 100_000n } as const;
      const { opStatus: status, data = [] } = await client.call("pread", asked);
      requireOk(status, "pread");
      chunks.push(...data);
      at += data.reduce((sum, chunk) => sum + chunk.length, 0);
    }
    if (!Buffer.concat(chunks).equals(READABLE))
      throw new Error("an honest caller read other bytes");
    requireOk(await client.call("closeReader", { version: 1, fd }), "closeReader");
  }
}

function requireOk({ statusCode, message }: OperationStatus, what: string): void {
  if (statusCode !== 0) throw new Error(`an honest caller's ${what}: ${statusCode} ${message}`);
}
