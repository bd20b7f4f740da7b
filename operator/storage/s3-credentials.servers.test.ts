// Every way to credentials, on moto: keys, roles, and what a pod has of its own by its environment (in
// child processes). A proxy before it tells whose keys signed, and can say that a session is over.
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { expect } from "chai";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, Server } from "node:http";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { FaultProxy } from "../../e2e/servers/fault-proxy.ts";
import { startFaultProxy } from "../../e2e/servers/fault-proxy.ts";
import { describeWith } from "../../e2e/servers/installed.ts";
import { LOOPBACK, freePort, portOf } from "../../e2e/servers/loopback.ts";
import type { Moto } from "../../e2e/servers/moto.ts";
import { startMoto } from "../../e2e/servers/moto.ts";
import { must } from "../assert.ts";
import { systemClock, systemRandom } from "../clock.ts";
import { silentLog } from "../log.ts";
import { Secret } from "../secret.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { isStorageError } from "./errors.ts";
import { openStorage } from "./open.ts";
import { makeS3Client } from "./s3-client.ts";
import type { S3Credentials, S3Role, S3Settings } from "./s3-settings.ts";
import { S3Storage } from "./s3.ts";
import { collect, rejection } from "./testing/collect.ts";

const CHILD = fileURLToPath(new URL("testing/s3-child.ts", import.meta.url));
const x = Buffer.from("x");

