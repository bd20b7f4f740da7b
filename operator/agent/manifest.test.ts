import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { RepositoryLayout } from "../broker/layout.ts";
import { StorageError } from "../storage/errors.ts";
import { collect, rejection } from "../storage/testing/collect.ts";
import { makeFaulty } from "../storage/testing/faulty.ts";
import { MemoryStorage } from "../storage/testing/memory.ts";
import type { ManifestFile, WrittenList } from "./manifest-list.ts";
import { ManifestListWriter, readManifestList } from "./manifest-list.ts";
import type { ManifestSummary } from "./manifest.ts";
import { ManifestError, readManifest, writeManifest } from "./manifest.ts";

const snapshot = new RepositoryLayout("__starrocks_repository_r").snapshot("s");
const KEY = snapshot.manifestFiles();

const SUMMARY: ManifestSummary = {
  version: 1,
  backupUid: "uid",
  label: "s",
  timestamp: "2026-01-31-04-05-06-789",
  database: "shop",
  attempt: "a1",
  tablets: 1,
  files: 2,
  bytes: 3,
  sealedAt: "2026-01-31T04:05:06.789Z",
  list: { key: KEY, size: 4, md5: "0123456789abcdef0123456789abcdef" },
};

function makeFiles(count: number): ManifestFile[] {
  return Array.from({ length: count }, (_, i) => ({
    path: `__ss_content/名_${i}.dat`,
    size: i * 1000,
    etag: `"etag-${i}"`,
  }));
}

async function write(storage: MemoryStorage, files: Iterable<ManifestFile>): Promise<WrittenList> {
  const writer = new ManifestListWriter(storage, KEY);
  for (const file of files) await writer.add(file);
  return writer.finish();
}

describe("the manifest's list", () => {
  it("comes back as it was written, in order", async () => {
    const storage = new MemoryStorage();
    const files = makeFiles(20_000);
    const written = await write(storage, files);
    expect(await collect(readManifestList(storage, KEY, written))).to.deep.equal(files);
    expect(written.size).to.equal(storage.content(KEY)?.length);
  });

  it("is one gzip file of JSON lines for every other tool", async () => {
    const storage = new MemoryStorage();
    await write(storage, makeFiles(12_000));
    const lines = gunzipSync(storage.content(KEY) ?? Buffer.of())
      .toString()
      .split("\n");
    expect(lines).to.have.length(12_001);
    expect(JSON.parse(lines[11_999] ?? "")).to.deep.equal(makeFiles(12_000)[11_999]);
  });

  it("of nothing is empty", async () => {
    const storage = new MemoryStorage();
    const written = await write(storage, []);
    expect(await collect(readManifestList(storage, KEY, written))).to.deep.equal([]);
  });

  it("goes up in parts when it is large, and comes back", async () => {
    const storage = new MemoryStorage();
    const faulty = makeFaulty(storage);
    const files = makeFiles(15).map((file) => ({
      ...file,
      etag: randomBytes(400_000).toString("hex"),
    }));
    const writer = new ManifestListWriter(faulty.storage, KEY);
    for (const file of files) await writer.add(file);
    const written = await writer.finish();
    expect(faulty.count("upload.part")).to.equal(2);
    expect(faulty.count("put")).to.equal(0);
    expect(await collect(readManifestList(storage, KEY, written))).to.deep.equal(files);
  });

  it("that is given up leaves no object and no upload", async () => {
    const storage = new MemoryStorage();
    const writer = new ManifestListWriter(storage, KEY);
    const etag = randomBytes(2_800_000).toString("hex");
    for (const path of ["a", "b"]) await writer.add({ path, size: 1, etag });
    expect(await collect(storage.listUploads(""))).to.have.length(1);
    await writer.abort();
    expect(await collect(storage.listUploads(""))).to.deep.equal([]);
    expect(storage.keys()).to.deep.equal([]);
  });

  it("with one flipped bit anywhere is damaged", async () => {
    const storage = new MemoryStorage();
    const written = await write(storage, makeFiles(5));
    const content = storage.content(KEY) ?? Buffer.of();
    for (let at = 0; at < content.length; at += 1) {
      const flipped = Buffer.from(content);
      flipped[at] = (flipped[at] ?? 0) ^ 4;
      await storage.put(KEY, flipped);
      const error = await rejection(collect(readManifestList(storage, KEY, written)));
      expect(error, `byte ${at}`).to.be.instanceOf(ManifestError);
    }
  });

  it("cut off anywhere is damaged", async () => {
    const storage = new MemoryStorage();
    const written = await write(storage, makeFiles(5));
    const content = storage.content(KEY) ?? Buffer.of();
    for (let size = 0; size < content.length; size += 1) {
      await storage.put(KEY, content.subarray(0, size));
      const error = await rejection(collect(readManifestList(storage, KEY, written)));
      expect(error, `${size} bytes`).to.be.instanceOf(ManifestError);
    }
  });

  it("that another seal wrote is not the one that was asked for", async () => {
    const storage = new MemoryStorage();
    const written = await write(storage, makeFiles(5));
    await write(storage, makeFiles(6));
    const error = await rejection(collect(readManifestList(storage, KEY, written)));
    expect(error).to.be.instanceOf(ManifestError);
  });

  it("is not damaged when the storage fails in the middle", async () => {
    const storage = new MemoryStorage();
    const written = await write(storage, makeFiles(5000));
    for (const cutAfter of [0, 10, written.size - 1]) {
      const faulty = makeFaulty(storage);
      faulty.inject({ operation: "read", cutAfter });
      const error = await rejection(collect(readManifestList(faulty.storage, KEY, written)));
      expect(error).to.be.instanceOf(StorageError);
    }
  });

  it("may be left early", async () => {
    const storage = new MemoryStorage();
    const written = await write(storage, makeFiles(5000));
    for await (const file of readManifestList(storage, KEY, written)) {
      expect(file).to.deep.equal(makeFiles(1)[0]);
      break;
    }
  });
});

describe("the manifest's summary", () => {
  it("comes back as it was written", async () => {
    const storage = new MemoryStorage();
    await writeManifest(storage, snapshot, SUMMARY);
    expect(await readManifest(storage, snapshot)).to.deep.equal(SUMMARY);
  });

  it("is undefined when there is none", async () => {
    expect(await readManifest(new MemoryStorage(), snapshot)).to.equal(undefined);
  });

  const broken: readonly [string, string][] = [
    ["of another version", JSON.stringify({ ...SUMMARY, version: 2 })],
    ["without owner", JSON.stringify({ ...SUMMARY, backupUid: undefined })],
    ["with a number as label", JSON.stringify({ ...SUMMARY, label: 1 })],
    ["without its list", JSON.stringify({ ...SUMMARY, list: null })],
    ["without its list's md5", JSON.stringify({ ...SUMMARY, list: { key: KEY, size: 1 } })],
    ["that is cut off", JSON.stringify(SUMMARY).slice(0, -5)],
    ["that is an array", "[]"],
    ["that is empty", ""],
  ];
  for (const [name, content] of broken) {
    it(`${name} is refused`, async () => {
      const storage = new MemoryStorage();
      await storage.put(snapshot.manifest(), Buffer.from(content));
      expect(await rejection(readManifest(storage, snapshot))).to.be.instanceOf(ManifestError);
    });
  }

  it("is not refused because the storage failed", async () => {
    const faulty = makeFaulty(new MemoryStorage());
    faulty.inject({ operation: "read", kind: "unavailable" });
    const error = await rejection(readManifest(faulty.storage, snapshot));
    expect(error).to.be.instanceOf(StorageError);
  });
});
