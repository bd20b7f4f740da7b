// The life of a serving agent, over real sockets on loopback and a storage in memory; time is the test's.
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { must } from "../assert.ts";
import type { OperationStatus } from "../broker/protocol.ts";
import { recordIntent } from "../broker/intents.ts";
import { RepositoryLayout } from "../broker/layout.ts";
import { BrokerClient } from "../broker/testing/client.ts";
import { recordingLog } from "../broker/testing/recording-log.ts";
import { makeFaulty, type Fault, type Faulty } from "../storage/testing/faulty.ts";
import { MemoryStorage } from "../storage/testing/memory.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { DRAIN_ANNOTATION } from "./annotations.ts";
import type { Flags } from "./arguments.ts";
import { writeStagingNote } from "./commands/staging-note.ts";
import type { Outcome } from "./outcome.ts";
import { serve } from "./serve.ts";

const FOLDER = "__starrocks_repository_prod";
const TABLET =
  "backup://mount/__starrocks_repository_k8s_j1/__ss_s1/__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__5";
const staging = new RepositoryLayout(FOLDER).staging("a1");
const PART_BYTES = 5 * 1024 * 1024;
const properties = new Map([["token", "secret1"]]);

/** One agent that serves a backup, and what a test does to it. */
class Served {
  readonly clock = new ManualClock();
  readonly log = recordingLog();
  readonly memory: MemoryStorage;
  readonly faulty: Faulty;
  readonly #signal = new AbortController();
  readonly #clients: BrokerClient[] = [];
  outcome: Outcome | undefined;

  constructor(memory = new MemoryStorage()) {
    this.memory = memory;
    this.faulty = makeFaulty(memory, this.clock);
  }

  start(flags: Partial<Flags<"serve">> = {}): void {
    const { clock, log } = this;
    const limits = { memoryMiB: 32, partMiB: 5 };
    const config = {
      storage: { location: "s3://b" },
      folder: FOLDER,
      repositoryName: "prod",
      limits,
    };
    const deps = {
      config,
      storage: this.faulty.storage,
      clock,
      log,
      signalled: this.#signal.signal,
    };
    void serve(deps, {
      config: "",
      "termination-log": "",
      "log-level": "info",
      mode: "backup",
      label: "s1",
      attempt: "a1",
      "backup-uid": "uid1",
      "mount-location": "backup://mount",
      "mount-repository": "k8s_j1",
      "token-sha256": createHash("sha256").update("secret1").digest("hex"),
      "create-time": "2026-01-01 00:00:00",
      listen: "127.0.0.1:0",
      "deadline-seconds": "25",
      annotations: "",
      ...flags,
    }).then((outcome) => {
      this.outcome = outcome;
    });
  }

  signalled(): void {
    this.#signal.abort(new Error("SIGTERM"));
  }

  async connect(): Promise<BrokerClient> {
    const serving = () => this.log.lines.find((line) => line.message === "serving");
    await this.until(() => serving() !== undefined);
    const client = await BrokerClient.connect("127.0.0.1", Number(serving()?.fields["port"]));
    this.#clients.push(client);
    return client;
  }

  /** Opens a file of a tablet, and writes so many bytes into it. */
  async write(client: BrokerClient, name: string, bytes: number) {
    const path = `${TABLET}/${name}.part`;
    const request = { version: 1, path, openMode: 1, clientId: "be:1", properties } as const;
    const { fd } = await client.call("openWriter", request);
    const data = Buffer.alloc(bytes, name);
    await client.pwrite({ version: 1, fd: must(fd), offset: 0n }, [data]);
    return { fd: must(fd), path, md5: createHash("md5").update(data).digest("hex") };
  }

  /** Sends a whole file that is too large for memory; answers how its rename was answered. */
  async publish(client: BrokerClient): Promise<OperationStatus> {
    const { fd, path, md5 } = await this.write(client, "a.dat", PART_BYTES + 1);
    await client.call("closeWriter", { version: 1, fd });
    const destPath = `${path.slice(0, -"part".length)}${md5}`;
    return await client.call("renamePath", { version: 1, srcPath: path, destPath, properties });
  }

  async until(isSo: () => boolean): Promise<void> {
    for (let turn = 0; !isSo(); turn += 1) {
      if (turn > 1_000_000) throw new Error("it never became so");
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  /** Lets so many seconds pass, and sockets move meanwhile. */
  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds && this.outcome === undefined; second += 1) {
      await this.clock.advance(1000);
      for (let turn = 0; turn < 20; turn += 1) await this.clock.advance(0);
    }
  }

  /** How the agent ended, which must need no more than so many seconds. */
  async endedWithin(seconds: number): Promise<Outcome> {
    await this.pass(seconds);
    // The watchdog's thread ends in real time, sockets too; the test's clock stands still.
    await this.until(() => this.outcome !== undefined);
    return must(this.outcome);
  }

  /** Also after a failure: its watchdog would end the tests when another one keeps the event loop busy. */
  async end(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.signalled();
    await this.pass(30);
  }
}

const never: Pick<Fault, "hold" | "times"> = { hold: new Promise(() => {}), times: Infinity };

