import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { TerminalError } from "../errors.ts";
import { loadConfig } from "./config.ts";

const GOOD = {
  location: "s3://bucket/prefix",
  folder: "__starrocks_repository_prod",
  repositoryName: "prod",
};

describe("loadConfig", () => {
  let dir = "";

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "agent-config-"));
  });

  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  async function load(file: object | string): Promise<ReturnType<typeof loadConfig>> {
    const path = join(dir, "agent.yaml");
    await writeFile(path, typeof file === "string" ? file : JSON.stringify(file));
    return await loadConfig(path);
  }

  async function failure(file: object | string): Promise<TerminalError> {
    try {
      await load(file);
    } catch (error) {
      if (error instanceof TerminalError) return error;
    }
    throw new Error("the configuration was accepted");
  }

  it("reads YAML and fills in the limits", async () => {
    const text =
      "location: s3://bucket/prefix\nfolder: __starrocks_repository_prod\nrepositoryName: prod\n";
    const config = await load(text);
    expect(config.storage).to.deep.equal({ location: "s3://bucket/prefix" });
    expect(config.limits).to.deep.equal({ memoryMiB: 256, partMiB: 8 });
  });

  it("takes larger parts on HDFS, where each costs more, as far as memory allows", async () => {
    const hdfs = { ...GOOD, location: "webhdfs://nn:9870/backup" };
    expect((await load(hdfs)).limits).to.deep.equal({ memoryMiB: 256, partMiB: 16 });
    const small = await load({ ...hdfs, limits: { memoryMiB: 20 } });
    expect(small.limits).to.deep.equal({ memoryMiB: 20, partMiB: 10 });
    const told = await load({ ...hdfs, limits: { partMiB: 5 } });
    expect(told.limits).to.deep.equal({ memoryMiB: 256, partMiB: 5 });
  });

  it("reads credentials from the Secret's files and never shows them", async () => {
    const credentialsDirectory = join(dir, "credentials");
    await mkdir(credentialsDirectory);
    await writeFile(join(credentialsDirectory, "accessKeyId"), "AKIA\n");
    await writeFile(join(credentialsDirectory, "secretAccessKey"), "very-secret\n");
    const config = await load({ ...GOOD, credentialsDirectory });
    const credentials = config.storage.s3?.credentials;
    const now = typeof credentials === "function" ? await credentials() : credentials;
    expect(now?.secretAccessKey.reveal()).to.equal("very-secret");
    expect(JSON.stringify(config)).to.not.contain("very-secret");
  });

  async function writeFiles(
    folder: string,
    files: Readonly<Record<string, string>>,
  ): Promise<void> {
    await mkdir(join(dir, folder));
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(dir, folder, name), content);
    }
  }

  it("reads everything of S3, and the web identity's token beside itself", async () => {
    const s3 = {
      region: "eu-central-1",
      role: {
        arn: "arn:aws:iam::1:role/r",
        externalId: "x",
        sessionSeconds: 900,
        stsEndpoint: "https://sts",
        webIdentityTokenFile: "../identity/token",
      },
      storageClass: "STANDARD_IA",
      encryption: { algorithm: "aws:kms", kmsKeyId: "alias/k" },
      tags: { team: "data" },
    };
    const config = await load({ ...GOOD, s3 });
    const webIdentityTokenFile = resolve(dir, "../identity/token");
    const role = { ...s3.role, webIdentityTokenFile };
    expect(config.storage).to.deep.equal({ location: GOOD.location, s3: { ...s3, role } });
  });

  it("reads everything of Google Cloud Storage", async () => {
    const location = "gs://bucket/prefix";
    const gcs = { endpoint: "https://gcs", storageClass: "NEARLINE", kmsKeyName: "projects/p" };
    expect((await load({ ...GOOD, location, gcs })).storage).to.deep.equal({ location, gcs });
    await writeFiles("credentials", {
      "credentials.json": `{"type":"service_account","client_email":"e","private_key":"very-secret"}`,
    });
    const { storage } = await load({ ...GOOD, location, credentialsDirectory: "credentials" });
    expect((await storage.gcs?.credentials?.())?.reveal()).to.contain("very-secret");
  });

  it("reads everything of HDFS", async () => {
    const location = "hdfs://prod/backups";
    const hdfs = { nameNodes: ["https://nn1:9871", "https://nn2:9871"], user: "starrocks" };
    expect((await load({ ...GOOD, location, hdfs })).storage).to.deep.equal({ location, hdfs });
    await writeFiles("credentials", { delegationToken: "very-secret" });
    const config = await load({ ...GOOD, location, hdfs, credentialsDirectory: "credentials" });
    expect(config.storage.hdfs?.nameNodes).to.deep.equal(hdfs.nameNodes);
    expect((await config.storage.hdfs?.credentials?.())?.kind).to.equal("token");
  });

  it("reads the way to the storage: authorities and a proxy", async () => {
    await writeFiles("ca", { "ca.crt": "-----BEGIN CERTIFICATE-----" });
    await writeFiles("proxy", { user: "u", password: "very-secret" });
    const proxy = { url: "http://proxy:3128", noProxy: [".svc"], credentialsDirectory: "proxy" };
    const config = await load({ ...GOOD, connection: { caBundleFile: "ca/ca.crt", proxy } });
    const { connection } = config.storage;
    expect(connection?.caBundle).to.equal("-----BEGIN CERTIFICATE-----");
    expect(connection?.proxy?.credentials?.password.reveal()).to.equal("very-secret");
    expect(JSON.parse(JSON.stringify(connection?.proxy))).to.deep.equal({
      url: "http://proxy:3128",
      noProxy: [".svc"],
      credentials: { user: "u", password: "***" },
    });
  });

  it("says which file of authorities is not there", async () => {
    const error = await failure({ ...GOOD, connection: { caBundleFile: "ca/ca.crt" } });
    expect(error.message).to.match(/connection\.caBundleFile .*ca\.crt cannot be read/);
  });

  it("says which key of the Secret is missing", async () => {
    const credentialsDirectory = join(dir, "credentials");
    await mkdir(credentialsDirectory);
    await writeFile(join(credentialsDirectory, "accessKeyId"), "AKIA");
    const error = await failure({ ...GOOD, credentialsDirectory });
    expect(error.message).to.contain("no key secretAccessKey");
  });

  const wrong: readonly { name: string; file: object | string; says: string }[] = [
    { name: "no YAML", file: "a: [", says: "no YAML" },
    { name: "a missing field", file: { location: "s3://b" }, says: "folder" },
    { name: "an unknown field", file: { ...GOOD, bucket: "b" }, says: "unknown field bucket" },
    {
      name: "a wrong type",
      file: { ...GOOD, s3: { forcePathStyle: "yes" } },
      says: "s3.forcePathStyle",
    },
    {
      name: "settings of another kind of storage",
      file: { ...GOOD, gcs: {} },
      says: "gcs is for another kind of location",
    },
    {
      name: "a location of no kind",
      file: { ...GOOD, location: "file:///backups" },
      says: "must begin with s3://, gs://, hdfs://",
    },
    {
      name: "a role without its name",
      file: { ...GOOD, s3: { role: { externalId: "x" } } },
      says: "s3.role must have required property 'arn'",
    },
    {
      name: "a session that is too long",
      file: { ...GOOD, s3: { role: { arn: "a", sessionSeconds: 86_400 } } },
      says: "s3.role.sessionSeconds must be <= 43200",
    },
    {
      name: "an unknown encryption",
      file: { ...GOOD, s3: { encryption: { algorithm: "rot13" } } },
      says: "s3.encryption.algorithm",
    },
    {
      name: "a NameNode that is no URL",
      file: { ...GOOD, location: "hdfs://p/b", hdfs: { nameNodes: ["nn1:9870"] } },
      says: "hdfs.nameNodes.0",
    },
    {
      name: "a proxy with a password in its URL",
      file: { ...GOOD, connection: { proxy: { url: "http://u:very-secret@proxy:3128" } } },
      says: "connection.proxy.url",
    },
    {
      name: "a folder of no repository",
      file: { ...GOOD, folder: "backups" },
      says: "folder backups",
    },
    {
      name: "a bandwidth that cannot work",
      file: { ...GOOD, limits: { bandwidth: 1000 } },
      says: "limits.bandwidth",
    },
    {
      name: "memory for less than two parts",
      file: { ...GOOD, limits: { memoryMiB: 16, partMiB: 16 } },
      says: "two parts",
    },
  ];
  for (const { name, file, says } of wrong) {
    it(`refuses ${name} and names it`, async () => {
      const { message } = await failure(file);
      expect(message).to.contain(says);
      expect(message).to.not.contain("very-secret");
    });
  }

  it("says that the file cannot be read", async () => {
    let message = "";
    try {
      await loadConfig(join(dir, "missing.yaml"));
    } catch (error) {
      message = String(error);
    }
    expect(message).to.contain("cannot be read");
  });
});
