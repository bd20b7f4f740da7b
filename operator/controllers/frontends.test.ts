// Connections to StarRocks: one per Repository, made anew when what it was made from changes.
import { expect } from "chai";
import { Registry } from "prom-client";
import { silentLog } from "../log.ts";
import type { Repository } from "../api/repository.generated.ts";
import { SECRETS, SERVICES } from "../runtime/objects.ts";
import type { Service } from "../runtime/objects.ts";
import { MemoryApi } from "../runtime/testing/memory-api.ts";
import { FrontendError, type Frontend } from "../starrocks/frontend.ts";
import type { OpenFrontendOptions } from "../starrocks/open.ts";
import { FakeFrontend } from "../starrocks/testing/fake-frontend.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { CREDENTIALS_FRESH_MS, Frontends } from "./frontends.ts";
import { OperatorMetrics } from "./metrics.ts";
import { STARROCKS_CLUSTERS } from "./starrocks-cluster.ts";
import { repository } from "./testing/samples.ts";

/** A connection that remembers whether it was closed. */
class Connection extends FakeFrontend {
  readonly options: OpenFrontendOptions;
  isClosed = false;

  constructor(options: OpenFrontendOptions) {
    super();
    this.options = options;
  }

  override close(): Promise<void> {
    this.isClosed = true;
    return super.close();
  }
}

function makeWorld() {
  const api = new MemoryApi();
  const clock = new ManualClock();
  const opened: Connection[] = [];
  const open = (options: OpenFrontendOptions): Frontend => {
    const connection = new Connection(options);
    opened.push(connection);
    return connection;
  };
  const put = (name: string, fields: Readonly<Record<string, string>>): void => {
    const base64 = ([key, text]: [string, string]) => [key, Buffer.from(text).toString("base64")];
    const data = Object.fromEntries(Object.entries(fields).map(base64)) as Record<string, string>;
    const metadata = { name, namespace: "ops" };
    api.seed(SECRETS, { apiVersion: "v1", kind: "Secret", metadata, data });
  };
  put("starrocks-user", { user: "backup", password: "one" });
  const drop = async (name: string): Promise<void> => {
    await api.delete(SECRETS, { namespace: "ops", name });
  };
  const metrics = new OperatorMetrics(new Registry());
  const frontends = new Frontends({ api, clock, log: silentLog, open, metrics });
  const later = async (): Promise<void> => await clock.advance(CREDENTIALS_FRESH_MS);
  return { api, opened, put, drop, later, frontends };
}

