import { expect } from "chai";
import { collect, rejection } from "./collect.ts";
import { storageContract } from "./contract.ts";
import { MemoryStorage } from "./memory.ts";
import { STORES } from "./stores.ts";

for (const { name, options } of [
  { name: "MemoryStorage", options: { capabilities: { partBytesMin: 1000 } } },
  ...STORES.map((store) => ({ ...store, name: `MemoryStorage as ${store.name}` })),
]) {
  storageContract(name, async () => {
    const storage = new MemoryStorage(options);
    return { storage, another: () => storage.another(), close: async () => {} };
  });
}

describe("MemoryStorage", () => {
  for (const [there, refused] of [
    ["a/b", "a"],
    ["a/b", "a/b/c"],
    ["a/b/c", "a/b"],
  ] as const) {
    it(`refuses ${refused} beside ${there}, as posix-backed stores do`, async () => {
      const storage = new MemoryStorage();
      await storage.put(there, Buffer.from("x"));
      const failed = await rejection(storage.put(refused, Buffer.from("x")));
      expect(failed).to.include({ kind: "wrongConfiguration" });
      await storage.delete(there);
      await storage.put(refused, Buffer.from("x"));
      expect(storage.keys()).to.deep.equal([refused]);
    });
  }

  it("stores a buffer changed too early as it then was, so that a test notices", async () => {
    const storage = new MemoryStorage();
    const body = Buffer.from("good");
    const put = storage.put("x", body);
    body.write("evil");
    await put;
    body.write("late");
    expect(storage.content("x")?.toString()).to.equal("evil");
  });

  it("does not take an upload for completed because another object has its key", async () => {
    const storage = new MemoryStorage();
    await storage.put("x", Buffer.from("an older one"));
    const upload = await storage.upload("x");
    await upload.part(Buffer.from("x"));
    await storage.resumeUpload(upload.state()).abort();
    expect(await rejection(upload.complete())).to.include({ kind: "notFound" });
  });

  it("shows in a listing what was written behind the reader's place", async () => {
    const storage = new MemoryStorage();
    for (const key of ["a", "c"]) await storage.put(key, Buffer.from(key));
    const rows = storage.list("")[Symbol.asyncIterator]();
    await rows.next();
    await storage.put("b", Buffer.from("b"));
    const rest = await collect({ [Symbol.asyncIterator]: () => rows });
    expect(rest.map((row) => row.kind === "object" && row.key)).to.deep.equal(["b", "c"]);
  });
});
