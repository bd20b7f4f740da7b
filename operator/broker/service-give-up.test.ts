// Files that are given up: what they held must be free, what they wrote must not be taken for a file.
import { expect } from "chai";
import { ManualClock } from "../testing/manual-clock.ts";
import type { CallContext, Payload } from "./server-handlers.ts";
import {
  content,
  DEADLINE_MS,
  Fixture,
  md5,
  openFd,
  payload,
  requireOk,
  SNAPSHOT,
  STAGING_KEY,
  TABLET,
  until,
} from "./testing/service-fixture.ts";

const PART = `${TABLET}/a.dat.part`;
/** Published by its close, without a rename. */
const MANIFEST = `${TABLET}/__starrocks_snapshot_manifest`;

describe("BrokerService, a file that is given up", () => {
  it("keeps its memory while the store still reads it", async () => {
    const fixture = new Fixture({ slots: 3 });
    const source = `${SNAPSHOT}/__meta.part`;
    const meta = content(900);
    const fd = await openFd(fixture, source);
    requireOk(await fixture.write(fd, 0, meta));
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "put", hold: hold.promise });
    const closing = fixture.close(fd);
    await until(() => fixture.faulty.count("put") === 1);

    await openFd(fixture, source);
    const other = await openFd(fixture, PART);
    requireOk(await fixture.write(other, 0, content(900, 9)));
    hold.resolve();
    expect((await closing).message).to.contain("opened again");
    const stored = fixture.memory.keys();
    expect(stored).to.have.length(1);
    expect(fixture.memory.content(stored[0] ?? "")).to.deep.equal(meta);
    expect(stored[0]).to.contain(`${STAGING_KEY}/data/`);
  });

  it("leaves no upload behind that was only being begun", async () => {
    const fixture = new Fixture();
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "upload", hold: hold.promise });
    const fd = await openFd(fixture, PART);
    const writing = fixture.write(fd, 0, content(3000));
    await until(() => fixture.faulty.count("upload") === 1);
    await openFd(fixture, PART);
    hold.resolve();
    expect((await writing).message).to.contain("opened again");
    await until(() => fixture.faulty.count("upload.abort") === 1);
    expect(await fixture.uploads()).to.equal(0);
  });

  it("is answered for at once, however long the store takes to free what it has", async () => {
    const fixture = new Fixture();
    fixture.faulty.inject({ operation: "upload.abort", hold: new Promise(() => {}), times: 9 });
    fixture.faulty.inject({ operation: "upload.part", kind: "accessDenied" });
    const fd = await openFd(fixture, PART);
    await fixture.write(fd, 0, content(2000));
    await fixture.write(fd, 2000, content(2000));
    expect((await fixture.close(fd)).message).to.contain("on purpose");

    const bytes = content(3000);
    await fixture.writeFile(PART, bytes);
    fixture.faulty.inject({ operation: "upload.complete", kind: "accessDenied" });
    const renamed = await fixture.rename(PART, `${TABLET}/a.dat.${md5(bytes)}`);
    expect(renamed.message).to.contain("on purpose");
  });

  it("gives its memory back though the store takes its parts for ever", async () => {
    const fixture = new Fixture({ slots: 3 });
    const hold = new Promise(() => {});
    fixture.faulty.inject({ operation: "upload.part", hold, times: Infinity });
    const fd = await openFd(fixture, PART);
    requireOk(await fixture.write(fd, 0, content(2000)));
    for (const path of [PART, `${TABLET}/b.dat.part`, `${SNAPSHOT}/__meta.part`]) {
      requireOk(await fixture.write(await openFd(fixture, path), 0, content(900)));
    }
  });

  it("gives back memory that it gets only after that", async () => {
    const fixture = new Fixture({ slots: 4 });
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "upload.part", hold: hold.promise, times: Infinity });
    const large = await openFd(fixture, PART);
    requireOk(await fixture.write(large, 0, content(4000)));
    const meta = `${SNAPSHOT}/__meta.part`;
    const waiting = fixture.write(await openFd(fixture, meta), 0, content(10));
    // It waits for memory by then.
    await new Promise(setImmediate);
    const fd = await openFd(fixture, meta);
    hold.resolve();
    expect((await waiting).message).to.contain("opened again");
    requireOk(await fixture.write(fd, 0, content(10)));
    for (const path of [`${TABLET}/b.dat.part`, MANIFEST]) {
      requireOk(await fixture.write(await openFd(fixture, path), 0, content(10)));
    }
  });

  it("gives its memory back when nobody renames it", async () => {
    const clock = new ManualClock();
    const fixture = new Fixture({ clock });
    await fixture.writeFile(PART, content(3000));
    await clock.advance(299_000);
    fixture.service.expire();
    expect(fixture.service.open().writers).to.equal(1);
    await clock.advance(2_000);
    fixture.service.expire();
    expect(fixture.service.open().writers).to.equal(0);
    await until(() => fixture.faulty.count("upload.abort") === 1);
  });

  it("makes room for another file once its writer has gone elsewhere", async () => {
    const clock = new ManualClock();
    const fixture = new Fixture({ clock });
    const first = await openFd(fixture, PART);
    requireOk(await fixture.write(first, 0, content(10)));
    let open = 1;
    while ((await fixture.openWriter(`${TABLET}/${open}.dat.part`)).opStatus.statusCode === 0)
      open += 1;
    await clock.advance(39_000);
    expect((await fixture.openWriter(`${TABLET}/more.dat.part`)).opStatus.statusCode).not.to.equal(
      0,
    );
    await clock.advance(2_000);
    requireOk(
      await fixture.write(await openFd(fixture, `${TABLET}/more.dat.part`), 0, content(10)),
    );
    const late = await fixture.write(first, 10, content(10));
    expect(late.message).to.contain("did not open that descriptor");
  });

  it("gives its memory back when the rename that it joined fails", async () => {
    const fixture = new Fixture({ slots: 3 });
    const bytes = content(900);
    const target = `${TABLET}/a.dat.${md5(bytes)}`;
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "put", hold: hold.promise, kind: "unavailable" });
    await fixture.writeFile(PART, bytes);
    const first = fixture.rename(PART, target);
    await until(() => fixture.faulty.count("put") === 1);
    await fixture.writeFile(PART, bytes);
    const joined = fixture.rename(PART, target);
    hold.resolve();
    for (const status of [await first, await joined]) expect(status.statusCode).to.equal(502);
    for (const path of [PART, `${TABLET}/b.dat.part`, `${SNAPSHOT}/__meta.part`]) {
      requireOk(await fixture.write(await openFd(fixture, path), 0, bytes));
    }
  });

  it("is given up in the end, though a restarted BE pings in the name of the one that died", async () => {
    const clock = new ManualClock();
    const fixture = new Fixture({ clock });
    requireOk(await fixture.upload("b.dat", content(10)));
    const used = await openFd(fixture, PART);
    await openFd(fixture, `${TABLET}/c.dat.part`);
    await fixture.openReader(`${TABLET}/b.dat.${md5(content(10))}`);
    for (let minutes = 0; minutes < 60; minutes += 1) {
      await clock.advance(60_000);
      await fixture.service.ping({ version: 1, clientId: fixture.clientId });
      requireOk(await fixture.write(used, minutes, content(1)));
      fixture.service.expire();
    }
    expect(fixture.service.open()).to.include({ writers: 1, readers: 0 });
  });

  it("is answered for with an error once the agent has stopped, as is every call", async () => {
    const fixture = new Fixture();
    const fd = await openFd(fixture, PART);
    await fixture.service.stop();
    expect((await fixture.close(fd)).message).to.contain("ending");
    expect((await fixture.list(`${TABLET}/*`)).opStatus.message).to.contain("ending");
    expect(fixture.service.open()).to.deep.equal({ writers: 0, readers: 0, intents: 0 });
  });

  it("is not published after a write that came too late to begin", async () => {
    const fixture = new Fixture();
    const fd = await openFd(fixture, MANIFEST);
    const hold = Promise.withResolvers<void>();
    const write = (offset: bigint, data: Payload, call: CallContext) =>
      fixture.service.pwrite({ version: 1, fd, offset }, data, call);
    const first = write(0n, heldPayload(content(10), hold.promise), fixture.call());
    const second = await write(10n, payload(content(10)), overdue(fixture.call()));
    expect(second.message).to.contain("not done within");
    hold.resolve();
    requireOk(await first);
    expect((await fixture.close(fd)).message).to.contain("not done within");
    expect(fixture.memory.keys()).to.deep.equal([]);
  });

  it("is not published after a write that was answered before it was done", async () => {
    const fixture = new Fixture();
    const fd = await openFd(fixture, MANIFEST);
    requireOk(await fixture.write(fd, 0, content(10)));
    const hold = Promise.withResolvers<void>();
    const request = { version: 1, fd, offset: 10n } as const;
    const data = heldPayload(content(10), hold.promise);
    const status = await fixture.service.pwrite(request, data, overdue(fixture.call()));
    expect(status.message).to.contain("not done within");
    hold.resolve();
    expect((await fixture.close(fd)).message).to.contain("not done within");
    expect(fixture.memory.keys()).to.deep.equal([]);
  });
});

/** The data of a pwrite, behind a promise. */
function heldPayload(bytes: Buffer, hold: Promise<void>): Payload {
  return {
    length: bytes.length,
    chunks: async function* chunks() {
      await hold;
      yield bytes;
    },
  };
}

/** A call whose caller waits no longer. */
function overdue(call: CallContext): CallContext {
  return { ...call, receivedMs: call.receivedMs - DEADLINE_MS };
}
