import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateAll } from "./outputs.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("generated files", () => {
  it("are up to date (else: npm run generate)", async () => {
    const outputs = Object.entries(await generateAll(root));
    expect(outputs).not.to.deep.equal([]);
    for (const [path, text] of outputs) {
      expect(readFileSync(join(root, path), "utf8"), path).to.equal(text);
    }
  });

  it("are the same every time", async () => {
    expect(await generateAll(root)).to.deep.equal(await generateAll(root));
  });
});
