// The contract's promises on listings and on deleting many, with more keys than a page has.
import { expect } from "chai";
import { compareKeys } from "../key.ts";
import type { ListEntry } from "../storage.ts";
import { collect, rejection } from "./collect.ts";
import type { Subject } from "./contract.ts";
import { ODD_NAMES } from "./contract-write.ts";

/** More than a page of S3, and more than it deletes in one request. */
const MANY = 1100;

export function describeListings({ storage, another, key }: Subject): void {
  const given = async (names: readonly string[]) => {
    const left = [...names];
    const worker = async () => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) {
        await storage().put(key(name), Buffer.from(name));
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
  };
  const below = (entry: ListEntry) =>
    (entry.kind === "object" ? entry.key : entry.prefix).slice(key("").length);
  const names = async (rows: AsyncIterable<ListEntry>) => (await collect(rows)).map(below);

  describe("list", () => {
    it("gives nothing where nothing is", async () => {
      expect(await names(storage().list(key("")))).to.deep.equal([]);
      expect(await names(storage().list(key(""), { folded: true }))).to.deep.equal([]);
    });

    it("is in the byte order of UTF-8", async () => {
      const all = ["a-b", "a.b", "a/b", "a/b.c", "a0", "ab", "B", ...ODD_NAMES];
      await given(all);
      expect(await names(storage().list(key("")))).to.deep.equal([...all].sort(compareKeys));
    });

    it("takes the prefix as a string, not as a folder", async () => {
      await given(["ab/c", "abc", "abd/e", "b"]);
      expect(await names(storage().list(key("ab")))).to.deep.equal(["ab/c", "abc", "abd/e"]);
      expect(await names(storage().list(key("ab/")))).to.deep.equal(["ab/c"]);
    });

    it("folded gives one row for everything below the next slash", async () => {
      await given(["a/1", "a/2/3", "a.x", "b", "c/d/e"]);
      const rows = await collect(storage().list(key(""), { folded: true }));
      expect(rows.map((row) => [row.kind, below(row)])).to.deep.equal([
        ["object", "a.x"],
        ["prefix", "a/"],
        ["object", "b"],
        ["prefix", "c/"],
      ]);
      expect(await names(storage().list(key("a"), { folded: true }))).to.deep.equal(["a.x", "a/"]);
      expect(await names(storage().list(key("a/"), { folded: true }))).to.deep.equal([
        "a/1",
        "a/2/",
      ]);
    });

    it("begins after a key, also folded and where no such key is", async () => {
      await given(["a/1", "a/2", "b", "c"]);
      const after = async (name: string, folded: boolean) =>
        names(storage().list(key(""), { startAfter: key(name), folded }));
      expect(await after("a/1", false)).to.deep.equal(["a/2", "b", "c"]);
      expect(await after("a/1", true)).to.deep.equal(["b", "c"]);
      expect(await after("a/", true)).to.deep.equal(["b", "c"]);
      expect(await after("a", true)).to.deep.equal(["a/", "b", "c"]);
      expect(await after("aa", false)).to.deep.equal(["b", "c"]);
      expect(await after("c", false)).to.deep.equal([]);
    });

    it("goes over more than a page, and deleteMany takes them all away", async () => {
      const all = Array.from({ length: MANY }, (_, i) => `f${String(i).padStart(5, "0")}/x`);
      await given(all);
      expect(await names(another().list(key("")))).to.deep.equal(all);
      expect(await names(another().list(key(""), { folded: true }))).to.deep.equal(
        all.map((name) => name.slice(0, -1)),
      );
      const tail = another().list(key(""), { startAfter: key("f00099/x") });
      expect(await names(tail)).to.deep.equal(all.slice(100));
      await storage().deleteMany([...all.slice(1), "nobody"].map((name) => key(name)));
      expect(await names(another().list(key("")))).to.deep.equal(all.slice(0, 1));
      await storage().deleteMany([]);
    });

    it("may be left early, and aborted it rejects with the signal's reason", async () => {
      await given(["a", "b"]);
      for await (const row of storage().list(key(""))) {
        expect(below(row)).to.equal("a");
        break;
      }
      const reason = new Error("enough");
      const rows = storage().list(key(""), { signal: AbortSignal.abort(reason) });
      expect(await rejection(collect(rows))).to.equal(reason);
    });
  });
}
