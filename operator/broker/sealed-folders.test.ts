import { expect } from "chai";
import { SealedFolders } from "./sealed-folders.ts";

describe("SealedFolders", () => {
  const sealed = new SealedFolders();
  sealed.add("a/b/one", 1);
  sealed.add("a/b/two", 2);
  sealed.add("a/c/one", 1);
  const ONE = { name: "one", size: 1 };
  const TWO = { name: "two", size: 2 };

  const CASES: readonly [string, string, readonly { name: string; size: number }[], boolean][] = [
    ["just its files", "a/b", [ONE, TWO], true],
    ["just its files, in another order", "a/b", [TWO, ONE], true],
    ["a file less", "a/b", [ONE], false],
    ["a file more", "a/b", [ONE, TWO, { name: "three", size: 0 }], false],
    ["a file of another size", "a/b", [ONE, { name: "two", size: 3 }], false],
    ["a file of another name", "a/b", [ONE, { name: "owt", size: 2 }], false],
    ["the files of another folder", "a/b", [ONE], false],
    ["no files", "a/b", [], false],
    ["files where there were none", "a/d", [ONE], false],
    ["nothing where there was nothing", "a/d", [], true],
  ];
  for (const [what, folder, files, expected] of CASES) {
    it(`says ${String(expected)} of ${what}`, () => {
      expect(sealed.isAsSealed(folder, files)).to.equal(expected);
    });
  }
});