describeWith("moto", "S3 credentials on moto", () => {
  let started:
    { readonly moto: Moto; readonly proxy: FaultProxy; readonly folder: string } | undefined;

  before(async () => {
    const moto = await startMoto();
    const proxy = await startFaultProxy(moto);
    started = { moto, proxy, folder: await mkdtemp(join(tmpdir(), "s3-credentials-")) };
  });
  after(async () => {
    await started?.proxy.stop();
    await started?.moto.stop();
    if (started !== undefined) await rm(started.folder, { recursive: true });
  });
  beforeEach(() => {
    must(started).proxy.heal();
  });

  const world = () => must(started);
  const keys = (changes: Partial<Moto> = {}): S3Credentials => {
    const { accessKeyId, secretAccessKey } = { ...world().moto, ...changes };
    return { accessKeyId, secretAccessKey: new Secret(secretAccessKey) };
  };
  const role = (changes: Partial<S3Role> = {}): S3Role => {
    const { roleArn: arn, externalId, endpoint: stsEndpoint } = world().moto;
    return { arn, externalId, stsEndpoint, ...changes };
  };
  const open = (s3: S3Settings) => {
    const location = `s3://${world().moto.bucket}/p`;
    const deps = { clock: systemClock, random: systemRandom, log: silentLog };
    const settings = { endpoint: world().proxy.endpoint, region: "us-east-1", ...s3 };
    return openStorage({ location, s3: settings, retry: { tries: 1 } }, deps);
  };
  const signers = () => world().proxy.requests.map(({ signer }) => signer);
  const refused = async (s3: S3Settings) => {
    const failed = await rejection(open(s3).put("a", x));
    if (!isStorageError(failed)) throw failed;
    expect(failed.message).to.not.include(world().moto.secretAccessKey);
    return { kind: failed.kind, reason: failed.detail.reason, message: failed.message };
  };

  describe("a role on top of keys", () => {
    it("is taken on, and its rights are those that count", async () => {
      const storage = open({ credentials: keys(), role: role() });
      await storage.put("a", x);
      expect(await collect(storage.list(""))).to.have.length(1);
      expect(signers()).to.have.length(2);
      expect(new Set(signers()).size).to.equal(1);
      expect(signers()).to.not.include(world().moto.accessKeyId);
      const denied = await rejection(storage.delete("a"));
      expect(denied).to.include({ kind: "accessDenied" });
      expect(denied).to.have.nested.property("detail.reason", "AccessDenied");
    });

    for (const [title, what] of [
      ["another external ID", () => ({ role: role({ externalId: "another" }) })],
      [
        "a role that trusts somebody else",
        () => ({ role: role({ arn: world().moto.foreignRoleArn }) }),
      ],
      ["keys whose policy does not let them", () => ({ credentials: keys(world().moto.poor) })],
    ] as const) {
      it(`is refused with ${title}: RoleRefused`, async () => {
        const failed = await refused({ credentials: keys(), role: role(), ...what() });
        expect(failed).to.include({ kind: "accessDenied", reason: "RoleRefused" });
        expect(failed.message).to.include("taking on the role arn:aws:iam::123456789012:role/");
        expect(failed.message).to.include("trust policy");
      });
    }

    it("is not asked for with a secret that is wrong: WrongCredentials", async () => {
      const credentials = keys({ secretAccessKey: "wrong" });
      const failed = await refused({ credentials, role: role() });
      expect(failed).to.include({ kind: "wrongCredentials", reason: "WrongCredentials" });
    });

    it("tells that nobody answers for STS: EndpointUnreachable", async () => {
      const stsEndpoint = `http://${LOOPBACK}:${await freePort()}`;
      const failed = await refused({ credentials: keys(), role: role({ stsEndpoint }) });
      expect(failed).to.include({ kind: "unavailable", reason: "EndpointUnreachable" });
      expect(failed.message).to.include("taking on the role");
    });

    it("has its session renewed before the end, with the keys of that time", async () => {
      const clock = new ManualClock(systemClock.now());
      let asked = 0;
      const credentials = async () => {
        asked += 1;
        return keys();
      };
      const { endpoint, bucket } = world().proxy;
      const client = makeS3Client(
        { endpoint, credentials, role: role() },
        {},
        { clock, log: silentLog },
      );
      const location = { bucket, prefix: "p/" };
      const storage = new S3Storage({ client, location, clock: systemClock });
      await storage.put("a", x);
      await clock.advance(30 * 60_000);
      await storage.put("a", x);
      expect(new Set(signers()).size).to.equal(1);
      await clock.advance(20 * 60_000);
      // The old session serves until the new one is there.
      const deadline = performance.now() + 30_000;
      while (new Set(signers()).size < 2) {
        expect(performance.now(), "a put with the next session").to.be.lessThan(deadline);
        await storage.put("a", x);
      }
      expect(asked).to.equal(2);
      client.destroy();
    });

    it("has its session renewed at once when the store says that it is over, and the request repeated", async () => {
      const clock = new ManualClock(systemClock.now());
      const { endpoint, bucket } = world().proxy;
      const settings = { endpoint, credentials: keys(), role: role() };
      const client = makeS3Client(settings, {}, { clock, log: silentLog });
      const location = { bucket, prefix: "p/" };
      const storage = new S3Storage({ client, location, clock: systemClock });
      await storage.put("a", x);
      await clock.advance(60_000);
      const [old] = signers();
      const harm = { do: "refuse", status: 400, code: "ExpiredToken" } as const;
      world().proxy.inject({ signer: must(old), times: 100, harm });
      await Promise.all([1, 2, 3, 4].map((i) => storage.put(`r${i}`, x)));
      expect(new Set(signers()).size).to.equal(2);
      client.destroy();
    });
  });

  it("takes temporary keys with their token, and refuses them without it or with another", async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = await sessionOf(world().moto);
    const temporary = { accessKeyId, secretAccessKey: new Secret(secretAccessKey) };
    const withToken = { ...temporary, sessionToken: new Secret(must(sessionToken)) };
    await open({ credentials: withToken }).put("a", x);
    const other = { ...temporary, sessionToken: new Secret("another") };
    for (const credentials of [temporary, other]) {
      const failed = await refused({ credentials });
      expect(failed).to.include({ kind: "wrongCredentials" });
      expect(failed.message).to.not.include(must(sessionToken)).and.not.include(secretAccessKey);
    }
  });

  it("tells keys that are wrong: WrongCredentials", async () => {
    for (const changes of [{ accessKeyId: "AKIAIOSFODNN7NOBODY0" }, { secretAccessKey: "wrong" }]) {
      const failed = await refused({ credentials: keys(changes) });
      expect(failed).to.include({ kind: "wrongCredentials", reason: "WrongCredentials" });
    }
  });

  describe("the process's own", () => {
    const inChild = async (env: Readonly<Record<string, string>>, s3: S3Settings = {}) => {
      const { proxy, moto, folder } = world();
      const settings = { endpoint: proxy.endpoint, region: "us-east-1", ...s3 };
      const what = JSON.stringify({ location: `s3://${moto.bucket}/p`, s3: settings });
      const { stdout } = await promisify(execFile)(process.execPath, [CHILD, what], {
        env: {
          PATH: process.env["PATH"],
          HOME: folder,
          AWS_ENDPOINT_URL_STS: moto.endpoint,
          ...env,
        },
        timeout: 60_000,
      });
      return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
    };
    const NONE = { AWS_EC2_METADATA_DISABLED: "true" };
    const environment = () => ({
      ...NONE,
      AWS_ACCESS_KEY_ID: world().moto.accessKeyId,
      AWS_SECRET_ACCESS_KEY: world().moto.secretAccessKey,
    });

    it("are the environment's, here under a role", async () => {
      expect(await inChild(environment(), { role: role() })).to.deep.equal({ done: true });
    });

    it("are the environment's, which have no right of their own here", async () => {
      const said = await inChild(environment());
      expect(said).to.include({ kind: "accessDenied", reason: "AccessDenied" });
      expect(signers()).to.deep.equal([world().moto.accessKeyId]);
    });

    describe("by web identity", () => {
      let open: Moto | undefined;

      before(async () => {
        open = await startMoto({ unchecked: true });
      });
      after(async () => {
        await open?.stop();
      });

      const tokenFile = async () => {
        const file = join(world().folder, "token");
        await writeFile(file, "a.token.of-the-cluster");
        return file;
      };
      /** Whether that STS gave keys; its S3 is not asked, the proxy's knows them as nobody's. */
      const expectSession = (said: Readonly<Record<string, unknown>>) => {
        expect(signers()[0]).to.match(/^ASIA/);
        expect(said).to.include({ reason: "WrongCredentials" });
      };

      it("are those of the environment (IRSA)", async () => {
        const { endpoint, roleArn } = must(open);
        expectSession(
          await inChild({
            ...NONE,
            AWS_ENDPOINT_URL_STS: endpoint,
            AWS_WEB_IDENTITY_TOKEN_FILE: await tokenFile(),
            AWS_ROLE_ARN: roleArn,
          }),
        );
      });

      it("are those of the settings", async () => {
        const { endpoint: stsEndpoint, roleArn: arn } = must(open);
        const webIdentityTokenFile = await tokenFile();
        expectSession(await inChild(NONE, { role: { arn, stsEndpoint, webIdentityTokenFile } }));
      });

      it("say that the token's file is not there", async () => {
        const { endpoint: stsEndpoint, roleArn: arn } = must(open);
        const webIdentityTokenFile = join(world().folder, "none");
        const failed = await inChild(NONE, { role: { arn, stsEndpoint, webIdentityTokenFile } });
        expect(failed).to.include({ kind: "wrongCredentials", reason: "NoCredentials" });
        expect(failed["message"])
          .to.include("taking on the role")
          .and.include(webIdentityTokenFile);
      });
    });

    it("are a pod identity's (EKS), whose token is read from its file", async () => {
      const { moto, folder } = world();
      const file = join(folder, "pod-token");
      await writeFile(file, "pod-token-1");
      const session = await sessionOf(moto);
      const agent = await answering(({ headers }) =>
        headers.authorization === "pod-token-1"
          ? {
              AccessKeyId: session.accessKeyId,
              SecretAccessKey: session.secretAccessKey,
              Token: session.sessionToken,
              Expiration: "2099-01-01T00:00:00Z",
            }
          : undefined,
      );
      const env = {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
      };
      expect(await inChild(env)).to.deep.equal({ done: true });
      expect(signers()).to.deep.equal([session.accessKeyId]);
      await agent.stop();
    });

    it("are the instance's (IMDSv2)", async () => {
      const { moto } = world();
      const said = await inChild({ AWS_EC2_METADATA_SERVICE_ENDPOINT: moto.endpoint });
      const base = `${moto.endpoint}/latest/meta-data/iam/security-credentials/`;
      const name = await (await fetch(base)).text();
      const given = (await (await fetch(base + name)).json()) as { readonly AccessKeyId: string };
      expect(signers()[0]).to.equal(given.AccessKeyId);
      // moto's own instance is nobody to its IAM.
      expect(said).to.include({ kind: "wrongCredentials" });
    });

    it("are told to be none: NoCredentials", async () => {
      const failed = await inChild(NONE);
      expect(failed).to.include({ kind: "wrongCredentials", reason: "NoCredentials" });
      expect(failed["message"]).to.include("credentialsSecret").and.include("service account");
    });

    it("are told to be none where the instance has none, or no metadata: NoCredentials", async () => {
      const empty = await answering(() => undefined);
      const nobody = `http://${LOOPBACK}:${await freePort()}`;
      for (const url of [empty.url, nobody]) {
        const failed = await inChild({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url });
        expect(failed).to.include({ kind: "wrongCredentials", reason: "NoCredentials" });
      }
      await empty.stop();
    });
  });
});

/** The role of the bucket, taken on without the product. */
function sessionOf(moto: Moto) {
  return fromTemporaryCredentials({
    masterCredentials: moto,
    params: { RoleArn: moto.roleArn, ExternalId: moto.externalId },
    clientConfig: { endpoint: moto.endpoint, region: "us-east-1" },
  })();
}

/** A server on loopback that answers with JSON, or 404. */
async function answering(answer: (request: IncomingMessage) => object | undefined) {
  const server: Server = createServer((request, response) => {
    const body = answer(request);
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body === undefined ? "" : JSON.stringify(body));
  });
  server.listen(0, LOOPBACK);
  await new Promise((resolve) => {
    server.once("listening", resolve);
  });
  return {
    url: `http://${LOOPBACK}:${portOf(server)}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
