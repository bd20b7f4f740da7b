// One call of the contract each, which looks at its own result: content is compared, what is gone must be gone. The
// suite of faults makes them while a request of theirs suffers.
import { expect } from "chai";
import { createHash } from "node:crypto";
import type { Storage } from "../storage.ts";
import { collect, pattern, readAll } from "./collect.ts";

const MIB = 1024 * 1024;
export const PART_BYTES = 6 * MIB;
const SMALL = pattern(3000, 3);
const LARGE = pattern(PART_BYTES, 6);

/** Works on this key, and on others that begin with it. Rejects as the call that is tried. */
export type FaultedCall = (storage: Storage, key: string) => Promise<void>;

export const FAULTED_CALLS = {
  put: async (storage, key) => {
    const info = await storage.put(key, SMALL, { ifAbsent: true });
    expect(info).to.include({ key, size: SMALL.length });
    expect(await contentOf(storage, key)).to.equal(digest(SMALL));
  },
  read: async (storage, key) => {
    await storage.put(key, LARGE);
    const got = await readAll(storage, key, { start: 100, length: 5 * MIB });
    expect(digest(got)).to.equal(digest(LARGE.subarray(100, 100 + 5 * MIB)));
  },
  stat: async (storage, key) => {
    await storage.put(key, SMALL);
    expect(await storage.stat(key)).to.include({ size: SMALL.length });
  },
  statOfNothing: async (storage, key) => {
    expect(await storage.stat(key)).to.equal(undefined);
  },
  delete: async (storage, key) => {
    await storage.put(key, SMALL);
    await storage.delete(key);
    expect(await collect(storage.list(key))).to.deep.equal([]);
  },
  deleteMany: async (storage, key) => {
    await storage.put(key, SMALL);
    await storage.deleteMany([key]);
    expect(await collect(storage.list(key))).to.deep.equal([]);
  },
  copy: async (storage, key) => {
    await storage.put(`${key}from`, LARGE);
    await storage.copy(`${key}from`, key);
    expect(await contentOf(storage, key)).to.equal(digest(LARGE));
  },
  move: async (storage, key) => {
    // From another folder: where there are folders, that of the key must be made.
    const from = `from-${key}`;
    await storage.put(from, SMALL);
    await storage.move(from, key);
    expect(await contentOf(storage, key)).to.equal(digest(SMALL));
    expect(await storage.stat(from)).to.equal(undefined);
  },
  upload: async (storage, key) => {
    await uploadParts(storage, key, [LARGE, SMALL]);
    expect(await contentOf(storage, key)).to.equal(digest(Buffer.concat([LARGE, SMALL])));
  },
  abort: async (storage, key) => {
    const upload = await storage.upload(key);
    await upload.part(LARGE);
    await upload.abort();
    expect(await storage.stat(key)).to.equal(undefined);
  },
  list: async (storage, key) => {
    await storage.put(key, SMALL);
    expect(await collect(storage.list(key))).to.have.length(1);
  },
  listUploads: async (storage, key) => {
    const upload = await storage.upload(key);
    const found = await collect(storage.listUploads(key));
    expect(found.map((other) => other.uploadId)).to.deep.equal([upload.state().uploadId]);
    await upload.abort();
  },
} as const satisfies Readonly<Record<string, FaultedCall>>;

export type FaultedCallName = keyof typeof FAULTED_CALLS;

/** Those that write under their key: nothing may be there when they failed. */
export function writes(name: FaultedCallName): boolean {
  return ["put", "copy", "move", "upload"].includes(name);
}

/** Uploads, several parts at a time where the store takes it; gives up what it cannot complete. */
export async function uploadParts(
  storage: Storage,
  key: string,
  parts: readonly Buffer[],
): Promise<void> {
  const upload = await storage.upload(key);
  try {
    if (storage.capabilities.partsInOrder) for (const part of parts) await upload.part(part);
    else await Promise.all(parts.map((part) => upload.part(part)));
    await upload.complete();
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

/** For messages that megabytes would fill: where two contents are not the same. */
function digest(content: Buffer): string {
  return createHash("md5").update(content).digest("hex");
}

async function contentOf(storage: Storage, key: string): Promise<string> {
  return digest(await readAll(storage, key));
}
