// HDFS: a NameNode and a DataNode in one Java process. The reference is WebHDFS by plain requests: each file one
// CREATE, from memory; or as a writer must who may break off and go on, a CREATE of nothing and an APPEND for each part.
import { Agent, request, type IncomingMessage } from "node:http";
import { userInfo } from "node:os";
import { HdfsDialect } from "../../../e2e/servers/hdfs-dialect.ts";
import { startMiniCluster } from "../../../e2e/servers/hdfs/mini-cluster.ts";
import { must } from "../../../operator/assert.ts";
import { PREFIX } from "../content.ts";
import { countBytes } from "../streams.ts";
import {
  PART_BYTES,
  type BenchStore,
  type ReferenceClient,
  type RunningStore,
  type StoreAddress,
} from "./bench-store.ts";
import { countThrough } from "./counting.ts";

const FOLDER = "/bench";

export const hdfs: BenchStore = {
  start,
  client: (address) => new HdfsReference(address),
  count: (address) => countThrough(new HdfsDialect(), address, configure),
  hasParts: true,
  // The DataNode's address, the bytes, their length, the name.
  smallFileRequestsMax: 4.3,
};

async function start(): Promise<RunningStore> {
  const cluster = await startMiniCluster();
  const endpoint = must(cluster.nameNodes[0], "a NameNode");
  return {
    address: {
      kind: "hdfs",
      endpoint,
      root: FOLDER,
      location: `hdfs://bench${FOLDER}/${PREFIX}`,
      settings: configure(endpoint),
      credentials: {},
    },
    name: "HDFS (one NameNode, one DataNode)",
    limits: [
      "NameNode, DataNode and WebHDFS share one Java process; every request for bytes is a new connection to",
      "the DataNode, which closes it: small files are the server's, and so is much of the CPU time.",
    ],
    stop: () => cluster.stop(),
  };
}

function configure(endpoint: string): StoreAddress["settings"] {
  return { hdfs: { nameNodes: [endpoint], user: user() } };
}

/** Who starts the cluster is its superuser. */
function user(): string {
  return userInfo().username;
}

interface Op {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly op: string;
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
}

class HdfsReference implements ReferenceClient {
  readonly #endpoint: string;
  readonly #root: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor({ endpoint, root }: StoreAddress) {
    this.#endpoint = endpoint;
    this.#root = root;
  }

  put(key: string, body: Buffer): Promise<void> {
    return this.upload(key, body);
  }

  async upload(key: string, body: Buffer): Promise<void> {
    const params = { overwrite: "true", noredirect: "true" };
    const place = await this.#placeOf({ method: "PUT", op: "CREATE", path: key, params });
    const answer = await this.#send("PUT", place, body);
    await this.#finish(answer, 201);
  }

  async uploadInParts(key: string, body: Buffer): Promise<void> {
    await this.upload(key, Buffer.alloc(0));
    for (let at = 0; at < body.length; at += PART_BYTES) {
      const params = { noredirect: "true" };
      const place = await this.#placeOf({ method: "POST", op: "APPEND", path: key, params });
      await this.#finish(await this.#send("POST", place, body.subarray(at, at + PART_BYTES)), 200);
    }
  }

  async read(key: string): Promise<number> {
    const params = { noredirect: "true" };
    const place = await this.#placeOf({ method: "GET", op: "OPEN", path: key, params });
    const answer = await this.#send("GET", place);
    if (answer.statusCode !== 200) await this.#finish(answer, 200);
    return await countBytes(answer);
  }

  async rename(from: string, to: string): Promise<void> {
    const params = { destination: `${this.#root}/${to}` };
    await this.#do({ method: "PUT", op: "RENAME", path: from, params });
  }

  /** The product leaves no empty folder behind. */
  async has(prefix: string): Promise<boolean> {
    const op = { method: "GET", op: "GETFILESTATUS", path: prefix.slice(0, -1) } as const;
    const answer = await this.#send(op.method, this.#url(op));
    answer.resume();
    if (answer.statusCode === 404) return false;
    if (answer.statusCode !== 200) throw new Error(`WebHDFS: ${answer.statusCode}`);
    return true;
  }

  async clear(): Promise<void> {
    const params = { recursive: "true" };
    await this.#ask({ method: "DELETE", op: "DELETE", path: PREFIX, params });
  }

  /** A change that answers whether it was made. */
  async #do(op: Op): Promise<void> {
    const answer = JSON.parse(await this.#ask(op)) as { readonly boolean: boolean };
    if (!answer.boolean) throw new Error(`${op.op} of ${op.path}: not done`);
  }

  /** Where the NameNode sends us. */
  async #placeOf(op: Op): Promise<URL> {
    return new URL((JSON.parse(await this.#ask(op)) as { readonly Location: string }).Location);
  }

  async #ask(op: Op): Promise<string> {
    return await this.#finish(await this.#send(op.method, this.#url(op)), 200);
  }

  #url({ op, path, params = {} }: Op): URL {
    const url = new URL(`/webhdfs/v1${this.#root}/${path}`, this.#endpoint);
    url.search = new URLSearchParams({ op, "user.name": user(), ...params }).toString();
    return url;
  }

  async #finish(answer: IncomingMessage, wanted: number): Promise<string> {
    let text = "";
    for await (const chunk of answer) text += String(chunk);
    if (answer.statusCode !== wanted) throw new Error(`WebHDFS: ${answer.statusCode} ${text}`);
    return text;
  }

  async #send(method: Op["method"], url: URL, body?: Buffer): Promise<IncomingMessage> {
    const answer = Promise.withResolvers<IncomingMessage>();
    const headers = {
      "content-type": "application/octet-stream",
      ...(body === undefined ? {} : { "content-length": body.length }),
    };
    const sent = request(url, { method, agent: this.#agent, headers });
    sent.on("response", answer.resolve);
    sent.on("error", answer.reject);
    sent.end(body);
    return await answer.promise;
  }
}
