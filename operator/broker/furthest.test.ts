import { expect } from "chai";
import { Furthest } from "./furthest.ts";

const A = { key: "a", clientId: "be-1" };

describe("Furthest", () => {
  it("counts what is new and no repeat", () => {
    const furthest = new Furthest();
    const steps = [5, 9, 3, 9, 10].map((upTo) => furthest.advance(A, upTo));
    expect(steps).to.deep.equal([5, 4, 0, 0, 1]);
  });

  it("keeps files and clients apart", () => {
    const furthest = new Furthest();
    furthest.advance(A, 5);
    expect(furthest.advance({ ...A, key: "b" }, 5)).to.equal(5);
    expect(furthest.advance({ ...A, clientId: "be-2" }, 5)).to.equal(5);
  });

  it("finishes a transfer once, also an empty one, and counts none of its repeats", () => {
    const furthest = new Furthest();
    expect([furthest.finish(A), furthest.finish(A)]).to.deep.equal([true, false]);
    expect(furthest.advance(A, 7)).to.equal(0);
  });

  it("forgets those that nobody has touched for longest", () => {
    const furthest = new Furthest(2);
    const b = { ...A, key: "b" };
    furthest.advance(A, 1);
    furthest.advance(b, 1);
    furthest.advance(A, 1);
    furthest.advance({ ...A, key: "c" }, 1);
    expect([furthest.advance(A, 1), furthest.advance(b, 1)]).to.deep.equal([0, 1]);
  });
});
