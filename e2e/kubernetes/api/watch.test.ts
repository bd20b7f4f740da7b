// Watches over HTTP: what is told, what expires, who is cut.
import { expect } from "chai";
import { must } from "../../../operator/assert.ts";
import { configMaps } from "./kinds/plain.ts";
import type { Fields, KubeObject } from "./object.ts";
import { at, shown, textAt } from "./object.ts";
import type { ApiServer } from "./server.ts";
import { startApiServer } from "./server.ts";
import { MAPS, caller } from "./testing/http.ts";

describe("watches", () => {
  let server: ApiServer;
  const aborts: AbortController[] = [];
  beforeEach(async () => {
    server = await startApiServer({ watchBufferBytes: 256 * 1024 });
  });
  afterEach(async () => {
    aborts.splice(0).forEach((abort) => abort.abort());
    await server.stop();
    expect(server.problems).to.deep.equal([]);
  });
  const { call } = caller(() => server.url);
  const make = (name: string): KubeObject =>
    server.registry.create(configMaps, "default", { metadata: { name } });

  interface Seen {
    readonly type: string;
    readonly object: Fields;
  }

  /** The next events of a watch, one at a time. */
  async function watch(query: string, path = MAPS): Promise<AsyncIterator<Seen>> {
    const abort = new AbortController();
    aborts.push(abort);
    const response = await fetch(`${server.url}${path}?watch=true&${query}`, {
      signal: abort.signal,
    });
    return lines(must(response.body));
  }
  async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<Seen> {
    let rest = "";
    for await (const chunk of body) {
      rest += Buffer.from(chunk).toString();
      const all = rest.split("\n");
      rest = all.pop() ?? "";
      for (const line of all) yield JSON.parse(line) as Seen;
    }
  }
  async function next(stream: AsyncIterator<Seen>): Promise<string> {
    const { value, done } = (await stream.next()) as IteratorResult<Seen, undefined>;
    if (done === true) return "END";
    return `${value.type} ${textAt(value.object, "metadata", "name") ?? shown(value.object["code"])}`.trim();
  }
  const write = (name: string, labels: Fields): unknown =>
    server.registry.update(
      configMaps,
      { namespace: "default", name },
      { metadata: { name, labels } },
    );

  it("tell what happened after a resourceVersion, and what happens then", async () => {
    const { resourceVersion } = make("a").metadata;
    make("b");
    const stream = await watch(`resourceVersion=${resourceVersion}`);
    expect(await next(stream)).to.equal("ADDED b");
    write("a", { x: "1" });
    expect(await next(stream)).to.equal("MODIFIED a");
    await call("DELETE", `${MAPS}/a`);
    expect(await next(stream)).to.equal("DELETED a");
  });

  it("begin with what is there at 0", async () => {
    make("a");
    expect(await next(await watch("resourceVersion=0"))).to.equal("ADDED a");
  });

  it("say ADDED and DELETED when an object begins and stops to match", async () => {
    const { resourceVersion } = make("a").metadata;
    const stream = await watch(`resourceVersion=${resourceVersion}&labelSelector=x%3D1`);
    write("a", { x: "1" });
    expect(await next(stream)).to.equal("ADDED a");
    write("a", { x: "1", y: "2" });
    expect(await next(stream)).to.equal("MODIFIED a");
    write("a", { x: "2" });
    expect(await next(stream)).to.equal("DELETED a");
    await call("DELETE", `${MAPS}/a`);
    write((make("b"), "b"), { x: "1" });
    expect(await next(stream)).to.equal("ADDED b");
  });

  it("are bookmarked when they end by timeout, and only when that was asked for", async () => {
    const stream = await watch("resourceVersion=0&allowWatchBookmarks=true&timeoutSeconds=1");
    expect(await next(stream)).to.equal("BOOKMARK");
    expect(await next(stream)).to.equal("END");
    const plain = await watch("resourceVersion=0&timeoutSeconds=1");
    expect(await next(plain)).to.equal("END");
  });

  it("send initial events and say when that was all", async () => {
    make("a");
    const stream = await watch(
      "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
    );
    expect(await next(stream)).to.equal("ADDED a");
    const { value } = (await stream.next()) as IteratorYieldResult<Seen>;
    expect(at(value.object, "metadata", "annotations")).to.deep.equal({
      "k8s.io/initial-events-end": "true",
    });
  });

  it("end with 410 inside the stream when history is forgotten", async () => {
    const { resourceVersion } = make("a").metadata;
    server.compact();
    const stream = await watch(`resourceVersion=${resourceVersion}`);
    const { value } = (await stream.next()) as IteratorYieldResult<Seen>;
    expect([value.type, value.object["code"], value.object["reason"]]).to.deep.equal([
      "ERROR",
      410,
      "Expired",
    ]);
    expect(await next(stream)).to.equal("END");
  });

  it("forget history beyond their window by themselves", async () => {
    await server.stop();
    server = await startApiServer({ historyWindow: 10 });
    const { resourceVersion } = make("a").metadata;
    for (let i = 0; i < 25; i += 1) write("a", { i: String(i) });
    expect(await next(await watch(`resourceVersion=${resourceVersion}`))).to.equal("ERROR 410");
  });

  it("are dropped by a restart, after which old resourceVersions are expired and objects still there", async () => {
    const { resourceVersion } = make("a").metadata;
    const stream = await watch(`resourceVersion=${resourceVersion}`);
    const { url } = server;
    let refused = false;
    await server.restart(async () => {
      await fetch(url).catch(() => {
        refused = true;
      });
    });
    expect(refused).to.equal(true);
    const end = await stream.next().catch(() => ({ done: true }));
    expect(end.done).to.equal(true);
    expect(server.url).to.equal(url);
    expect(textAtName((await call("GET", `${MAPS}/a`)).body)).to.equal("a");
    expect(await next(await watch(`resourceVersion=${resourceVersion}`))).to.equal("ERROR 410");
  });

  it("that nobody reads are cut, not buffered without bound", async () => {
    const { resourceVersion } = make("a").metadata;
    const abort = new AbortController();
    aborts.push(abort);
    const response = await fetch(
      `${server.url}${MAPS}?watch=true&resourceVersion=${resourceVersion}`,
      { signal: abort.signal },
    );
    const big = "x".repeat(200_000);
    // More than sockets hold; the history holds it only once.
    for (let i = 0; i < 200; i += 1) {
      server.registry.update(
        configMaps,
        { namespace: "default", name: "a" },
        { metadata: { name: "a" }, data: { big, i: String(i) } },
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
    let events = 0;
    try {
      for await (const _ of lines(must(response.body))) events += 1;
      expect.fail("it was not cut");
    } catch (error) {
      expect((error as Error).message).to.match(/terminated|aborted/);
    }
    expect(events).to.be.lessThan(200);
  });
});

function textAtName(object: unknown): string | undefined {
  return textAt(object, "metadata", "name");
}