describe("serve", () => {
  let served: Served;

  beforeEach(() => {
    served = new Served();
  });
  afterEach(() => served.end());

  it("takes no attempt that is another Backup's, and changes nothing", async () => {
    const createdAt = "2026-01-01T00:00:00.000Z";
    const note = { version: 1, backupUid: "uid2", label: "s1", attempt: "a1", createdAt } as const;
    await writeStagingNote(served.memory, staging, note);
    const before = served.memory.content(staging.note());
    served.start();
    const outcome = await served.endedWithin(0);
    expect(outcome).to.include({ exitCode: 42, reason: "AttemptTaken" });
    expect(outcome.message).to.contain("uid2");
    expect(served.memory.content(staging.note())).to.deep.equal(before);
  });

  it("takes up an attempt that is its own", async () => {
    served.start();
    await served.connect();
    const successor = new Served(served.memory);
    successor.start();
    await successor.connect();
    for (const agent of [served, successor]) {
      agent.signalled();
      await agent.endedWithin(25);
    }
    await successor.end();
  });

  it("restores no snapshot that is not there", async () => {
    served.start({ mode: "restore" });
    const outcome = await served.endedWithin(0);
    expect(outcome).to.include({ exitCode: 42, reason: "SnapshotMissing" });
  });

  it("finishes what a dead agent left, and gives up what nobody comes back for", async () => {
    const to = `${FOLDER}/__ss_s1/a.dat.0123`;
    await served.memory.put(staging.data("1"), Buffer.from("abc"));
    const intent = { version: 1, id: "1", from: staging.data("1"), to, size: 3 } as const;
    await recordIntent(served.memory, staging, intent);
    served.start();
    const client = await served.connect();
    await served.until(() => served.memory.content(to) !== undefined);

    const { fd } = await served.write(client, "a.dat", 10);
    await served.pass(331);
    const closed = await client.call("closeWriter", { version: 1, fd });
    expect(closed.message).to.contain("did not open");
    served.signalled();
    await served.endedWithin(25);
  });

  it("opens nothing any more while it drains", async () => {
    served.start();
    const client = await served.connect();
    served.faulty.inject({ operation: "move", ...never });
    const renamed = served.publish(client);
    await served.until(() => served.faulty.count("move") > 0);
    await served.pass(10);
    expect((await renamed).statusCode).to.equal(0);
    served.signalled();
    await served.pass(1);
    const path = `${TABLET}/b.dat.part`;
    const request = { version: 1, path, openMode: 1, clientId: "be:1", properties } as const;
    expect((await client.call("openWriter", request)).opStatus.message).to.contain("ending");
    await served.endedWithin(25);
  });

  it("ends by a signal that came while it was starting", async () => {
    served.faulty.inject({ operation: "read", ...never });
    served.start();
    await served.until(() => served.faulty.count("read") === 1);
    served.signalled();
    expect(await served.endedWithin(5)).to.include({ exitCode: 1, reason: "Interrupted" });
    expect(served.memory.keys()).to.deep.equal([]);
  });

  it("ends by a signal that came when it had just started", async () => {
    served.start();
    served.signalled();
    expect(await served.endedWithin(5)).to.include({ exitCode: 1, reason: "Interrupted" });
  });

  it("answers what is in flight when it ends", async () => {
    served.start();
    const client = await served.connect();
    served.faulty.inject({ operation: "list", ...never });
    const path = `${TABLET}/*`;
    const request = { version: 1, path, isRecursive: false, properties } as const;
    const answer = client.call("listPath", request);
    await served.until(() => served.faulty.calls.some((call) => call.key.includes("__ss_content")));
    served.signalled();
    expect(await served.endedWithin(25)).to.include({ reason: "Interrupted" });
    const { opStatus } = await answer;
    expect(opStatus.statusCode).to.equal(502);
    expect(opStatus.message).to.contain("ending");
  });

  it("ends in the time that Kubernetes gives, whatever the storage does", async () => {
    served.start();
    const client = await served.connect();
    served.faulty.inject({ operation: "upload.part", ...never });
    served.faulty.inject({ operation: "upload.abort", ...never });
    await served.write(client, "a.dat", PART_BYTES + 1);
    served.signalled();
    expect(await served.endedWithin(29)).to.include({ exitCode: 1, reason: "Interrupted" });
  });

  it("hurries when a signal comes while it drains as ordered", async () => {
    const folder = await mkdtemp(join(tmpdir(), "serve-test-"));
    try {
      const annotations = join(folder, "annotations");
      await writeFile(annotations, "");
      served.start({ annotations });
      const client = await served.connect();
      served.faulty.inject({ operation: "move", ...never });
      const { fd, path, md5 } = await served.write(client, "a.dat", PART_BYTES + 1);
      await client.call("closeWriter", { version: 1, fd });
      const destPath = `${path.slice(0, -"part".length)}${md5}`;
      const renamed = client.call("renamePath", {
        version: 1,
        srcPath: path,
        destPath,
        properties,
      });
      await served.until(() => served.faulty.count("move") > 0);
      await served.pass(10);
      expect((await renamed).statusCode).to.equal(0);

      await writeFile(annotations, `${DRAIN_ANNOTATION}="true"\n`);
      const draining = () => served.log.messages("info").includes("draining");
      while (!draining()) await served.pass(1);
      await served.pass(60);
      expect(served.outcome).to.equal(undefined);
      served.signalled();
      expect(await served.endedWithin(29)).to.include({ exitCode: 1, reason: "IntentsLeft" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
