// client.ts against a server that answers as the test says. How it gets on with a well-behaved one is
// client.contract.test.ts.
import { writeFile } from "node:fs/promises";
import { expect } from "chai";
import { must } from "../assert.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import type { Lease } from "./objects.ts";
import { LEASES, PODS } from "./objects.ts";
import type { Answer } from "./testing/scripted-server.ts";
import { ScriptedServer, TOKEN, caught, json, statusOf } from "./testing/scripted-server.ts";
import { lease, metricOf } from "./testing/world.ts";

const KEY = { namespace: "n", name: "a" };
const stored = { ...lease("a"), metadata: { ...lease("a").metadata, resourceVersion: "1" } };

describe("openApi", () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await ScriptedServer.start();
  });
  afterEach(async () => {
    await server.stop();
  });

  describe("requests", () => {
    it("say who we are, below the server's own path", async () => {
      server.answers = [json(200, stored)];
      const api = await server.open();
      await api.get(LEASES, KEY);
      const [request] = server.seen;
      expect(request?.url).to.equal("/base/apis/coordination.k8s.io/v1/namespaces/n/leases/a");
      expect(request?.headers).to.include({
        authorization: `Bearer ${TOKEN}`,
        "user-agent": "test/1",
      });
      expect(api.server).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    });

    it("apply as our field manager, and by force", async () => {
      server.answers = [json(200, stored)];
      await (await server.open()).apply(LEASES, lease("a"));
      const [request] = server.seen;
      expect(request?.method).to.equal("PATCH");
      expect(request?.url).to.match(/leases\/a\?fieldManager=tester&force=true$/);
      expect(request?.headers["content-type"]).to.equal("application/apply-patch+yaml");
    });

    it("patch under a version, and keep the nulls that remove", async () => {
      server.answers = [json(200, stored)];
      const patch = { metadata: { labels: { gone: null } }, status: {} };
      const options = { subresource: "status", resourceVersion: "7" } as const;
      await (await server.open()).patch(LEASES, KEY, patch, options);
      expect(server.seen[0]?.url).to.match(/leases\/a\/status\?fieldManager=tester$/);
      expect(JSON.parse(must(server.seen[0]).body)).to.deep.equal({
        metadata: { labels: { gone: null }, resourceVersion: "7" },
        status: {},
      });
    });

    it("delete with the propagation said, also the default", async () => {
      server.answers = [json(200, { kind: "Status", status: "Success" })];
      const api = await server.open();
      await api.delete(LEASES, KEY, { uid: "u1" });
      await api.delete(LEASES, KEY, { propagation: "Foreground", gracePeriodSeconds: 0 });
      const bodies = server.seen.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
      expect(bodies[0]).to.deep.include({
        propagationPolicy: "Background",
        preconditions: { uid: "u1" },
      });
      expect(bodies[1]).to.include({ propagationPolicy: "Foreground", gracePeriodSeconds: 0 });
    });

    it("get a log's end, and nothing of a container that has not started", async () => {
      server.answers = [(response) => response.end("one\ntwo\n"), statusOf(400, "BadRequest")];
      const api = await server.open();
      const options = { container: "agent", tailLines: 2, limitBytes: 100 };
      expect(await api.log(KEY, options)).to.equal("one\ntwo\n");
      expect(server.seen[0]?.url).to.match(
        /pods\/a\/log\?container=agent&tailLines=2&limitBytes=100$/,
      );
      expect(await api.log(KEY, options)).to.equal("");
    });

    it("drop managedFields and complete the items of a list", async () => {
      const item = { metadata: { name: "p", managedFields: [{ manager: "x" }] }, status: {} };
      server.answers = [
        json(200, { kind: "PodList", metadata: { resourceVersion: "5" }, items: [item] }),
      ];
      const { items } = await (await server.open()).list(PODS, { namespace: "n" });
      expect(items).to.deep.equal([
        { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, status: {} },
      ]);
    });

    it("do not take a missing kind for a missing object", async () => {
      server.answers = [(response) => response.writeHead(404).end("404 page not found\n")];
      const error = await caught((await server.open()).get(LEASES, KEY));
      expect(error).to.include({ name: "ApiError", reason: "UnknownResource" });
    });
  });

  describe("failures", () => {
    const hangUp: Answer = (_, request) => request.socket.destroy();

    it("are repeated for reads: cut off, unwell, turned away", async () => {
      const busy = statusOf(429, "TooManyRequests", { "retry-after": "0" });
      server.answers = [hangUp, statusOf(503, "ServiceUnavailable"), busy, json(200, stored)];
      expect(await (await server.open()).get(LEASES, KEY)).to.deep.equal(stored);
      expect(server.seen.length).to.equal(4);
    });

    it("are not repeated for writes that may have happened", async () => {
      server.answers = [hangUp];
      const error = await caught((await server.open()).create(LEASES, lease("a")));
      expect(error).to.include({ name: "TransientError", reason: "KubernetesUnreachable" });
      expect(server.seen.length).to.equal(1);
      expect(await metricOf(server, "kubernetes_requests_total", { status: "error" })).to.equal(1);
    });

    it("are repeated for writes that the server turned away", async () => {
      const busy = statusOf(429, "TooManyRequests", { "retry-after": "0" });
      server.answers = [busy, json(201, stored)];
      await (await server.open()).create(LEASES, lease("a"));
      expect(server.seen.map(({ method }) => method)).to.deep.equal(["POST", "POST"]);
    });

    it("tell who could not be reached, and nothing secret", async () => {
      const unused = "http://127.0.0.1:1/base";
      const api = await server.open({}, server.kubeconfig({ token: TOKEN }, unused));
      const error = await caught(api.get(LEASES, KEY));
      expect(error).to.include({ reason: "KubernetesUnreachable" });
      expect(error.message).to.contain("get /apis/coordination.k8s.io/v1/namespaces/n/leases/a");
      const told = `${error.stack} ${JSON.stringify(error.cause)} ${JSON.stringify(server.log.lines)}`;
      expect(told).to.contain("ECONNREFUSED").and.not.contain(TOKEN);
    });

    it("end at the deadline when there is no answer", async () => {
      server.answers = [() => {}];
      const clock = new ManualClock();
      const api = await server.open({ clock });
      const call = caught(api.get(LEASES, KEY));
      while (server.seen.length === 0) await clock.advance(0);
      await clock.advance(30_000);
      expect((await call).message).to.contain("no answer within 30 s");
    });

    it("do not outlast the deadline with their pauses", async () => {
      server.answers = [statusOf(429, "TooManyRequests", { "retry-after": "45" })];
      const error = await caught((await server.open()).get(LEASES, KEY));
      expect(error).to.include({ name: "ApiError", reason: "TooManyRequests" });
      expect(server.seen.length).to.equal(1);
    });

    it("of a token lead to one more try with a fresh one", async () => {
      server.answers = [statusOf(401, "Unauthorized"), json(200, stored)];
      const tokenFile = server.path("token");
      await writeFile(tokenFile, "old");
      const user = { "auth-provider": { name: "tokenFile", config: { tokenFile } } };
      const api = await server.open({}, server.kubeconfig(user));
      const first = must(server.answers[0]);
      server.answers[0] = (response, request) => {
        void writeFile(tokenFile, "new").then(() => first(response, request));
      };
      await api.get(LEASES, KEY);
      const tokens = server.seen.map(({ headers }) => headers.authorization);
      expect(tokens).to.deep.equal(["Bearer old", "Bearer new"]);
      server.answers = [statusOf(401, "Unauthorized")];
      expect(await caught(api.get(LEASES, KEY))).to.include({ reason: "Unauthorized" });
    });

    it("of an answer that is no JSON, or no object, are failures", async () => {
      server.answers = [(response) => response.end("<html>login</html>"), json(200, { hello: 1 })];
      const api = await server.open();
      expect((await caught(api.get(LEASES, KEY))).message).to.contain("the answer is no JSON");
      expect((await caught(api.get(LEASES, KEY))).message).to.equal("the answer is no Lease");
    });
  });

  it("limits how fast it asks, but for leases", async () => {
    const pod = { metadata: { name: "a", namespace: "n" } };
    server.answers = [
      (response, { url = "" }) =>
        json(200, url.includes("leases") ? stored : pod)(response, undefined as never),
    ];
    const clock = new ManualClock();
    const api = await server.open({ clock, rateLimit: { perSecond: 1, burst: 2 } });
    const got: unknown[] = [];
    for (let at = 0; at < 4; at += 1) void api.get(PODS, KEY).then((pod) => got.push(pod));
    const leases: Promise<Lease | undefined>[] = [];
    for (let at = 0; at < 4; at += 1) leases.push(api.get(LEASES, KEY));
    await Promise.all(leases);
    const settled = async (expected: number) => {
      for (let turn = 0; turn < 50 || got.length < expected; turn += 1) await clock.advance(0);
      expect(got.length).to.equal(expected);
    };
    await settled(2);
    await clock.advance(1000);
    await settled(3);
    await clock.advance(1000);
    await settled(4);
  });
});
