// Helper process: what the agent is compared with. The same S3 client as the agent's, from memory and
// into nothing, with as many requests at a time as served it best:
//   (a) the client alone: multipart uploads, single puts, whole-object reads
//   (b) the same and then CopyObject and DeleteObject, which is what a rename costs on S3
// It also puts the files that the agent is to serve, and clears away what a run has left.
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { systemClock, systemRandom } from "../../operator/clock.ts";
import { silentLog } from "../../operator/log.ts";
import { Secret } from "../../operator/secret.ts";
import { openStorage } from "../../operator/storage/open.ts";
import { forEachParallel } from "../../operator/storage/parallel.ts";
import { makeS3Client } from "../../operator/storage/s3-client.ts";
import {
  contentOf,
  PREFIX,
  storedFolder,
  tabletsOf,
  type Content,
  type FileSet,
} from "./content.ts";
import { serveJobs } from "./jobs.ts";
import type { StoreAddress } from "./store.ts";
import { timeStreams, type Moved } from "./streams.ts";

export interface ReferenceJob {
  readonly store: StoreAddress;
  readonly streams: number;
  readonly set: FileSet;
  /** Copy and delete each file after its upload: (b). */
  readonly renames?: boolean;
}

// A type, not an interface: only types are known to be tables of jobs.
export type ReferenceJobs = {
  readonly up: { readonly input: ReferenceJob; readonly output: Moved };
  readonly down: { readonly input: ReferenceJob; readonly output: Moved };
  /** Puts the files, and the `__info` without which no agent serves the snapshot. */
  readonly prepare: { readonly input: ReferenceJob; readonly output: Moved };
  readonly clear: { readonly input: { readonly store: StoreAddress }; readonly output: number };
};

const MIB = 1024 * 1024;
/** As many as a bare client is quick with: 8 at a time beat 4 here, more were not tried. */
const PART_BYTES = 8 * MIB;
const PARTS_AT_A_TIME = 8;
/** Larger files go up in parts. */
const SINGLE_BYTES_MAX = PART_BYTES;

let client: S3Client | undefined;

/** One client for the whole run: its connections are warm, as the agent's are. */
function clientOf(store: StoreAddress): S3Client {
  client ??= makeS3Client({
    endpoint: store.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: {
      accessKeyId: store.accessKeyId,
      secretAccessKey: new Secret(store.secretAccessKey),
    },
  });
  return client;
}

function keysOf(set: FileSet, md5: string): string[] {
  const folder = `${PREFIX}/${storedFolder()}`;
  return tabletsOf(set).flatMap(({ dir, names }) =>
    names.map((name) => `${folder}/${dir}/${name}.${md5}`),
  );
}

async function uploadWhole(job: ReferenceJob, key: string, { bytes }: Content): Promise<void> {
  const { store } = job;
  await clientOf(store).send(new PutObjectCommand({ Bucket: store.bucket, Key: key, Body: bytes }));
}

async function uploadParts(job: ReferenceJob, key: string, { bytes }: Content): Promise<void> {
  const s3 = clientOf(job.store);
  const place = { Bucket: job.store.bucket, Key: key };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place));
  const numbers = Array.from({ length: Math.ceil(bytes.length / PART_BYTES) }, (_, at) => at + 1);
  const parts: { PartNumber: number; ETag: string | undefined }[] = [];
  await forEachParallel(numbers, PARTS_AT_A_TIME, async (PartNumber) => {
    const Body = bytes.subarray((PartNumber - 1) * PART_BYTES, PartNumber * PART_BYTES);
    const { ETag } = await s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body }));
    parts[PartNumber - 1] = { PartNumber, ETag };
  });
  const MultipartUpload = { Parts: parts };
  await s3.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload }));
}

async function rename(job: ReferenceJob, from: string, to: string): Promise<void> {
  const { bucket: Bucket } = job.store;
  const s3 = clientOf(job.store);
  await s3.send(new CopyObjectCommand({ Bucket, Key: to, CopySource: `${Bucket}/${from}` }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: from }));
}

async function up(job: ReferenceJob): Promise<Moved> {
  const { set, streams, renames = false } = job;
  const content = contentOf(set.fileBytes);
  const upload = set.fileBytes > SINGLE_BYTES_MAX ? uploadParts : uploadWhole;
  const threads = Array.from({ length: streams });
  const seconds = await timeStreams(threads, keysOf(set, content.md5), async (_, key) => {
    if (!renames) return upload(job, key, content);
    await upload(job, `${key}.part`, content);
    return rename(job, `${key}.part`, key);
  });
  return { seconds, files: set.files, bytes: set.files * set.fileBytes, refused: 0 };
}

async function down(job: ReferenceJob): Promise<Moved> {
  const { set, store, streams } = job;
  const { md5 } = contentOf(set.fileBytes);
  let bytes = 0;
  const threads = Array.from({ length: streams });
  const seconds = await timeStreams(threads, keysOf(set, md5), async (_, Key) => {
    const { Body } = await clientOf(store).send(
      new GetObjectCommand({ Bucket: store.bucket, Key }),
    );
    const counted = new Promise<void>((resolve, reject) => {
      const body = Body as Readable;
      body.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      body.on("end", resolve);
      body.on("error", reject);
    });
    await counted;
  });
  if (bytes !== set.files * set.fileBytes) throw new Error(`${bytes} bytes were read`);
  return { seconds, files: set.files, bytes, refused: 0 };
}

async function prepare(job: ReferenceJob): Promise<Moved> {
  const info = Buffer.from("{}");
  const name = `__info_2026-11-21-02-33-57-032.${"0".repeat(32)}`;
  await uploadWhole(job, `${PREFIX}/${storedFolder()}/${name}`, { bytes: info, md5: "" });
  return up(job);
}

/** Deletes every object of the repository; resolves with their number. */
async function clear({ store }: { readonly store: StoreAddress }): Promise<number> {
  const { endpoint, bucket, accessKeyId } = store;
  const secretAccessKey = new Secret(store.secretAccessKey);
  const storage = openStorage(
    {
      location: `s3://${bucket}/${PREFIX}`,
      s3: {
        endpoint,
        region: "us-east-1",
        forcePathStyle: true,
        credentials: { accessKeyId, secretAccessKey },
      },
    },
    { clock: systemClock, random: systemRandom, log: silentLog },
  );
  const keys: string[] = [];
  for await (const entry of storage.list("")) if (entry.kind === "object") keys.push(entry.key);
  await storage.deleteMany(keys);
  return keys.length;
}

serveJobs<ReferenceJobs>({ up, down, prepare, clear });
