// Files that are given up: what they held must be free, what they wrote must not be taken for a file.
import { expect } from "chai";
import {
  content,
  Fixture,
  openFd,
  requireOk,
  SNAPSHOT,
  STAGING_KEY,
  TABLET,
  until,
} from "./testing/service-fixture.ts";

const PART = `${TABLET}/a.dat.part`;

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
});
