// The contract's promises on uploads: parts, order, visibility, taking over, giving up.
import { expect } from "chai";
import { AssertionError } from "node:assert";
import { must } from "../../assert.ts";
import { StorageError } from "../errors.ts";
import type { UploadState } from "../storage.ts";
import { collect, pattern, readAll, rejection } from "./collect.ts";
import type { Subject } from "./contract.ts";

export function describeUploads({ storage, another, key }: Subject): void {
  /** Where parts of any size are taken, more than what a store may want to see at a time. */
  const partBytes = () => Math.max(storage().capabilities.partBytesMin, 300_001);
  const openUploads = async () => (await collect(storage().listUploads(key("")))).length;

  describe("upload", () => {
    it("shows nothing until complete, then the parts in the order of their calls", async () => {
      const [first, second] = [pattern(partBytes(), 1), pattern(1000, 2)];
      const upload = await storage().upload(key("big"));
      await upload.part(first);
      await upload.part(second);
      expect(await storage().stat(key("big"))).to.equal(undefined);
      expect(await collect(storage().list(key("")))).to.deep.equal([]);
      const info = await upload.complete();
      expect(info).to.include({ key: key("big"), size: first.length + second.length });
      expect(await another().stat(key("big"))).to.deep.equal(info);
      const whole = await readAll(another(), key("big"));
      expect(whole.equals(Buffer.concat([first, second]))).to.equal(true);
    });

    it("takes parts in parallel, where they need no order", async function () {
      if (storage().capabilities.partsInOrder) this.skip();
      const bodies = [1, 2, 3, 4].map((seed) => pattern(partBytes(), seed));
      const upload = await storage().upload(key("big"));
      await Promise.all(bodies.map((body) => upload.part(body)));
      await upload.complete();
      const whole = await readAll(storage(), key("big"));
      expect(whole.equals(Buffer.concat(bodies))).to.equal(true);
    });

    it("takes one part after the other, and refuses one that comes too early", async function () {
      if (!storage().capabilities.partsInOrder) this.skip();
      const bodies = [1, 2, 3].map((seed) => pattern(partBytes() + 1000 * seed, seed));
      const upload = await storage().upload(key("big"));
      const [first, ...others] = bodies;
      const sent = upload.part(must(first));
      expect(await rejection(upload.part(pattern(10)))).to.be.instanceOf(AssertionError);
      await sent;
      // Their numbers are those of the calls, as layers that call again give them.
      for (const [i, body] of others.entries()) await upload.part(body, { number: i + 2 });
      await upload.complete();
      const whole = await readAll(storage(), key("big"));
      expect(whole.equals(Buffer.concat(bodies))).to.equal(true);
    });

    it("sends one part anew under its number, where they need no order", async function () {
      if (storage().capabilities.partsInOrder) this.skip();
      const [wrong, right, last] = [pattern(partBytes(), 1), pattern(partBytes(), 2), pattern(9)];
      const upload = await storage().upload(key("big"));
      await upload.part(wrong);
      await upload.part(last);
      await upload.part(right, { number: 1 });
      await upload.complete();
      const whole = await readAll(storage(), key("big"));
      expect(whole.equals(Buffer.concat([right, last]))).to.equal(true);
    });

    it("of one small part, and of none, completes", async () => {
      const small = await storage().upload(key("small"));
      await small.part(Buffer.from("x"));
      expect(await small.complete()).to.include({ size: 1 });
      const empty = await storage().upload(key("empty"));
      expect(await empty.complete()).to.include({ size: 0 });
      expect(await readAll(storage(), key("empty"))).to.have.length(0);
      expect(await openUploads()).to.equal(0);
    });

    it("replaces an object of the same key", async () => {
      await storage().put(key("x"), Buffer.from("old"));
      const upload = await storage().upload(key("x"));
      await upload.part(Buffer.from("new!"));
      expect((await readAll(storage(), key("x"))).toString()).to.equal("old");
      await upload.complete();
      expect((await readAll(storage(), key("x"))).toString()).to.equal("new!");
    });

    it("completes once however often it is asked, and an abort afterwards harms nothing", async () => {
      const upload = await storage().upload(key("x"));
      await upload.part(Buffer.from("x"));
      const info = await upload.complete();
      expect(await upload.complete()).to.deep.equal(info);
      await upload.abort();
      expect(await storage().stat(key("x"))).to.deep.equal(info);
    });

    it("is finished by another process from its state, which survives JSON", async () => {
      const upload = await storage().upload(key("x"));
      await upload.part(Buffer.from("x"));
      const state = JSON.parse(JSON.stringify(upload.state())) as UploadState;
      const info = await another().resumeUpload(state).complete();
      expect(await readAll(storage(), key("x"))).to.deep.equal(Buffer.from("x"));
      expect(await another().resumeUpload(state).complete()).to.deep.equal(info);
      expect(await upload.complete()).to.deep.equal(info);
    });

    it("is aborted by another process, then can be completed by nobody", async () => {
      const upload = await storage().upload(key("x"));
      await upload.part(Buffer.from("x"));
      await another().resumeUpload(upload.state()).abort();
      expect(await openUploads()).to.equal(0);
      const failed = await rejection(upload.complete());
      expect(failed).to.be.instanceOf(StorageError).and.include({ kind: "notFound" });
      expect(await storage().stat(key("x"))).to.equal(undefined);
    });

    it("leaves nothing after abort, which may be repeated", async () => {
      const upload = await storage().upload(key("x"));
      await upload.part(Buffer.from("x"));
      for (let time = 0; time < 2; time += 1) await upload.abort();
      expect(await openUploads()).to.equal(0);
      expect(await storage().stat(key("x"))).to.equal(undefined);
    });

    it("refuses a hole: a part that failed must be sent anew", async () => {
      const upload = await storage().upload(key("x"));
      const stop = new AbortController();
      const reason = new Error("enough");
      const first = upload.part(pattern(partBytes()), { signal: stop.signal });
      stop.abort(reason);
      expect(await rejection(first)).to.equal(reason);
      const tail = Buffer.from("tail");
      const { partsInOrder } = storage().capabilities;
      if (partsInOrder) {
        expect(await rejection(upload.part(tail))).to.be.instanceOf(AssertionError);
      } else await upload.part(tail);
      expect(await rejection(upload.complete())).to.be.instanceOf(AssertionError);
      expect(await storage().stat(key("x"))).to.equal(undefined);
      await upload.part(pattern(partBytes()), { number: 1 });
      if (partsInOrder) await upload.part(tail, { number: 2 });
      expect(await upload.complete()).to.include({ size: partBytes() + 4 });
      const whole = await readAll(storage(), key("x"));
      expect(whole.equals(Buffer.concat([pattern(partBytes()), tail]))).to.equal(true);
    });

    it("whose parts are too small is refused and can be aborted", async function () {
      if (storage().capabilities.partBytesMin <= "small".length) this.skip();
      const upload = await storage().upload(key("x"));
      await upload.part(Buffer.from("small"));
      await upload.part(Buffer.from("last"));
      const failed = await rejection(upload.complete());
      expect(failed).to.be.instanceOf(StorageError).and.include({ kind: "wrongConfiguration" });
      expect(await storage().stat(key("x"))).to.equal(undefined);
      await upload.abort();
      expect(await openUploads()).to.equal(0);
    });

    it("lists open uploads under a prefix in key order, and aborts one, also twice", async function () {
      if (!storage().capabilities.uploadsListed) this.skip();
      const [b, a, other] = await Promise.all(
        ["u/b", "u/a", "v/c"].map((name) => storage().upload(key(name))),
      );
      const found = await collect(another().listUploads(key("u/")));
      expect(found.map((u) => u.key)).to.deep.equal([key("u/a"), key("u/b")]);
      expect(found.map((u) => u.uploadId)).to.deep.equal([
        a?.state().uploadId,
        b?.state().uploadId,
      ]);
      expect(found[0]?.initiatedMs).to.be.greaterThan(Date.UTC(2020, 0));
      for (let time = 0; time < 2; time += 1) {
        for (const upload of found) await another().abortUpload(upload);
      }
      expect(await openUploads()).to.equal(1);
      await other?.abort();
    });
  });
}
