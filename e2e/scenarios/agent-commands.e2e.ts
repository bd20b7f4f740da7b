// Agent commands as a pod runs them: what they answer to right and wrong surroundings, and how a serving
// agent obeys. Exit codes and termination messages are what the operator and a person at 3 a.m. go by.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { BrokerClient } from "../../operator/broker/testing/client.ts";
import { startFauxqs } from "../servers/fauxqs.ts";
import { startFaultProxy, type FaultProxy } from "../servers/fault-proxy.ts";
import type { S3Server } from "../servers/s3-server.ts";
import { AgentProcess, Place, runAgent, startAgent } from "./agent-process.ts";

const FOLDER = "backup://mount/__starrocks_repository_k8s_j1";
const TABLET = `${FOLDER}/__ss_s1/__ss_content/__db_1/__tbl_2/__part_3/__idx_4/__5`;
const TOKEN = "token-of-this-mount";
const properties = new Map([["token", TOKEN]]);

describe("agent commands", () => {
  let dir = "";
  let server: S3Server;
  let s3: FaultProxy;
  let place: Place;
  const clients: BrokerClient[] = [];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "agent-commands-"));
    server = await startFauxqs();
    s3 = await startFaultProxy(server, { answerListUploads: true });
    place = await Place.create({ dir, server, endpoint: s3.endpoint });
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    s3.heal();
  });

  after(async () => {
    await s3.stop();
    await server.stop();
    await rm(dir, { recursive: true });
  });

  async function serve(options: { attempt: string; annotations?: string }): Promise<AgentProcess> {
    return await startAgent(place, {
      mode: "backup",
      label: "s1",
      backupUid: "uid-1",
      mountLocation: "backup://mount",
      mountRepository: "k8s_j1",
      token: TOKEN,
      listen: "127.0.0.33:0",
      ...options,
    });
  }

  async function connect(agent: AgentProcess): Promise<BrokerClient> {
    const { port } = await agent.line("serving");
    const client = await BrokerClient.connect("127.0.0.33", Number(port));
    clients.push(client);
    return client;
  }

  it("probe finds a good place good, twice", async () => {
    for (let round = 0; round < 2; round += 1) {
      const { code, termination } = await runAgent(place, "probe");
      expect(code, JSON.stringify(termination)).to.equal(0);
      expect(termination).to.include({ exitCode: 0, reason: "Probed" });
    }
    expect(s3.openUploads()).to.deep.equal([]);
  });

  const rights = [
    { operation: "PutObject", right: "s3:PutObject" },
    { operation: "GetObject", right: "s3:GetObject" },
    { operation: "ListObjectsV2", right: "s3:ListBucket" },
    { operation: "DeleteObject", right: "s3:DeleteObject" },
  ] as const;
  for (const { operation, right } of rights) {
    it(`probe says that ${right} is missing, and ends with 42`, async () => {
      const harm = { do: "refuse", status: 403, code: "AccessDenied" } as const;
      s3.inject({ operation, times: Infinity, harm });
      const { code, termination } = await runAgent(place, "probe");
      expect(code, JSON.stringify(termination)).to.equal(42);
      expect(termination["message"]).to.contain(right);
    });
  }

  it("probe says that the bucket is missing, and ends with 42", async () => {
    const bucket = "elsewhere";
    const other = await Place.create({
      dir: join(dir, "elsewhere"),
      server: { ...server, bucket },
    });
    const { code, termination } = await runAgent(other, "probe");
    expect(code).to.equal(42);
    expect(termination["message"]).to.contain("elsewhere").and.contain("bucket");
  });

  it("commands end with 42 and say what to write when they are called wrongly", async () => {
    const agent = new AgentProcess(place, { command: "prune", flags: { label: "s1" } });
    expect((await agent.ended).code).to.equal(42);
    expect(agent.dump()).to.contain("--backup-uid is missing");
  });

  it("a second attempt under another backup's name is refused before anything is served", async () => {
    const agent = await serve({ attempt: "taken" });
    agent.kill("SIGKILL");
    const other = new AgentProcess(place, {
      command: "serve",
      flags: {
        mode: "backup",
        label: "s1",
        attempt: "taken",
        "backup-uid": "uid-2",
        "mount-location": "backup://mount",
        "mount-repository": "k8s_j1",
        "token-sha256": createHash("sha256").update(TOKEN).digest("hex"),
        listen: "127.0.0.33:0",
      },
    });
    expect((await other.ended).code).to.equal(42);
    expect(await other.termination()).to.include({ reason: "AttemptTaken" });
  });

  it("a serving agent changes its bandwidth and drains when its pod's annotations say so", async () => {
    const annotations = join(dir, "annotations");
    await writeFile(annotations, 'a="b"\n');
    const agent = await serve({ attempt: "a1", annotations });
    const client = await connect(agent);
    await writeFile(annotations, 'backup.starrocks.io/bandwidth="2097152"\n');
    expect(await agent.line("bandwidth changed")).to.include({ bytesPerSecond: 2_097_152 });
    const ping = client.call("ping", { version: 1, clientId: "be:9060" });
    expect((await ping).statusCode).to.equal(0);
    await writeFile(annotations, 'backup.starrocks.io/drain="true"\n');
    expect((await agent.ended).code).to.equal(0);
    expect(await agent.termination()).to.include({ exitCode: 0, reason: "Drained" });
  });

  it("SIGTERM in the middle of an upload leaves nothing behind but the attempt's note", async () => {
    const agent = await serve({ attempt: "a2" });
    const client = await connect(agent);
    const { fd } = await client.call("openWriter", {
      version: 1,
      path: `${TABLET}/a.dat.part`,
      openMode: 1,
      clientId: "be:9060",
      properties,
    });
    if (fd === undefined) throw new Error("the file was not opened");
    const piece = Buffer.alloc(4 * 1024 * 1024, 7);
    for (let i = 0; i < 5; i += 1) {
      const offset = BigInt(i * piece.length);
      expect((await client.pwrite({ version: 1, fd, offset }, [piece])).statusCode).to.equal(0);
    }
    expect(s3.openUploads()).to.have.length(1);
    agent.kill("SIGTERM");
    expect((await agent.ended).code).to.equal(1);
    expect(await agent.termination()).to.include({ reason: "Interrupted" });
    expect(s3.openUploads()).to.deep.equal([]);
    expect(agent.dump()).to.not.contain(TOKEN);
  });

  it("without a Secret the pod's own identity signs, and without one of those it says so", async () => {
    const signers: string[] = [];
    const listing = createServer((request, response) => {
      signers.push(/Credential=([^/]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "nobody");
      const empty = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
      response.writeHead(200, { "content-type": "application/xml" }).end(empty);
    });
    listing.listen(0, "127.0.0.1");
    await once(listing, "listening");
    const { port } = listing.address() as AddressInfo;
    const own = await Place.create({
      dir: join(dir, "own"),
      server: { ...server, endpoint: `http://127.0.0.1:${port}` },
      ownIdentity: true,
    });
    const keys = { AWS_ACCESS_KEY_ID: "key-of-the-pod", AWS_SECRET_ACCESS_KEY: "its-secret" };
    const signed = await runAgent(own, "catalog", {}, keys);
    expect(signed.code, JSON.stringify(signed.termination)).to.equal(0);
    expect(new Set(signers)).to.deep.equal(new Set(["key-of-the-pod"]));
    expect(signed.agent.dump()).to.not.contain("its-secret");

    const bare = await runAgent(own, "catalog");
    expect(bare.code, JSON.stringify(bare.termination)).to.equal(42);
    expect(bare.termination["message"]).to.contain("credentials");
    listing.close();
  });

  it("an agent that ends by a bug of its own says so to Kubernetes", async () => {
    const bug = 'process.on("SIGUSR2", () => { throw new Error("oops"); })';
    const agent = new AgentProcess(place, {
      command: "probe",
      environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}` },
    });
    // The moment it asks for something, it is at work.
    s3.inject({ operation: "ListObjectsV2", harm: { do: "wait", beforeMs: 60_000, afterMs: 0 } });
    await expectSoon(() => s3.requests.length > 0);
    agent.kill("SIGUSR2");
    expect((await agent.ended).code).to.equal(70);
    const told = await agent.termination();
    expect(told).to.include({ exitCode: 70, reason: "InternalError" });
    expect(told["message"]).to.contain("oops");
  });

  it("catalog lists what is there", async () => {
    const { code, termination, agent } = await runAgent(place, "catalog");
    expect(code, JSON.stringify(termination)).to.equal(0);
    expect(agent.dump()).to.not.contain("error");
  });
});

async function expectSoon(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !holds(); await sleep(20)) {
    if (Date.now() > end) throw new Error("the agent asked the store for nothing");
  }
}
