// The wire on a socket that takes nothing: what real sockets do only when the kernel's buffers happen
// to be full to the brim.
import type { Socket } from "node:net";
import { Duplex } from "node:stream";

import { expect } from "chai";

import { ManualClock } from "../testing/manual-clock.ts";
import { Wire } from "./server-wire.ts";
import { until } from "./testing/server-fixture.ts";

const LIMIT_MS = 120_000;

/** Accepts writes and never finishes one. */
class StuckSocket extends Duplex {
  override _write(): void {}
  override _writev(): void {}
  override _read(): void {}

  destroySoon(): void {
    this.end(() => this.destroy());
  }
}

describe("Wire on a peer that takes nothing", () => {
  let clock: ManualClock;
  let socket: StuckSocket;
  let wire: Wire;

  beforeEach(() => {
    clock = new ManualClock();
    socket = new StuckSocket({ allowHalfOpen: true });
    wire = new Wire(socket as unknown as Socket, clock, LIMIT_MS);
  });

  it("does not wait for ever with its closing", async () => {
    await wire.write([Buffer.alloc(100)]);
    wire.end();
    await clock.advance(LIMIT_MS - 1);
    expect(wire.closed).to.equal(false);
    await clock.advance(1);
    expect(wire.closed).to.equal(true);
    expect(clock.pending).to.equal(0);
  });

  it("does not wait for ever with a large answer", async () => {
    wire.timer.start();
    const written = wire.write([Buffer.alloc(1 << 20)]).catch((error: unknown) => error);
    await clock.advance(LIMIT_MS);
    expect(await written)
      .to.have.property("message")
      .that.includes("kept a call waiting");
  });

  it("tells everybody who waits when it is destroyed, with the first reason", async () => {
    const waiting = [wire.atLeast(1), wire.atLeast(100), wire.write([Buffer.alloc(1 << 20)])];
    const failures = Promise.all(waiting.map((w) => w.catch((error: unknown) => error)));
    let closed = 0;
    wire.onClosed(() => {
      closed += 1;
    });
    wire.destroy("enough");
    wire.destroy("and again");
    await until(() => wire.closed, "the end");
    for (const failure of await failures) expect(failure).to.include({ message: "enough" });
    expect(closed).to.equal(1);
    const late = await wire.write([Buffer.alloc(1)]).catch((error: unknown) => error);
    expect(late).to.include({ name: "ConnectionLostError", message: "enough" });
  });

  it("still gives the bytes that came before the end", async () => {
    const one = wire.atLeast(1);
    socket.push(Buffer.from([1, 2, 3]));
    socket.push(null);
    await one;
    await until(() => wire.inputEnd !== undefined, "the end of the input");
    await wire.atLeast(3);
    expect([...wire.queue.take(3)]).to.deep.equal([1, 2, 3]);
    const more = await wire.atLeast(1).catch((error: unknown) => error);
    expect(more).to.include({ message: "the peer closed the connection" });
  });
});
