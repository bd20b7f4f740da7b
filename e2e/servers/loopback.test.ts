import { once } from "node:events";
import { createServer } from "node:net";
import { expect } from "chai";
import { freePort, freePorts, LOOPBACK } from "./loopback.ts";

describe("a free port", () => {
  it("is none that Linux or Kubernetes gives away by itself", async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, async () => await freePort()));
    expect(Math.min(...ports)).to.be.at.least(20_000);
    expect(Math.max(...ports)).to.be.below(30_000);
  });

  it("is one of as many in a row as are asked for, and none that somebody has", async () => {
    const holders = [];
    for (let i = 0; i < 20; i++) {
      const ports = await freePorts(3);
      expect(ports.map((port, at) => port - at)).to.deep.equal([ports[0], ports[0], ports[0]]);
      for (const port of ports) {
        const holder = createServer().listen(port, LOOPBACK);
        await once(holder, "listening");
        holders.push(holder);
      }
    }
    for (const holder of holders) holder.close();
  });
});
