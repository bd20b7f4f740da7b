import { expect } from "chai";
import type { Harm } from "./fault-script.ts";
import { FaultScript } from "./fault-script.ts";
import type { S3Request } from "./s3-request.ts";

const page: Harm = { do: "page", status: 502 };
const damage: Harm = { do: "damageUp" };

function put(key = "k"): S3Request {
  const query = new URLSearchParams();
  return { operation: "PutObject", kind: "put", bucket: "b", key, query, signer: "" };
}

describe("FaultScript", () => {
  it("harms the nth request of an operation and so many after it", () => {
    const script = new FaultScript();
    script.inject({ operation: "PutObject", nth: 2, times: 2, harm: page });
    expect([1, 2, 3, 4].map(() => script.take(put()) !== undefined)).to.deep.equal([
      false,
      true,
      true,
      false,
    ]);
    script.inject({ operation: "GetObject", harm: page });
    expect(script.take(put())).to.equal(undefined);
  });

  it("counts only the requests of a key when one is named", () => {
    const script = new FaultScript();
    script.inject({ operation: "PutObject", key: "__info", harm: page });
    expect(script.take(put("other"))).to.equal(undefined);
    expect(script.take(put("a/__info_1"))).to.equal(page);
  });

  it("does by chance the same for the same seed, about as often as it was asked", () => {
    const run = (seed: number) => {
      const script = new FaultScript();
      script.harmAtRandom({ seed, rate: 0.2, harms: [page, damage] });
      return Array.from({ length: 1000 }, () => script.take(put())?.do);
    };
    expect(run(1)).to.deep.equal(run(1));
    expect(run(1)).to.not.deep.equal(run(2));
    expect(run(1).filter((harm) => harm !== undefined).length).to.be.within(150, 250);
    expect(new Set(run(1)).size).to.equal(3);
  });

  it("does nothing any more when it was cleared", () => {
    const script = new FaultScript();
    script.inject({ operation: "PutObject", harm: page });
    script.harmAtRandom({ seed: 1, rate: 1, harms: [damage] });
    script.clear();
    expect(script.take(put())).to.equal(undefined);
  });
});
