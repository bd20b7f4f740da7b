import { expect } from "chai";
import { Bandwidth } from "./bandwidth.ts";
import { systemClock } from "../clock.ts";
import { MemoryStorage } from "../storage/testing/memory.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import {
  ASKED,
  content,
  Fixture,
  md5,
  openFd,
  PART_BYTES,
  payload,
  requireOk,
  SNAPSHOT,
  TABLET,
  TABLET_KEY,
  until,
} from "./testing/service-fixture.ts";

const PART = `${TABLET}/a.dat.part`;

describe("BrokerService, files of a tablet", () => {
  it("puts a small file once, under its final name", async () => {
    const fixture = new Fixture();
    const bytes = content(900);
    expect(await fixture.upload("a.dat", bytes)).to.include({ statusCode: 0 });
    expect(fixture.faulty.calls.map((c) => c.operation)).to.deep.equal(["put"]);
    expect(fixture.memory.content(`${TABLET_KEY}/a.dat.${md5(bytes)}`)).to.deep.equal(bytes);
    expect(fixture.memory.keys()).to.have.length(1);
  });

  it("answers a rename only when the bytes are stored", async () => {
    const fixture = new Fixture();
    const bytes = content(900);
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "put", hold: hold.promise });
    await fixture.writeFile(PART, bytes);
    let answered = false;
    const renaming = fixture.rename(PART, `${TABLET}/a.dat.${md5(bytes)}`).finally(() => {
      answered = true;
    });
    await until(() => fixture.faulty.count("put") === 1);
    expect(answered).to.equal(false);
    hold.resolve();
    requireOk(await renaming);
    expect(fixture.memory.keys()).to.have.length(1);
  });

  it("publishes an empty file", async () => {
    const fixture = new Fixture();
    await fixture.upload("5.dcgs_snapshot", Buffer.alloc(0));
    const name = `${TABLET_KEY}/5.dcgs_snapshot.${md5("")}`;
    expect(fixture.memory.content(name)).to.deep.equal(Buffer.alloc(0));
  });

  for (const size of [1023, 1024, 1025, 2048, 10_000]) {
    it(`keeps a file of ${size} bytes as it is`, async () => {
      const fixture = new Fixture();
      const bytes = content(size);
      expect(await fixture.upload("a.dat", bytes)).to.include({ statusCode: 0 });
      expect(fixture.memory.content(`${TABLET_KEY}/a.dat.${md5(bytes)}`)).to.deep.equal(bytes);
      expect(fixture.memory.keys()).to.have.length(1);
      expect(await fixture.readFile(`${TABLET}/a.dat.${md5(bytes)}`)).to.deep.equal(bytes);
      expect(fixture.faulty.count("upload")).to.equal(size > PART_BYTES ? 1 : 0);
    });
  }

  it("refuses a file of more parts than the store takes, and says what to change", async () => {
    const capabilities = { partBytesMin: 1, partsMax: 3 };
    const storage = new MemoryStorage({ capabilities });
    const fixture = new Fixture({ storage });
    requireOk(await fixture.upload("a.dat", content(3 * PART_BYTES)));
    const fd = await openFd(fixture, PART);
    const status = await fixture.write(fd, 0, content(3 * PART_BYTES + 1));
    expect(status.message).to.contain("limits.partMiB");
    expect((await fixture.close(fd)).message).to.contain("limits.partMiB");
  });

  it("takes no more than a few parts' memory for one file that the store is slow to take", async () => {
    const fixture = new Fixture();
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "upload.part", hold: hold.promise, times: Infinity });
    const writing = fixture.write(await openFd(fixture, PART), 0, content(10_000));
    await until(() => fixture.faulty.count("upload.part") === 4);
    requireOk(await fixture.write(await openFd(fixture, `${TABLET}/b.dat.part`), 0, content(900)));
    expect(fixture.faulty.count("upload.part")).to.equal(4);
    hold.resolve();
    requireOk(await writing);
  });

  it("shows nothing before the rename, and never a .part", async () => {
    const fixture = new Fixture();
    await fixture.writeFile(PART, content(5000));
    expect(await fixture.names(`${TABLET}/*`)).to.deep.equal([]);
    expect(await fixture.exists(PART)).to.equal(false);
    await fixture.memory.put(`${TABLET_KEY}/old.dat.part`, content(3));
    expect(await fixture.names(`${TABLET}/*`)).to.deep.equal([]);
    expect(await fixture.names(`${TABLET}/old.dat.part`)).to.deep.equal([]);
    expect(await fixture.exists(`${TABLET}/old.dat.part`)).to.equal(false);
  });

  for (const size of [900, 5000]) {
    it(`refuses a rename to a wrong md5 and publishes nothing (${size} bytes)`, async () => {
      const fixture = new Fixture();
      await fixture.writeFile(PART, content(size));
      const status = await fixture.rename(PART, `${TABLET}/a.dat.${md5("other")}`);
      expect(status.statusCode).to.equal(405);
      expect(status.message).to.contain(md5(content(size)));
      await until(() => fixture.memory.keys().length === 0);
      expect(await fixture.uploads()).to.equal(0);
    });
  }

  it("refuses a rename to anything but the file's own name with an md5", async () => {
    const fixture = new Fixture();
    await fixture.writeFile(PART, content(10));
    for (const target of ["b.dat.part", `b.dat.${md5(content(10))}`, "a.dat", "a.dat.123"]) {
      const status = await fixture.rename(PART, `${TABLET}/${target}`);
      expect(status.statusCode, target).to.equal(405);
    }
    expect(fixture.memory.keys()).to.deep.equal([]);
  });

  it("answers a repeated close and a repeated rename as it answered the first", async () => {
    const fixture = new Fixture();
    const bytes = content(3000);
    const fd = await fixture.writeFile(PART, bytes);
    requireOk(await fixture.close(fd));
    const target = `${TABLET}/a.dat.${md5(bytes)}`;
    requireOk(await fixture.rename(PART, target));
    requireOk(await fixture.rename(PART, target));
    requireOk(await new Fixture({ beside: fixture }).rename(PART, target));
  });

  it("acknowledges no rename of a file that is not there any more", async () => {
    const fixture = new Fixture();
    const bytes = content(900);
    const target = `${TABLET}/a.dat.${md5(bytes)}`;
    const key = `${TABLET_KEY}/a.dat.${md5(bytes)}`;
    requireOk(await fixture.upload("a.dat", bytes));
    await fixture.memory.delete(key);
    expect((await fixture.rename(PART, target)).statusCode).to.equal(502);
    requireOk(await fixture.upload("a.dat", bytes));
    expect(fixture.memory.content(key)).to.deep.equal(bytes);
  });

  it("closes a file once, though two closes of it come at a time", async () => {
    const fixture = new Fixture();
    const fd = await openFd(fixture, PART);
    for (const status of await Promise.all([fixture.close(fd), fixture.close(fd)]))
      requireOk(status);
    expect(fixture.service.open().writers).to.equal(1);
  });

  it("lets a repeated rename join the one that runs", async () => {
    const fixture = new Fixture({ answerAfterMs: 100_000 });
    const bytes = content(3000);
    await fixture.writeFile(PART, bytes);
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "move", hold: hold.promise });
    const target = `${TABLET}/a.dat.${md5(bytes)}`;
    const both = [fixture.rename(PART, target), fixture.rename(PART, target)];
    await until(() => fixture.faulty.count("move") === 1);
    hold.resolve();
    for (const status of await Promise.all(both)) requireOk(status);
    expect(fixture.faulty.count("move")).to.equal(1);
  });

  it("accepts an exact repeat of the last write and nothing else that is out of place", async () => {
    const fixture = new Fixture();
    const bytes = content(2000);
    const fd = await openFd(fixture, PART);
    requireOk(await fixture.write(fd, 0, bytes.subarray(0, 700)));
    requireOk(await fixture.write(fd, 0, bytes.subarray(0, 700)));
    requireOk(await fixture.write(fd, 700, bytes.subarray(700)));
    requireOk(await fixture.write(fd, 700, bytes.subarray(700)));
    requireOk(await fixture.close(fd));
    requireOk(await fixture.rename(PART, `${TABLET}/a.dat.${md5(bytes)}`));
  });

  const misplaced = [
    { name: "a gap", offset: 800, bytes: content(10) },
    { name: "a step back", offset: 100, bytes: content(10) },
    { name: "a repeat with other bytes", offset: 0, bytes: content(700, 9) },
    { name: "a repeat of another length", offset: 0, bytes: content(10) },
  ];
  for (const { name, offset, bytes } of misplaced) {
    it(`poisons a file on ${name}: its close fails and nothing is published`, async () => {
      const fixture = new Fixture();
      const fd = await openFd(fixture, PART);
      requireOk(await fixture.write(fd, 0, content(700)));
      expect((await fixture.write(fd, offset, bytes)).statusCode).to.equal(403);
      expect((await fixture.write(fd, 700, bytes)).statusCode).to.not.equal(0);
      expect((await fixture.close(fd)).statusCode).to.not.equal(0);
      expect((await fixture.close(fd)).statusCode).to.not.equal(0);
      const renamed = await fixture.rename(PART, `${TABLET}/a.dat.${md5(content(700))}`);
      expect(renamed.statusCode).to.not.equal(0);
      expect(fixture.memory.keys()).to.deep.equal([]);
    });
  }

  it("publishes nothing of a file whose connection broke in the middle of a write", async () => {
    const fixture = new Fixture();
    const fd = await openFd(fixture, PART);
    const broken = {
      length: 2000,
      chunks: async function* chunks() {
        yield await Promise.resolve(content(1500));
        throw new Error("the connection is gone");
      },
    };
    const request = { version: 1, fd, offset: 0n } as const;
    const status = await fixture.service.pwrite(request, broken, fixture.call());
    expect(status.statusCode).to.equal(502);
    expect((await fixture.close(fd)).statusCode).to.equal(502);
    await until(() => fixture.memory.keys().length === 0);
    expect(await fixture.uploads()).to.equal(0);
  });

  it("discards the first of two opens of one file by one client, not by two clients", async () => {
    const fixture = new Fixture();
    const lost = await openFd(fixture, PART);
    requireOk(await fixture.write(lost, 0, content(2500, 7)));
    const fd = await openFd(fixture, PART);
    expect((await fixture.write(lost, 2500, content(10))).statusCode).to.equal(502);
    fixture.clientId = "10.0.0.2:9060";
    const other = await openFd(fixture, PART);
    requireOk(await fixture.write(fd, 0, content(100)));
    requireOk(await fixture.write(other, 0, content(100)));
    await until(() => fixture.service.open().writers === 2);
    expect(await fixture.uploads()).to.equal(0);
  });

  it("says at once that a descriptor is another agent's", async () => {
    const fixture = new Fixture();
    const fd = await openFd(fixture, PART);
    const other = new Fixture({ beside: fixture });
    for (const status of [await other.write(fd, 0, content(1)), await other.close(fd)]) {
      expect(status.statusCode).to.equal(502);
      expect(status.message).to.contain("replaced");
    }
    expect(other.hungUp).to.equal(1);
    expect((await fixture.close({ high: 0n, low: 0n })).statusCode).to.equal(502);
    expect(fixture.hungUp).to.equal(0);
  });

  it("keeps a failed part from ever becoming a file", async () => {
    const fixture = new Fixture();
    fixture.faulty.inject({ operation: "upload.part", nth: 2, kind: "unavailable" });
    const fd = await openFd(fixture, PART);
    const bytes = content(5000);
    for (let offset = 0; offset < bytes.length; offset += 700) {
      await fixture.write(fd, offset, bytes.subarray(offset, offset + 700));
    }
    await fixture.close(fd);
    const renamed = await fixture.rename(PART, `${TABLET}/a.dat.${md5(bytes)}`);
    expect(renamed.statusCode).to.equal(502);
    await until(() => fixture.service.open().writers === 0);
    expect(fixture.memory.keys()).to.deep.equal([]);
    expect(await fixture.uploads()).to.equal(0);
    requireOk(await fixture.upload("a.dat", bytes));
  });

  it("refuses more files than it can serve, before a byte was sent, but never the FE's", async () => {
    const fixture = new Fixture({ slots: 3 });
    await openFd(fixture, `${TABLET}/a.dat.part`);
    await openFd(fixture, `${TABLET}/b.dat.part`);
    const refused = await fixture.openWriter(`${TABLET}/c.dat.part`);
    expect(refused.opStatus.statusCode).to.equal(502);
    expect(refused.fd).to.equal(undefined);
    await openFd(fixture, `${SNAPSHOT}/__meta.part`);
  });

  it("admits no fewer writers because a listing was slow", async () => {
    const fixture = new Fixture({ deadlineMs: 30 });
    fixture.faulty.inject({ operation: "list", hold: new Promise(() => {}) });
    expect((await fixture.list(`${TABLET}/*`)).opStatus.statusCode).to.equal(502);
    await openFd(fixture, `${TABLET}/a.dat.part`);
    await openFd(fixture, `${TABLET}/b.dat.part`);
  });

  it("admits fewer writers after a write that was not done in time", async () => {
    const fixture = new Fixture({ deadlineMs: 30 });
    fixture.faulty.inject({ operation: "upload", hold: new Promise(() => {}) });
    const fd = await openFd(fixture, `${TABLET}/a.dat.part`);
    expect((await fixture.write(fd, 0, content(5000))).statusCode).to.equal(502);
    expect((await fixture.openWriter(`${TABLET}/b.dat.part`)).opStatus.statusCode).to.equal(502);
  });

  it("admits fewer writers when the bandwidth is limited", async () => {
    const bandwidth = new Bandwidth(systemClock, 8 * 1024 * 1024);
    const fixture = new Fixture({ slots: 20, bandwidth, deadlineMs: 2000 });
    // 8 MiB/s for half of 2 s: two pwrites of 4 MiB.
    await openFd(fixture, `${TABLET}/a.dat.part`);
    await openFd(fixture, `${TABLET}/b.dat.part`);
    expect((await fixture.openWriter(`${TABLET}/c.dat.part`)).opStatus.statusCode).to.equal(502);
  });

  it("answers a write that memory cannot take in time, and gives the file up", async () => {
    const fixture = new Fixture({ slots: 2, deadlineMs: 60 });
    const hold = Promise.withResolvers<void>();
    fixture.faulty.inject({ operation: "upload.part", hold: hold.promise, times: Infinity });
    const fd = await openFd(fixture, PART);
    const status = await fixture.write(fd, 0, content(10_000));
    expect(status.statusCode).to.equal(502);
    expect(status.message).to.contain("60 ms");
    expect((await fixture.close(fd)).statusCode).to.equal(502);
    hold.resolve();
    await until(() => fixture.memory.keys().length === 0);
  });

  it("publishes a tablet's manifest at its close, and lets it be written again", async () => {
    const fixture = new Fixture();
    const path = `${TABLET}/__starrocks_snapshot_manifest`;
    await fixture.writeFile(path, Buffer.from("a.dat\n"));
    await fixture.writeFile(path, Buffer.from("a.dat\nb.dat\n"));
    const stored = fixture.memory.content(`${TABLET_KEY}/__starrocks_snapshot_manifest`);
    expect(stored?.toString()).to.equal("a.dat\nb.dat\n");
    expect(await fixture.names(`${TABLET}/*`)).to.deep.equal(["__starrocks_snapshot_manifest 12"]);
    expect(await fixture.exists(path)).to.equal(false);
    const restores = new Fixture({ beside: fixture, mode: "restore" });
    expect(await restores.exists(path)).to.equal(true);
  });

  it("accepts a write of __repo_info and forgets it", async () => {
    const fixture = new Fixture();
    await fixture.writeFile(`${ASKED}/__repo_info`, Buffer.from('{"name":"k8s_j1"}'));
    expect(fixture.memory.keys()).to.deep.equal([]);
  });

  it("gives up a file whose client is silent, not one whose client pings", async () => {
    const clock = new ManualClock();
    const fixture = new Fixture({ clock });
    const silent = await openFd(fixture, PART);
    requireOk(await fixture.write(silent, 0, content(3000)));
    fixture.clientId = "10.0.0.2:9060";
    const alive = await openFd(fixture, `${TABLET}/b.dat.part`);
    for (let minutes = 0; minutes < 6; minutes += 1) {
      await clock.advance(60_000);
      await fixture.service.ping({ version: 1, clientId: fixture.clientId });
      fixture.service.expire();
    }
    expect((await fixture.write(silent, 3000, content(1))).message).to.contain("replaced");
    requireOk(await fixture.write(alive, 0, content(1)));
    expect(await fixture.uploads()).to.equal(0);
  });
});

