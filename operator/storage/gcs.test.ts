// The driver of Google Cloud Storage where no emulator shows it: what it sends, what it makes of Google's refusals as
// Google words them, bodies that are cut off, rewrites in several steps.
import { expect } from "chai";
import { GcsIdentities } from "../../e2e/servers/gcs-identity.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { Secret } from "../secret.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { GcsClient } from "./gcs-client.ts";
import type { GcsWriting } from "./gcs-bucket.ts";
import { GcsStorage } from "./gcs.ts";
import { collect, pattern, readAll, rejection } from "./testing/collect.ts";
import type { Asked, Scripted } from "./testing/scripted-http.ts";
import { ScriptedHttp } from "./testing/scripted-http.ts";

const TOKEN_HOLDER = new GcsIdentities().addAccount();
const credentials = async () => new Secret(TOKEN_HOLDER);
const OBJECT = { name: "p/x", size: "3", generation: "7", crc32c: "x" };
const KMS = "projects/p/locations/l/keyRings/r/cryptoKeys/k";

describe("GcsStorage", () => {
  let http: ScriptedHttp | undefined;
  const clients: GcsClient[] = [];

  beforeEach(async () => {
    http = await ScriptedHttp.start();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await http?.stop();
  });

  const given = (
    answer: (asked: Asked) => Scripted | Promise<Scripted>,
    how: { readonly writing?: GcsWriting; readonly prefix?: string } = {},
  ) => {
    const server = must(http);
    server.answer = answer;
    const client = new GcsClient({
      endpoint: server.endpoint,
      credentials,
      maxSockets: 4,
      clock: systemClock,
    });
    clients.push(client);
    const location = { bucket: "backups", prefix: how.prefix ?? "p/" };
    return new GcsStorage({ client, location, clock: systemClock, writing: how.writing });
  };
  const asked = () => must(http).asked;
  const refusal = (status: number, reason: string, message: string, headers = {}): Scripted => ({
    status,
    headers: { "content-type": "application/json; charset=UTF-8", ...headers },
    body: { error: { code: status, message, errors: [{ domain: "global", reason, message }] } },
  });

  describe("what it sends", () => {
    const cheap = () => {
      const writing = { storageClass: "NEARLINE", kmsKeyName: KMS };
      const headers = { location: "http://x/upload?upload_id=1" };
      return given(() => ({ headers, body: { ...OBJECT, done: true, resource: OBJECT } }), {
        writing,
      });
    };

    it("names storage class and key of all that is written", async () => {
      const storage = cheap();
      await storage.put("x", Buffer.from("abc"));
      await storage.upload("x");
      await storage.copy("x", "y");
      const [put, begun, copied] = asked();
      expect(put?.body.toString()).to.include('"storageClass":"NEARLINE"');
      expect(JSON.parse(must(begun).body.toString())).to.deep.equal({ storageClass: "NEARLINE" });
      expect(JSON.parse(must(copied).body.toString())).to.deep.equal({ storageClass: "NEARLINE" });
      expect(put?.query.get("kmsKeyName")).to.equal(KMS);
      expect(begun?.query.get("kmsKeyName")).to.equal(KMS);
      expect(copied?.query.get("destinationKmsKeyName")).to.equal(KMS);
    });

    it("leaves the class off what is temporary, until it is moved", async () => {
      const storage = cheap();
      await storage.put("x", Buffer.from("abc"), { temporary: true });
      await storage.upload("x", { temporary: true });
      await storage.move("x", "y");
      const [put, begun, _stat, moved] = asked();
      for (const written of [put, begun]) {
        expect(written?.body.toString()).to.not.include("storageClass");
        expect(written?.query.get("kmsKeyName")).to.equal(KMS);
      }
      expect(JSON.parse(must(moved).body.toString())).to.deep.equal({ storageClass: "NEARLINE" });
    });

    it("copies with the source's own metadata where nothing is set", async () => {
      const storage = given(() => ({ body: { done: true, resource: OBJECT } }));
      await storage.copy("x", "y");
      expect(asked()[0]?.body).to.have.length(0);
      expect(asked()[0]?.headers).to.not.have.property("content-type");
    });

    it("asks for one generation where the caller has its etag", async () => {
      const headers = { "x-goog-generation": "7" };
      const storage = given(() => ({ body: "abc", headers }));
      expect((await readAll(storage, "x", { etag: "7" })).toString()).to.equal("abc");
      expect(asked()[0]?.query.get("ifGenerationMatch")).to.equal("7");
      // A store that does not know the condition answers all the same.
      expect(await rejection(storage.read("x", { etag: "6" }))).to.include({ kind: "changed" });
    });

    it("never names the bucket where an object is meant", async () => {
      const storage = given(() => ({ status: 204 }), { prefix: "" });
      for (const name of [".", ".."]) {
        const failed = await rejection(storage.deleteMany([name]));
        expect(failed).to.have.property("message").that.includes("no object's name");
      }
      await storage.deleteMany(["a/..", "a/../b", "%2e%2e"]);
      expect(asked().map(({ path }) => path)).to.have.members(
        ["a%2F..", "a%2F..%2Fb", "%252e%252e"].map((name) => `/storage/v1/b/backups/o/${name}`),
      );
    });
  });

  describe("rewrites and moves", () => {
    it("goes on with the store's token until a rewrite is done", async () => {
      const storage = given(({ query }) => {
        const turn = Number(query.get("rewriteToken")?.slice(1) ?? 0);
        if (turn === 2) return { body: { done: true, resource: { ...OBJECT, name: "p/y" } } };
        return { body: { done: false, rewriteToken: `t${turn + 1}` } };
      });
      const info = await storage.copy("x", "y");
      expect(info).to.deep.equal({ key: "y", size: 3, etag: "7" });
      expect(asked().map(({ query }) => query.get("rewriteToken"))).to.deep.equal([
        null,
        "t1",
        "t2",
      ]);
    });

    it("deletes only the generation that was copied", async () => {
      const storage = given(({ method, path, query }) => {
        if (path.includes("rewriteTo")) {
          expect(query.get("ifSourceGenerationMatch")).to.equal("7");
          return { body: { done: true, resource: OBJECT } };
        }
        if (method !== "DELETE") return { body: OBJECT };
        expect(query.get("ifGenerationMatch")).to.equal("7");
        return refusal(412, "conditionNotMet", "another was written meanwhile");
      });
      await storage.move("x", "y");
      expect(asked().map(({ method }) => method)).to.deep.equal(["GET", "POST", "DELETE"]);
    });

    it("have been done when another did the same meanwhile", async () => {
      // Both see the source; the other one takes it away before our rewrite comes.
      const storage = given(({ path }) =>
        path.includes("rewriteTo")
          ? refusal(404, "notFound", "No such object: backups/p/x")
          : { body: OBJECT },
      );
      expect(await storage.move("x", "y", { size: 3 })).to.include({ key: "y", size: 3 });
      expect(asked().map(({ method }) => method)).to.not.include("DELETE");
      const other = await rejection(storage.move("x", "y", { size: 4 }));
      expect(other).to.include({ kind: "notFound" });
    });
  });

  it("takes no web page for a deletion, whatever its status", async () => {
    for (const status of [200, 404]) {
      const storage = given(() => ({ status, body: "<!DOCTYPE html><p>Please log in</p>" }));
      const failed = await rejection(storage.delete("x"));
      expect(failed).to.have.nested.property("detail.reason", "WrongEndpoint");
    }
  });

  describe("bodies", () => {
    const head = { "x-goog-generation": "7" };
    it("that end early are a failure, never an end", async () => {
      const storage = given(() => ({
        status: 206,
        headers: { ...head, "content-range": "bytes 0-9/10", "content-length": "3" },
        body: "abc",
      }));
      const failed = await rejection(readAll(storage, "x", { length: 10 }));
      expect(failed).to.include({ kind: "unavailable" });
      expect(failed).to.have.property("message").that.includes("after 3 of 10 bytes");
    });

    it("of another range than asked are refused", async () => {
      const storage = given(() => ({ headers: head, body: "abc" }));
      const failed = await rejection(storage.read("x", { start: 5 }));
      expect(failed).to.have.nested.property("detail.reason", "WrongEndpoint");
    });
  });

  const words = (right: string) =>
    `backup@p.iam.gserviceaccount.com does not have ${right} access to the Google Cloud Storage object. Permission '${right}' denied on resource (or it may not exist).`;
  interface Row {
    readonly what: string;
    readonly answer: Scripted;
    readonly kind: string;
    readonly reason?: string;
    readonly says: string;
  }
  const ROWS: readonly Row[] = [
    {
      what: "a right is missing",
      answer: refusal(403, "forbidden", words("storage.objects.get")),
      kind: "accessDenied",
      reason: "AccessDenied",
      says: "grant this identity storage.objects.get on the bucket backups",
    },
    {
      what: "the key may not be used",
      answer: refusal(
        403,
        "forbidden",
        "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been authorized to use this key.",
      ),
      kind: "accessDenied",
      reason: "EncryptionKeyRefused",
      says: "roles/cloudkms.cryptoKeyEncrypterDecrypter",
    },
    {
      what: "the key is disabled",
      answer: refusal(400, "cloudKmsDisabledKey", "The Cloud KMS key is disabled."),
      kind: "accessDenied",
      reason: "EncryptionKeyRefused",
      says: "enabled",
    },
    {
      what: "an object is kept by a retention policy",
      answer: refusal(
        403,
        "retentionPolicyNotMet",
        "Object 'backups/p/x' is subject to bucket's retention policy and cannot be deleted or overwritten until 2027",
      ),
      kind: "accessDenied",
      reason: "StoreReadOnly",
      says: "retention policy",
    },
    {
      what: "an object is held",
      answer: refusal(403, "objectUnderActiveHold", "Object is under active Temporary hold"),
      kind: "accessDenied",
      reason: "StoreReadOnly",
      says: "hold",
    },
    {
      what: "the token is wrong",
      answer: refusal(401, "authError", "Invalid Credentials"),
      kind: "wrongCredentials",
      reason: "WrongCredentials",
      says: "neither deleted nor disabled",
    },
    {
      what: "the clocks differ",
      answer: refusal(401, "authError", "Invalid Credentials", {
        date: new Date(Date.UTC(2020, 0)).toUTCString(),
      }),
      kind: "unavailable",
      reason: "ClockSkew",
      says: "this node's clock differs from Google's",
    },
    {
      what: "the project does not pay",
      answer: refusal(
        403,
        "accountDisabled",
        "The billing account for the owning project is disabled in state closed",
      ),
      kind: "accessDenied",
      says: "enable its billing",
    },
    {
      what: "readers shall pay",
      answer: refusal(
        400,
        "userProjectMissing",
        "Bucket is a requester pays bucket but no user project provided.",
      ),
      kind: "wrongConfiguration",
      says: "not supported",
    },
    {
      what: "a policy forbids it",
      answer: refusal(
        412,
        "orgPolicyConstraintFailed",
        "'us' violates constraint 'constraints/gcp.resourceLocations'",
      ),
      kind: "wrongConfiguration",
      says: "policy of the organization",
    },
    {
      what: "too many ask",
      answer: refusal(429, "rateLimitExceeded", "The object backups/p/x exceeded the rate limit", {
        "retry-after": "7",
      }),
      kind: "throttled",
      says: "rate limit",
    },
    {
      what: "too many ask, told in the other way",
      answer: refusal(403, "userRateLimitExceeded", "User Rate Limit Exceeded"),
      kind: "throttled",
      says: "User Rate Limit",
    },
    {
      what: "the store has a bad minute",
      answer: refusal(503, "backendError", "We encountered an internal error. Please try again."),
      kind: "unavailable",
      says: "try again",
    },
    {
      what: "a load balancer has one",
      answer: { status: 502, body: "<!DOCTYPE html><html>sorry</html>" },
      kind: "unavailable",
      says: "HTTP 502",
    },
    {
      what: "a login page answers",
      answer: { status: 403, body: "<!doctype html><html><body>Log in</body></html>" },
      kind: "wrongConfiguration",
      reason: "WrongEndpoint",
      says: "correct gcs.endpoint",
    },
    {
      what: "it is led elsewhere",
      answer: { status: 302, headers: { location: "https://login.example.com/?token=hunter2" } },
      kind: "wrongConfiguration",
      reason: "WrongEndpoint",
      says: "not Cloud Storage's JSON API",
    },
    {
      what: "another service answers",
      answer: { body: "OK" },
      kind: "wrongConfiguration",
      reason: "WrongEndpoint",
      says: "no JSON",
    },
    { what: "nobody answers", answer: { lost: true }, kind: "unavailable", says: "ECONNRESET" },
  ];
  for (const { what, answer, kind, reason, says } of ROWS) {
    it(`says what to do when ${what}`, async () => {
      const storage = given(() => answer);
      const failed = (await rejection(storage.stat("x"))) as Error;
      expect(failed, failed.message).to.include({ kind });
      expect(failed).to.have.nested.property("detail.reason", reason);
      expect(failed.message).to.include(says).and.to.include("gs://backups/p/x");
      const { authorization = "nobody's" } = asked()[0]?.headers ?? {};
      for (const secret of [authorization.replace("Bearer ", ""), "hunter2"]) {
        expect(`${failed.stack} ${JSON.stringify(failed)}`).to.not.include(secret);
      }
    });
  }

  it("obeys the store's wish for a pause", async () => {
    const storage = given(() => refusal(429, "rateLimitExceeded", "slow", { "retry-after": "7" }));
    const failed = await rejection(storage.stat("x"));
    expect(failed).to.have.nested.property("detail.retryAfterMs", 7000);
  });

  it("tells a missing bucket from a missing object, and asks once", async () => {
    let bucket = true;
    const storage = given(({ path }) => {
      if (path.endsWith("/o") && bucket) return { body: {} };
      return refusal(404, "notFound", "Not Found");
    });
    expect(await storage.stat("x")).to.equal(undefined);
    expect(await storage.stat("x")).to.equal(undefined);
    expect(asked()).to.have.length(3);
    bucket = false;
    const other = given(must(http).answer);
    for (const call of [
      () => other.stat("x"),
      () => other.put("x", Buffer.from("x")),
      () => other.upload("x"),
      () => collect(other.list("")),
    ]) {
      const failed = await rejection(call());
      expect(failed).to.include({ kind: "noSuchBucket" });
      expect(failed).to.have.property("message").that.includes("create the bucket backups");
    }
  });

  it("takes a bucket that it may not list for one that is there", async () => {
    const storage = given(({ path }) =>
      path.endsWith("/o")
        ? refusal(403, "forbidden", words("storage.objects.list"))
        : refusal(404, "notFound", "No such object: backups/p/x"),
    );
    expect(await storage.stat("x")).to.equal(undefined);
  });

  it("gives a request that gets no answer up after its time, and its connection", async () => {
    const server = must(http);
    let gone: (() => void) | undefined;
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    server.answer = () => new Promise<Scripted>(() => {});
    const clock = new ManualClock(systemClock.now());
    const client = new GcsClient({ endpoint: server.endpoint, credentials, maxSockets: 1, clock });
    clients.push(client);
    const location = { bucket: "backups", prefix: "" };
    const storage = new GcsStorage({ client, location, clock, timeouts: { requestMs: 5_000 } });
    const waiting = rejection(storage.stat("x"));
    while (asked().length === 0) await new Promise((resolve) => setImmediate(resolve));
    server.onceClosed(() => gone?.());
    await clock.advance(5_000);
    expect(await waiting).to.include({ kind: "timeout" });
    await left;
  });

  it("puts and reads an object of any bytes through one connection", async () => {
    const body = pattern(100_000);
    const storage = given(({ method, body: sent }) => {
      if (method === "GET") return { body, headers: { "x-goog-generation": "7" } };
      expect(sent.includes(body)).to.equal(true);
      return { body: { ...OBJECT, size: String(body.length) } };
    });
    await storage.put("x", body, { ifAbsent: true });
    expect(asked()[0]?.query.get("ifGenerationMatch")).to.equal("0");
    expect((await readAll(storage, "x")).equals(body)).to.equal(true);
  });
});
