import { expect } from "chai";
import { readLines } from "./exchange.ts";

async function linesOf(text: string, chunkBytes: number, bytesMax = 1000): Promise<string[]> {
  const bytes = Buffer.from(text);
  const body = async function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      yield await Promise.resolve(bytes.subarray(at, at + chunkBytes));
    }
  };
  const lines: string[] = [];
  for await (const line of readLines(body(), bytesMax)) lines.push(line);
  return lines;
}

describe("readLines", () => {
  const text = '{"a":1}\n\n{"b":"ü€😀"}\n{"c":2}\n';

  it("gives the same lines wherever the chunks are cut", async () => {
    for (let chunkBytes = 1; chunkBytes <= text.length + 8; chunkBytes += 1) {
      expect(await linesOf(text, chunkBytes)).to.deep.equal([
        '{"a":1}',
        "",
        '{"b":"ü€😀"}',
        '{"c":2}',
      ]);
    }
  });

  it("keeps back a last line that has no end", async () => {
    expect(await linesOf('{"a":1}\n{"b', 3)).to.deep.equal(['{"a":1}']);
  });

  it("refuses a line that does not end", async () => {
    const error: unknown = await linesOf("x".repeat(5000), 100).catch((reason: unknown) => reason);
    expect(error).to.have.property("message", "a line is longer than 1000 bytes");
  });
});
