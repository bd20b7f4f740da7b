import { expect } from "chai";
import { AddressPool, Network } from "./network.ts";

describe("the network of a cluster", () => {
  it("gives each node a block and knows whose an address is", async () => {
    const network = await Network.claim("127.51");
    try {
      expect(network.nodeAddress(2)).to.equal("127.51.2.1");
      expect(network.takeProcessAddress(2)).to.equal("127.51.2.2");
      expect(network.takePodAddress(2)).to.equal("127.51.2.10");
      expect(network.takePodAddress(2)).to.equal("127.51.2.11");
      expect(network.nodeOf("127.51.2.11")).to.equal(2);
      expect(network.nodeOf("127.51.200.3")).to.equal(undefined);
      expect(network.nodeOf("127.52.2.11")).to.equal(undefined);
      expect(network.nodeOf("127.0.0.1")).to.equal(undefined);
    } finally {
      await network.close();
    }
  });

  it("is claimed by one cluster at a time", async () => {
    const network = await Network.claim("127.52");
    const second = await Network.claim("127.52").catch((error: unknown) => error);
    expect(String(second)).to.contain("127.52.0.0/16 is used by another cluster");
    await network.close();
    const third = await Network.claim("127.52");
    await third.close();
  });

  it("picks free blocks by itself", async () => {
    const both = [await Network.claim(), await Network.claim()];
    expect(both[0]?.prefix).not.to.equal(both[1]?.prefix);
    for (const network of both) await network.close();
  });

  it("refuses what is no loopback block", async () => {
    const error = await Network.claim("10.0").catch((e: unknown) => e);
    expect(String(error)).to.contain("must be like 127.77");
  });
});

describe("a pool of addresses", () => {
  it("gives an address out again only after all others", () => {
    const pool = new AddressPool("127.1.1", 10, 12);
    const first = pool.take();
    pool.release(first);
    expect([pool.take(), pool.take(), pool.take()]).to.deep.equal([
      "127.1.1.11",
      "127.1.1.12",
      "127.1.1.10",
    ]);
  });

  it("never gives out one that is in use, and says when all are", () => {
    const pool = new AddressPool("127.1.1", 10, 11);
    pool.take();
    pool.take();
    expect(() => pool.take()).to.throw("all 2 addresses of 127.1.1.0/24 are in use");
    pool.release("127.1.1.11");
    expect(pool.take()).to.equal("127.1.1.11");
  });
});
