// A store behind a private authority and a proxy that wants a password, through the whole operator: what a Repository
// says while each is missing or wrong, that a hand is enough, and that tables go there and back. The store has a name
// that only the proxy can resolve, so nothing reaches it by another way.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import type { Authority } from "../servers/authority.ts";
import { describeWithOpenssl, makeAuthority } from "../servers/authority.ts";
import type { ForwardProxy } from "../servers/forward-proxy.ts";
import { startForwardProxy } from "../servers/forward-proxy.ts";
import type { TlsFront } from "../servers/tls-front.ts";
import { startTlsFront } from "../servers/tls-front.ts";
import { NAMESPACE, World, resource } from "../world.ts";
import { isOver } from "./is-over.ts";

/** Without a dot: the server would take what stands before it for a bucket. */
const NAME = "the-store";
const LOGIN = { user: "agent", password: "proxy:p@ssword-nobody-may-see" };
const WRONG = "a-guess-nobody-may-see";
const TABLES = [{ name: "orders", tablets: 4, segmentBytes: [300_000], replicationNum: 1 }];
/** A Repository that is ready looks at its Secrets and ConfigMaps once a minute. */
const SEEN_MS = 240_000;

describeWithOpenssl("a store behind a private authority and a proxy", () => {
  const stops: (() => Promise<unknown>)[] = [];
  let world: World;
  let authority: Authority;
  let front: TlsFront;
  let proxy: ForwardProxy;
  let digest: string;

  before(async () => {
    world = await World.start();
    stops.push(async () => await world.stop());
    authority = await authorityOf();
    front = await startTlsFront(await authority.issue([`DNS:${NAME}`]), world.s3.endpoint);
    stops.push(async () => await front.stop());
    proxy = await startForwardProxy({ login: `${LOGIN.user}:${LOGIN.password}` });
    stops.push(async () => await proxy.stop());
    await world.starrocks.createDatabase({ name: "shop", tables: TABLES });
    digest = await world.starrocks.digest("shop", "orders");
    await world.apply(proxyUser(LOGIN.password));
    world.startOperator();
  });

  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  async function authorityOf(): Promise<Authority> {
    const made = await makeAuthority();
    stops.push(async () => await made.close());
    return made;
  }

  function repository(caBundle?: object): KubernetesObject {
    const way = { url: proxy.url, credentialsSecret: { name: "proxy-user" } };
    return world.repository({
      s3: {
        region: "us-east-1",
        endpoint: `https://${NAME}:${front.port}`,
        forcePathStyle: true,
        checksumMode: "Auto",
      },
      connection: { proxy: way, ...caBundle },
    });
  }
  const TRUSTING = { caBundle: { configMap: { name: "company-ca", key: "ca.crt" } } };

  async function untilTold(reason: string): Promise<string> {
    const told = await world.until<Repository>(
      "Repository",
      "prod",
      (r) =>
        [condition(r, "StorageReady"), condition(r, "Ready")].every((c) => c?.reason === reason),
      SEEN_MS,
    );
    expect(told.status?.phase).to.equal("NOT_READY");
    expect(condition(told, "Stalled")).to.include({ status: "True", reason });
    return must(condition(told, "Ready")).message;
  }

  const untilReady = (
    also: (status: NonNullable<Repository["status"]>) => boolean = () => true,
  ): Promise<Repository> =>
    world.until<Repository>(
      "Repository",
      "prod",
      ({ status }) => status?.phase === "READY" && also(status),
      SEEN_MS,
    );

  const untilOver = async (kind: "Backup" | "Restore", name: string): Promise<void> => {
    const { status } = await world.until<Backup | Restore>(kind, name, isOver);
    expect(status?.phase, `${kind} ${name}: ${status?.message}`).to.equal("FINISHED");
  };

  it("is not trusted by itself, and the Repository says what to name", async () => {
    await world.apply(repository());
    expect(await untilTold("CertificateUntrusted")).to.match(/authority.*connection\.caBundle/s);
  });

  it("waits for a ConfigMap that is named and not there", async () => {
    await world.apply(repository(TRUSTING));
    expect(await untilTold("CaBundleMissing")).to.include(
      "ConfigMap company-ca does not exist in this namespace",
    );
  });

  it("is ready once the authority's certificate is there", async () => {
    await world.apply(bundleOf(authority));
    await untilReady();
    expect(new Set(proxy.asked)).to.deep.equal(new Set([`CONNECT ${NAME}:${front.port}`]));
  });

  it("takes a backup, and gives it back equal", async () => {
    await world.apply(resource("Backup", "first", { repository: "prod", database: "shop" }));
    await untilOver("Backup", "first");
    await world.sql("DROP TABLE `shop`.`orders`");
    await world.apply(
      resource("Restore", "first", { repository: "prod", source: { backup: "first" } }),
    );
    await untilOver("Restore", "first");
    expect(await world.starrocks.digest("shop", "orders")).to.equal(digest);
  });

  it("is checked anew, with new pods, when the authority is another", async () => {
    const { status } = must(await world.get<Repository>("Repository", "prod"));
    const other = await authorityOf();
    front.renew(await other.issue([`DNS:${NAME}`]));
    await world.apply(bundleOf(other));
    // Only the new bundle opens the way, and only a probe that had it can have passed.
    await untilReady(({ checkedWith }) => checkedWith !== status?.checkedWith);
    await world.apply(resource("Backup", "rotated", { repository: "prod", database: "shop" }));
    await untilOver("Backup", "rotated");
  });

  it("tells that the proxy refuses the password, and is ready with the right one", async () => {
    await world.apply(proxyUser(WRONG));
    expect(await untilTold("ProxyRefused")).to.include("connection.proxy");
    await world.apply(proxyUser(LOGIN.password));
    await untilReady();
  });

  it("shows no secret to anybody", async () => {
    const seen = {
      "operator's log": world.operatorLines,
      "pods' logs": await world.podLogs(),
      "resources, Jobs, pods, events": (await world.objects(NAMESPACE)).map((o) =>
        JSON.stringify(o),
      ),
      "SQL texts": world.starrocks.statements.map(({ sql }) => sql),
    };
    const secrets = [LOGIN.password, WRONG, world.s3Secret].flatMap(written);
    for (const [what, lines] of Object.entries(seen)) {
      expect(lines, what).to.not.be.empty;
      for (const secret of secrets) {
        expect(
          lines.find((line) => line.includes(secret)),
          what,
        ).to.equal(undefined);
      }
    }
    expect(await world.untilNothingIsLeft(), "left behind").to.deep.equal([]);
    expect(world.starrocks.violations, "what a real StarRocks would not survive").to.deep.equal([]);
  });
});

function condition({ status }: Repository, type: string) {
  return status?.conditions?.find((one) => one.type === type);
}

/** As it is, in a URL, and in a header. */
function written(secret: string): string[] {
  const header = Buffer.from(`${LOGIN.user}:${secret}`).toString("base64");
  return [secret, encodeURIComponent(secret), header];
}

function proxyUser(password: string): KubernetesObject {
  const metadata = { name: "proxy-user", namespace: NAMESPACE };
  const data = { user: base64(LOGIN.user), password: base64(password) };
  return { apiVersion: "v1", kind: "Secret", metadata, data } as KubernetesObject;
}

function bundleOf({ bundle }: Authority): KubernetesObject {
  const metadata = { name: "company-ca", namespace: NAMESPACE };
  const data = { "ca.crt": bundle };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data } as KubernetesObject;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
