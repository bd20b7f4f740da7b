// The contract's promises on reading: ranges, identity, ends, letting go.
import { expect } from "chai";
import { StorageError } from "../errors.ts";
import { collect, pattern, readAll, rejection } from "./collect.ts";
import type { Subject } from "./contract.ts";

const SIZE = 200_000;

export function describeReads({ storage, key }: Subject): void {
  const body = pattern(SIZE, 7);
  const given = async () => storage().put(key("x"), body);

  describe("read", () => {
    for (const [title, options, wanted] of [
      ["everything", {}, body],
      ["from a place to the end", { start: 199_990 }, body.subarray(199_990)],
      ["a range", { start: 5, length: 100_000 }, body.subarray(5, 100_005)],
      ["the first bytes", { length: 3 }, body.subarray(0, 3)],
      ["the last byte", { start: SIZE - 1, length: 1 }, body.subarray(SIZE - 1)],
      ["what there is of a longer range", { start: 199_000, length: SIZE }, body.subarray(199_000)],
      ["nothing, when asked for nothing", { start: 10, length: 0 }, Buffer.alloc(0)],
    ] as const) {
      it(`gives ${title}`, async () => {
        const info = await given();
        const reader = await storage().read(key("x"), options);
        expect(reader.info, "the whole object's").to.deep.equal(info);
        const chunks = await collect(reader.body);
        expect(chunks.some((chunk) => chunk.length === 0)).to.equal(false);
        expect(Buffer.concat(chunks).equals(wanted)).to.equal(true);
        reader.destroy();
      });
    }

    for (const start of [SIZE, SIZE + 1]) {
      it(`refuses a start at ${start} of ${SIZE} bytes`, async () => {
        await given();
        const failed = await rejection(storage().read(key("x"), { start, length: 10 }));
        expect(failed).to.be.instanceOf(StorageError).and.include({ kind: "invalidRange" });
      });
    }

    it("gives nothing of an empty object, however much is asked", async () => {
      const info = await storage().put(key("empty"), Buffer.alloc(0));
      for (const options of [{}, { start: 0 }, { start: 0, length: 10 }]) {
        const reader = await storage().read(key("empty"), options);
        expect(reader.info).to.deep.equal(info);
        expect(await collect(reader.body)).to.deep.equal([]);
      }
    });

    it("of what is not there is notFound", async () => {
      const failed = await rejection(storage().read(key("nobody")));
      expect(failed).to.be.instanceOf(StorageError).and.include({ kind: "notFound" });
      expect((failed as StorageError).detail).to.include({ operation: "read", key: key("nobody") });
    });

    it("with an ETag gives that object or none", async () => {
      const { etag } = await given();
      expect((await readAll(storage(), key("x"), { etag })).length).to.equal(SIZE);
      await storage().put(key("x"), Buffer.from("another"));
      const failed = await rejection(storage().read(key("x"), { etag, start: 1 }));
      expect(failed).to.be.instanceOf(StorageError).and.include({ kind: "changed" });
    });

    it("given up early, a hundred times, holds no connection", async () => {
      await given();
      for (let time = 0; time < 100; time += 1) {
        const reader = await storage().read(key("x"));
        if (time % 2 === 0) {
          for await (const chunk of reader.body) {
            expect(chunk.length).to.be.greaterThan(0);
            break;
          }
        }
        reader.destroy();
        reader.destroy();
      }
      expect((await readAll(storage(), key("x"))).equals(body)).to.equal(true);
    });

    it("let go does not look like an end", async () => {
      await given();
      const reader = await storage().read(key("x"));
      reader.destroy();
      expect(await rejection(collect(reader.body))).to.be.instanceOf(StorageError);
    });

    it("aborted before or in the middle rejects with the signal's reason", async () => {
      await storage().put(key("long"), pattern(8_000_000));
      const stop = new AbortController();
      const reason = new Error("enough");
      const reader = await storage().read(key("long"), { signal: stop.signal });
      const inTheMiddle = async () => {
        for await (const _ of reader.body) stop.abort(reason);
      };
      expect(await rejection(inTheMiddle())).to.equal(reason);
      const early = storage().read(key("long"), { signal: stop.signal });
      expect(await rejection(early)).to.equal(reason);
    });
  });
}
