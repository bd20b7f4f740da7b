// The operator's key: made once, the same for everybody.
import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import { SECRETS } from "../runtime/objects.ts";
import { MemoryApi } from "../runtime/testing/memory-api.ts";
import { MOUNT_KEY_SECRET, readMountKey } from "./mount-key.ts";

describe("readMountKey", () => {
  it("makes a key of 32 random bytes, and reads the same from then on", async () => {
    const api = new MemoryApi();
    const key = (await readMountKey(api, "own")).reveal();
    expect(key).to.match(/^[0-9a-f]{64}$/);
    expect((await readMountKey(api, "own")).reveal()).to.equal(key);
    expect((await readMountKey(new MemoryApi(), "own")).reveal()).to.not.equal(key);
    expect(api.all(SECRETS).map((s) => s.metadata.name)).to.deep.equal([MOUNT_KEY_SECRET]);
  });

  it("is the first one's when two begin at once", async () => {
    const api = new MemoryApi();
    const [a, b] = await Promise.all([readMountKey(api, "own"), readMountKey(api, "own")]);
    expect(a.reveal()).to.equal(b.reveal());
  });

  const foreign: readonly [string, Readonly<Record<string, string>>][] = [
    ["somebody else's", { other: "eA==" }],
    ["so short that it could be guessed", { key: "AAAA" }],
  ];
  for (const [what, data] of foreign) {
    it(`refuses a Secret that is ${what}`, async () => {
      const api = new MemoryApi();
      const metadata = { name: MOUNT_KEY_SECRET, namespace: "own" };
      api.seed(SECRETS, { apiVersion: "v1", kind: "Secret", metadata, data });
      const error: unknown = await readMountKey(api, "own").catch((e: unknown) => e);
      expect(error).to.be.instanceOf(TerminalError).that.includes({ reason: "MountKeyInvalid" });
    });
  }
});
