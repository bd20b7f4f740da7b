// A broker service over a faulty memory storage, spoken to as StarRocks does, without sockets.
import { createHash } from "node:crypto";
import { systemClock, type Clock } from "../../clock.ts";
import { silentLog } from "../../log.ts";
import { makeFaulty, type Faulty } from "../../storage/testing/faulty.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";
import { Bandwidth } from "../bandwidth.ts";
import { Counters } from "../counters.ts";
import { RepositoryLayout } from "../layout.ts";
import type { BrokerFd, OperationStatus, ResponseOf } from "../protocol.ts";
import type { CallContext, Payload } from "../server-handlers.ts";
import { BrokerService, type ServiceOptions } from "../service.ts";

export const MOUNT = { location: "backup://mount", repository: "k8s_j1" };
export const LAYOUT = new RepositoryLayout("__starrocks_repository_prod");
/** How StarRocks names the repository's folder, and a snapshot and a tablet in it. */
export const ASKED = `${MOUNT.location}/__starrocks_repository_k8s_j1`;
export const SNAPSHOT = `${ASKED}/__ss_s1`;
export const TABLET = `${SNAPSHOT}/__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__5`;
/** The same places in the storage. */
export const SNAPSHOT_KEY = "__starrocks_repository_prod/__ss_s1";
export const TABLET_KEY = `${SNAPSHOT_KEY}/__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__5`;
export const STAGING_KEY = "__starrocks_repository_prod/__k8s_staging/a1";

const TOKEN = "secret1";
export const PART_BYTES = 1024;
export const DEADLINE_MS = 2_000;

export function md5(bytes: Buffer | string): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** Bytes that differ from place to place, so that a mix-up shows. */
export function content(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i * 31 + (i >> 8) * 17 + seed * 101) & 255;
  return bytes;
}

export interface FixtureOptions extends Partial<ServiceOptions> {
  /** Another agent of the same attempt: shares what is stored, nothing else. */
  readonly beside?: Fixture;
}

export class Fixture {
  readonly memory: MemoryStorage;
  readonly faulty: Faulty;
  readonly service: BrokerService;
  readonly counters = new Counters();
  readonly clock: Clock;
  token = TOKEN;
  clientId = "10.0.0.1:9060";
  /** How many calls ended their connection. */
  hungUp = 0;

  constructor(options: FixtureOptions = {}) {
    const { beside, ...overrides } = options;
    this.clock = overrides.clock ?? systemClock;
    this.memory =
      beside?.memory.another() ?? new MemoryStorage({ capabilities: { partBytesMin: 1 } });
    this.faulty = makeFaulty(this.memory, this.clock);
    this.service = new BrokerService({
      storage: this.faulty.storage,
      layout: LAYOUT,
      mount: MOUNT,
      mode: "backup",
      label: "s1",
      attempt: "a1",
      tokenSha256: createHash("sha256").update(TOKEN).digest("hex"),
      createTime: "2026-01-31 04:05:06",
      deadlineMs: DEADLINE_MS,
      answerAfterMs: 50,
      slots: 8,
      partBytes: PART_BYTES,
      bandwidth: new Bandwidth(this.clock),
      counters: this.counters,
      clock: this.clock,
      log: silentLog,
      ...overrides,
    });
  }

  get properties(): ReadonlyMap<string, string> {
    return new Map([["token", this.token]]);
  }

  /** A call as it arrives now. */
  call(): CallContext {
    return {
      connection: 1,
      remote: "127.0.0.1:1",
      receivedMs: this.clock.monotonic(),
      signal: new AbortController().signal,
      hangUp: () => {
        this.hungUp += 1;
      },
    };
  }

  async list(path: string): Promise<ResponseOf<"listPath">> {
    const { properties } = this;
    const request = {
      version: 1,
      path,
      isRecursive: false,
      properties,
      fileNameOnly: true,
    } as const;
    return await this.service.listPath(request, this.call());
  }

  /** Names of a listing that must be OK. */
  async names(path: string): Promise<string[]> {
    const answer = await this.list(path);
    if (answer.opStatus.statusCode !== 0) throw new Error(answer.opStatus.message);
    return (answer.files ?? []).map((f) => `${f.path}${f.isDir ? "/" : ` ${f.size}`}`);
  }

  async exists(path: string): Promise<boolean> {
    const request = { version: 1, path, properties: this.properties } as const;
    return (await this.service.checkPathExist(request, this.call())).isPathExist;
  }

