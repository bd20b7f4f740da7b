import { expect } from "chai";
import { observed } from "./observed.ts";
import { collect, rejection } from "./testing/collect.ts";

async function* numbers(last: number, failure?: Error): AsyncGenerator<number> {
  for (let n = 1; n <= last; n += 1) yield n;
  if (failure !== undefined) throw failure;
}

function watch(source: AsyncIterable<number>) {
  const seen: string[] = [];
  const rows = observed(source, {
    item: (n) => seen.push(String(n)),
    failure: (error) => seen.push((error as Error).message),
    end: () => seen.push("end"),
  });
  return { seen, rows };
}

describe("observed", () => {
  it("passes the items on and tells each, and the end once", async () => {
    const { seen, rows } = watch(numbers(3));
    expect(await collect(rows)).to.deep.equal([1, 2, 3]);
    expect(seen).to.deep.equal(["1", "2", "3", "end"]);
  });

  it("tells a failure and then the end", async () => {
    const { seen, rows } = watch(numbers(1, new Error("broken")));
    expect(await rejection(collect(rows))).to.have.property("message", "broken");
    expect(seen).to.deep.equal(["1", "broken", "end"]);
  });

  it("left early it ends its source and tells the end", async () => {
    let closed = false;
    const source = async function* () {
      try {
        yield* numbers(9);
      } finally {
        closed = true;
      }
    };
    const { seen, rows } = watch(source());
    for await (const n of rows) if (n === 2) break;
    expect(closed).to.equal(true);
    expect(seen).to.deep.equal(["1", "2", "end"]);
  });
});
