import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import { run } from "./command.ts";

const timers = () => process.getActiveResourcesInfo().filter((open) => open === "Timeout").length;

describe("a program run to its end", () => {
  for (const [title, command, says] of [
    ["ends badly", ["sh", "-c", "echo why >&2; exit 3"], /sh .*: ended with 3\nwhy$/],
    ["is not there", ["no-such-program-anywhere"], /ENOENT/],
  ] as const) {
    it(`says so when it ${title}, and leaves no timer that keeps this process`, async () => {
      await turn(); // mocha has its own limit for the test by then
      const before = timers();
      const end = await run({ command, environment: {} }).catch((error: unknown) => String(error));
      expect(end).to.match(says);
      expect(timers()).to.equal(before);
    });
  }
});
