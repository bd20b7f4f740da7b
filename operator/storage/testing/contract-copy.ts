// The contract's promises on copy and move.
import { expect } from "chai";
import { AssertionError } from "node:assert";
import { StorageError } from "../errors.ts";
import { pattern, readAll, rejection } from "./collect.ts";
import type { Subject } from "./contract.ts";

export function describeCopies({ storage, another, key }: Subject): void {
  describe("copy and move", () => {
    it("copy makes a second object of the same content", async () => {
      const body = pattern(100_000);
      await storage().put(key("from"), body);
      const info = await storage().copy(key("from"), key("deep/to"));
      expect(await another().stat(key("deep/to"))).to.deep.equal(info);
      expect((await readAll(storage(), key("deep/to"))).equals(body)).to.equal(true);
      expect(await storage().stat(key("from"))).to.include({ size: body.length });
    });

    it("copy takes a size that the caller knows, an empty object too", async () => {
      for (const size of [0, 10]) {
        await storage().put(key(`from${size}`), pattern(size));
        const info = await storage().copy(key(`from${size}`), key(`to${size}`), { size });
        expect(await storage().stat(key(`to${size}`))).to.deep.equal(info);
      }
    });

    it("copy and move replace what is there, and copy may be repeated", async () => {
      await storage().put(key("from"), Buffer.from("new"));
      await storage().put(key("to"), Buffer.from("old one"));
      for (let time = 0; time < 2; time += 1) await storage().copy(key("from"), key("to"));
      expect((await readAll(storage(), key("to"))).toString()).to.equal("new");
      await storage().put(key("to"), Buffer.from("old again"));
      await storage().move(key("from"), key("to"));
      expect((await readAll(storage(), key("to"))).toString()).to.equal("new");
    });

    it("copies a large object that was written in parts", async () => {
      const parts = [1, 2].map((seed) => pattern(storage().capabilities.partBytesMin, seed));
      const upload = await storage().upload(key("from"));
      for (const part of parts) await upload.part(part);
      await upload.complete();
      const info = await storage().copy(key("from"), key("to"));
      expect(await another().stat(key("to"))).to.deep.equal(info);
      const copied = await readAll(storage(), key("to"));
      expect(copied.equals(Buffer.concat(parts))).to.equal(true);
    });

    it("move leaves only the target, and done again finds it done", async () => {
      await storage().put(key("from"), Buffer.from("x"));
      const info = await storage().move(key("from"), key("to"));
      expect(await storage().stat(key("from"))).to.equal(undefined);
      expect(await another().stat(key("to"))).to.deep.equal(info);
      expect(await storage().move(key("from"), key("to"))).to.deep.equal(info);
    });

    it("of what is not there is notFound and makes nothing", async () => {
      for (const attempt of [
        () => storage().copy(key("nobody"), key("to")),
        () => storage().move(key("nobody"), key("to")),
      ]) {
        const failed = await rejection(attempt());
        expect(failed).to.be.instanceOf(StorageError).and.include({ kind: "notFound" });
      }
      expect(await storage().stat(key("to"))).to.equal(undefined);
    });

    it("a move onto itself is refused as a bug and loses nothing", async () => {
      await storage().put(key("x"), Buffer.from("x"));
      expect(await rejection(storage().move(key("x"), key("x")))).to.be.instanceOf(AssertionError);
      expect(await storage().stat(key("x"))).to.include({ size: 1 });
    });

    it("aborted rejects with the signal's reason and leaves the source", async () => {
      await storage().put(key("from"), Buffer.from("x"));
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      expect(await rejection(storage().move(key("from"), key("to"), { signal }))).to.equal(reason);
      expect(await storage().stat(key("from"))).to.include({ size: 1 });
      expect(await storage().stat(key("to"))).to.equal(undefined);
    });
  });
}
