// Helper process: the load generator. Plays the upload and download threads of a BE against one agent,
// call for call (SnapshotLoader, fs_broker.cpp 3.4+): per tablet a listing over the task's own
// connection, per file the calls of its reading or writing over another one.
import { setTimeout as sleep } from "node:timers/promises";
import {
  BROKER_OPEN_MODE,
  BROKER_STATUS,
  BROKER_VERSION,
  type BrokerFd,
  type OperationStatus,
} from "../../operator/broker/protocol.ts";
import { BeConnection } from "./be-connection.ts";
import {
  askedFolder,
  contentOf,
  tabletsOf,
  TOKEN,
  type Content,
  type FileSet,
  type Tablet,
} from "./content.ts";
import { serveJobs } from "./jobs.ts";
import { timeStreams, type Moved } from "./streams.ts";

export interface BeJob {
  /** Of the agent. */
  readonly port: number;
  readonly streams: number;
  readonly set: FileSet;
  /** Of one pwrite or pread: 1 MiB up to 3.3, 4 MiB since. */
  readonly callBytes: number;
}

// A type, not an interface: only types are known to be tables of jobs.
export type GeneratorJobs = {
  readonly up: { readonly input: BeJob; readonly output: Moved };
  readonly down: { readonly input: BeJob; readonly output: Moved };
};

const VERSION = { version: BROKER_VERSION.VERSION_ONE } as const;
const ASKED = { ...VERSION, properties: new Map([["token", TOKEN]]) } as const;
const CLIENT = { clientId: "10.0.0.1:9060" } as const;
/** A refused file comes again after this; a BE's tablet does after 10 s. */
const REFUSED_PAUSE_MS = 100;

/** What one upload or download thread has of the agent. */
class BeThread {
  readonly #job: BeJob;
  readonly #content: Content;
  /** Listings and renames. */
  readonly #held: BeConnection;
  /** Everything else. */
  readonly #pooled: BeConnection;
  refused = 0;
  bytes = 0;

  constructor(job: BeJob, content: Content, connections: readonly [BeConnection, BeConnection]) {
    this.#job = job;
    this.#content = content;
    [this.#held, this.#pooled] = connections;
  }

  async upload(tablet: Tablet): Promise<void> {
    const dir = `${askedFolder()}/${tablet.dir}`;
    await this.#list(`${dir}/*`, this.#held);
    for (const name of tablet.names) await this.#uploadFile(`${dir}/${name}`);
  }

  async download(tablet: Tablet): Promise<void> {
    const dir = `${askedFolder()}/${tablet.dir}`;
    const names = await this.#list(`${dir}/*`, this.#held);
    if (names.length !== tablet.names.length) throw new Error(`${dir} has ${names.length} files`);
    for (const { path } of names) await this.#downloadFile(`${dir}/${path}`);
  }

  close(): void {
    this.#held.close();
    this.#pooled.close();
  }

  async #uploadFile(path: string): Promise<void> {
    const { bytes, md5 } = this.#content;
    const part = `${path}.part`;
    const found = await this.#pooled.call("checkPathExist", { ...ASKED, path: part });
    requireOk("checkPathExist", found.opStatus);
    const fd = await this.#openWriter(part);
    for (let offset = 0; offset < bytes.length; offset += this.#job.callBytes) {
      const data = bytes.subarray(offset, offset + this.#job.callBytes);
      requireOk("pwrite", await this.#pooled.pwrite(fd, offset, data));
    }
    requireOk("closeWriter", await this.#pooled.call("closeWriter", { ...VERSION, fd }));
    const names = { srcPath: part, destPath: `${path}.${md5}` };
    requireOk("renamePath", await this.#held.call("renamePath", { ...ASKED, ...names }));
    this.bytes += bytes.length;
  }

  async #openWriter(path: string): Promise<BrokerFd> {
    const openMode = BROKER_OPEN_MODE.APPEND;
    for (;;) {
      const request = { ...ASKED, ...CLIENT, openMode, path };
      const { opStatus, fd } = await this.#pooled.call("openWriter", request);
      if (fd !== undefined) return fd;
      if (opStatus.statusCode !== BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR) {
        requireOk("openWriter", opStatus);
      }
      this.refused += 1;
      await sleep(REFUSED_PAUSE_MS);
    }
  }

  async #downloadFile(path: string): Promise<void> {
    const request = { ...ASKED, ...CLIENT, path, startOffset: 0n };
    const { opStatus, fd } = await this.#pooled.call("openReader", request);
    requireOk("openReader", opStatus);
    if (fd === undefined) throw new Error("openReader gave no descriptor");
    const [entry] = await this.#list(path, this.#pooled);
    let offset = 0;
    for (let got = -1; got !== 0; offset += got) {
      got = await this.#pooled.pread(fd, offset, this.#job.callBytes);
    }
    if (offset !== Number(entry?.size)) throw new Error(`${path}: ${offset} bytes were read`);
    requireOk("closeReader", await this.#pooled.call("closeReader", { ...VERSION, fd }));
    this.bytes += offset;
  }

  async #list(path: string, over: BeConnection) {
    const request = { ...ASKED, path, isRecursive: false, fileNameOnly: true };
    const { opStatus, files = [] } = await over.call("listPath", request);
    requireOk("listPath", opStatus);
    return files;
  }
}

function requireOk(method: string, status: OperationStatus): void {
  if (status.statusCode === BROKER_STATUS.OK) return;
  throw new Error(`${method}: ${status.statusCode} ${status.message ?? ""}`);
}

async function move(
  job: BeJob,
  work: (thread: BeThread, tablet: Tablet) => Promise<void>,
): Promise<Moved> {
  const content = contentOf(job.set.fileBytes);
  const threads: BeThread[] = [];
  for (let at = 0; at < job.streams; at += 1) {
    const connections = [await BeConnection.open(job.port), await BeConnection.open(job.port)];
    threads.push(new BeThread(job, content, connections as [BeConnection, BeConnection]));
  }
  try {
    const seconds = await timeStreams(threads, tabletsOf(job.set), work);
    const sum = (of: (thread: BeThread) => number) => threads.reduce((s, t) => s + of(t), 0);
    const refused = sum((t) => t.refused);
    return { seconds, files: job.set.files, bytes: sum((t) => t.bytes), refused };
  } finally {
    for (const thread of threads) thread.close();
  }
}

serveJobs<GeneratorJobs>({
  up: (job) => move(job, (thread, tablet) => thread.upload(tablet)),
  down: (job) => move(job, (thread, tablet) => thread.download(tablet)),
});
