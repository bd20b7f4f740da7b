// S3: versitygw where it is installed; else fauxqs inside the helper's process, whose numbers mean less. The
// reference is the AWS client, set up as the agent's is.
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { startFauxqs } from "../../../e2e/servers/fauxqs.ts";
import { findServer, installHint } from "../../../e2e/servers/installed.ts";
import { S3Dialect } from "../../../e2e/servers/s3-dialect.ts";
import { startVersitygw } from "../../../e2e/servers/versitygw.ts";
import { Secret } from "../../../operator/secret.ts";
import { forEachParallel } from "../../../operator/storage/parallel.ts";
import { makeS3Client } from "../../../operator/storage/s3-client.ts";
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

/** As many as a bare client is quick with: 8 at a time beat 4 here, more were not tried. */
const PARTS_AT_A_TIME = 8;

export const s3: BenchStore = {
  start,
  client: (address) => new S3Reference(address),
  count: (address) => countThrough(new S3Dialect(false), address, configure),
  hasParts: false,
  smallFileRequestsMax: 1.3,
};

async function start(): Promise<RunningStore> {
  const isReal = findServer("versitygw") !== undefined;
  const server = isReal ? await startVersitygw() : await startFauxqs();
  const { endpoint, bucket, accessKeyId, secretAccessKey } = server;
  return {
    address: {
      kind: "s3",
      endpoint,
      root: bucket,
      location: `s3://${bucket}/${PREFIX}`,
      settings: configure(endpoint),
      credentials: { accessKeyId, secretAccessKey },
    },
    name: isReal ? "versitygw" : "fauxqs",
    limits: isReal ? [] : FAUXQS_LIMITS,
    stop: () => server.stop(),
  };
}

const FAUXQS_LIMITS = [
  "versitygw is not installed, so the store is a JavaScript one that is slower than the agent and keeps",
  "everything on its heap: the numbers mean less, ratios above all. Install it and run again:",
  `  ${installHint("versitygw")}`,
];

function configure(endpoint: string): StoreAddress["settings"] {
  return { s3: { endpoint, region: "us-east-1", forcePathStyle: true } };
}

class S3Reference implements ReferenceClient {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor({ endpoint, root, credentials }: StoreAddress) {
    const { accessKeyId = "", secretAccessKey = "" } = credentials;
    this.#bucket = root;
    this.#client = makeS3Client({
      endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
    });
  }

  async put(key: string, body: Buffer): Promise<void> {
    await this.#client.send(new PutObjectCommand({ ...this.#place(key), Body: body }));
  }

  async upload(key: string, body: Buffer): Promise<void> {
    const place = this.#place(key);
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(place));
    const numbers = Array.from({ length: Math.ceil(body.length / PART_BYTES) }, (_, at) => at + 1);
    const parts: { PartNumber: number; ETag: string | undefined }[] = [];
    await forEachParallel(numbers, PARTS_AT_A_TIME, async (PartNumber) => {
      const Body = body.subarray((PartNumber - 1) * PART_BYTES, PartNumber * PART_BYTES);
      const part = new UploadPartCommand({ ...place, UploadId, PartNumber, Body });
      const { ETag } = await this.#client.send(part);
      parts[PartNumber - 1] = { PartNumber, ETag };
    });
    const MultipartUpload = { Parts: parts };
    const whole = new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload });
    await this.#client.send(whole);
  }

  async read(key: string): Promise<number> {
    const { Body } = await this.#client.send(new GetObjectCommand(this.#place(key)));
    return await countBytes(Body as Readable);
  }

  async rename(from: string, to: string): Promise<void> {
    const CopySource = `${this.#bucket}/${from}`;
    await this.#client.send(new CopyObjectCommand({ ...this.#place(to), CopySource }));
    await this.#client.send(new DeleteObjectCommand(this.#place(from)));
  }

  async has(Prefix: string): Promise<boolean> {
    const list = new ListObjectsV2Command({ Bucket: this.#bucket, Prefix, MaxKeys: 1 });
    const { KeyCount = 0 } = await this.#client.send(list);
    return KeyCount > 0;
  }

  async clear(): Promise<void> {
    const all = { Bucket: this.#bucket };
    for await (const { Contents = [] } of paginateListObjectsV2({ client: this.#client }, all)) {
      const Objects = Contents.map(({ Key }) => ({ Key }));
      if (Objects.length === 0) continue;
      const Delete = { Objects, Quiet: true };
      await this.#client.send(new DeleteObjectsCommand({ ...all, Delete }));
    }
  }

  #place(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: key };
  }
}
