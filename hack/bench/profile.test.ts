import { expect } from "chai";
import { summarize } from "./profile.ts";

const OURS = new URL("../../operator/broker/part-stream.ts", import.meta.url).href;

describe("summarize", () => {
  it("gives native time to the caller, shortens paths and leaves idle time out", () => {
    const frame = (functionName: string, url = "", lineNumber = -1) => ({
      functionName,
      url,
      lineNumber,
    });
    const profile = {
      nodes: [
        { id: 1, callFrame: frame("(root)"), children: [2, 3, 6] },
        { id: 2, callFrame: frame("(idle)") },
        { id: 3, callFrame: frame("append", OURS, 68), children: [4] },
        { id: 4, callFrame: frame("update", "node:internal/crypto/hash", 9), children: [5] },
        { id: 5, callFrame: frame("update") },
        { id: 6, callFrame: frame("send", "/x/node_modules/@aws-sdk/client-s3/index.js", 0) },
      ],
      samples: [2, 5, 5, 3, 6],
      timeDeltas: [1000, 30, 30, 20, 20],
    };
    const { functions, areas } = summarize(profile);
    expect(functions).to.deep.equal([
      { name: "update ← append operator/broker/part-stream.ts:69", share: 0.6 },
      { name: "append operator/broker/part-stream.ts:69", share: 0.2 },
      { name: "send @aws-sdk/client-s3/index.js:1", share: 0.2 },
    ]);
    expect(areas).to.deep.equal([
      { name: "operator/broker", share: 0.8 },
      { name: "the S3 client", share: 0.2 },
    ]);
  });
});
