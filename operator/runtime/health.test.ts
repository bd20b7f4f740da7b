import { expect } from "chai";
import type { Trouble } from "./health.ts";
import { HealthServer } from "./health.ts";
import { RuntimeMetrics } from "./metrics.ts";

describe("HealthServer", () => {
  let server: HealthServer;
  let base: string;
  let metrics: RuntimeMetrics;
  let trouble: { live: Trouble; ready: Trouble };

  const fetched = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${base}${path}`, init);
    return { status: answer.status, text: await answer.text() };
  };

  beforeEach(async () => {
    metrics = new RuntimeMetrics();
    trouble = { live: undefined, ready: undefined };
    server = new HealthServer({ host: "127.0.0.1", port: 0, registry: metrics.registry });
    server.register({ name: "queue", live: () => trouble.live, ready: () => trouble.ready });
    server.register({ name: "silent" });
    base = `http://127.0.0.1:${await server.listen()}`;
  });
  afterEach(async () => {
    await server.close();
  });

  it("is fine when every check is", async () => {
    expect(await fetched("/healthz")).to.deep.equal({ status: 200, text: "ok\n" });
    expect(await fetched("/readyz?verbose")).to.deep.equal({ status: 200, text: "ok\n" });
  });

  it("says what is wrong, apart for life and readiness", async () => {
    trouble.ready = "has not listed jobs yet";
    expect(await fetched("/readyz")).to.deep.equal({
      status: 503,
      text: "queue: has not listed jobs yet\n",
    });
    expect(await fetched("/healthz")).to.deep.equal({ status: 200, text: "ok\n" });
    trouble.live = "hangs";
    expect((await fetched("/healthz")).status).to.equal(503);
  });

  it("shows the metrics", async () => {
    metrics.reconciles.inc({ controller: "backup", result: "done" });
    const { text } = await fetched("/metrics");
    expect(text).to.contain('controller_reconciles_total{controller="backup",result="done"} 1');
  });

  it("answers nothing else", async () => {
    expect((await fetched("/secrets")).status).to.equal(404);
    expect((await fetched("/healthz", { method: "POST" })).status).to.equal(405);
  });

  it("says that its port is taken", async () => {
    const port = Number(new URL(base).port);
    const second = new HealthServer({ host: "127.0.0.1", port, registry: metrics.registry });
    const error: unknown = await second.listen().catch((reason: unknown) => reason);
    expect(error).to.have.property("reason", "HealthPortUnusable");
    await second.close();
  });
});
