// Google Cloud Storage as a storage of scenarios: fake-gcs-server behind the front that makes it as strict as
// Google. It is looked at from behind the front, where nobody asks for a token.
import { startGcs, type GcsServer } from "./gcs-front.ts";
import type { StorageServer, StoredObject } from "./storage-server.ts";

interface Page {
  readonly items?: readonly {
    readonly name: string;
    readonly size: string;
    readonly generation: string;
  }[];
  readonly nextPageToken?: string;
}

export class GcsStorageServer implements StorageServer {
  readonly kind = "gcs";
  readonly server: GcsServer;

  private constructor(server: GcsServer) {
    this.server = server;
  }

  static async start(): Promise<GcsStorageServer> {
    // In files: it keeps every upload in memory twice as it is.
    return new GcsStorageServer(await startGcs({ backend: "filesystem" }));
  }

  location(folder: string): string {
    return `gs://${this.server.bucket}/${folder}`;
  }

  get settings(): Readonly<Record<string, unknown>> {
    return { gcs: { endpoint: this.server.endpoint } };
  }

  get credentials(): Readonly<Record<string, string>> {
    return { "credentials.json": this.server.credentials };
  }

  async list(): Promise<readonly StoredObject[]> {
    const objects: StoredObject[] = [];
    let pageToken = "";
    do {
      const url = this.#url("storage", `?pageToken=${encodeURIComponent(pageToken)}`);
      const page = (await (await ask(url)).json()) as Page;
      for (const { name, size, generation } of page.items ?? []) {
        objects.push({ key: name, size: Number(size), etag: generation });
      }
      pageToken = page.nextPageToken ?? "";
    } while (pageToken !== "");
    return objects;
  }

  async read(key: string): Promise<Buffer> {
    const url = this.#url("storage", `/${encodeURIComponent(key)}?alt=media`);
    return Buffer.from(await (await ask(url)).arrayBuffer());
  }

  async write(key: string, content: Buffer | undefined): Promise<void> {
    if (content === undefined) {
      await ask(this.#url("storage", `/${encodeURIComponent(key)}`), { method: "DELETE" });
      return;
    }
    const query = `?uploadType=media&name=${encodeURIComponent(key)}`;
    await ask(this.#url("upload/storage", query), {
      method: "POST",
      body: new Uint8Array(content),
    });
  }

  /** Sessions: Google tells them to nobody, keeps them for a week and bills nothing. */
  async unfinished(): Promise<readonly string[]> {
    return this.server.openUploads().map((key) => `upload of ${key}`);
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  #url(api: string, rest: string): string {
    return `${this.server.behind}/${api}/v1/b/${this.server.bucket}/o${rest}`;
  }
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(url, init);
  if (answer.ok || (init.method === "DELETE" && answer.status === 404)) return answer;
  throw new Error(`${init.method ?? "GET"} ${url}: ${answer.status} ${await answer.text()}`);
}
