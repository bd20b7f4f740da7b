// Google Cloud Storage: fake-gcs-server by itself, without the proxy that makes it as strict as Google. The
// reference is Google's own client; uploads are resumable ones in parts, because nobody knows a file's length.
import { Storage, type Bucket } from "@google-cloud/storage";
import { generateKeyPairSync } from "node:crypto";
import { EventEmitter } from "node:events";
import { startFakeGcs } from "../../../e2e/servers/fake-gcs.ts";
import { GcsDialect } from "../../../e2e/servers/gcs-dialect.ts";
import { PREFIX } from "../content.ts";
import { countBytes } from "../streams.ts";
import { countThrough } from "./counting.ts";
import {
  PART_BYTES,
  type BenchStore,
  type ReferenceClient,
  type RunningStore,
  type StoreAddress,
} from "./bench-store.ts";

export const gcs: BenchStore = {
  start,
  client: (address) => new GcsReference(address),
  count: (address) => countThrough(new GcsDialect(), address, configure),
  hasParts: false,
  smallFileRequestsMax: 1.3,
};

async function start(): Promise<RunningStore> {
  const server = await startFakeGcs({ backend: "filesystem" });
  const { endpoint, bucket } = server;
  return {
    address: {
      kind: "gcs",
      endpoint,
      root: bucket,
      location: `gs://${bucket}/${PREFIX}`,
      settings: configure(endpoint),
      credentials: { "credentials.json": keyFile() },
    },
    name: "fake-gcs-server",
    limits: [
      "it keeps a resumable upload in its memory and copies all of it for each part: MB/s of large files up",
      "are the server's, and the fewer the larger a file is. It looks at no token.",
    ],
    stop: () => server.stop(),
  };
}

function configure(endpoint: string): StoreAddress["settings"] {
  return { gcs: { endpoint } };
}

/** A service account that exists nowhere: the agent signs its tokens as it would for Google. */
function keyFile(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return JSON.stringify({
    type: "service_account",
    private_key_id: "bench",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    client_email: "bench@project.iam.gserviceaccount.com",
  });
}

class GcsReference implements ReferenceClient {
  readonly #bucket: Bucket;

  constructor({ endpoint, root }: StoreAddress) {
    // The library has more listeners than that itself, and would say so at every download.
    EventEmitter.defaultMaxListeners = 100;
    this.#bucket = new Storage({ apiEndpoint: endpoint, projectId: "project" }).bucket(root);
  }

  async put(key: string, body: Buffer): Promise<void> {
    await this.#bucket.file(key).save(body, { resumable: false });
  }

  async upload(key: string, body: Buffer): Promise<void> {
    await this.#bucket.file(key).save(body, { resumable: true, chunkSize: PART_BYTES });
  }

  /** Without its checksum: that would be most of the time, and an agent's caller compares an md5. */
  async read(key: string): Promise<number> {
    const options = { validation: false, decompress: false } as const;
    return await countBytes(this.#bucket.file(key).createReadStream(options));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#bucket.file(from).move(to);
  }

  async has(prefix: string): Promise<boolean> {
    const [files] = await this.#bucket.getFiles({ prefix, autoPaginate: false });
    return files.length > 0;
  }

  async clear(): Promise<void> {
    await this.#bucket.deleteFiles({ force: true });
  }
}
