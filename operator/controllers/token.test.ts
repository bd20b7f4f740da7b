// Tokens of mounts.
import { expect } from "chai";
import { Secret } from "../secret.ts";
import { mountToken, tokenSha256 } from "./token.ts";

describe("mountToken", () => {
  const key = new Secret("key");

  it("is the same for a slot each time, and another one for any other", () => {
    const token = mountToken(key, "uid", 0).reveal();
    expect(mountToken(key, "uid", 0).reveal()).to.equal(token);
    const others = [
      mountToken(key, "uid", 1),
      mountToken(key, "uid2", 0),
      mountToken(new Secret("other"), "uid", 0),
    ].map((t) => t.reveal());
    expect(new Set([token, ...others]).size).to.equal(4);
  });

  it("cannot be shown by accident", () => {
    const token = mountToken(key, "uid", 0);
    expect(JSON.stringify({ token })).to.not.include(token.reveal());
  });

  it("is checked by a digest that does not tell it", () => {
    const token = mountToken(key, "uid", 0);
    expect(tokenSha256(token))
      .to.match(/^[0-9a-f]{64}$/)
      .and.not.equal(token.reveal());
  });
});