  async openWriter(path: string): Promise<ResponseOf<"openWriter">> {
    const { properties, clientId } = this;
    const request = { version: 1, path, openMode: 1, clientId, properties } as const;
    return await this.service.openWriter(request, this.call());
  }

  async write(fd: BrokerFd, offset: number, bytes: Buffer): Promise<OperationStatus> {
    const request = { version: 1, fd, offset: BigInt(offset) } as const;
    return await this.service.pwrite(request, payload(bytes), this.call());
  }

  async close(fd: BrokerFd): Promise<OperationStatus> {
    return await this.service.closeWriter({ version: 1, fd }, this.call());
  }

  async rename(srcPath: string, destPath: string): Promise<OperationStatus> {
    const request = { version: 1, srcPath, destPath, properties: this.properties } as const;
    return await this.service.renamePath(request, this.call());
  }

  async delete(path: string): Promise<OperationStatus> {
    const request = { version: 1, path, properties: this.properties } as const;
    return await this.service.deletePath(request, this.call());
  }

  async openReader(path: string): Promise<ResponseOf<"openReader">> {
    const { properties, clientId } = this;
    const request = { version: 1, path, startOffset: 0n, clientId, properties } as const;
    return await this.service.openReader(request, this.call());
  }

  async pread(fd: BrokerFd, offset: number, length: number): Promise<ResponseOf<"pread">> {
    const request = { version: 1, fd, offset: BigInt(offset), length: BigInt(length) } as const;
    return await this.service.pread(request, this.call());
  }

  async closeReader(fd: BrokerFd): Promise<OperationStatus> {
    return await this.service.closeReader({ version: 1, fd }, this.call());
  }

  /** Opens, writes and closes; every step must be OK. Returns the descriptor. */
  async writeFile(path: string, bytes: Buffer, pieceBytes = 700): Promise<BrokerFd> {
    const { opStatus, fd } = await this.openWriter(path);
    if (fd === undefined) throw new Error(opStatus.message);
    for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
      const piece = bytes.subarray(offset, offset + pieceBytes);
      requireOk(await this.write(fd, offset, piece));
    }
    requireOk(await this.close(fd));
    return fd;
  }

  /** What a BE does with one file of a tablet. */
  async upload(name: string, bytes: Buffer): Promise<OperationStatus> {
    await this.writeFile(`${TABLET}/${name}.part`, bytes);
    return await this.rename(`${TABLET}/${name}.part`, `${TABLET}/${name}.${md5(bytes)}`);
  }

  /** How many uploads the storage holds that were neither completed nor aborted. */
  async uploads(): Promise<number> {
    let open = 0;
    for await (const _upload of this.memory.listUploads(`${LAYOUT.folder}/`)) open += 1;
    return open;
  }

  /** Reads a file to its end in pieces. */
  async readFile(path: string, pieceBytes = 700): Promise<Buffer> {
    const { opStatus, fd } = await this.openReader(path);
    if (fd === undefined) throw new Error(opStatus.message);
    const chunks: Uint8Array[] = [];
    for (let offset = 0; ;) {
      const { opStatus: status, data = [] } = await this.pread(fd, offset, pieceBytes);
      if (status.statusCode === 301) break;
      requireOk(status);
      chunks.push(...data);
      offset += data.reduce((sum, chunk) => sum + chunk.length, 0);
    }
    requireOk(await this.closeReader(fd));
    return Buffer.concat(chunks);
  }
}

export function requireOk(status: OperationStatus): void {
  if (status.statusCode !== 0) throw new Error(`${status.statusCode}: ${status.message}`);
}

/** The data of a pwrite, in socket-sized pieces. */
export function payload(bytes: Buffer, chunkBytes = 300): Payload {
  return {
    length: bytes.length,
    chunks: async function* chunks() {
      for (let i = 0; i < bytes.length; i += chunkBytes) {
        yield await Promise.resolve(bytes.subarray(i, i + chunkBytes));
      }
    },
  };
}

/** Waits, in turns of the event loop, until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn += 1) {
    if (turn > 10_000) throw new Error("it never became so");
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Opens a file for writing; it must be admitted. */
export async function openFd(fixture: Fixture, path: string): Promise<BrokerFd> {
  const { fd, opStatus } = await fixture.openWriter(path);
  if (fd === undefined) throw new Error(opStatus.message);
  return fd;
}
