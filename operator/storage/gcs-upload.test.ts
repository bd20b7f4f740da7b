// Uploads to Google Cloud Storage where answers are lost and chunks arrive in part, against sessions as Google documents
// them (e2e/servers/gcs-sessions.ts).
import { expect } from "chai";
import { AssertionError } from "node:assert";
import { Readable } from "node:stream";
import type { IncomingMessage } from "node:http";
import { GcsIdentities } from "../../e2e/servers/gcs-identity.ts";
import { GcsSessions } from "../../e2e/servers/gcs-sessions.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { Secret } from "../secret.ts";
import { crc32c, encodeCrc32c } from "./crc32c.ts";
import { GcsClient } from "./gcs-client.ts";
import { GcsStorage } from "./gcs.ts";
import type { UploadState } from "./storage.ts";
import { pattern, rejection } from "./testing/collect.ts";
import type { Asked, Scripted } from "./testing/scripted-http.ts";
import { ScriptedHttp } from "./testing/scripted-http.ts";

const KIB = 1024;
const UNIT = 256 * KIB;
const CREDENTIALS = new Secret(new GcsIdentities().addAccount());

describe("GcsUpload", () => {
  let http: ScriptedHttp | undefined;
  let client: GcsClient | undefined;
  let stored: Buffer | undefined;
  let sessions: GcsSessions;
  /** Done to a request instead of its answer; undefined: nothing. */
  let harm: (asked: Asked, honest: () => Promise<Scripted>) => Promise<Scripted> | undefined;

  beforeEach(async () => {
    stored = undefined;
    harm = () => undefined;
    sessions = new GcsSessions(async (_about, body) => {
      stored = body;
      return { status: 200, text: JSON.stringify(objectOf(body)) };
    });
    http = await ScriptedHttp.start();
    http.answer = (asked) => {
      const honest = () => answer(asked);
      return harm(asked, honest) ?? honest();
    };
    client = new GcsClient({
      endpoint: http.endpoint,
      credentials: async () => CREDENTIALS,
      maxSockets: 4,
      clock: systemClock,
    });
  });
  afterEach(async () => {
    client?.destroy();
    await http?.stop();
  });

  const objectOf = (body: Buffer) => ({
    name: "x",
    size: String(body.length),
    generation: "7",
    crc32c: encodeCrc32c(crc32c(body)),
  });

  async function answer(asked: Asked): Promise<Scripted> {
    const id = asked.query.get("upload_id");
    if (id === null && asked.method === "POST") {
      const location = `http://elsewhere.example/upload?upload_id=${sessions.begin(asked.query.get("name") ?? "", asked.body.toString())}`;
      return { headers: { location } };
    }
    if (id === null) return stored === undefined ? { status: 404 } : { body: objectOf(stored) };
    if (asked.method === "DELETE") return sessions.cancel(id);
    const { status, text, headers } = await sessions.put(id, requestOf(asked));
    return { status, ...(text === undefined ? {} : { body: text }), ...(headers && { headers }) };
  }

  const storage = () =>
    new GcsStorage({
      client: must(client),
      location: { bucket: "backups", prefix: "" },
      clock: systemClock,
    });
  const ranges = () => must(http).asked.flatMap(({ headers }) => headers["content-range"] ?? []);
  const isChunk = ({ headers }: Asked) => /^bytes \d.*\/\*$/.test(headers["content-range"] ?? "");
  const isEnd = ({ headers }: Asked) => /\/\d+$/.test(headers["content-range"] ?? "");
  const once = (
    is: (asked: Asked) => boolean,
    how: (honest: () => Promise<Scripted>) => Promise<Scripted>,
  ) => {
    let left = 1;
    harm = (asked, honest) => {
      if (left === 0 || !is(asked)) return undefined;
      left -= 1;
      return how(honest);
    };
  };
  const answerLost = async (honest: () => Promise<Scripted>): Promise<Scripted> => {
    await honest();
    return { lost: true };
  };

  it("sends multiples of 256 KiB, keeps the rest, and ends with it", async () => {
    const [first, second] = [pattern(UNIT + 100, 1), pattern(UNIT, 2)];
    const upload = await storage().upload("x");
    await upload.part(first);
    expect(Buffer.from(upload.state().tail ?? "", "base64")).to.deep.equal(first.subarray(UNIT));
    await upload.part(second);
    const whole = Buffer.concat([first, second]);
    expect(await upload.complete()).to.deep.equal({ key: "x", size: whole.length, etag: "7" });
    expect(stored?.equals(whole)).to.equal(true);
    expect(ranges()).to.deep.equal([
      `bytes 0-${UNIT - 1}/*`,
      `bytes ${UNIT}-${2 * UNIT - 1}/*`,
      `bytes ${2 * UNIT}-${whole.length - 1}/${whole.length}`,
    ]);
  });

  it("tells the store the checksum of all of it at the end", async () => {
    const upload = await storage().upload("x");
    await upload.part(pattern(UNIT, 1));
    await upload.part(pattern(5, 2));
    await upload.complete();
    const crc = encodeCrc32c(crc32c(must(stored)));
    expect(must(http).asked.at(-1)?.headers["x-goog-hash"]).to.equal(`crc32c=${crc}`);
  });

  it("is refused by the store when a chunk was damaged on its way, and shows nothing", async () => {
    const upload = await storage().upload("x");
    once(isChunk, async () => {
      const asked = must(must(http).asked.at(-1));
      return answer({ ...asked, body: Buffer.from(asked.body).fill(0, 0, 10) });
    });
    await upload.part(pattern(UNIT));
    const failed = await rejection(upload.complete());
    expect(failed).to.include({ kind: "badDigest" });
    expect(stored).to.equal(undefined);
  });

  it("of which nothing is left at the end says only how long it is", async () => {
    const upload = await storage().upload("x");
    await upload.part(pattern(UNIT));
    await upload.complete();
    expect(ranges().at(-1)).to.equal(`bytes */${UNIT}`);
  });

  it("asks what arrived when an answer was lost, and sends nothing twice", async () => {
    const [first, second] = [pattern(2 * UNIT, 1), pattern(UNIT + 7, 2)];
    const upload = await storage().upload("x");
    once(isChunk, answerLost);
    expect(await rejection(upload.part(first))).to.include({ kind: "unavailable" });
    await upload.part(first, { number: 1 });
    await upload.part(second);
    await upload.complete();
    expect(stored?.equals(Buffer.concat([first, second]))).to.equal(true);
    expect(ranges().slice(0, 2)).to.deep.equal([`bytes 0-${2 * UNIT - 1}/*`, "bytes */*"]);
    expect(ranges().filter((range) => range.startsWith("bytes 0-"))).to.have.length(1);
  });

  it("goes on in the middle of a chunk that arrived in part", async () => {
    const body = pattern(3 * UNIT, 1);
    const upload = await storage().upload("x");
    once(isChunk, async () => {
      const asked = must(must(http).asked.at(-1));
      const some = asked.body.subarray(0, UNIT);
      await answer({
        ...asked,
        body: some,
        headers: { "content-range": `bytes 0-${UNIT - 1}/*` },
      });
      return { lost: true };
    });
    await rejection(upload.part(body));
    await upload.part(body, { number: 1 });
    await upload.complete();
    expect(stored?.equals(body)).to.equal(true);
    expect(ranges().slice(1, 3)).to.deep.equal(["bytes */*", `bytes ${UNIT}-${3 * UNIT - 1}/*`]);
  });

  it("sends the rest when the store took less than it was sent, without a failure", async () => {
    const body = pattern(3 * UNIT, 1);
    const upload = await storage().upload("x");
    once(isChunk, () => {
      const asked = must(must(http).asked.at(-1));
      const headers = { "content-range": `bytes 0-${UNIT - 1}/*` };
      return answer({ ...asked, body: asked.body.subarray(0, UNIT), headers });
    });
    await upload.part(body);
    await upload.complete();
    expect(stored?.equals(body)).to.equal(true);
  });

  it("gives up a part of which the store takes nothing", async () => {
    const upload = await storage().upload("x");
    harm = (asked) => (isChunk(asked) ? Promise.resolve({ status: 308 }) : undefined);
    expect(await rejection(upload.part(pattern(UNIT)))).to.include({ kind: "unavailable" });
  });

  it("finds itself completed when the last answer was lost", async () => {
    const upload = await storage().upload("x");
    await upload.part(pattern(10));
    once(isEnd, answerLost);
    expect(await rejection(upload.complete())).to.include({ kind: "unavailable" });
    expect(await upload.complete()).to.deep.equal({ key: "x", size: 10, etag: "7" });
    expect(ranges().filter((range) => range.endsWith("/10"))).to.have.length(1);
  });

  it("is finished by others from its state, with the checksum of bytes they never saw", async () => {
    const upload = await storage().upload("x");
    await upload.part(pattern(UNIT + 33));
    const state = JSON.parse(JSON.stringify(upload.state())) as UploadState;
    await storage().resumeUpload(state).complete();
    expect(stored?.equals(pattern(UNIT + 33))).to.equal(true);
    const crc = encodeCrc32c(crc32c(pattern(UNIT + 33)));
    expect(must(http).asked.at(-1)?.headers["x-goog-hash"]).to.equal(`crc32c=${crc}`);
    const info = await storage().resumeUpload(state).complete();
    expect(info).to.include({ size: UNIT + 33 });
  });

  it("whose session is over has been completed when its very object is there, and else not", async () => {
    const upload = await storage().upload("x");
    await upload.part(pattern(10, 1));
    harm = ({ query }) => (query.has("upload_id") ? Promise.resolve({ status: 410 }) : undefined);
    expect(await rejection(upload.complete())).to.include({ kind: "notFound" });
    stored = pattern(10, 2);
    expect(await rejection(upload.complete()), "of another content").to.include({
      kind: "notFound",
    });
    stored = pattern(10, 1);
    expect(await upload.complete()).to.include({ size: 10, etag: "7" });
  });

  it("does not go on with a session that another wrote to", async () => {
    const upload = await storage().upload("x");
    await upload.part(pattern(10));
    const state = upload.state();
    await storage().resumeUpload(state).complete();
    const late = storage().resumeUpload({ ...state, parts: [], tail: undefined });
    expect(await rejection(late.part(pattern(UNIT)))).to.include({ kind: "changed" });
  });

  it("takes away again what a store made of it that does not compare", async () => {
    const upload = await storage().upload("x");
    await upload.part(pattern(10));
    const deleted: string[] = [];
    harm = (asked) => {
      if (asked.method === "DELETE") deleted.push(asked.query.get("ifGenerationMatch") ?? "");
      return isEnd(asked) ? Promise.resolve({ body: objectOf(pattern(9)) }) : undefined;
    };
    expect(await rejection(upload.complete())).to.include({ kind: "badDigest" });
    expect(deleted).to.deep.equal(["7"]);
  });

  it("takes nothing away where an answer does not say which object it became", async () => {
    const upload = await storage().upload("x");
    await upload.part(pattern(10));
    const deleted: Asked[] = [];
    harm = (asked) => {
      if (asked.method === "DELETE") deleted.push(asked);
      return isEnd(asked) ? Promise.resolve({ body: {} }) : undefined;
    };
    expect(await rejection(upload.complete())).to.include({ kind: "unavailable" });
    expect(deleted).to.deep.equal([]);
  });

  it("refuses other bytes for a part of which some may have arrived", async () => {
    const upload = await storage().upload("x");
    once(isChunk, answerLost);
    await rejection(upload.part(pattern(UNIT, 1)));
    const other = upload.part(pattern(UNIT, 2), { number: 1 });
    expect(await rejection(other)).to.be.instanceOf(AssertionError);
  });

  it("keeps its session out of every error, and leads it over the configured endpoint", async () => {
    const upload = await storage().upload("x");
    const { uploadId } = upload.state();
    expect(uploadId).to.match(/^\/upload\?upload_id=/);
    const secret = must(uploadId.split("=")[1]);
    harm = (asked) =>
      asked.query.has("upload_id")
        ? Promise.resolve({ status: 403, body: `no: http://x/?upload_id=${secret}` })
        : undefined;
    for (const attempt of [() => upload.part(pattern(UNIT)), () => upload.abort()]) {
      const failed = await rejection(attempt());
      expect(failed).to.include({ kind: "accessDenied" });
      expect(String(failed)).to.not.include(secret);
      expect(JSON.stringify((failed as { detail: object }).detail)).to.not.include(secret);
    }
  });

  it("stops a chunk at once when it is aborted", async () => {
    const upload = await storage().upload("x");
    const stop = new AbortController();
    harm = (asked) => {
      if (!isChunk(asked)) return undefined;
      stop.abort(new Error("enough"));
      return new Promise(() => {});
    };
    const failed = await rejection(upload.part(pattern(UNIT), { signal: stop.signal }));
    expect(failed).to.have.property("message", "enough");
    harm = () => undefined;
    await upload.abort();
    expect(sessions.open()).to.deep.equal([]);
  });
});

function requestOf({ headers, body }: Asked): IncomingMessage {
  return Object.assign(Readable.from([body]), { headers }) as unknown as IncomingMessage;
}
