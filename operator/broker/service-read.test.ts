import { expect } from "chai";
import { Bandwidth } from "./bandwidth.ts";
import { SealedFolders } from "./sealed-folders.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import {
  ASKED,
  content,
  Fixture,
  LAYOUT,
  md5,
  MOUNT,
  SNAPSHOT,
  SNAPSHOT_KEY,
  TABLET,
  TABLET_KEY,
} from "./testing/service-fixture.ts";

const PALO = `${MOUNT.location}/__palo_repository_k8s_j1`;

async function stored(files: Readonly<Record<string, Buffer>>, options = {}): Promise<Fixture> {
  const fixture = new Fixture({ mode: "restore", ...options });
  for (const [key, bytes] of Object.entries(files)) await fixture.memory.put(key, bytes);
  return fixture;
}

async function openFd(fixture: Fixture, path: string) {
  const { fd, opStatus } = await fixture.openReader(path);
  if (fd === undefined) throw new Error(opStatus.message);
  return fd;
}

function joined(data: readonly Uint8Array[] | undefined): Buffer {
  return Buffer.concat(data ?? []);
}

describe("BrokerService, reads", () => {
  const bytes = content(5000);
  const name = `a.dat.${md5(bytes)}`;
  const files = { [`${TABLET_KEY}/${name}`]: bytes };

  it("serves a whole file from one request, its size included", async () => {
    const fixture = await stored(files);
    const fd = await openFd(fixture, `${TABLET}/${name}`);
    expect(await fixture.names(`${TABLET}/${name}`)).to.deep.equal([`${name} 5000`]);
    const first = await fixture.pread(fd, 0, 3000);
    expect(joined(first.data)).to.deep.equal(bytes.subarray(0, 3000));
    const rest = await fixture.pread(fd, 3000, 10_000);
    expect(joined(rest.data)).to.deep.equal(bytes.subarray(3000));
    await fixture.closeReader(fd);
    expect(fixture.faulty.calls.map((c) => c.operation)).to.deep.equal(["read"]);
    expect(fixture.counters.totals()).to.include({ bytesOut: 5000, files: 1 });
  });

  it("answers END_OF_FILE with data set, at and behind the end, as often as it is asked", async () => {
    const fixture = await stored(files);
    const fd = await openFd(fixture, `${TABLET}/${name}`);
    for (const offset of [5000, 5000, 9999]) {
      const answer = await fixture.pread(fd, offset, 100);
      expect(answer.opStatus.statusCode).to.equal(301);
      expect(answer.data).to.deep.equal([]);
    }
  });

  it("never answers more than was asked, and serves any place", async () => {
    const fixture = await stored(files);
    const fd = await openFd(fixture, `${TABLET}/${name}`);
    for (const [offset, length] of [
      [4000, 10],
      [0, 1],
      [1, 2],
      [10, 5000],
      [0, 5000],
    ] as const) {
      const data = joined((await fixture.pread(fd, offset, length)).data);
      expect(data.length).to.be.within(1, length);
      expect(data).to.deep.equal(bytes.subarray(offset, offset + data.length));
    }
  });

  it("refuses a negative offset or length", async () => {
    const fixture = await stored(files);
    const fd = await openFd(fixture, `${TABLET}/${name}`);
    for (const [offset, length] of [
      [-1, 10],
      [0, -10],
      [0, 0],
    ] as const) {
      const answer = await fixture.pread(fd, offset, length);
      expect(answer.opStatus.statusCode).to.equal(405);
      expect(answer.data).to.deep.equal([]);
    }
  });

  it("serves an empty file", async () => {
    const empty = `e.dat.${md5("")}`;
    const fixture = await stored({ [`${TABLET_KEY}/${empty}`]: Buffer.alloc(0) });
    expect(await fixture.readFile(`${TABLET}/${empty}`)).to.deep.equal(Buffer.alloc(0));
  });

  it("says FILE_NOT_FOUND for a missing file and leaves no slot behind", async () => {
    const fixture = await stored(files, { slots: 2 });
    for (let i = 0; i < 5; i += 1) {
      const answer = await fixture.openReader(`${TABLET}/b.dat.${md5("")}`);
      expect(answer.opStatus.statusCode).to.equal(501);
    }
    expect(fixture.service.open().readers).to.equal(0);
    expect(await fixture.readFile(`${TABLET}/${name}`)).to.deep.equal(bytes);
  });

  it("answers a failed body as an error with data set, and goes on when it heals", async () => {
    const fixture = await stored(files);
    fixture.faulty.inject({ operation: "read", cutAfter: 1000 });
    const fd = await openFd(fixture, `${TABLET}/${name}`);
    const failed = await fixture.pread(fd, 0, 5000);
    expect(failed.opStatus.statusCode).to.equal(502);
    expect(failed.data).to.deep.equal([]);
    expect(joined((await fixture.pread(fd, 0, 5000)).data)).to.deep.equal(bytes);
  });

  it("notices that the object was replaced between two requests", async () => {
    const fixture = await stored(files);
    const fd = await openFd(fixture, `${TABLET}/${name}`);
    await fixture.memory.put(`${TABLET_KEY}/${name}`, content(5000, 2));
    const answer = await fixture.pread(fd, 100, 10);
    expect(answer.opStatus.statusCode).to.equal(502);
  });

  it("tells the size of what is there once nobody reads it any more", async () => {
    const fixture = await stored(files);
    await fixture.readFile(`${TABLET}/${name}`);
    await fixture.memory.put(`${TABLET_KEY}/${name}`, content(10));
    expect(await fixture.names(`${TABLET}/${name}`)).to.deep.equal([`${name} 10`]);
  });

  it("serves two reads of one file that come at a time", async () => {
    const fixture = await stored(files);
    const fd = await openFd(fixture, `${TABLET}/${name}`);
    const both = await Promise.all([fixture.pread(fd, 0, 3000), fixture.pread(fd, 3000, 2000)]);
    expect(Buffer.concat(both.map(({ data }) => joined(data)))).to.deep.equal(bytes);
  });

  it("says at once that a descriptor is another agent's, and takes any close", async () => {
    const fixture = await stored(files);
    const other = new Fixture({ beside: fixture });
    const fd = await openFd(fixture, `${TABLET}/${name}`);
    expect((await other.pread(fd, 0, 1)).opStatus.statusCode).to.equal(502);
    expect([fixture.hungUp, other.hungUp]).to.deep.equal([0, 1]);
    expect((await other.closeReader(fd)).statusCode).to.equal(0);
    expect((await fixture.closeReader(fd)).statusCode).to.equal(0);
    expect((await fixture.closeReader(fd)).statusCode).to.equal(0);
  });

  it("holds readers back while others hold all memory", async () => {
    const fixture = await stored(files, { slots: 2, deadlineMs: 50 });
    const first = await openFd(fixture, `${TABLET}/${name}`);
    await openFd(fixture, `${TABLET}/${name}`);
    expect((await fixture.openReader(`${TABLET}/${name}`)).opStatus.statusCode).to.equal(502);
    await fixture.closeReader(first);
    await openFd(fixture, `${TABLET}/${name}`);
  });

  it("answers every reader in time, with less at once when the bandwidth is limited", async () => {
    const clock = new ManualClock();
    const MIB = 1024 * 1024;
    const big = content(4 * MIB);
    const key = `${TABLET_KEY}/b.dat.${md5(big)}`;
    const bandwidth = new Bandwidth(clock, MIB);
    const options = { clock, bandwidth, slots: 16, partBytes: 4 * MIB, deadlineMs: 25_000 };
    const fixture = await stored({ [key]: big }, options);
    const path = `${TABLET}/b.dat.${md5(big)}`;
    const fds = [];
    for (let reader = 0; reader < 16; reader += 1) fds.push(await openFd(fixture, path));
    const answers = fds.map((fd) => fixture.pread(fd, 0, 4 * MIB));
    await clock.advance(25_000);
    for (const { opStatus, data } of await Promise.all(answers)) {
      expect(opStatus.message).to.equal(undefined);
      expect(joined(data).length).to.be.within(64 * 1024, MIB);
    }
  });

  it("waits for the bandwidth", async () => {
    const clock = new ManualClock();
    const bandwidth = new Bandwidth(clock, 1024 * 1024);
    const big = content(3 * 1024 * 1024);
    const bigName = `b.dat.${md5(big)}`;
    const options = { clock, bandwidth, deadlineMs: 25_000, partBytes: 4 * 1024 * 1024 };
    const fixture = await stored({ [`${TABLET_KEY}/${bigName}`]: big }, options);
    const fd = await openFd(fixture, `${TABLET}/${bigName}`);
    let answered = false;
    const read = fixture.pread(fd, 0, big.length).finally(() => {
      answered = true;
    });
    await clock.advance(1500);
    expect(answered).to.equal(false);
    await clock.advance(1500);
    expect(joined((await read).data)).to.deep.equal(big);
  });
});

