import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { must } from "../operator/assert.ts";
import { Partitions } from "./partitions.ts";
import { Link } from "./servers/link.ts";
import { portOf } from "./servers/loopback.ts";

describe("partitions", () => {
  it("cut an island off in both directions, and nothing within it", () => {
    const partitions = new Partitions();
    partitions.isolate("ab", (address) => ["a", "b"].includes(address));
    expect(partitions.separate("a", "c")).to.equal(true);
    expect(partitions.separate("c", "a")).to.equal(true);
    expect(partitions.separate("a", "b")).to.equal(false);
    partitions.join("ab");
    expect(partitions.separate("a", "c")).to.equal(false);
  });

  it("let a call pass when they heal, and time out when they do not", async () => {
    const partitions = new Partitions();
    partitions.isolate("a", (address) => address === "a");
    const passes = partitions.passable("a", "b", 60_000);
    const error = await partitions.passable("a", "b", 1).catch((e: unknown) => e);
    expect(String(error)).to.match(/SocketTimeoutException/);
    partitions.joinAll();
    await passes;
  });
});

describe("a link", () => {
  it("holds everything back while it is cut, tells nobody, and loses nothing", async () => {
    const got: string[] = [];
    const accepted: Socket[] = [];
    const server = createServer((socket) => {
      accepted.push(socket);
      socket.on("data", (data: Buffer) => {
        got.push(data.toString());
        socket.write(`re: ${data.toString()}`);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const link = await Link.to(`http://127.0.0.1:${portOf(server)}`);
    const client = connect(Number(new URL(link.url).port), "127.0.0.1");
    const answers: string[] = [];
    client.on("data", (data: Buffer) => answers.push(data.toString()));
    try {
      client.write("one");
      await until(() => answers.length === 1);
      link.cut();
      client.write("two");
      must(accepted[0]).write("news");
      const late = connect(Number(new URL(link.url).port), "127.0.0.1");
      await once(late, "connect");
      late.write("late");
      await sleep(50);
      expect([got, answers]).to.deep.equal([["one"], ["re: one"]]);
      expect([client.destroyed, late.destroyed]).to.deep.equal([false, false]);
      link.mend();
      await until(() => got.includes("two") && got.includes("late"));
      await until(() => answers.join("").includes("news") && answers.join("").includes("re: two"));
      late.destroy();
    } finally {
      client.destroy();
      await link.stop();
      for (const socket of accepted) socket.destroy();
      server.close();
    }
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !holds(); await sleep(5)) {
    if (Date.now() > deadline) throw new Error("it never came to that");
  }
}