describe("BrokerService, a write call that waits", () => {
  it("takes writes of one file one after the other", async () => {
    const fixture = new Fixture();
    const bytes = content(2000);
    const fd = await openFd(fixture, PART);
    const request = { version: 1, fd } as const;
    const first = fixture.service.pwrite(
      { ...request, offset: 0n },
      payload(bytes.subarray(0, 1200), 1),
      fixture.call(),
    );
    const repeat = fixture.write(fd, 0, bytes.subarray(0, 1200));
    requireOk(await first);
    requireOk(await repeat);
    requireOk(await fixture.write(fd, 1200, bytes.subarray(1200)));
    requireOk(await fixture.close(fd));
    requireOk(await fixture.rename(PART, `${TABLET}/a.dat.${md5(bytes)}`));
  });

  it("counts once what is sent again because the storage refused it", async () => {
    const fixture = new Fixture();
    const bytes = content(700);
    fixture.faulty.inject({ operation: "put", kind: "full", times: 3 });
    for (let i = 0; i < 3; i += 1) {
      expect((await fixture.upload("a.dat", bytes)).statusCode).to.equal(502);
    }
    expect((await fixture.upload("a.dat", bytes)).statusCode).to.equal(0);
    expect(fixture.counters.totals()).to.include({ bytesIn: 700, files: 1, failedCalls: 3 });
  });
});
