import { expect } from "chai";

import { encodeReply } from "./codec.ts";
import { BrokerServer } from "./server.ts";
import type { BrokerHandlers, CallContext, ServerLimits } from "./server.ts";
import { BrokerClient } from "./testing/client.ts";
import {
  FD,
  gate,
  OK,
  PING,
  pingCall,
  PWRITE,
  pwriteHead,
  sampleHandlers,
  ServerFixture,
  STOPS,
  turns,
  until,
} from "./testing/server-fixture.ts";

const PEER_MS_MAX = 120_000;
const PING_REPLY_BYTES = Buffer.concat(encodeReply("ping", 1, OK)).length;

describe("BrokerServer", () => {
  let fixture: ServerFixture;

  async function start(
    handlers: Partial<BrokerHandlers> = {},
    limits: Partial<ServerLimits> = {},
  ): Promise<void> {
    fixture = await ServerFixture.start(handlers, limits);
  }

  afterEach(() => fixture.close());

  it("serves one descriptor over several connections", async () => {
    const opened = new Map<bigint, number>();
    await start({
      openWriter: (_, { connection }) => {
        opened.set(FD.low, connection);
        return Promise.resolve({ opStatus: OK, fd: FD });
      },
      closeWriter: ({ fd }, { connection }) => {
        const elsewhere = opened.has(fd.low) && opened.get(fd.low) !== connection;
        return Promise.resolve({ statusCode: 0, message: elsewhere ? "elsewhere" : "here" });
      },
    });
    const [one, other] = [await fixture.client(), await fixture.client()];
    const properties = new Map<string, string>();
    const { fd = FD } = await one.call("openWriter", {
      ...PING,
      path: "p",
      openMode: 1,
      properties,
    });
    const closed = await other.call("closeWriter", { version: 1, fd });
    expect(closed.message).to.equal("elsewhere");
  });

  it("tells a handler who calls and since when", async () => {
    let context: CallContext | undefined;
    await start({
      ping: (_, call) => {
        context = call;
        return Promise.resolve(OK);
      },
    });
    const client = await fixture.client();
    await client.call("ping", PING);
    expect(context).to.include({
      connection: 1,
      remote: `127.0.0.1:${client.socket.localPort}`,
      receivedMs: fixture.clock.monotonic(),
    });
    expect(context?.signal.aborted).to.equal(false);
  });

  it("closes the connection after the answer when a handler hangs up", async () => {
    await start({
      ping: (_, call) => {
        call.hangUp();
        return Promise.resolve(OK);
      },
    });
    const peer = await fixture.raw();
    await peer.send(pingCall(1));
    await until(() => peer.ended, "the connection's end");
    expect(peer.received).to.deep.equal(Buffer.concat(encodeReply("ping", 1, OK)));
    expect(fixture.log.messages("warn")).to.deep.equal([]);
    expect(await (await fixture.client()).call("ping", PING)).to.deep.equal(OK);
  });

  it("calls the handlers as methods of their object", async () => {
    const handlers: BrokerHandlers & { pings: number } = {
      ...sampleHandlers(),
      pings: 0,
      ping() {
        this.pings += 1;
        return Promise.resolve({ statusCode: 0, message: `ping ${this.pings}` });
      },
    };
    const { clock, log } = (fixture = await ServerFixture.start());
    const server = new BrokerServer({ handlers, log, clock });
    const { port } = await server.listen(0, "127.0.0.1");
    const client = await BrokerClient.connect("127.0.0.1", port);
    expect(await client.call("ping", PING)).to.deep.equal({ statusCode: 0, message: "ping 1" });
    client.close();
    server.close();
  });

  it("handles one call of a connection at a time, and answers in order", async () => {
    const first = gate();
    const begun: string[] = [];
    await start({
      ping: async ({ clientId }) => {
        begun.push(clientId);
        if (begun.length === 1) await first.opened;
        return OK;
      },
    });
    const peer = await fixture.raw();
    await peer.send(pingCall(1), pingCall(2), pingCall(3));
    await until(() => begun.length > 0, "the first call");
    await turns(50);
    expect(begun).to.have.length(1);
    expect(peer.received).to.have.length(0);
    first.open();
    await until(() => peer.received.length === 3 * PING_REPLY_BYTES, "three answers");
    const replies = [1, 2, 3].flatMap((seqId) => encodeReply("ping", seqId, OK));
    expect(peer.received).to.deep.equal(Buffer.concat(replies));
  });

  it("serves others while one caller's call takes long", async () => {
    const slow = gate();
    await start({
      seek: async () => {
        await slow.opened;
        return OK;
      },
    });
    const [one, other] = [await fixture.client(), await fixture.client()];
    const seek = one.call("seek", { version: 1, fd: FD, offset: 0n });
    await until(() => fixture.server.calls().length === 1, "the slow call");
    expect(await other.call("ping", PING)).to.deep.equal(OK);
    slow.open();
    expect(await seek).to.deep.equal(OK);
  });

  it("lists the calls in flight, with the time that only the caller is to blame for", async () => {
    const done = gate();
    let isRead = false;
    await start({
      pwrite: async (_, payload) => {
        for await (const chunk of payload.chunks()) expect(chunk).to.have.length(1);
        isRead = true;
        await done.opened;
        return OK;
      },
    });
    const peer = await fixture.raw();
    const sinceMs = fixture.clock.monotonic();
    await peer.send(pwriteHead(1));
    await until(() => fixture.server.calls().length === 1, "the call");
    await fixture.clock.advance(5000);
    const call = { method: "pwrite", connection: 1, sinceMs } as const;
    expect(fixture.server.calls()).to.deep.equal([{ ...call, peerMs: 5000 }]);
    await peer.send(Buffer.alloc(1), STOPS);
    await until(() => isRead, "the payload's end");
    await fixture.clock.advance(3000);
    expect(fixture.server.calls()).to.deep.equal([{ ...call, peerMs: 5000 }]);
    done.open();
    await until(() => peer.received.length > 0, "the answer");
    expect(fixture.server.calls()).to.deep.equal([]);
  });

  it("answers a handler that rejects with an exception, tells the log why, and goes on", async () => {
    await start({ seek: () => Promise.reject(new Error("secret of the house")) });
    const client = await fixture.client();
    const failure = await client.call("seek", { version: 1, fd: FD, offset: 0n }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.include({ name: "ApplicationError", code: 6 });
    expect(String(failure)).to.include("seek").and.not.include("secret");
    expect(fixture.log.lines).to.have.length(1);
    expect(fixture.log.lines[0]).to.deep.include({
      level: "error",
      fields: { method: "seek", connection: 1, error: "secret of the house" },
    });
    expect(await client.call("ping", PING)).to.deep.equal(OK);
  });

  it("treats a handler that throws, or answers what cannot be written, like one that rejects", async () => {
    await start({
      seek: () => {
        throw new TypeError("thrown, not rejected");
      },
      checkPathExist: () => Promise.resolve({ opStatus: OK } as never),
    });
    const client = await fixture.client();
    const calls = [
      () => client.call("seek", { version: 1, fd: FD, offset: 0n }),
      () => client.call("checkPathExist", { version: 1, path: "p", properties: new Map() }),
    ];
    for (const call of calls) {
      const failure = await call().catch((error: unknown) => error);
      expect(failure).to.include({ code: 6 });
    }
    expect(fixture.log.messages("error")).to.have.length(2);
    expect(await client.call("ping", PING)).to.deep.equal(OK);
  });

  it("answers an unknown method with an exception and goes on", async () => {
    await start();
    const peer = await fixture.raw();
    const unknown = pingCall(7);
    unknown.write("pong", 8);
    await peer.send(unknown, pingCall(8));
    const reply = Buffer.concat(encodeReply("ping", 8, OK));
    const isLast = () => peer.received.subarray(-reply.length).equals(reply);
    await until(isLast, "the answer to what came after it");
    expect(peer.received.readUInt32BE(0)).to.equal(0x8001_0003);
    expect(peer.received.includes('unknown method "pong"')).to.equal(true);
  });

  it("closes a connection that does not speak the protocol, and says so rarely", async () => {
    await start();
    for (let left = 5; left > 0; left -= 1) {
      const peer = await fixture.raw();
      await peer.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
      await until(() => peer.ended, "the connection's end");
    }
    const warnings = () => fixture.log.lines.filter(({ level }) => level === "warn");
    expect(warnings()).to.have.length(1);
    expect(warnings()[0]?.fields).to.have.property("reason").that.includes("1195725856 bytes");
    await fixture.clock.advance(10_000);
    const peer = await fixture.raw();
    await peer.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    await until(() => peer.ended, "the connection's end");
    expect(warnings()).to.have.length(2);
    expect(warnings()[1]?.fields).to.include({ alsoBefore: 4 });
  });

  it("says nothing of a caller that connects and leaves", async () => {
    await start();
    const peer = await fixture.raw();
    peer.socket.end();
    await until(() => peer.ended, "the server's end");
    expect(fixture.log.lines).to.deep.equal([]);
  });

  it("answers a caller that closed its sending side, and then closes", async () => {
    const done = gate();
    let signal: AbortSignal | undefined;
    await start({
      ping: async (_, call) => {
        ({ signal } = call);
        await done.opened;
        return OK;
      },
    });
    const peer = await fixture.raw();
    peer.socket.end(pingCall(1));
    await until(() => signal !== undefined, "the call");
    await turns(50);
    expect(signal?.aborted).to.equal(false);
    done.open();
    await until(() => peer.ended, "the server's end");
    expect(peer.received).to.deep.equal(Buffer.concat(encodeReply("ping", 1, OK)));
  });

  it("aborts the call of a connection that is reset, and takes its failure quietly", async () => {
    const signals: AbortSignal[] = [];
    await start({
      ping: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signals.push(signal);
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    });
    const peer = await fixture.raw();
    await peer.send(pingCall(1));
    await until(() => signals.length === 1, "the call");
    peer.socket.resetAndDestroy();
    await until(() => signals[0]?.aborted === true, "the abort");
    await until(() => fixture.server.calls().length === 0, "the call's end");
    expect(fixture.log.messages("error")).to.deep.equal([]);
  });

  it("sends an answer larger than every buffer on the way, as the caller takes it", async () => {
    const chunk = Buffer.alloc(1 << 20, "abcdefg");
    const data = Array.from({ length: 48 }, () => chunk);
    await start({ pread: () => Promise.resolve({ opStatus: OK, data }) });
    const client = await fixture.client();
    client.socket.pause();
    const answered = client.call("pread", { version: 1, fd: FD, offset: 0n, length: 1n });
    await turns(200);
    client.socket.resume();
    const answer = await answered;
    expect(Buffer.concat(answer.data ?? []).equals(Buffer.concat(data))).to.equal(true);
  });

  describe("with a caller that is slow", () => {
    it("keeps an idle connection open", async () => {
      await start();
      const client = await fixture.client();
      await client.call("ping", PING);
      await fixture.clock.advance(7 * 24 * 3_600_000);
      expect(await client.call("ping", PING)).to.deep.equal(OK);
    });

    it("gives up a call whose bytes do not come to an end", async () => {
      await start();
      const peer = await fixture.raw();
      for (const byte of pingCall(1).subarray(0, 20)) {
        await peer.send(Buffer.from([byte]));
        await until(() => fixture.clock.pending === 1, "the wait for more");
        await turns(10);
        await fixture.clock.advance(PEER_MS_MAX / 21);
      }
      expect(peer.ended).to.equal(false);
      await fixture.clock.advance(PEER_MS_MAX / 20);
      await until(() => peer.ended, "the end");
      expect(fixture.log.lines[0]?.fields).to.include({
        reason: "the peer kept a call waiting for 120000 ms",
      });
      expect(fixture.clock.pending).to.equal(0);
    });

    it("does not count the time in which it was held back itself", async () => {
      const taken = gate();
      let isHeld = false;
      await start({
        pwrite: async (_, payload) => {
          for await (const chunk of payload.chunks()) {
            expect(chunk.length).to.be.above(0);
            isHeld = true;
            await taken.opened;
          }
          return OK;
        },
      });
      const peer = await fixture.raw();
      await peer.send(pwriteHead(2));
      await until(() => fixture.clock.pending === 1, "the wait for data");
      await peer.send(Buffer.alloc(1));
      await until(() => isHeld, "the byte at its handler");
      await fixture.clock.advance(10 * PEER_MS_MAX);
      taken.open();
      await peer.send(Buffer.alloc(1), STOPS);
      await until(() => peer.received.length > 0, "the answer");
    });

    it("gives up an answer that is not taken", async () => {
      const data = Array.from({ length: 64 }, () => Buffer.alloc(1 << 20));
      await start({ pread: () => Promise.resolve({ opStatus: OK, data }) });
      const client = await fixture.client();
      const read = client.call("pread", { version: 1, fd: FD, offset: 0n, length: 1n });
      const answered = read.catch((error: unknown) => error);
      // After the call, which resumes the socket to wait for the answer.
      await turns(2);
      client.socket.pause();
      await until(() => fixture.clock.pending === 1, "the wait for the caller");
      await fixture.clock.advance(PEER_MS_MAX);
      client.socket.resume();
      expect(await answered).to.include({ name: "ConnectionLostError" });
      expect(fixture.log.messages("warn")).to.deep.equal([
        "a connection ended in the middle of a call",
      ]);
    });
  });

  it("serves pwrites and other calls on one connection in turn", async () => {
    const sizes: number[] = [];
    await start({
      pwrite: async (_, payload) => {
        let bytes = 0;
        for await (const chunk of payload.chunks()) bytes += chunk.length;
        sizes.push(bytes);
        return OK;
      },
    });
    const client = await fixture.client();
    for (const size of [0, 1, 1024, 1 << 20, 4 << 20]) {
      expect(await client.pwrite(PWRITE, [Buffer.alloc(size)])).to.deep.equal(OK);
      expect(await client.call("ping", PING)).to.deep.equal(OK);
    }
    expect(sizes).to.deep.equal([0, 1, 1024, 1 << 20, 4 << 20]);
  });
});
