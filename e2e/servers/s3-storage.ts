// An S3 server as a storage of scenarios, behind the proxy that can do harm to it.
import {
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { startFaultProxy, type FaultProxy } from "./fault-proxy.ts";
import { startFauxqs } from "./fauxqs.ts";
import type { S3Server } from "./s3-server.ts";
import type { StorageServer, StoredObject } from "./storage-server.ts";

/** In place of a secret that the server does not look at: one that can be looked for in what is printed. */
const NOBODY_MAY_SEE = "s3-secret-that-nobody-may-see";

export interface S3StorageOptions {
  /** Default: fauxqs. */
  readonly server?: (() => Promise<S3Server>) | undefined;
  /** Where agents reach it; default loopback. */
  readonly host?: string;
}

export class S3Storage implements StorageServer {
  readonly kind = "s3";
  /** Agents reach the server through it. */
  readonly proxy: FaultProxy;
  readonly #server: S3Server;
  readonly #client: S3Client;

  private constructor(server: S3Server, proxy: FaultProxy) {
    this.#server = server;
    this.proxy = proxy;
    const { endpoint, accessKeyId, secretAccessKey } = server;
    this.#client = new S3Client({
      endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
  }

  static async start(options: S3StorageOptions = {}): Promise<S3Storage> {
    const server = await (options.server ?? startFauxqs)();
    try {
      // fauxqs cannot list uploads; another server's own answer is what counts.
      const answerListUploads = options.server === undefined;
      const { host } = options;
      return new S3Storage(server, await startFaultProxy(server, { answerListUploads, host }));
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  location(folder: string): string {
    return `s3://${this.#server.bucket}/${folder}`;
  }

  get settings(): Readonly<Record<string, unknown>> {
    const { endpoint } = this.proxy;
    return { s3: { region: "us-east-1", endpoint, forcePathStyle: true } };
  }

  get credentials(): Readonly<Record<string, string>> {
    const { accessKeyId, secretAccessKey } = this.#server;
    const secret = secretAccessKey === "any" ? NOBODY_MAY_SEE : secretAccessKey;
    return { accessKeyId, secretAccessKey: secret };
  }

  async list(): Promise<readonly StoredObject[]> {
    const client = this.#client;
    const objects: StoredObject[] = [];
    for await (const page of paginateListObjectsV2({ client }, { Bucket: this.#server.bucket })) {
      for (const { Key: key = "", Size: size = 0, ETag: etag } of page.Contents ?? []) {
        objects.push({ key, size, etag: etag?.replaceAll('"', "") });
      }
    }
    return objects;
  }

  async read(key: string): Promise<Buffer> {
    const { Body } = await this.#client.send(new GetObjectCommand(this.#at(key)));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  async write(key: string, content: Buffer | undefined): Promise<void> {
    const at = this.#at(key);
    if (content === undefined) await this.#client.send(new DeleteObjectCommand(at));
    else await this.#client.send(new PutObjectCommand({ ...at, Body: content }));
  }

  /** From the proxy's account of what passed: not every server lists uploads. */
  async unfinished(): Promise<readonly string[]> {
    return this.proxy.openUploads().map(({ key }) => `upload of ${key}`);
  }

  async stop(): Promise<void> {
    this.#client.destroy();
    await this.proxy.stop();
    await this.#server.stop();
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#server.bucket, Key: key };
  }
}
