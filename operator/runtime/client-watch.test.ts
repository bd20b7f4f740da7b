// The watches of client.ts against a server that answers as the test says.
import { expect } from "chai";
import { must } from "../assert.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import type { Client } from "./client.ts";
import { LEASES } from "./objects.ts";
import type { Answer } from "./testing/scripted-server.ts";
import { ScriptedServer, caught, json } from "./testing/scripted-server.ts";
import { lease } from "./testing/world.ts";

const stored = { ...lease("a"), metadata: { ...lease("a").metadata, resourceVersion: "1" } };

describe("the watches of openApi", () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });
  afterEach(async () => {
    await server.stop();
  });

  const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
  const follow = (api: Client, signal = new AbortController().signal) =>
    api.watch(LEASES, { namespace: "n", resourceVersion: "5", signal })[Symbol.asyncIterator]();

  it("ask for bookmarks and an end, and read events, whole or in pieces", async () => {
    const text = event("ADDED", stored) + event("BOOKMARK", { metadata: { resourceVersion: "9" } });
    server.answers = [
      (response) => {
        response.write(text.slice(0, 30));
        setImmediate(() => response.end(text.slice(30)));
      },
    ];
    const events = follow(await server.open());
    const added = await events.next();
    expect(added.value).to.deep.equal({ type: "ADDED", object: stored });
    expect((await events.next()).value).to.deep.equal({ type: "BOOKMARK", resourceVersion: "9" });
    expect((await events.next()).done).to.equal(true);
    const query = new URL(must(server.seen[0]).url, "http://x").searchParams;
    expect(Object.fromEntries(query)).to.deep.equal({
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: "5",
      timeoutSeconds: "120",
    });
  });

  it("say Expired, whether the answer is 410 or an event is", async () => {
    const gone = { kind: "Status", code: 410, reason: "Gone", message: "too old" };
    server.answers = [json(410, gone), (response) => response.end(event("ERROR", gone))];
    const api = await server.open();
    for (let time = 0; time < 2; time += 1) {
      expect(await caught(follow(api).next())).to.include({
        name: "ApiError",
        reason: "Expired",
      });
    }
  });

  it("fail when they are cut off, or make no sense", async () => {
    const texts = ["no json\n", event("NEWS", stored), event("BOOKMARK", { metadata: {} })];
    const cut: Answer = (response, request) => {
      response.write(event("ADDED", stored));
      setImmediate(() => request.socket.destroy());
    };
    server.answers = [
      ...texts.map(
        (text): Answer =>
          (response) =>
            response.end(text),
      ),
      cut,
    ];
    const api = await server.open();
    for (const _ of texts) {
      expect(await caught(follow(api).next())).to.include({ reason: "KubernetesUnreachable" });
    }
    const events = follow(api);
    const both = async () => {
      await events.next();
      await events.next();
    };
    expect(await caught(both())).to.include({ reason: "KubernetesUnreachable" });
  });

  it("end with the signal's reason, and leave no connection behind", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    server.answers = [
      (response) => {
        response.on("close", () => resolve());
        response.write(event("ADDED", stored));
      },
    ];
    const stop = new AbortController();
    const events = follow(await server.open(), stop.signal);
    await events.next();
    const next = caught(events.next());
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await next).to.equal(reason);
    await closed;
  });

  it("close their connection when nobody reads on", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    server.answers = [
      (response) => {
        response.on("close", () => resolve());
        response.write(event("ADDED", stored));
      },
    ];
    const signal = new AbortController().signal;
    for await (const _ of (await server.open()).watch(LEASES, { resourceVersion: "5", signal }))
      break;
    await closed;
  });

  it("are cut when the server keeps them open beyond their time", async () => {
    const clock = new ManualClock();
    server.answers = [(response) => response.write(event("ADDED", stored))];
    const events = follow(await server.open({ clock }));
    const first: unknown[] = [];
    void events.next().then((result) => first.push(result));
    while (first.length === 0) await clock.advance(0);
    const next = caught(events.next());
    await clock.advance(120_000 + 20_000);
    expect((await next).message).to.contain("the server did not end it in time");
  });
});
