// The recordings of a running FE (e2e/starrocks/testdata), call by call, at the agent's broker service:
// every call that was answered then must be answered now. Names that the recordings leave out (labels,
// rowsets, md5s) are filled in; a rename gets the md5 of what was written, as StarRocks would give it.
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { must } from "../../operator/assert.ts";
import type { BrokerFd } from "../../operator/broker/protocol.ts";
import {
  ASKED,
  content,
  Fixture,
  md5,
  MOUNT,
} from "../../operator/broker/testing/service-fixture.ts";

interface RecordedCall {
  readonly restart?: boolean;
  readonly c: number;
  readonly m: string;
  readonly p?: string;
  readonly to?: string;
  readonly t?: number;
  readonly client?: string;
  readonly off?: number;
  readonly n?: number;
}

interface Writing {
  readonly fd: BrokerFd;
  readonly path: string;
  readonly pieces: Buffer[];
}

const BACKUPS = ["create-repository-and-backup", "parallel-second-database"] as const;

describe("the agent and the recordings", () => {
  for (const name of BACKUPS) {
    it(`answers every call of ${name}`, async () => {
      const replay = new Replay(await recorded(name));
      await replay.run();
      expect(replay.answered).to.be.greaterThan(50);
      expect(replay.refused).to.deep.equal([]);
    });
  }

  it("answers __repo_info as the recorded broker did, by its length", async () => {
    const calls = await recorded("create-repository-and-backup");
    const read = must(calls.find((call) => call.m === "pread"));
    const fixture = new Fixture();
    expect((await fixture.readFile(`${ASKED}/__repo_info`)).length).to.equal(read.n);
  });
});

class Replay {
  answered = 0;
  readonly refused: string[] = [];
  readonly #fixture = new Fixture({ partBytes: 1024 * 1024, slots: 16, deadlineMs: 25_000 });
  readonly #calls: readonly RecordedCall[];
  readonly #clients: ReadonlyMap<number, string>;
  /** A BE has one upload worker and the FE one thread, so each writes one file at a time. */
  readonly #writing = new Map<string, Writing>();
  readonly #written = new Map<string, string>();
  #reading: BrokerFd | undefined;

  constructor(calls: readonly RecordedCall[]) {
    this.#calls = calls.filter((call) => call.restart !== true);
    this.#clients = clientsOf(this.#calls);
  }

  async run(): Promise<void> {
    for (const call of this.#calls) {
      const code = await this.#one(call);
      this.answered += 1;
      if (code !== 0) this.refused.push(`${code} ${JSON.stringify(call)}`);
    }
  }

  async #one(call: RecordedCall): Promise<number> {
    const path = pathOf(call.p ?? "", call);
    if (call.m.endsWith("Writer") || call.m === "pwrite") return await this.#write(call, path);
    if (call.m.endsWith("Reader") || call.m === "pread") return await this.#read(call, path);
    return await this.#other(call, path);
  }

  async #other(call: RecordedCall, path: string): Promise<number> {
    const { service } = this.#fixture;
    switch (call.m) {
      case "ping":
        return (await service.ping({ version: 1, clientId: must(call.client) })).statusCode;
      case "listPath":
        return (await this.#fixture.list(path)).opStatus.statusCode;
      case "checkPathExist":
        return (await this.#fixture.exists(path)) ? -1 : 0;
      case "deletePath":
        return (await this.#fixture.delete(path)).statusCode;
      default:
        return await this.#rename(path);
    }
  }

  async #write(call: RecordedCall, path: string): Promise<number> {
    const client = this.#clients.get(call.c) ?? "";
    if (call.m === "openWriter") {
      const { fd, opStatus } = await this.#fixture.openWriter(path);
      if (fd !== undefined) this.#writing.set(must(call.client), { fd, path, pieces: [] });
      return opStatus.statusCode;
    }
    const writing = must(this.#writing.get(client), `an open file of ${client}`);
    if (call.m === "pwrite") {
      const piece = content(must(call.n), writing.path.length + must(call.off));
      writing.pieces.push(piece);
      return (await this.#fixture.write(writing.fd, must(call.off), piece)).statusCode;
    }
    this.#writing.delete(client);
    this.#written.set(writing.path, md5(Buffer.concat(writing.pieces)));
    return (await this.#fixture.close(writing.fd)).statusCode;
  }

  async #rename(path: string): Promise<number> {
    const target = `${path.slice(0, -".part".length)}.${must(this.#written.get(path))}`;
    return (await this.#fixture.rename(path, target)).statusCode;
  }

  async #read(call: RecordedCall, path: string): Promise<number> {
    if (call.m === "openReader") {
      const { fd, opStatus } = await this.#fixture.openReader(path);
      this.#reading = fd;
      return opStatus.statusCode;
    }
    const fd = must(this.#reading);
    if (call.m === "closeReader") return (await this.#fixture.closeReader(fd)).statusCode;
    const { opStatus, data } = await this.#fixture.pread(fd, must(call.off), must(call.n));
    const bytes = (data ?? []).reduce((sum, chunk) => sum + chunk.length, 0);
    return bytes === call.n ? opStatus.statusCode : -1;
  }
}

/** Which caller a connection belongs to: by a call that says so, or by its tablet's uploader. */
function clientsOf(calls: readonly RecordedCall[]): ReadonlyMap<number, string> {
  const opened = calls.filter((call) => call.m === "openWriter" && call.t !== undefined);
  const uploaders = new Map(opened.map(({ t, client }) => [t, client]));
  const clients = new Map<number, string>();
  for (const { c, t, client } of calls) {
    const known = client?.includes(":") === true ? client : uploaders.get(t);
    if (known !== undefined && !clients.has(c)) clients.set(c, known);
  }
  return clients;
}

function pathOf(shape: string, call: RecordedCall): string {
  const folder = `__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__${call.t ?? 0}`;
  return shape
    .replace(/^P\//, `${MOUNT.location}/__palo_repository_k8s_j1/`)
    .replace(/^R\//, `${ASKED}/`)
    .replace("<label>", "s1")
    .replace("/D/", `/${folder}/`)
    .replace("<rowset>", "02000674c309e1d9")
    .replace("<tablet>", String(call.t))
    .replace("<md5>", "0".repeat(32))
    .replace("<ts>", "2026-11-21-02-33-57-032");
}

async function recorded(name: string): Promise<RecordedCall[]> {
  const file = new URL(`../starrocks/testdata/${name}.jsonl`, import.meta.url);
  const text = await readFile(file, "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RecordedCall);
}
