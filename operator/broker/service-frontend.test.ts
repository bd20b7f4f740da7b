import { expect } from "chai";
import {
  ASKED,
  content,
  Fixture,
  md5,
  openFd,
  requireOk,
  SNAPSHOT,
  SNAPSHOT_KEY,
  TABLET,
  until,
} from "./testing/service-fixture.ts";

describe("BrokerService, files of the FE", () => {
  const meta = content(4000, 3);
  const source = `${SNAPSHOT}/__meta.part`;
  const target = `${SNAPSHOT}/__meta.${md5(meta)}`;

  it("carries delete, write and rename out at different agents", async () => {
    const writes = new Fixture();
    const renames = new Fixture({ beside: writes });
    const deletes = new Fixture({ beside: writes });
    for (let round = 0; round < 2; round += 1) {
      requireOk(await deletes.delete(source));
      requireOk(await deletes.delete(target));
      await writes.writeFile(source, meta, 1024);
      requireOk(await renames.rename(source, target));
    }
    expect(writes.memory.keys()).to.deep.equal([`${SNAPSHOT_KEY}/__meta.${md5(meta)}`]);
    expect(writes.memory.content(`${SNAPSHOT_KEY}/__meta.${md5(meta)}`)).to.deep.equal(meta);
    requireOk(await deletes.rename(source, target));
  });

  it("deletes at one agent what another has staged", async () => {
    const writes = new Fixture();
    await writes.writeFile(source, meta);
    expect(writes.memory.keys().length).to.equal(2);
    requireOk(await new Fixture({ beside: writes }).delete(source));
    expect(writes.memory.keys()).to.deep.equal([]);
    expect((await writes.rename(source, target)).statusCode).to.equal(502);
  });

  it("renames what has the name's md5 when several were written", async () => {
    const fixture = new Fixture();
    await fixture.writeFile(source, content(10, 1));
    fixture.clientId = "10.0.0.9:9010";
    await fixture.writeFile(source, meta);
    requireOk(await fixture.rename(source, target));
    expect(fixture.memory.keys()).to.deep.equal([`${SNAPSHOT_KEY}/__meta.${md5(meta)}`]);
  });

  it("refuses a wrong md5", async () => {
    const fixture = new Fixture();
    await fixture.writeFile(source, meta);
    const status = await fixture.rename(source, `${SNAPSHOT}/__meta.${md5("x")}`);
    expect(status.statusCode).to.equal(405);
    expect(await fixture.names(`${SNAPSHOT}/__meta*`)).to.deep.equal([]);
  });

  for (const operation of ["move", "deleteMany"] as const) {
    it(`can repeat a rename whose ${operation} had no answer`, async () => {
      const fixture = new Fixture();
      await fixture.writeFile(source, meta);
      fixture.faulty.inject({ operation, kind: "unavailable", lostAnswer: true });
      expect((await fixture.rename(source, target)).statusCode).to.equal(502);
      requireOk(await fixture.rename(source, target));
      expect(fixture.memory.content(`${SNAPSHOT_KEY}/__meta.${md5(meta)}`)).to.deep.equal(meta);
    });
  }

  it("keeps its rules for a file that is written under its final name at once", async () => {
    const fixture = new Fixture({ answerAfterMs: 1 });
    const info = Buffer.from("{}");
    const named = `${SNAPSHOT}/__info_2026-01-31-04-05-06-007.${md5(info)}`;
    const wrong = await openFd(fixture, named);
    requireOk(await fixture.write(wrong, 0, Buffer.from("other")));
    expect((await fixture.close(wrong)).statusCode).to.equal(405);

    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "move", hold: hold.promise });
    const bytes = content(5000);
    requireOk(await fixture.upload("a.dat", bytes));
    const early = await openFd(fixture, named);
    requireOk(await fixture.write(early, 0, info));
    const closing = fixture.close(early);
    await until(() => fixture.faulty.count("list") === 1);
    expect(await fixture.names(`${SNAPSHOT}/__info_*`)).to.deep.equal([]);
    hold.resolve();
    requireOk(await closing);
    expect(await fixture.names(`${SNAPSHOT}/__info_*`)).to.have.length(1);
  });

  for (const [nth, what] of ["data", "note"].entries()) {
    it(`does not acknowledge a close whose ${what} is not durable`, async () => {
      const fixture = new Fixture();
      fixture.faulty.inject({ operation: "put", nth: nth + 1, kind: "unavailable" });
      const fd = await openFd(fixture, source);
      requireOk(await fixture.write(fd, 0, content(10)));
      expect((await fixture.close(fd)).statusCode).to.equal(502);
      expect((await fixture.close(fd)).statusCode).to.equal(502);
    });
  }

  it("gives up what is being written when it is deleted", async () => {
    const fixture = new Fixture();
    const fd = await openFd(fixture, source);
    requireOk(await fixture.write(fd, 0, content(10)));
    requireOk(await fixture.delete(source));
    expect(fixture.service.open().writers).to.equal(0);
    expect((await fixture.close(fd)).statusCode).to.equal(502);
    expect(fixture.memory.keys()).to.deep.equal([]);
  });

  it("deletes nothing twice as an error, no folder at all, and nothing outside its snapshot", async () => {
    const fixture = new Fixture();
    requireOk(await fixture.delete(target));
    await fixture.upload("a.dat", content(10));
    expect((await fixture.delete(SNAPSHOT)).statusCode).to.equal(401);
    expect((await fixture.delete(TABLET)).statusCode).to.equal(401);
    expect((await fixture.delete(`${ASKED}/__ss_other/__meta.${md5("")}`)).statusCode).to.equal(
      401,
    );
    expect((await fixture.delete(`${ASKED}/__repo_info`)).statusCode).to.equal(401);
    expect((await fixture.delete(ASKED)).statusCode).to.equal(401);
    expect(fixture.memory.keys()).to.have.length(1);
  });
});