describe("Frontends", () => {
  it("keep one connection of a Repository", async () => {
    const { frontends, opened } = makeWorld();
    const first = await frontends.of(repository());
    expect(await frontends.of(repository())).to.equal(first);
    expect(opened.map((c) => [c.options.frontends, c.options.user])).to.deep.equal([
      [["fe.starrocks.svc"], "backup"],
    ]);
  });

  it("open one for all that ask at once", async () => {
    const { frontends, opened } = makeWorld();
    const all = await Promise.all([1, 2, 3].map(() => frontends.of(repository())));
    expect(opened.length).to.equal(1);
    expect(new Set(all).size).to.equal(1);
  });

  it("connect anew when the password or the addresses change, and close the old one", async () => {
    const { frontends, opened, put, later } = makeWorld();
    await frontends.of(repository());
    await later();
    put("starrocks-user", { user: "backup", password: "two" });
    await frontends.of(repository());
    const { cluster } = repository().spec;
    await frontends.of(repository({ cluster: { ...cluster, frontends: ["other"] } }));
    expect(opened.map((c) => c.options.password.reveal())).to.deep.equal(["one", "two", "two"]);
    expect(opened.map((c) => c.isClosed)).to.deep.equal([true, true, false]);
  });

  it("read a Secret once for all looks of ten seconds, but one that is of no use each time", async () => {
    const { api, frontends, put } = makeWorld();
    let reads = 0;
    const get = api.get.bind(api);
    api.get = async (kind, key) => {
      reads += 1;
      return await get(kind, key);
    };
    put("starrocks-user", { user: "backup" });
    for (let i = 0; i < 3; i += 1) await frontends.of(repository()).catch(() => {});
    expect(reads).to.equal(3);
    put("starrocks-user", { user: "backup", password: "one" });
    for (let i = 0; i < 3; i += 1) await frontends.of(repository());
    expect(reads).to.equal(4);
  });

  it("mount as a user of their own where one is named", async () => {
    const { frontends, opened, put } = makeWorld();
    put("mounter", { user: "admin", password: "three" });
    const { cluster } = repository().spec;
    const mountCredentialsSecret = { name: "mounter" };
    await frontends.of(repository({ cluster: { ...cluster, mountCredentialsSecret } }));
    expect(opened[0]?.options.mountUser).to.equal("admin");
    expect(opened[0]?.options.mountPassword?.reveal()).to.equal("three");
  });

  const WRONG: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    ["lacks a password", { user: "backup" }, /lacks user or password: it needs the keys/],
    ["lacks a user", { password: "secret" }, /lacks user or password/],
  ];
  for (const [name, fields, message] of WRONG) {
    it(`say what is wrong with a Secret that ${name}`, async () => {
      const { frontends, put } = makeWorld();
      put("starrocks-user", fields);
      const error: unknown = await frontends.of(repository()).catch((e: unknown) => e);
      expect(error).to.include({ reason: "AccessDenied", heals: false });
      expect((error as Error).message)
        .to.match(message)
        .and.not.include("secret");
    });
  }

  it("say that a Secret is not there", async () => {
    const { frontends } = makeWorld();
    const { cluster } = repository().spec;
    const credentialsSecret = { name: "nobody" };
    const other = repository({ cluster: { ...cluster, credentialsSecret } });
    const error: unknown = await frontends.of(other).catch((e: unknown) => e);
    expect((error as Error).message).to.match(
      /^Secret nobody with the StarRocks user does not exist/,
    );
  });

  it("open none after they were closed, whoever still asks", async () => {
    const { frontends, opened } = makeWorld();
    await frontends.of(repository());
    await frontends.close();
    const error: unknown = await frontends.of(repository()).catch((e: unknown) => e);
    expect(error).to.include({ reason: "FrontendUnreachable", heals: true });
    expect(opened.map((c) => c.isClosed)).to.deep.equal([true]);
  });

  it("go on without the Secret that went with the Repository's namespace", async () => {
    const { frontends, drop, opened, later } = makeWorld();
    const first = await frontends.of(repository());
    await drop("starrocks-user");
    await later();
    const going = repository({}, { meta: { deletionTimestamp: "2026-01-02T03:04:05Z" } });
    expect(await frontends.of(going)).to.equal(first);
    const error: unknown = await frontends.of(repository()).catch((e: unknown) => e);
    expect(error, "one that stays").to.include({ reason: "AccessDenied" });
    await frontends.close();
    const unknown: unknown = await frontends.of(going).catch((e: unknown) => e);
    expect(unknown, "nobody knows the way any more").to.include({ reason: "AccessDenied" });
    expect(opened).to.have.length(1);
  });

  describe("of a StarRocksCluster", () => {
    const named = (): Repository =>
      repository({
        cluster: {
          credentialsSecret: { name: "starrocks-user" },
          starRocksCluster: { name: "prod", namespace: "starrocks" },
        },
      });
    const metadata = { name: "prod-fe-service", namespace: "starrocks" };
    const withPort = (port: number): Service => ({
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { clusterIP: "10.96.0.7", ports: [{ name: "query", port }] },
    });
    const seeded = () => {
      const world = makeWorld();
      world.api.seed(STARROCKS_CLUSTERS, {
        apiVersion: STARROCKS_CLUSTERS.apiVersion,
        kind: STARROCKS_CLUSTERS.kind,
        metadata: { name: "prod", namespace: "starrocks" },
        status: { phase: "running", starRocksFeStatus: { phase: "running" } },
      });
      world.api.seed(SERVICES, withPort(9030));
      return world;
    };

    it("lead to its FE Service, and follow it to another port", async () => {
      const { frontends, opened, api, later } = seeded();
      await frontends.of(named());
      api.seed(SERVICES, withPort(19_030));
      await frontends.of(named());
      await later();
      await frontends.of(named());
      const addresses = opened.map((c) => c.options.frontends);
      expect(addresses).to.deep.equal([["10.96.0.7:9030"], ["10.96.0.7:19030"]]);
      expect(opened.map((c) => c.isClosed)).to.deep.equal([true, false]);
    });

    it("are found as soon as it is there, and lost within ten seconds", async () => {
      const { frontends, api, later } = seeded();
      api.vanish(SERVICES, metadata);
      const early: unknown = await frontends.of(named()).catch((e: unknown) => e);
      expect(early).to.include({ reason: "FrontendServiceMissing", heals: false });
      api.seed(SERVICES, withPort(9030));
      await frontends.of(named());
      api.vanish(STARROCKS_CLUSTERS, { namespace: "starrocks", name: "prod" });
      await frontends.of(named());
      await later();
      const late: unknown = await frontends.of(named()).catch((e: unknown) => e);
      expect(late).to.include({ reason: "ClusterNotFound" });
    });

    it("say where the address comes from that nobody answers at", async () => {
      const { frontends } = seeded();
      await frontends.of(named());
      const silent = new FrontendError("FrontendUnreachable", true, "no FE answers");
      const told = frontends.explain(named(), silent);
      expect(told).to.include({ reason: "FrontendUnreachable", heals: true });
      expect(told.message).to.equal(
        "no FE answers (Service prod-fe-service of StarRocksCluster starrocks/prod, which is running)",
      );
      expect(frontends.explain(repository(), silent)).to.equal(silent);
    });
  });

  it("close what they forget, and all in the end", async () => {
    const { frontends, opened } = makeWorld();
    await frontends.of(repository());
    await frontends.forget(repository().metadata.uid ?? "");
    await frontends.of(repository());
    await frontends.close();
    expect(opened.map((c) => c.isClosed)).to.deep.equal([true, true]);
  });
});
