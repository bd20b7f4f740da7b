import { expect } from "chai";

import { encodeReply } from "./codec.ts";
import { BrokerServer } from "./server.ts";
import type { BrokerHandlers } from "./server.ts";
import {
  gate,
  OK,
  PING,
  pingCall,
  pwriteHead,
  sampleHandlers,
  ServerFixture,
  STOPS,
  turns,
  until,
} from "./testing/server-fixture.ts";

const GRACE_MS = 30_000;

describe("BrokerServer, when it ends", () => {
  let fixture: ServerFixture;

  async function start(handlers: Partial<BrokerHandlers> = {}): Promise<void> {
    fixture = await ServerFixture.start(handlers);
  }

  afterEach(() => fixture.close());

  it("answers the call in flight, then closes", async () => {
    const done = gate();
    await start({
      ping: async () => {
        await done.opened;
        return OK;
      },
    });
    const client = await fixture.client();
    const answer = client.call("ping", PING);
    await until(() => fixture.server.calls().length === 1, "the call");
    let drained = false;
    const draining = fixture.server.drain(GRACE_MS).then(() => {
      drained = true;
    });
    await turns(50);
    expect(drained).to.equal(false);
    done.open();
    expect(await answer).to.deep.equal(OK);
    await draining;
    expect(fixture.clock.pending).to.equal(0);
    expect(fixture.log.messages("warn")).to.deep.equal([]);
  });

  it("closes idle connections at once and accepts no more", async () => {
    await start();
    const peer = await fixture.raw();
    await peer.send(pingCall(1));
    await until(() => peer.received.length > 0, "the answer");
    await fixture.server.drain(GRACE_MS);
    await until(() => peer.ended, "the connection's end");
    const refused = await fixture.raw().catch((error: unknown) => error);
    expect(refused).to.include({ code: "ECONNREFUSED" });
  });

  it("answers a call of which only a part has come", async () => {
    await start();
    const peer = await fixture.raw();
    await peer.send(pingCall(1).subarray(0, 1));
    await until(() => fixture.clock.pending === 1, "the wait for more");
    const draining = fixture.server.drain(GRACE_MS);
    await turns(20);
    expect(peer.ended).to.equal(false);
    await peer.send(pingCall(1).subarray(1));
    await draining;
    await until(() => peer.ended, "the connection's end");
    expect(peer.received).to.deep.equal(Buffer.concat(encodeReply("ping", 1, OK)));
  });

  it("answers calls that reached the machine before the drain", async () => {
    await start();
    const peer = await fixture.raw();
    await turns(20);
    peer.socket.write(Buffer.concat([pingCall(1), pingCall(2)]));
    await fixture.server.drain(GRACE_MS);
    await until(() => peer.ended, "the connection's end");
    const replies = [1, 2].flatMap((seqId) => encodeReply("ping", seqId, OK));
    expect(peer.received).to.deep.equal(Buffer.concat(replies));
  });

  it("lets a payload come to its end", async () => {
    let bytes = 0;
    await start({
      pwrite: async (_, payload) => {
        for await (const chunk of payload.chunks()) bytes += chunk.length;
        return OK;
      },
    });
    const peer = await fixture.raw();
    await peer.send(pwriteHead(100), Buffer.alloc(50));
    await until(() => bytes === 50, "the first half");
    const draining = fixture.server.drain(GRACE_MS);
    await turns(20);
    await peer.send(Buffer.alloc(50), STOPS);
    await draining;
    await until(() => peer.ended, "the connection's end");
    expect(peer.received).to.deep.equal(Buffer.concat(encodeReply("pwrite", 1, OK)));
  });

  it("closes by force what is not done in time, and aborts it", async () => {
    const signals: AbortSignal[] = [];
    await start({
      // Ignores its signal: the process must be able to end all the same.
      ping: (_, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    const client = await fixture.client();
    const answer = client.call("ping", PING).catch((error: unknown) => error);
    await until(() => signals.length === 1, "the call");
    const draining = fixture.server.drain(GRACE_MS);
    await turns(5);
    await fixture.clock.advance(GRACE_MS - 1);
    expect(signals[0]?.aborted).to.equal(false);
    await fixture.clock.advance(1);
    await draining;
    expect(signals[0]?.aborted).to.equal(true);
    expect(await answer).to.include({ name: "ConnectionLostError" });
    const forced = fixture.log.lines.find((line) => line.message.includes("by force"));
    expect(forced?.fields).to.deep.include({ graceMs: GRACE_MS, open: 1 });
  });

  it("drains twice as it drains once", async () => {
    await start();
    await fixture.client();
    await Promise.all([fixture.server.drain(GRACE_MS), fixture.server.drain(GRACE_MS)]);
    await fixture.server.drain(GRACE_MS);
    fixture.server.close();
  });

  it("closes everything at once when told so", async () => {
    const signals: AbortSignal[] = [];
    await start({
      ping: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signals.push(signal);
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    });
    const [client, idle] = [await fixture.client(), await fixture.raw()];
    const answer = client.call("ping", PING).catch((error: unknown) => error);
    await until(() => signals.length === 1, "the call");
    fixture.server.close();
    expect(await answer).to.include({ name: "ConnectionLostError" });
    await until(() => idle.ended, "the idle connection's end");
    await until(() => fixture.server.calls().length === 0, "the call's end");
    expect(signals[0]?.aborted).to.equal(true);
    expect(fixture.log.messages("error")).to.deep.equal([]);
  });

  it("rejects when it cannot listen", async () => {
    await start();
    const { clock, log, port } = fixture;
    const other = new BrokerServer({ handlers: sampleHandlers(), log, clock });
    const failure = await other.listen(port, "127.0.0.1").catch((error: unknown) => error);
    expect(failure).to.include({ code: "EADDRINUSE" });
  });
});
