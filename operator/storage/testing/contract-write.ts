// The contract's promises on whole objects: put, stat, delete.
import { expect } from "chai";
import { AssertionError } from "node:assert";
import { StorageError } from "../errors.ts";
import { collect, pattern, readAll, rejection } from "./collect.ts";
import type { Subject } from "./contract.ts";

/** Names that clients and servers are known to mangle; none is a folder of another. */
export const ODD_NAMES = [
  "a b",
  "a+b",
  "a=b,c;d",
  "p%41",
  "q?x#y",
  "it's&<\">",
  "ü",
  "名",
  "tilde~\uFF5E",
  "smile\u{1F600}",
  "__10001.hdr.d41d8cd98f00b204e9800998ecf8427e",
] as const;

export function describeWrites({ storage, another, key }: Subject): void {
  describe("put, stat, delete", () => {
    it("makes an object visible to everybody with its size and ETag", async () => {
      const body = pattern(70_000);
      const put = await storage().put(key("a/b.dat"), body);
      expect(put).to.include({ key: key("a/b.dat"), size: 70_000 });
      expect(put.etag).to.not.equal("");
      expect(await another().stat(key("a/b.dat"))).to.deep.equal(put);
      expect(await readAll(another(), key("a/b.dat"))).to.deep.equal(body);
      expect(await collect(another().list(key("")))).to.deep.equal([{ kind: "object", ...put }]);
    });

    it("replaces an object, which changes its ETag", async () => {
      const first = await storage().put(key("x"), Buffer.from("one"));
      const second = await storage().put(key("x"), Buffer.from("three"));
      expect(second.etag).to.not.equal(first.etag);
      expect(await storage().stat(key("x"))).to.deep.equal(second);
      expect((await readAll(storage(), key("x"))).toString()).to.equal("three");
    });

    it("may be repeated", async () => {
      for (let time = 0; time < 2; time += 1) await storage().put(key("x"), Buffer.from("same"));
      expect((await readAll(storage(), key("x"))).toString()).to.equal("same");
    });

    it("keeps an empty object", async () => {
      await storage().put(key("empty"), Buffer.alloc(0));
      expect(await storage().stat(key("empty"))).to.include({ size: 0 });
      expect(await readAll(storage(), key("empty"))).to.have.length(0);
    });

    for (const name of ODD_NAMES) {
      it(`takes the key ${JSON.stringify(name)} as it is`, async () => {
        const odd = key(`${name}/${name}`);
        const info = await storage().put(odd, Buffer.from(name));
        expect((await readAll(storage(), odd)).toString()).to.equal(name);
        expect(await collect(storage().list(key(name)))).to.deep.equal([
          { kind: "object", ...info },
        ]);
        await storage().move(odd, key(`moved/${name}`));
        expect(await storage().stat(key(`moved/${name}`))).to.include({ size: info.size });
        await storage().deleteMany([key(`moved/${name}`)]);
        expect(await collect(storage().list(key("")))).to.deep.equal([]);
      });
    }

    for (const bad of ["", "/a", "a/", "a//b", "a/../b"]) {
      it(`refuses the key ${JSON.stringify(bad)} as a bug`, async () => {
        const failed = await rejection(storage().put(bad, Buffer.from("x")));
        expect(failed).to.be.instanceOf(AssertionError);
      });
    }

    it("with ifAbsent writes a new object", async () => {
      await storage().put(key("x"), Buffer.from("mine"), { ifAbsent: true });
      expect((await readAll(storage(), key("x"))).toString()).to.equal("mine");
    });

    it("with ifAbsent refuses and keeps an object that is there", async () => {
      await storage().put(key("x"), Buffer.from("theirs"));
      const failed = await rejection(
        another().put(key("x"), Buffer.from("mine"), { ifAbsent: true }),
      );
      expect(failed).to.be.instanceOf(StorageError).and.include({ kind: "alreadyExists" });
      expect((await readAll(storage(), key("x"))).toString()).to.equal("theirs");
    });

    it("an aborted put rejects with the signal's reason and leaves nothing", async () => {
      const stop = new AbortController();
      const reason = new Error("enough");
      const late = storage().put(key("late"), pattern(300_000), { signal: stop.signal });
      stop.abort(reason);
      expect(await rejection(late)).to.equal(reason);
      const early = storage().put(key("early"), Buffer.from("x"), { signal: stop.signal });
      expect(await rejection(early)).to.equal(reason);
      expect(await collect(storage().list(key("")))).to.deep.equal([]);
    });

    it("stat of what is not there answers undefined, also of a folder", async () => {
      await storage().put(key("folder/x"), Buffer.from("x"));
      expect(await storage().stat(key("other"))).to.equal(undefined);
      expect(await storage().stat(key("folder"))).to.equal(undefined);
      expect(await storage().stat(key("folder/x1"))).to.equal(undefined);
    });

    it("deletes for everybody, and deleting what is not there is fine", async () => {
      await storage().put(key("x"), Buffer.from("x"));
      for (let time = 0; time < 2; time += 1) await storage().delete(key("x"));
      expect(await another().stat(key("x"))).to.equal(undefined);
      expect(await collect(another().list(key("")))).to.deep.equal([]);
    });

    it("removes empty folders, and no object nor upload with them", async () => {
      const kept = await storage().put(key("folders/full/x"), Buffer.from("x"));
      const upload = await storage().upload(key("folders/written/y"));
      await storage().put(key("folders/gone/deep/z"), Buffer.from("z"));
      await storage().delete(key("folders/gone/deep/z"));
      // Also one that a file stands for, and one that never was.
      for (const folder of ["folders/", "folders/full/x/", "none/"]) {
        await storage().removeEmptyFolders(key(folder));
      }
      await upload.complete();
      const written = await another().stat(key("folders/written/y"));
      expect(written).to.include({ size: 0 });
      expect(await collect(another().list(key("")))).to.deep.equal([
        { kind: "object", ...kept },
        { kind: "object", ...written },
      ]);
    });
  });
}
