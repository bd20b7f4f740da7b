import { expect } from "chai";
import { HELP, parseArguments } from "./arguments.ts";

describe("the demo's arguments", () => {
  it("are all off when nothing is said", () => {
    expect(parseArguments([])).to.deep.include({ help: false, keep: false, kill: false });
  });

  it("are all told by --help", () => {
    for (const name of Object.keys(parseArguments([]))) expect(HELP).to.contain(`--${name}`);
    expect(parseArguments(["--keep", "--kill", "--help"])).to.deep.include({
      help: true,
      keep: true,
      kill: true,
    });
  });

  it("refuse what they do not know", () => {
    expect(() => parseArguments(["--kil"])).to.throw("--kil");
    expect(() => parseArguments(["keep"])).to.throw("keep");
  });
});
