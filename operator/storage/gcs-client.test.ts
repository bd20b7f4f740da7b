// Requests to Google Cloud Storage while tokens come and go: the metadata server and the store are one server on loopback.
import { expect } from "chai";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { GcsClient } from "./gcs-client.ts";
import { GcsStorage } from "./gcs.ts";
import { rejection } from "./testing/collect.ts";
import { ScriptedHttp } from "./testing/scripted-http.ts";

const METADATA_HOST = "GCE_METADATA_HOST";
const OBJECT = { name: "p/x", size: "3", generation: "7" };

describe("GcsClient", () => {
  let http: ScriptedHttp | undefined;
  let client: GcsClient | undefined;
  let tokens = 0;
  const before = process.env[METADATA_HOST];

  beforeEach(async () => {
    tokens = 0;
    http = await ScriptedHttp.start();
    process.env[METADATA_HOST] = new URL(http.endpoint).host;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env[METADATA_HOST];
    else process.env[METADATA_HOST] = before;
    client?.destroy();
    await http?.stop();
  });

  /** A store that takes one token only; each that is asked for is another. */
  function given(good: string): GcsStorage {
    const server = must(http);
    server.answer = ({ path, headers }) => {
      if (path.startsWith("/computeMetadata/")) {
        tokens += 1;
        const body = { access_token: `t${tokens}`, expires_in: 3600, token_type: "Bearer" };
        return { body, headers: { "metadata-flavor": "Google" } };
      }
      return headers.authorization === `Bearer ${good}` ? { body: OBJECT } : { status: 401 };
    };
    const { endpoint } = server;
    client = new GcsClient({ endpoint, maxSockets: 4, clock: systemClock });
    const location = { bucket: "backups", prefix: "p/" };
    return new GcsStorage({ client, location, clock: systemClock });
  }

  const puts = () => must(http).asked.filter(({ method }) => method === "POST");

  it("sends once more, with another token, what was refused for its token", async () => {
    expect(await given("t2").put("x", Buffer.from("abc"))).to.include({ size: 3 });
    const [first, second] = puts();
    expect(first?.headers.authorization).to.equal("Bearer t1");
    expect(second?.headers.authorization).to.equal("Bearer t2");
    expect(second?.body.equals(must(first).body), "the same bytes").to.equal(true);
  });

  it("sends no more than that", async () => {
    const failed = await rejection(given("t3").put("x", Buffer.from("abc")));
    expect(failed).to.include({ kind: "wrongCredentials" });
    expect(puts()).to.have.length(2);
  });
});
