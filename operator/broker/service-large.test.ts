// Renames of files that are too large for memory: answered in time, done for sure.
import { expect } from "chai";
import { ManualClock } from "../testing/manual-clock.ts";
import type { OperationStatus } from "./protocol.ts";
import {
  content,
  Fixture,
  md5,
  requireOk,
  SNAPSHOT,
  STAGING_KEY,
  TABLET,
  TABLET_KEY,
  until,
} from "./testing/service-fixture.ts";

const PART = `${TABLET}/a.dat.part`;

describe("BrokerService, a large file's rename", () => {
  const bytes = content(5000);
  const target = `${TABLET}/a.dat.${md5(bytes)}`;
  const targetKey = `${TABLET_KEY}/a.dat.${md5(bytes)}`;

  for (const operation of ["upload.complete", "move"] as const) {
    it(`is answered with an intent when the ${operation} takes long, and finished behind it`, async () => {
      const fixture = new Fixture({ answerAfterMs: 1 });
      const hold = Promise.withResolvers<void>();
      fixture.faulty.inject({ operation, hold: hold.promise });
      await fixture.writeFile(PART, bytes);
      requireOk(await fixture.rename(PART, target));
      expect(fixture.service.open().intents).to.equal(1);
      expect(fixture.memory.keys().some((k) => k.startsWith(`${STAGING_KEY}/intents/`))).to.equal(
        true,
      );
      expect(fixture.memory.content(targetKey)).to.equal(undefined);
      requireOk(await fixture.rename(PART, target));
      hold.resolve();
      await fixture.service.settle();
      expect(fixture.memory.keys()).to.deep.equal([targetKey]);
      expect(fixture.service.open().intents).to.equal(0);
    });

    it(`whose agent died during the ${operation} is finished by its successor`, async () => {
      const fixture = new Fixture({ answerAfterMs: 1 });
      fixture.faulty.inject({ operation, hold: new Promise(() => {}) });
      await fixture.writeFile(PART, bytes);
      requireOk(await fixture.rename(PART, target));
      const successor = new Fixture({ beside: fixture });
      requireOk(await successor.rename(PART, target));
      expect(await successor.service.finishLeftIntents(new AbortController().signal)).to.equal(1);
      expect(successor.memory.keys()).to.deep.equal([targetKey]);
      expect(successor.memory.content(targetKey)).to.deep.equal(bytes);
    });
  }

  it("is answered in time, also when its last parts took most of it", async () => {
    const clock = new ManualClock();
    const fixture = new Fixture({ clock, answerAfterMs: 500 });
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "upload.part", nth: 5, hold: hold.promise });
    fixture.faulty.inject({ operation: "move", hold: new Promise(() => {}) });
    await fixture.writeFile(PART, bytes);
    let status: OperationStatus | undefined;
    void fixture.rename(PART, target).then((answer) => {
      status = answer;
    });
    await until(() => fixture.faulty.count("upload.part") === 5);
    await clock.advance(1000);
    hold.resolve();
    await until(() => status !== undefined);
    expect(status).to.deep.equal({ statusCode: 0 });
    expect(fixture.service.open().intents).to.equal(1);
  });

  it("is not done twice when the BE sends the file again meanwhile", async () => {
    const fixture = new Fixture({ answerAfterMs: 1 });
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "move", hold: hold.promise });
    await fixture.writeFile(PART, bytes);
    requireOk(await fixture.rename(PART, target));
    await fixture.writeFile(PART, bytes);
    requireOk(await fixture.rename(PART, target));
    hold.resolve();
    await fixture.service.settle();
    await until(() => fixture.faulty.count("upload.abort") === 1);
    expect(fixture.memory.keys()).to.deep.equal([targetKey]);
    expect(await fixture.uploads()).to.equal(0);
  });

  it("keeps __info back until it is finished, by whichever agent is asked", async () => {
    const fixture = new Fixture({ answerAfterMs: 1 });
    fixture.faulty.inject({ operation: "move", key: "/data/", hold: new Promise(() => {}) });
    await fixture.writeFile(PART, bytes);
    requireOk(await fixture.rename(PART, target));

    const info = Buffer.from("{}");
    const other = new Fixture({ beside: fixture });
    other.faulty.inject({ operation: "move", kind: "unavailable" });
    const source = `${SNAPSHOT}/__info_2026-01-31-04-05-06-007.part`;
    const named = `${SNAPSHOT}/__info_2026-01-31-04-05-06-007.${md5(info)}`;
    await other.writeFile(source, info);
    expect((await other.rename(source, named)).statusCode).to.equal(502);
    expect(await other.names(`${SNAPSHOT}/__info_*`)).to.deep.equal([]);

    requireOk(await other.rename(source, named));
    expect(other.memory.content(targetKey)).to.deep.equal(bytes);
    expect(await other.names(`${SNAPSHOT}/__info_*`)).to.have.length(1);
  });

  it("lets the rename of __info wait for it, as long as the FE waits", async () => {
    const fixture = new Fixture({ answerAfterMs: 1 });
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "move", hold: hold.promise });
    await fixture.writeFile(PART, bytes);
    requireOk(await fixture.rename(PART, target));
    const info = Buffer.from("{}");
    const source = `${SNAPSHOT}/__info_2026-01-31-04-05-06-007.part`;
    await fixture.writeFile(source, info);
    const lists = fixture.faulty.count("list");
    const renaming = fixture.rename(source, source.replace(/part$/, md5(info)));
    await until(() => fixture.faulty.count("list") === lists + 2);
    hold.resolve();
    requireOk(await renaming);
  });

  it("finishes a dead agent's copy in one go, however often the FE has to ask", async () => {
    const dead = new Fixture({ answerAfterMs: 1 });
    dead.faulty.inject({ operation: "move", hold: new Promise(() => {}) });
    await dead.writeFile(PART, bytes);
    requireOk(await dead.rename(PART, target));

    const agent = new Fixture({ beside: dead, deadlineMs: 40 });
    const hold = Promise.withResolvers<void>();
    agent.faulty.inject({ operation: "move", key: "/data/", hold: hold.promise });
    const info = Buffer.from("{}");
    const source = `${SNAPSHOT}/__info_2026-01-31-04-05-06-007.part`;
    const named = `${SNAPSHOT}/__info_2026-01-31-04-05-06-007.${md5(info)}`;
    await agent.writeFile(source, info);
    for (let asked = 0; asked < 3; asked += 1) {
      expect((await agent.rename(source, named)).statusCode).to.equal(502);
    }
    expect(agent.faulty.count("move")).to.equal(1);
    hold.resolve();
    await until(() => agent.memory.content(targetKey) !== undefined);
    await until(() => agent.memory.keys().every((key) => !key.includes("/intents/")));
    requireOk(await agent.rename(source, named));
  });
});
