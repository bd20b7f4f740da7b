import { expect } from "chai";

import type { BrokerHandlers, CallContext, Payload } from "./server.ts";
import {
  gate,
  OK,
  PING,
  PWRITE,
  pwriteHead,
  ServerFixture,
  STOPS,
  turns,
  until,
} from "./testing/server-fixture.ts";

const CHUNK = Buffer.alloc(64 << 10, "payload");
const PAYLOAD_BYTES = 64 << 20;

describe("a payload", () => {
  let fixture: ServerFixture;

  async function start(pwrite: BrokerHandlers["pwrite"]): Promise<void> {
    fixture = await ServerFixture.start({ pwrite });
  }

  afterEach(() => fixture.close());

  it("stops its sender while its consumer waits", async () => {
    const taken = gate();
    let consumed = 0;
    await start(async (_, payload) => {
      expect(payload.length).to.equal(PAYLOAD_BYTES);
      for await (const chunk of payload.chunks()) {
        consumed += chunk.length;
        await taken.opened;
      }
      return OK;
    });
    const peer = await fixture.raw();
    await peer.send(pwriteHead(PAYLOAD_BYTES));
    let sent = 0;
    const sending = (async () => {
      for (; sent < PAYLOAD_BYTES; sent += CHUNK.length) await peer.send(CHUNK);
      await peer.send(STOPS);
    })();
    await until(() => consumed > 0, "the first chunk");
    // The kernel's buffers fill up; then nothing moves however often the loop turns.
    for (let before = -1; before !== sent;) {
      before = sent;
      await turns(500);
    }
    expect(consumed).to.be.at.most(CHUNK.length);
    expect(sent).to.be.below(PAYLOAD_BYTES);
    taken.open();
    await sending;
    await until(() => peer.received.length > 0, "the answer");
    expect(consumed).to.equal(PAYLOAD_BYTES);
  });

  it("arrives in the socket's own chunks, whole and in order", async () => {
    const chunks: Buffer[] = [];
    await start(async (_, payload) => {
      for await (const chunk of payload.chunks()) chunks.push(chunk);
      return OK;
    });
    const data = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => (i * i) % 251));
    const client = await fixture.client();
    await client.pwrite(PWRITE, [data.subarray(0, 17), data.subarray(17)]);
    expect(Buffer.concat(chunks).equals(data)).to.equal(true);
    // 64 KiB a read; a copying or byte-wise path would show as very many or as one.
    expect(chunks.length).to.be.within(2, 200);
  });

  const lazy: readonly (readonly [name: string, pwrite: BrokerHandlers["pwrite"]])[] = [
    ["that is not read", () => Promise.resolve({ statusCode: 403, message: "out of place" })],
    [
      "that is read in part",
      async (_, payload) => {
        for await (const chunk of payload.chunks()) {
          if (chunk.length > 0) break;
        }
        return { statusCode: 403, message: "out of place" };
      },
    ],
  ];
  for (const [name, pwrite] of lazy) {
    it(`${name} is thrown away before the answer`, async () => {
      await start(pwrite);
      const client = await fixture.client();
      const answer = await client.pwrite(PWRITE, [Buffer.alloc(3 << 20)]);
      expect(answer).to.deep.equal({ statusCode: 403, message: "out of place" });
      expect(await client.call("ping", PING)).to.deep.equal(OK);
    });
  }

  it("of a handler that rejects is thrown away, and the connection stays usable", async () => {
    await start(() => Promise.reject(new Error("a bug")));
    const client = await fixture.client();
    const failure = await client.pwrite(PWRITE, [Buffer.alloc(3 << 20)]).catch((e: unknown) => e);
    expect(failure).to.include({ name: "ApplicationError", code: 6 });
    expect(await client.call("ping", PING)).to.deep.equal(OK);
  });

  it("of a call that is refused is thrown away", async () => {
    await start(() => Promise.resolve(OK));
    const client = await fixture.client();
    const fd = { high: 1n, low: 2n };
    const wrong = { version: 2 as never, fd, offset: 0n };
    const failure = await client.pwrite(wrong, [Buffer.alloc(3 << 20)]).catch((e: unknown) => e);
    expect(failure).to.include({ name: "ApplicationError", code: 7 });
    expect(await client.call("ping", PING)).to.deep.equal(OK);
  });

  for (const how of ["closed", "reset"] as const) {
    it(`throws when the connection is ${how} before its end, and aborts the call`, async () => {
      let thrown: unknown;
      let context: CallContext | undefined;
      let consumed = 0;
      await start(async (_, payload, call) => {
        context = call;
        try {
          for await (const chunk of payload.chunks()) consumed += chunk.length;
        } catch (error) {
          thrown = error;
          throw error;
        }
        return OK;
      });
      const peer = await fixture.raw();
      await peer.send(pwriteHead(10), Buffer.alloc(9));
      await until(() => consumed === 9, "what came");
      if (how === "closed") peer.socket.end();
      else peer.socket.resetAndDestroy();
      await until(() => context?.signal.aborted === true || thrown !== undefined, "the failure");
      await until(() => fixture.server.calls().length === 0, "the call's end");
      expect(thrown).to.include({ name: "ConnectionLostError" });
      expect(fixture.log.messages("error")).to.deep.equal([]);
      expect(fixture.log.messages("warn")).to.deep.equal([
        "a connection ended in the middle of a call",
      ]);
      const other = await fixture.client();
      expect(await other.call("ping", PING)).to.deep.equal(OK);
    });
  }

  it("can be read once, and not after its call", async () => {
    const again: unknown[] = [];
    let kept: AsyncIterator<Buffer> | undefined;
    await start(async (_, payload: Payload) => {
      const chunks = payload.chunks();
      kept = chunks[Symbol.asyncIterator]();
      await kept.next();
      try {
        payload.chunks();
      } catch (error) {
        again.push(error);
      }
      return OK;
    });
    const client = await fixture.client();
    expect(await client.pwrite(PWRITE, [Buffer.alloc(3 << 20)])).to.deep.equal(OK);
    expect(again).to.have.length(1);
    // The rest was thrown away: an end of the data would be a lie.
    const late = await kept?.next().catch((error: unknown) => error);
    expect(late).to.have.property("message", "a payload was read after its call had ended");
  });

  it("does not take the bytes of a later call when its reader outlives its call", async () => {
    let stray: Promise<unknown> | undefined;
    await start(async (_, payload) => {
      const chunks = payload.chunks()[Symbol.asyncIterator]();
      await chunks.next();
      stray = chunks.next().catch((error: unknown) => error);
      return OK;
    });
    const peer = await fixture.raw();
    await peer.send(pwriteHead(4), Buffer.alloc(2));
    await until(() => stray !== undefined, "the stray reader");
    await peer.send(Buffer.alloc(2), STOPS);
    await until(() => peer.received.length > 0, "the answer");
    expect(await stray).to.have.property("name", "AssertionError");
  });
});
