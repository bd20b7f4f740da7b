// Credentials that change while a job runs, on each storage: the Secret's files are replaced (or a role's session ends)
// in the middle of a backup, the old ones stop working, and the same attempt goes on to its end.
// Who is let in is decided by fronts (e2e/servers): before fake-gcs-server, MiniDFSCluster and fauxqs.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { keyIdOf } from "../servers/gcs-identity.ts";
import { GcsStorageServer } from "../servers/gcs-storage.ts";
import { startHdfsGateway } from "../servers/hdfs/gateway.ts";
import { HdfsStorageServer } from "../servers/hdfs-storage.ts";
import { describeWith } from "../servers/installed.ts";
import { S3Sessions } from "../servers/s3-sessions.ts";
import { S3Storage } from "../servers/s3-storage.ts";
import type { StorageServer } from "../servers/storage-server.ts";
import { DataPath, secretsOf } from "./data-path.ts";

const MIB = 1024 * 1024;
/** So that the backup of {@link SHOP} takes about half a minute, wherever it runs. */
const BANDWIDTH = MIB;
const SHOP = {
  name: "shop",
  tables: [{ name: "t", partitions: ["p1"], tablets: 2, segmentBytes: [6 * MIB, 9 * MIB, 10_000] }],
} as const;
/** Agents look at the Secret's files every few seconds. */
const SEEN_MS = 60_000;
/** Requests of one agent that may have been signed before the change and arrive after it. */
const UNDER_WAY = 20;

describeWith("fake-gcs-server", "credentials that change during a backup to GCS", () => {
  it("are taken up: a service account's key is replaced, and the old one revoked", async () => {
    const storage = await GcsStorageServer.start();
    const { identities, credentials: first } = storage.server;
    await withPath(storage, async (path) => {
      const second = identities.addAccount();
      await backUpMeanwhile(path, async () => {
        await path.place.renewCredentials({ "credentials.json": second });
        const uses = () => identities.accepted.filter((id) => id === keyIdOf(second)).length;
        await until("requests with the new key", () => uses() > UNDER_WAY);
        identities.revoke(first);
      });
      expect(identities.refused, "requests with the old key after its end").to.equal(0);
      for (const key of [first, second]) expectUnseen(path, [privateLine(key)]);
    });
  });
});

describeWith("hadoop", "credentials that change during a backup to HDFS behind a gateway", () => {
  it("are taken up: the password is changed, and the old one refused", async () => {
    const [first, second] = ["the-first-password", "the-second-password"] as const;
    const hdfs = await HdfsStorageServer.start();
    const [nameNode = ""] = hdfs.cluster.nameNodes;
    const user = "starrocks";
    const gateway = await startHdfsGateway({ nameNode, user, password: first });
    const storage = reachedBy(hdfs, {
      settings: { hdfs: { nameNodes: [gateway.address] } },
      credentials: { user, password: first },
      stop: () => gateway.stop(),
    });
    await withPath(storage, async (path) => {
      gateway.addPassword(second);
      await backUpMeanwhile(path, async () => {
        await path.place.renewCredentials({ password: second });
        const uses = () => gateway.accepted.get(second) ?? 0;
        await until("requests with the new password", () => uses() > UNDER_WAY);
        gateway.revokePassword(first);
      });
      expect(gateway.refused(), "requests with the old password after its end").to.equal(0);
      expectUnseen(path, [first, second, Buffer.from(`${user}:${second}`).toString("base64")]);
    });
  });
});

describe("a role's session that is shorter than a backup to S3", () => {
  const lifeMs = 8000;
  for (const [name, toldMs] of [
    ["is renewed before its end", lifeMs],
    ["is renewed when it is taken back before the end that was told", 3_600_000],
  ] as const) {
    it(name, async () => {
      const s3 = await S3Storage.start();
      const { accessKeyId = "" } = s3.credentials;
      const behind = s3.proxy.endpoint;
      const front = await S3Sessions.start({ behind, accessKeyId, lifeMs, toldMs });
      const role = { arn: "arn:aws:iam::123456789012:role/backup", stsEndpoint: front.endpoint };
      const region = "us-east-1";
      const settings = { endpoint: front.endpoint, region, forcePathStyle: true, role };
      const storage = reachedBy(s3, {
        settings: { s3: settings },
        credentials: s3.credentials,
        stop: () => front.stop(),
      });
      await withPath(storage, async (path) => {
        await backUpMeanwhile(path, async () => {});
        const used = [...front.sessions.values()].filter((session) => session.used > 0);
        expect(used.length, "sessions that were used").to.be.greaterThan(2);
        expect(front.refused, "requests of nobody").to.equal(0);
        if (toldMs > lifeMs) expect(front.expired).to.be.greaterThan(0);
        expectUnseen(path, front.secrets());
      });
    });
  }
});

/** The same storage, reached by another way, which is stopped with it. */
function reachedBy(
  server: StorageServer,
  way: Pick<StorageServer, "settings" | "credentials" | "stop">,
): StorageServer {
  return {
    kind: server.kind,
    location: (folder) => server.location(folder),
    settings: way.settings,
    credentials: way.credentials,
    list: () => server.list(),
    read: (key) => server.read(key),
    write: (key, content) => server.write(key, content),
    unfinished: () => server.unfinished(),
    stop: async () => {
      await way.stop();
      await server.stop();
    },
  };
}

async function withPath(
  storage: StorageServer,
  run: (path: DataPath) => Promise<void>,
): Promise<void> {
  const path = await DataPath.start({
    storage: async () => storage,
    starrocks: { backends: 1, backendWorkers: 2 },
    limits: { partMiB: 5, memoryMiB: 64, bandwidth: BANDWIDTH },
  });
  try {
    await path.starrocks.createDatabase(SHOP);
    await run(path);
  } finally {
    await path.stop();
  }
}

/** A backup during which `change` happens while bytes flow; it ends well, at once, and is whole. */
async function backUpMeanwhile(path: DataPath, change: () => Promise<void>): Promise<void> {
  await path.mount("backup", "b");
  await path.backup("shop", "b", ["t"]);
  let changing: Promise<void> | undefined;
  const end = await path.untilEnded("BACKUP", "shop", (row) => {
    if (row["State"] === "UPLOADING") changing ??= change();
    // Awaited below; a failure of it must not end the process before.
    changing?.catch(() => {});
  });
  expect(changing, "the backup was seen while it uploaded").to.not.equal(undefined);
  await changing;
  expect(end.state, `${JSON.stringify(end)}\n${path.dump()}`).to.equal("FINISHED");
  expect(end.taskErrors).to.equal("");
  await path.unmount();
  for (const { code, termination } of [await path.seal("b"), await path.verify("b", "checksums")]) {
    expect(code, JSON.stringify(termination)).to.equal(0);
  }
  expect(await path.litter()).to.deep.equal([]);
  expect(path.starrocks.violations).to.deep.equal([]);
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + SEEN_MS;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`no ${what} in ${SEEN_MS} ms`);
    await sleep(20);
  }
}

function expectUnseen(path: DataPath, secrets: readonly string[]): void {
  const output = path.output();
  for (const secret of [...secrets, ...secretsOf(path)]) expect(output).to.not.contain(secret);
}

/** A line of the private key: the whole has line breaks, which logs write in another way. */
function privateLine(keyFile: string): string {
  const { private_key: key } = JSON.parse(keyFile) as { readonly private_key: string };
  return key.split("\n")[1] ?? key;
}
