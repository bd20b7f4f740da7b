// Where tokens for Google come from and when: keys that sign them, Google's STS, the metadata server, all on loopback.
import { expect } from "chai";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { GcsIdentities } from "../../e2e/servers/gcs-identity.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { Secret } from "../secret.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { makeAgents } from "./connection.ts";
import { HttpClient } from "./gcs-http.ts";
import { GcsTokens } from "./gcs-tokens.ts";
import { rejection } from "./testing/collect.ts";
import type { Asked, Scripted } from "./testing/scripted-http.ts";
import { ScriptedHttp } from "./testing/scripted-http.ts";

const MINUTE = 60_000;
/** Where the process under test looks for its metadata server. */
const METADATA_HOST = "GCE_METADATA_HOST";
const SUBJECT = "subject-token-nobody-may-see";

describe("GcsTokens", () => {
  let http: ScriptedHttp | undefined;
  let folder = "";
  let clock = new ManualClock();
  let agents = makeAgents({}, 2);
  const before = process.env[METADATA_HOST];

  beforeEach(async () => {
    http = await ScriptedHttp.start();
    folder = await mkdtemp(join(tmpdir(), "gcs-tokens-"));
    await writeFile(join(folder, "token"), SUBJECT);
    clock = new ManualClock(systemClock.now());
    agents = makeAgents({}, 2);
    process.env[METADATA_HOST] = new URL(http.endpoint).host;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env[METADATA_HOST];
    else process.env[METADATA_HOST] = before;
    agents.http.destroy();
    agents.https.destroy();
    await http?.stop();
    await rm(folder, { recursive: true });
  });

  const tokens = (text?: () => string) => {
    const client = new HttpClient(agents, clock, 5_000);
    const credentials = text === undefined ? undefined : async () => new Secret(text());
    return new GcsTokens({ credentials }, { http: client, direct: client, clock });
  };
  const federation = (more: object = {}) =>
    JSON.stringify({
      type: "external_account",
      audience:
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${must(http).endpoint}/v1/token`,
      credential_source: { file: join(folder, "token") },
      ...more,
    });
  const answering = (answer: (asked: Asked) => Scripted) => {
    must(http).answer = answer;
  };
  const numbered = (seconds: number) => {
    let given = 0;
    answering(() => {
      given += 1;
      return {
        headers: { "metadata-flavor": "Google" },
        body: { access_token: `t${given}`, expires_in: seconds, token_type: "Bearer" },
      };
    });
  };

  describe("of a key", () => {
    it("are signed by it, for Cloud Storage alone, and nobody is asked", async () => {
      const identities = new GcsIdentities();
      const text = identities.addAccount();
      const token = await tokens(() => text).token();
      expect(identities.accepts(`Bearer ${token}`, systemClock.now())).to.equal(true);
      expect(must(http).asked).to.deep.equal([]);
      expect(identities.accepts(`Bearer ${token}x`, systemClock.now()), "the check").to.equal(
        false,
      );
    });

    it("are of the new key soon after the Secret changed", async () => {
      const identities = new GcsIdentities();
      let text = identities.addAccount();
      const source = tokens(() => text);
      await source.token();
      identities.revokeAll();
      text = identities.addAccount("other@project.iam.gserviceaccount.com");
      await clock.advance(6_000);
      const token = await source.token();
      expect(identities.accepts(`Bearer ${token}`, systemClock.now())).to.equal(true);
    });

    it("are fetched anew when the store refused one", async () => {
      numbered(3600);
      const source = tokens();
      const first = await source.token();
      source.refused(first);
      expect(await source.token()).to.not.equal(first);
      source.refused("another");
      expect(must(http).asked).to.have.length(2);
    });
  });

  describe("of a federation", () => {
    it("are what Google's STS gives for the token in the file", async () => {
      numbered(3600);
      expect(await tokens(() => federation()).token()).to.equal("t1");
      const [asked] = must(http).asked;
      expect(asked).to.include({ method: "POST", path: "/v1/token" });
      const form = new URLSearchParams(asked?.body.toString());
      expect(Object.fromEntries(form)).to.include({
        subject_token: SUBJECT,
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        scope: "https://www.googleapis.com/auth/devstorage.read_write",
      });
      expect(form.get("audience")).to.include("workloadIdentityPools");
    });

    it("are those of the service account that it takes on", async () => {
      answering(({ path, headers }) => {
        if (path === "/v1/token") return { body: { access_token: "sts", expires_in: 3600 } };
        expect(headers.authorization).to.equal("Bearer sts");
        const expireTime = new Date(clock.now() + 60 * MINUTE).toISOString();
        return { body: { accessToken: "impersonated", expireTime } };
      });
      const url = `${must(http).endpoint}/v1/projects/-/serviceAccounts/a@b:generateAccessToken`;
      const text = federation({ service_account_impersonation_url: url });
      expect(await tokens(() => text).token()).to.equal("impersonated");
      expect(must(http).asked).to.have.length(2);
    });

    it("are renewed before their end with what the file says then, once for all who wait", async () => {
      numbered(3600);
      const source = tokens(() => federation());
      await source.token();
      await writeFile(join(folder, "token"), "renewed");
      await clock.advance(58 * MINUTE);
      const both = await Promise.all([source.token(), source.token(), source.token()]);
      expect(both).to.deep.equal(["t2", "t2", "t2"]);
      expect(must(http).asked.at(-1)?.body.toString()).to.include("subject_token=renewed");
      expect(must(http).asked).to.have.length(2);
    });

    it("last as long as they are good when they cannot be renewed, and Google is not asked at every turn", async () => {
      numbered(3600);
      const source = tokens(() => federation());
      await source.token();
      answering(() => ({ status: 503 }));
      await clock.advance(58 * MINUTE);
      for (let time = 0; time < 5; time += 1) expect(await source.token()).to.equal("t1");
      expect(must(http).asked).to.have.length(2);
      await clock.advance(3 * MINUTE);
      expect(await rejection(source.token())).to.include({ kind: "unavailable" });
    });
  });

  describe("of the process", () => {
    it("come from the metadata server", async () => {
      numbered(3600);
      expect(await tokens().token()).to.equal("t1");
      const [asked] = must(http).asked;
      expect(asked?.path).to.equal("/computeMetadata/v1/instance/service-accounts/default/token");
      expect(asked?.headers).to.include({ "metadata-flavor": "Google" });
    });

    it("are renewed before their end, and not sooner", async () => {
      numbered(3600);
      const source = tokens();
      await source.token();
      await clock.advance(50 * MINUTE);
      expect(await source.token()).to.equal("t1");
      await clock.advance(7 * MINUTE);
      expect(await source.token()).to.equal("t2");
    });
  });

  const oauth = (status: number, error: string, words: string) => (): Scripted => ({
    status,
    body: { error, error_description: words },
  });
  const google = (status: number, message: string) => (): Scripted => ({
    status,
    body: { error: { code: status, status: "PERMISSION_DENIED", message } },
  });
  interface Refused {
    readonly what: string;
    readonly answer: () => Scripted;
    readonly kind: string;
    readonly reason: string | undefined;
    readonly more?: object;
  }
  const FEDERATION: readonly Refused[] = [
    {
      what: "does not know the identity",
      answer: oauth(400, "invalid_grant", "The audience in ID Token does not match"),
      kind: "wrongCredentials",
      reason: "WrongCredentials",
    },
    {
      what: "finds the token over",
      answer: oauth(400, "invalid_grant", "ID Token issued at 1795280000 is stale to sign-in"),
      kind: "wrongCredentials",
      reason: "CredentialsExpired",
    },
    {
      what: "finds the token's times impossible",
      answer: oauth(
        400,
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token and in a reasonable timeframe. Check your iat and exp values",
      ),
      kind: "unavailable",
      reason: "ClockSkew",
    },
    {
      what: "lets nobody take the account on",
      answer: google(403, "Permission 'iam.serviceAccounts.getAccessToken' denied"),
      kind: "accessDenied",
      reason: "RoleRefused",
    },
    {
      what: "is overloaded",
      answer: () => ({ status: 503 }),
      kind: "unavailable",
      reason: undefined,
    },
    { what: "wants less", answer: () => ({ status: 429 }), kind: "throttled", reason: undefined },
    { what: "hangs up", answer: () => ({ lost: true }), kind: "unavailable", reason: undefined },
    {
      what: "does not get the file",
      answer: () => ({}),
      kind: "wrongCredentials",
      reason: "NoCredentials",
      more: { credential_source: { file: "/nowhere/token" } },
    },
    {
      what: "is nowhere",
      answer: () => ({}),
      kind: "unavailable",
      reason: "EndpointUnreachable",
      more: { token_url: "http://127.0.0.1:1/token" },
    },
  ];
  for (const { what, answer, kind, reason, more } of FEDERATION) {
    it(`say why when Google's STS ${what}, once, and without a secret`, async () => {
      answering(answer);
      const failed = (await rejection(tokens(() => federation(more)).token())) as Error;
      expect(failed).to.include({ kind }).and.have.nested.property("detail.reason", reason);
      expect(must(http).asked.length).to.be.lessThan(2);
      expect(`${failed.message} ${failed.stack} ${JSON.stringify(failed)}`).to.not.include(SUBJECT);
      expect(failed.cause).to.equal(undefined);
    });
  }

  for (const [what, answer, kind] of [
    ["another cloud answers", () => ({ status: 404 }), "wrongCredentials"],
    ["somebody else answers", () => ({ body: "<html>" }), "wrongCredentials"],
    ["it is not up yet", () => ({ lost: true }), "unavailable"],
  ] as const) {
    it(`say that the process has no identity when ${what}`, async () => {
      answering(answer);
      const failed = await rejection(tokens().token());
      expect(failed)
        .to.include({ kind })
        .and.have.nested.property("detail.reason", "NoCredentials");
    });
  }

  it("give up one that never comes", async () => {
    must(http).answer = () => new Promise<Scripted>(() => {});
    const waiting = rejection(tokens().token());
    while (must(http).asked.length === 0) await setImmediate();
    for (let time = 0; time < 4; time += 1) await clock.advance(10_000);
    expect(await waiting).to.include({ kind: "timeout" });
  });

  const key = JSON.parse(new GcsIdentities().addAccount()) as Record<string, unknown>;
  for (const [what, text] of [
    ["no JSON", "-----BEGIN hunter2"],
    ["no object", '["hunter2"]'],
    ["a user's", JSON.stringify({ type: "authorized_user", refresh_token: "hunter2" })],
    ["a key without its mail", JSON.stringify({ ...key, client_email: "", x: "hunter2" })],
    ["a key that is none", JSON.stringify({ ...key, private_key: "hunter2" })],
    ["a federation that runs a program", { executable: { command: "/bin/hunter2" } }],
    ["a federation that asks an address", { url: "http://169.254.169.254/hunter2" }],
  ] as const) {
    it(`refuse credentials that are ${what}, and repeat nothing of them`, async () => {
      const whole = typeof text === "string" ? text : federation({ credential_source: text });
      const failed = (await rejection(tokens(() => whole).token())) as Error;
      expect(failed).to.include({ kind: "wrongCredentials" });
      expect(failed).to.have.nested.property("detail.reason", "WrongCredentials");
      expect(String(failed.stack)).to.not.include("hunter2");
      expect(must(http).asked).to.deep.equal([]);
    });
  }

  it("refuse a federation that would send its token in the clear", async () => {
    for (const name of ["token_url", "service_account_impersonation_url"]) {
      const text = federation({ [name]: "http://sts.example.com/token" });
      const failed = await rejection(tokens(() => text).token());
      expect(failed).to.have.property("message").that.includes(`${name} is no https://`);
    }
  });
});
