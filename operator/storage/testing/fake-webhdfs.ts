// A NameNode and a DataNode with a handful of files, for tests of the HDFS client alone: what a server in earnest
// cannot be made to say is said by a test's `say`, before either answers. It knows a few operations and no rights;
// that the driver works is shown on a real cluster (hdfs.servers.test.ts).
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { must } from "../../assert.ts";

/** A request as the fake saw it. */
export interface Seen {
  readonly role: "nameNode" | "dataNode";
  readonly op: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** Whether the connection was closed before the answer; told when it is. */
  broken: boolean;
  readonly ended: Promise<void>;
}

/** Answers a request instead of the fake when it returns true. */
export type Say = (seen: Seen, response: ServerResponse, request: IncomingMessage) => boolean;

interface File {
  readonly body: Buffer;
  readonly id: number;
}

export class FakeWebHdfs {
  readonly files = new Map<string, File>();
  readonly seen: Seen[] = [];
  say: Say = () => false;
  readonly #servers = (["nameNode", "dataNode"] as const).map((role) =>
    createServer((request, response) => this.#serve(role, request, response)),
  );
  /** Rows of a listing's page. */
  pageRows = 2;
  #ids = 0;

  async start(): Promise<void> {
    for (const server of this.#servers) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    }
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
  }

  get nameNode(): string {
    return `http://127.0.0.1:${this.#port(0)}`;
  }

  get dataNode(): string {
    return `http://127.0.0.1:${this.#port(1)}`;
  }

  /** Operations in the order they came, DataNodes' with a star. */
  get operations(): string[] {
    return this.seen.map(({ op, role }) => (role === "dataNode" ? `${op}*` : op));
  }

  store(path: string, body: Buffer): void {
    this.#ids += 1;
    this.files.set(path, { body, id: this.#ids });
  }

  #port(index: number): number {
    return (must(this.#servers[index]).address() as AddressInfo).port;
  }

  #serve(role: Seen["role"], request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://fake");
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const seen: Seen = {
      role,
      op: url.searchParams.get("op") ?? "",
      path: decodeURIComponent(url.pathname).replace(/^\/webhdfs\/v1/, ""),
      query: url.searchParams,
      headers: request.headers,
      broken: false,
      ended,
    };
    this.seen.push(seen);
    response.on("close", () => {
      seen.broken = !response.writableFinished;
      end();
    });
    if (this.say(seen, response, request)) return;
    if (role === "dataNode") void this.#dataNode(seen, request, response);
    else if (["CREATE", "APPEND", "OPEN"].includes(seen.op)) {
      json(response, { Location: `${this.dataNode}${request.url ?? ""}` });
    } else this.#nameNode(seen, response);
  }

  async #dataNode(seen: Seen, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { op, path, query } = seen;
    const file = this.files.get(path);
    if (op === "OPEN") {
      const start = Number(query.get("offset"));
      response.end(file?.body.subarray(start, start + Number(query.get("length"))));
      return;
    }
    const chunks: Buffer[] = op === "APPEND" && file !== undefined ? [file.body] : [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      // Cut off: what came is kept, as HDFS does.
    }
    this.store(path, Buffer.concat(chunks));
    response.writeHead(op === "CREATE" ? 201 : 200).end();
  }

  #nameNode({ op, path, query }: Seen, response: ServerResponse): void {
    const file = this.files.get(path);
    if (op === "DELETE") json(response, { boolean: this.files.delete(path) });
    else if (op === "MKDIRS") json(response, { boolean: true });
    else if (op === "LISTSTATUS_BATCH") json(response, this.#page(path, query));
    else if (file === undefined) refuse(response, "FileNotFoundException", 404);
    else if (op === "GETFILESTATUS") json(response, { FileStatus: statusOf(file) });
    else if (op === "RENAME") this.#rename(path, file, query, response);
    else if (op === "TRUNCATE") {
      this.files.set(path, {
        ...file,
        body: file.body.subarray(0, Number(query.get("newlength"))),
      });
      json(response, { boolean: true });
    } else refuse(response, "IllegalArgumentException", 400);
  }

  #page(path: string, query: URLSearchParams) {
    const rows = new Map<string, object>();
    for (const [name, file] of this.files) {
      if (!name.startsWith(`${path}/`)) continue;
      const [child = "", ...below] = name.slice(path.length + 1).split("/");
      const type = below.length === 0 ? "FILE" : "DIRECTORY";
      rows.set(child, { ...statusOf(file), type, pathSuffix: child });
    }
    const after = query.get("startAfter") ?? "";
    const names = [...rows.keys()].filter((name) => compareSigned(name, after) > 0);
    const page = names.sort(compareSigned).slice(0, this.pageRows);
    const FileStatus = page.map((name) => rows.get(name));
    const remainingEntries = names.length - page.length;
    return {
      DirectoryListing: { partialListing: { FileStatuses: { FileStatus } }, remainingEntries },
    };
  }

  #rename(path: string, file: File, query: URLSearchParams, response: ServerResponse): void {
    const to = query.get("destination") ?? "";
    if (this.files.has(to) && query.get("renameoptions") !== "OVERWRITE") {
      refuse(response, "FileAlreadyExistsException", 403);
      return;
    }
    this.files.delete(path);
    this.files.set(to, file);
    response.setHeader("content-type", "application/octet-stream").end();
  }
}

/** A RemoteException, as servers of HDFS answer it. */
export function refuse(response: ServerResponse, exception: string, status = 403): void {
  response.statusCode = status;
  json(response, { RemoteException: { exception, javaClassName: exception, message: "as told" } });
}

export function json(response: ServerResponse, value: unknown): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(value));
}

/** As a NameNode orders names: by bytes, which Java takes for signed. */
function compareSigned(a: string, b: string): number {
  const [left, right] = [a, b].map((name) => new Int8Array(Buffer.from(name)));
  const at = must(left).findIndex((byte, i) => byte !== right?.[i]);
  if (at < 0) return must(left).length - must(right).length;
  return must(left?.[at]) - (right?.[at] ?? Number.NEGATIVE_INFINITY);
}

function statusOf({ body, id }: File) {
  return { type: "FILE", length: body.length, modificationTime: id, fileId: id, pathSuffix: "" };
}
