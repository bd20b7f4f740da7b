import { execFile } from "node:child_process";
import { mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { RecordingLog } from "./commands/testing/recording-log.ts";
import { outcomeOf } from "./commands/outcome-of.ts";
import { describeError } from "../errors.ts";
import { silentLog } from "../log.ts";
import {
  openGcsCredentials,
  openHdfsCredentials,
  openS3Credentials,
  readProxyCredentials,
} from "./credentials.ts";

const CONTEXT = { location: "s3://b", signal: new AbortController().signal };

const KEY = JSON.stringify({
  type: "service_account",
  client_email: "backup@acme.iam.gserviceaccount.com",
  private_key: "-----BEGIN PRIVATE KEY-----",
});
const FEDERATION = JSON.stringify({
  type: "external_account",
  audience: "//iam.googleapis.com/…",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: { file: "/etc/starrocks-backup/identity/token" },
});

describe("credentials from a mounted Secret", () => {
  let dir = "";

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "credentials-"));
  });

  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  async function write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
  }

  async function refusal(opened: Promise<unknown>): Promise<string> {
    try {
      await opened;
    } catch (error) {
      expect(outcomeOf(error, CONTEXT).exitCode).to.equal(42);
      return describeError(error);
    }
    throw new Error("the credentials were accepted");
  }

  it("are all of one version where Kubernetes puts a new one in place while they are read", async () => {
    const mounted = join(dir, "mounted");
    const put = async (version: string): Promise<void> => {
      await symlink(`..${version}`, join(mounted, "..data_tmp"));
      await rename(join(mounted, "..data_tmp"), join(mounted, "..data"));
    };
    for (const version of ["old", "new"]) {
      await mkdir(join(mounted, `..${version}`), { recursive: true });
      await writeFile(join(mounted, `..${version}`, "user"), version);
    }
    await writeFile(join(mounted, "..new", "password"), "new");
    // Whoever opens the old one's waits until we write.
    const pipe = join(mounted, "..old", "password");
    await promisify(execFile)("mkfifo", [pipe]);
    await put("old");
    for (const key of ["user", "password"]) {
      await symlink(join("..data", key), join(mounted, key));
    }
    const reading = readProxyCredentials(mounted);
    const answer = await open(pipe, "w");
    await put("new");
    await answer.write("of another version");
    await answer.close();
    const { user, password } = await reading;
    expect([user, password.reveal()]).to.deep.equal(["new", "new"]);
  });

  describe("of S3", () => {
    beforeEach(() => write({ accessKeyId: "first\n", secretAccessKey: "secret" }));

    it("are what the files say now", async () => {
      const credentials = await openS3Credentials(dir, silentLog);
      expect((await credentials()).sessionToken).to.equal(undefined);
      await write({ accessKeyId: "second", sessionToken: "token" });
      const now = await credentials();
      expect(now.accessKeyId).to.equal("second");
      expect(now.sessionToken?.reveal()).to.equal("token");
    });

    it("are the last good ones while a file is missing, which is told once", async () => {
      const log = new RecordingLog();
      const credentials = await openS3Credentials(dir, log);
      await rm(join(dir, "secretAccessKey"));
      for (let i = 0; i < 3; i += 1) {
        expect((await credentials()).accessKeyId).to.equal("first");
      }
      expect(log.lines).to.have.length(1);
      expect(JSON.stringify(log.lines)).to.contain("no key secretAccessKey");
      await write({ secretAccessKey: "new" });
      expect((await credentials()).secretAccessKey.reveal()).to.equal("new");
    });

    it("are not there without their keys, nor with an empty one", async () => {
      await write({ accessKeyId: "\n" });
      expect(await refusal(openS3Credentials(dir, silentLog))).to.contain("no key accessKeyId");
    });
  });

  describe("of Google", () => {
    for (const [what, json] of [
      ["a service account's key", KEY],
      ["a federation", FEDERATION],
    ] as const) {
      it(`are ${what}`, async () => {
        await write({ "credentials.json": json });
        const credentials = await openGcsCredentials(dir, silentLog);
        expect((await credentials()).reveal()).to.equal(json);
      });
    }

    it("are taken anew, but for what is none", async () => {
      await write({ "credentials.json": KEY });
      const log = new RecordingLog();
      const credentials = await openGcsCredentials(dir, log);
      await write({ "credentials.json": "{ half of it" });
      expect((await credentials()).reveal()).to.equal(KEY);
      await write({ "credentials.json": FEDERATION });
      expect((await credentials()).reveal()).to.equal(FEDERATION);
      expect(log.lines).to.have.length(1);
    });

    it("are needed in credentials.json", async () => {
      await write({ "key.json": KEY });
      expect(await refusal(openGcsCredentials(dir, silentLog))).to.contain(
        "no key credentials.json",
      );
    });

    for (const [what, content, says] of [
      ["no JSON", "very-secret", "are no JSON: give"],
      ["a list", `["very-secret"]`, "are no JSON object"],
      ["null", "null", "are no JSON object"],
      ["no type", `{"private_key":"very-secret"}`, "type service_account"],
      ["another type", `{"type":"authorized_user","token":"very-secret"}`, "type external_account"],
      ["the type constructor", `{"type":"constructor"}`, "type service_account"],
      [
        "a key without its owner",
        `{"type":"service_account","private_key":"very-secret"}`,
        "without client_email",
      ],
    ] as const) {
      it(`are refused for ${what}, without a word of it`, async () => {
        await write({ "credentials.json": content });
        const message = await refusal(openGcsCredentials(dir, silentLog));
        expect(message).to.contain(says);
        expect(message).to.not.contain("very-secret");
      });
    }
  });

  describe("of HDFS", () => {
    it("are a user with a password", async () => {
      await write({ user: " starrocks\n", password: " secret \r\n" });
      const now = await (await openHdfsCredentials(dir, silentLog))();
      expect(now).to.deep.include({ kind: "basic", user: "starrocks" });
      expect(now.kind === "basic" && now.password.reveal()).to.equal(" secret ");
    });

    it("are a delegation token, which is renewed", async () => {
      await write({ delegationToken: "first" });
      const credentials = await openHdfsCredentials(dir, silentLog);
      await write({ delegationToken: "second" });
      const now = await credentials();
      expect(now.kind === "token" && now.token.reveal()).to.equal("second");
    });

    for (const [what, files, says] of [
      ["nothing", {}, "no key user"],
      ["a user alone", { user: "u" }, "no key password"],
      ["a password alone", { password: "p" }, "no key user"],
      [
        "a token beside a user",
        { user: "u", delegationToken: "t" },
        "delegationToken beside user or password",
      ],
    ] as const) {
      it(`are refused for ${what}`, async () => {
        await write(files);
        const message = await refusal(openHdfsCredentials(dir, silentLog));
        expect(message).to.contain(says);
        expect(message).to.contain("user and password (for a gateway), or delegationToken alone");
      });
    }
  });

  describe("of a proxy", () => {
    it("are a user with a password", async () => {
      await write({ user: "u", password: "very-secret" });
      const credentials = await readProxyCredentials(dir);
      expect(credentials.user).to.equal("u");
      expect(credentials.password.reveal()).to.equal("very-secret");
      expect(JSON.stringify(credentials)).to.not.contain("very-secret");
    });

    it("are refused without a password", async () => {
      await write({ user: "u" });
      expect(await refusal(readProxyCredentials(dir))).to.contain(
        "the proxy's Secret has no key password",
      );
    });
  });
});