describe("BrokerService, what StarRocks sees", () => {
  it("answers __repo_info itself, with the name in the asked path", async () => {
    const fixture = new Fixture();
    expect(await fixture.names(`${PALO}/__repo_info`)).to.deep.equal([]);
    const text = '{"name":"k8s_j1","create_time":"2026-01-31 04:05:06"}';
    expect(await fixture.names(`${ASKED}/__repo_info`)).to.deep.equal([
      `__repo_info ${text.length}`,
    ]);
    expect((await fixture.readFile(`${ASKED}/__repo_info`)).toString()).to.equal(text);
    expect(fixture.faulty.calls).to.deep.equal([]);
  });

  it("refuses another repository's name, also for __repo_info", async () => {
    const fixture = new Fixture();
    for (const path of [
      `${MOUNT.location}/__starrocks_repository_k8s_j2/__repo_info`,
      `${MOUNT.location}/__starrocks_repository_k8s_j11/__ss_*`,
      `${MOUNT.location}/other`,
    ]) {
      const answer = await fixture.list(path);
      expect(answer.opStatus.statusCode, path).to.equal(401);
      expect(answer.files).to.deep.equal([]);
    }
    const elsewhere = await fixture.list("backup://mount2/__starrocks_repository_k8s_j1/__ss_*");
    expect(elsewhere.opStatus.statusCode).to.equal(404);
  });

  it("refuses a wrong or missing token without asking the storage", async () => {
    const fixture = new Fixture();
    for (const token of ["secret2", ""]) {
      fixture.token = token;
      expect((await fixture.list(`${ASKED}/__ss_*`)).opStatus.statusCode).to.equal(401);
      expect((await fixture.openReader(`${ASKED}/__repo_info`)).opStatus.statusCode).to.equal(401);
      expect((await fixture.openWriter(`${TABLET}/a.dat.part`)).opStatus.statusCode).to.equal(401);
      expect(await fixture.exists(ASKED)).to.equal(false);
      expect((await fixture.delete(`${SNAPSHOT}/__meta.part`)).statusCode).to.equal(401);
    }
    expect(fixture.faulty.calls).to.deep.equal([]);
  });

  it("lists snapshots as folders, under either prefix, and nothing of ours", async () => {
    const fixture = await stored({
      [`${LAYOUT.folder}/__repo_info`]: Buffer.from("{}"),
      [`${LAYOUT.folder}/__ss_a/__meta.${md5("")}`]: Buffer.alloc(0),
      [`${LAYOUT.folder}/__ss_ab/__meta.${md5("")}`]: Buffer.alloc(0),
      [`${LAYOUT.folder}/__k8s_staging/a1/note.json`]: Buffer.from("{}"),
    });
    for (const root of [ASKED, PALO, `${MOUNT.location}//__starrocks_repository_k8s_j1`]) {
      const { files } = await fixture.list(`${root}/__ss_*`);
      expect(files).to.deep.equal([
        { path: "__ss_a", isDir: true, size: -1n, isSplitable: false },
        { path: "__ss_ab", isDir: true, size: -1n, isSplitable: false },
      ]);
    }
    expect(await fixture.names(`${ASKED}/__k8s_staging/a1/*`)).to.deep.equal([]);
    expect(await fixture.names(`${ASKED}/*`)).to.deep.equal([
      "__repo_info 2",
      "__ss_a/",
      "__ss_ab/",
    ]);
  });

  it("answers nothing found as OK with an empty list", async () => {
    const fixture = new Fixture();
    for (const path of [
      `${ASKED}/__ss_*`,
      `${TABLET}/*`,
      `${TABLET}/a.dat`,
      `${SNAPSHOT}/__info_*`,
    ]) {
      const answer = await fixture.list(path);
      expect(answer, path).to.deep.equal({ opStatus: { statusCode: 0 }, files: [] });
    }
  });

  it("finds __info by a prefix of its name, without what is ours beside it", async () => {
    const fixture = await stored({
      [`${SNAPSHOT_KEY}/__info_2026-01-01-00-00-00-001.${md5("a")}`]: Buffer.from("a"),
      [`${SNAPSHOT_KEY}/__info_2026-01-02-00-00-00-001.${md5("b")}`]: Buffer.from("bb"),
      [`${SNAPSHOT_KEY}/__k8s_manifest.json`]: Buffer.from("{}"),
    });
    const [found] = await fixture.names(`${SNAPSHOT}/__info_2026-01-02-00-00-00-001*`);
    expect(found).to.equal(`__info_2026-01-02-00-00-00-001.${md5("b")} 2`);
    expect(await fixture.names(`${SNAPSHOT}/*`)).to.have.length(2);
    expect(
      (await fixture.openReader(`${SNAPSHOT}/__k8s_manifest.json`)).opStatus.statusCode,
    ).to.equal(401);
  });

  it("answers full paths when bare names were not asked for", async () => {
    const fixture = await stored({ [`${SNAPSHOT_KEY}/__meta.${md5("")}`]: Buffer.alloc(0) });
    const { properties } = fixture;
    const request = { version: 1, path: `${SNAPSHOT}/*`, isRecursive: false, properties } as const;
    const { files } = await fixture.service.listPath(request, fixture.call());
    expect(files?.map((f) => f.path)).to.deep.equal([`${SNAPSHOT}/__meta.${md5("")}`]);
  });

  it("shows names of other snapshots' __info and nothing else of them", async () => {
    const other = `${LAYOUT.folder}/__ss_other`;
    const fixture = await stored({ [`${other}/__info_x.${md5("")}`]: Buffer.alloc(0) });
    expect(await fixture.names(`${ASKED}/__ss_other/__info_*`)).to.have.length(1);
    const refused = [
      (await fixture.list(`${ASKED}/__ss_other/*`)).opStatus,
      (await fixture.openReader(`${ASKED}/__ss_other/__info_x.${md5("")}`)).opStatus,
      (await fixture.list(`${ASKED}/__ss_other/__meta.x`)).opStatus,
    ];
    for (const status of refused) expect(status.statusCode).to.equal(401);
  });

  it("tells which folders exist: the repository under its new prefix, folders by what is in them", async () => {
    const fixture = await stored({ [`${TABLET_KEY}/a.dat.${md5("")}`]: Buffer.alloc(0) });
    expect(await fixture.exists(ASKED)).to.equal(true);
    expect(await fixture.exists(PALO)).to.equal(false);
    expect(await fixture.exists(SNAPSHOT)).to.equal(true);
    expect(await fixture.exists(TABLET)).to.equal(true);
    expect(await fixture.exists(`${TABLET}/a.dat.${md5("")}`)).to.equal(true);
    expect(await fixture.exists(`${TABLET}/b.dat.${md5("")}`)).to.equal(false);
    expect(await fixture.exists(`${TABLET}6`)).to.equal(false);
  });

  it("does not take one label for another that begins with it, nor a .part for content", async () => {
    const part = `${LAYOUT.folder}/__ss_s1/__ss_content/__db_1/a.dat.part`;
    const longer = `${LAYOUT.folder}/__ss_s10/__meta.${md5("")}`;
    const fixture = await stored({ [part]: Buffer.alloc(0), [longer]: Buffer.alloc(0) });
    expect(await fixture.exists(`${SNAPSHOT}/__ss_content/__db_1`)).to.equal(false);
    expect(await fixture.names(`${SNAPSHOT}/__ss_content/__db_1`)).to.deep.equal([]);
    await fixture.memory.delete(part);
    expect(await fixture.exists(SNAPSHOT)).to.equal(false);
    expect(await fixture.names(SNAPSHOT)).to.deep.equal([]);
  });

  it("refuses paths that are not plain", async () => {
    const fixture = new Fixture();
    for (const path of [`${ASKED}/../x`, `${ASKED}/__ss_s1/a?`, `${ASKED}/__ss_*/x`, "nonsense"]) {
      expect((await fixture.list(path)).opStatus.statusCode, path).to.equal(404);
    }
  });

  it("changes nothing while it restores", async () => {
    const meta = `${SNAPSHOT_KEY}/__meta.${md5("")}`;
    const fixture = await stored({ [meta]: Buffer.alloc(0) });
    expect((await fixture.openWriter(`${TABLET}/a.dat.part`)).opStatus.statusCode).to.equal(401);
    expect((await fixture.delete(`${SNAPSHOT}/__meta.${md5("")}`)).statusCode).to.equal(401);
    const renamed = await fixture.rename(`${SNAPSHOT}/a.part`, `${SNAPSHOT}/a.${md5("")}`);
    expect(renamed.statusCode).to.equal(401);
    expect(fixture.memory.keys()).to.deep.equal([meta]);
  });

  it("lists no folder that lost files since it was sealed, and says so when it is asked again", async () => {
    const clock = new ManualClock();
    const sealed = new SealedFolders();
    const [one, two] = [`a.dat.${md5("1")}`, `b.dat.${md5("2")}`];
    for (const name of [one, two])
      sealed.add(`${TABLET_KEY.slice(SNAPSHOT_KEY.length + 1)}/${name}`, 1);
    const file = Buffer.from("x");
    const fixture = await stored(
      { [`${TABLET_KEY}/${one}`]: file, [`${TABLET_KEY}/${two}`]: file },
      { sealed: () => sealed, clock },
    );
    expect(await fixture.names(`${TABLET}/*`)).to.have.length(2);
    await fixture.memory.delete(`${TABLET_KEY}/${two}`);
    const ask = async () => {
      const { opStatus, files } = await fixture.list(`${TABLET}/*`);
      expect([opStatus.statusCode, files]).to.deep.equal([502, []]);
      return opStatus.message;
    };
    const replicas = [await ask(), await ask()];
    await clock.advance(10_000);
    const later = await ask();
    for (const text of replicas) expect(text).to.contain("is listed otherwise than it was sealed");
    expect(later).to.contain("has changed since it was sealed: 1 files");
    await fixture.memory.put(`${TABLET_KEY}/${two}`, file);
    expect(await fixture.names(`${TABLET}/*`)).to.have.length(2);
  });

  it("opens nothing any more once it drains, and answers so", async () => {
    const fixture = await stored({});
    fixture.service.beginDrain();
    const answer = await fixture.openReader(`${ASKED}/__repo_info`);
    expect(answer.opStatus.statusCode).to.equal(502);
    expect(answer.opStatus.message).to.contain("ending");
  });

  it("answers in time when the storage does not", async () => {
    const fixture = await stored({}, { deadlineMs: 40 });
    fixture.faulty.inject({ operation: "list", hold: new Promise(() => {}) });
    const answer = await fixture.list(`${ASKED}/__ss_*`);
    expect(answer.opStatus.statusCode).to.equal(502);
    expect(answer.opStatus.message).to.contain("40 ms");
    expect(answer.files).to.deep.equal([]);
  });
});
