import { expect } from "chai";
import { AssertionError } from "node:assert";
import { PartList } from "./part-list.ts";

describe("PartList", () => {
  it("numbers parts in the order of the calls and lists them in that order", () => {
    const parts = new PartList();
    const [first, second] = [parts.take(), parts.take()];
    parts.store({ number: second, etag: "b" });
    parts.store({ number: first, etag: "a" });
    expect(parts.whole("k")).to.deep.equal([
      { number: 1, etag: "a" },
      { number: 2, etag: "b" },
    ]);
  });

  it("keeps the number of a part that is sent anew", () => {
    const parts = new PartList();
    parts.store({ number: parts.take(), etag: "a" });
    parts.store({ number: parts.take(1), etag: "a2" });
    expect(parts.take()).to.equal(2);
    expect(parts.list()).to.deep.equal([{ number: 1, etag: "a2" }]);
  });

  it("refuses a hole: a part that was begun and is not stored", () => {
    const parts = new PartList();
    parts.store({ number: parts.take(), etag: "a" });
    parts.take();
    parts.store({ number: parts.take(), etag: "c" });
    expect(() => parts.whole("k")).to.throw(AssertionError, "2 of 3 parts");
  });

  it("refuses a hole in a state that another process noted", () => {
    const state = { key: "k", uploadId: "u", parts: [{ number: 2, etag: "b" }] };
    expect(() => PartList.of(state).whole("k")).to.throw(AssertionError, "1 of 2 parts");
  });

  it("knows the bytes of all parts when each says its own", () => {
    const parts = new PartList();
    expect(parts.size()).to.equal(0);
    parts.store({ number: parts.take(), etag: "a", size: 5 });
    parts.store({ number: parts.take(), etag: "b", size: 7 });
    expect(parts.size()).to.equal(12);
    parts.store({ number: parts.take(), etag: "c" });
    expect(parts.size()).to.equal(undefined);
  });
});
