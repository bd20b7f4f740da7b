import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openCredentials } from "./credentials.ts";

describe("openCredentials", () => {
  let dir = "";

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "credentials-"));
    await write("accessKeyId", "first\n");
    await write("secretAccessKey", "secret");
  });

  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  async function write(name: string, content: string): Promise<void> {
    await writeFile(join(dir, name), content);
  }

  it("gives what the files say now", async () => {
    const credentials = await openCredentials(dir);
    expect((await credentials()).sessionToken).to.equal(undefined);
    await write("accessKeyId", "second");
    await write("sessionToken", "token");
    const now = await credentials();
    expect(now.accessKeyId).to.equal("second");
    expect(now.sessionToken?.reveal()).to.equal("token");
  });

  it("keeps the last good ones while a file is missing", async () => {
    const credentials = await openCredentials(dir);
    await rm(join(dir, "secretAccessKey"));
    expect((await credentials()).accessKeyId).to.equal("first");
  });
});
