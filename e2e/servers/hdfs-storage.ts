// HDFS as a storage of scenarios: a real one (hdfs/mini-cluster.ts), looked at by WebHDFS as the same user,
// with requests of its own.
import { once } from "node:events";
import { request as sendRequest, type IncomingMessage } from "node:http";
import { startMiniCluster, type MiniCluster } from "./hdfs/mini-cluster.ts";
import type { StorageServer, StoredObject } from "./storage-server.ts";

/** Folder of all repositories; nobody may remove it. */
const ROOT = "/backups";
const USER = "starrocks";
/** How the product calls a file that is being written. */
const TEMPORARY = /\/\._k8s[0-9a-f]{16}_[^/]+$/;

interface Row {
  readonly type: "FILE" | "DIRECTORY";
  readonly pathSuffix: string;
  readonly length: number;
  readonly modificationTime: number;
  readonly fileId: number;
}

interface Answer {
  readonly Location?: string;
  readonly FileStatuses?: { readonly FileStatus: readonly Row[] };
  readonly RemoteException?: { readonly exception: string; readonly message: string };
}

export class HdfsStorageServer implements StorageServer {
  readonly kind = "hdfs";
  readonly cluster: MiniCluster;

  private constructor(cluster: MiniCluster) {
    this.cluster = cluster;
  }

  static async start(options: { readonly ha?: boolean } = {}): Promise<HdfsStorageServer> {
    const cluster = await startMiniCluster(options);
    await cluster.order(`mkdir ${ROOT} 777`);
    return new HdfsStorageServer(cluster);
  }

  location(folder: string): string {
    return `hdfs://test${ROOT}/${folder}`;
  }

  get settings(): Readonly<Record<string, unknown>> {
    return { hdfs: { nameNodes: this.cluster.nameNodes, user: USER } };
  }

  /** A cluster without Kerberos believes the name. */
  get credentials(): Readonly<Record<string, string>> {
    return {};
  }

  async list(): Promise<readonly StoredObject[]> {
    const { files } = await this.#walk(ROOT);
    return files
      .filter(({ path }) => !TEMPORARY.test(path))
      .map(({ path, row }) => ({
        key: path.slice(ROOT.length + 1),
        size: row.length,
        etag: `${row.modificationTime}-${row.length}-${row.fileId}`,
      }));
  }

  async read(key: string): Promise<Buffer> {
    const { Location = "" } = await this.#ask("GET", `${ROOT}/${key}`, "OPEN&noredirect=true");
    const answer = await fetch(Location);
    if (!answer.ok) throw new Error(`reading ${key}: ${answer.status} ${await answer.text()}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  async write(key: string, content: Buffer | undefined): Promise<void> {
    const path = `${ROOT}/${key}`;
    if (content === undefined) {
      await this.#ask("DELETE", path, "DELETE");
      return;
    }
    const create = "CREATE&overwrite=true&noredirect=true";
    const { Location = "" } = await this.#ask("PUT", path, create);
    const status = await send(Location, content);
    if (status !== 201) throw new Error(`writing ${key}: ${status}`);
  }

  async unfinished(): Promise<readonly string[]> {
    const { files, empty } = await this.#walk(ROOT);
    const temporary = files.filter(({ path }) => TEMPORARY.test(path));
    return [
      ...temporary.map(({ path }) => `temporary file ${path}`),
      // A Repository's own folder stays, as a bucket does.
      ...empty.filter((path) => path.split("/").length > 3).map((path) => `empty folder ${path}`),
    ];
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
  }

  async #walk(folder: string): Promise<Walked> {
    const rows = await this.#rows(folder);
    const walked: Walked = { files: [], empty: rows.length === 0 ? [folder] : [] };
    for (const row of rows) {
      const path = `${folder}/${row.pathSuffix}`;
      if (row.type === "FILE") {
        walked.files.push({ path, row });
        continue;
      }
      const below = await this.#walk(path);
      walked.files.push(...below.files);
      walked.empty.push(...below.empty);
    }
    return walked;
  }

  /** All rows: LISTSTATUS knows no pages. None of a folder that went meanwhile. */
  async #rows(folder: string): Promise<readonly Row[]> {
    const answer = await this.#ask("GET", folder, "LISTSTATUS");
    return answer.FileStatuses?.FileStatus ?? [];
  }

  /** Asks whichever NameNode is active. What is not there is an empty answer. */
  async #ask(method: string, path: string, op: string): Promise<Answer> {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    let refused: unknown;
    for (const nameNode of this.cluster.nameNodes) {
      const url = `${nameNode}/webhdfs/v1${encoded}?op=${op}&user.name=${USER}`;
      const answer = await fetch(url, { method });
      const body = (await answer.json()) as Answer;
      if (answer.ok) return body;
      const { exception = "", message = "" } = body.RemoteException ?? {};
      if (exception === "FileNotFoundException") return {};
      refused = new Error(`${method} ${op} of ${path}: ${answer.status} ${exception} ${message}`);
      if (exception !== "StandbyException") throw refused;
    }
    throw refused;
  }
}

/** Not by fetch, which takes a DataNode's `100 Continue` for a bad answer. */
async function send(url: string, body: Buffer): Promise<number | undefined> {
  const request = sendRequest(url, { method: "PUT" });
  request.end(body);
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
  return answer.statusCode;
}

interface Walked {
  readonly files: { readonly path: string; readonly row: Row }[];
  readonly empty: string[];
}
