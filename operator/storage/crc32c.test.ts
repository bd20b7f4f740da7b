import { expect } from "chai";
import { crc32c, decodeCrc32c, encodeCrc32c } from "./crc32c.ts";
import { pattern } from "./testing/collect.ts";

describe("crc32c", () => {
  // RFC 3720, B.4, and the check value of every catalogue.
  for (const [what, body, wanted] of [
    ["nothing", Buffer.alloc(0), 0],
    ["the catalogues' nine digits", Buffer.from("123456789"), 0xe3069283],
    ["32 zeros", Buffer.alloc(32), 0x8a9136aa],
    ["32 ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
    ["32 growing bytes", Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ] as const) {
    it(`of ${what}`, () => expect(crc32c(body)).to.equal(wanted));
  }

  it("goes on behind what came before, wherever it is cut", () => {
    const body = pattern(100);
    for (let cut = 0; cut <= body.length; cut += 1) {
      const first = crc32c(body.subarray(0, cut));
      expect(crc32c(body.subarray(cut), first)).to.equal(crc32c(body));
    }
  });

  it("is written as Google writes it, and read again", () => {
    expect(encodeCrc32c(crc32c(Buffer.from("hello")))).to.equal("mnG7TA==");
    expect(decodeCrc32c("mnG7TA==")).to.equal(crc32c(Buffer.from("hello")));
  });
});
