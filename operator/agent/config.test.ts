import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
      expect((await failure(file)).message).to.contain(says);
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
