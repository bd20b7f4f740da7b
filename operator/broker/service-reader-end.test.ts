// Files being read whose end comes early: nothing of the storage may stay open, and nobody may wait.
import { expect } from "chai";
import { withLayer } from "../storage/layer.ts";
import type { ObjectReader } from "../storage/storage.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import {
  ASKED,
  content,
  DEADLINE_MS,
  Fixture,
  md5,
  PART_BYTES,
  requireOk,
  TABLET,
  TABLET_KEY,
  until,
} from "./testing/service-fixture.ts";

const bytes = content(5000);
const PATH = `${TABLET}/a.dat.${md5(bytes)}`;
const KEY = `${TABLET_KEY}/a.dat.${md5(bytes)}`;

/** A fixture that knows how many bodies are open, and holds reads that do not begin at the file's begin. */
async function watched({
  slots = 8,
  body,
}: { slots?: number; body?: () => AsyncIterable<Buffer> } = {}) {
  const state = { open: 0, reads: 0, hold: Promise.withResolvers<void>() };
  const source = new Fixture();
  await source.memory.put(KEY, bytes);
  const storage = withLayer(source.memory, {
    call: (_call, next) => next(),
    read: async (_call, options, open) => {
      state.reads += 1;
      if (options.start !== undefined) await state.hold.promise;
      const reader = await open(options);
      return counted(
        { info: reader.info, body: body?.() ?? reader.body },
        () => reader.destroy(),
        state,
      );
    },
  });
  return { state, fixture: new Fixture({ mode: "restore", storage, slots }) };
}

function counted(
  { info, body }: Pick<ObjectReader, "info" | "body">,
  close: () => void,
  state: { open: number },
): ObjectReader {
  let isOpen = true;
  state.open += 1;
  const destroy = () => {
    close();
    if (isOpen) state.open -= 1;
    isOpen = false;
  };
  return { info, body, destroy };
}

async function* nothing(): AsyncIterable<Buffer> {}

async function* standingStill(): AsyncIterable<Buffer> {
  await new Promise(() => {});
  yield Buffer.alloc(0);
}

async function openFd(fixture: Fixture, path: string) {
  const { fd, opStatus } = await fixture.openReader(path);
  if (fd === undefined) throw new Error(opStatus.message);
  return fd;
}

describe("BrokerService, a reader that ends early", () => {
  it("closes the object that it was just opening anew, and answers at once", async () => {
    const { state, fixture } = await watched();
    const fd = await openFd(fixture, PATH);
    const read = fixture.pread(fd, 3000, 100);
    await until(() => state.reads === 2);
    requireOk(await fixture.closeReader(fd));
    state.hold.resolve();
    const { opStatus } = await read;
    expect(opStatus.statusCode).to.equal(502);
    expect(opStatus.message).to.contain("closed");
    expect(state.open).to.equal(0);
  });

  it("answers at once when it is closed while nothing comes", async () => {
    const { fixture } = await watched({ body: standingStill });
    const fd = await openFd(fixture, PATH);
    const read = fixture.pread(fd, 0, 100);
    await new Promise(setImmediate);
    requireOk(await fixture.closeReader(fd));
    expect((await read).opStatus.message).to.contain("closed");
  });

  it("is an error, not an end, when the object is shorter than it was", async () => {
    const { fixture } = await watched({ body: nothing });
    const answer = await fixture.pread(await openFd(fixture, PATH), 0, 100);
    expect(answer.opStatus.statusCode).to.equal(502);
    expect(answer.opStatus.message).to.contain("ended at 0 of 5000 bytes");
    expect(answer.data).to.deep.equal([]);
  });

  it("reads no more ahead than its memory holds", async () => {
    let given = 0;
    const { fixture } = await watched({
      body: async function* endless() {
        for (;;) {
          given += 100;
          yield await Promise.resolve(Buffer.alloc(100));
        }
      },
    });
    const fd = await openFd(fixture, PATH);
    await fixture.pread(fd, 0, 100);
    await new Promise(setImmediate);
    expect(given).to.be.within(PART_BYTES, PART_BYTES + 200);
    requireOk(await fixture.closeReader(fd));
  });

  it("closes the object when there is no room for one more", async () => {
    const { state, fixture } = await watched({ slots: 2 });
    for (let i = 0; i < 8; i += 1) await openFd(fixture, `${ASKED}/__repo_info`);
    const refused = await fixture.openReader(PATH);
    expect(refused.opStatus.statusCode).to.equal(502);
    expect(state.open).to.equal(0);
  });

  it("makes room for another when its client has left it alone for a minute", async () => {
    const clock = new ManualClock();
    const fixture = new Fixture({ mode: "restore", slots: 2, clock });
    await fixture.memory.put(KEY, bytes);
    const lost = await openFd(fixture, PATH);
    const used = await openFd(fixture, PATH);
    await clock.advance(59_000);
    await fixture.pread(used, 0, 10);
    const waiting = fixture.openReader(PATH);
    await clock.advance(DEADLINE_MS);
    expect((await waiting).opStatus.statusCode).to.equal(502);

    await openFd(fixture, PATH);
    expect((await fixture.pread(lost, 0, 10)).opStatus.message).to.contain("did not open");
    expect((await fixture.pread(used, 10, 10)).opStatus.statusCode).to.equal(0);
  });
});
