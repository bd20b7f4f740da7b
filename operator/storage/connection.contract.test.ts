// The way to a store, for real: TLS with an authority of one's own, and forward proxies, before S3 and STS.
import { expect } from "chai";
import { once } from "node:events";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createServer, request as sendRequest } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Authority } from "../../e2e/servers/authority.ts";
import { describeWithOpenssl, makeAuthority } from "../../e2e/servers/authority.ts";
import { startFauxqs } from "../../e2e/servers/fauxqs.ts";
import type { ForwardProxy, ForwardProxyOptions } from "../../e2e/servers/forward-proxy.ts";
import { startForwardProxy } from "../../e2e/servers/forward-proxy.ts";
import { LOOPBACK, portOf } from "../../e2e/servers/loopback.ts";
import type { S3Server } from "../../e2e/servers/s3-server.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { TerminalError } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { Connection } from "./connection.ts";
import { makeAgents } from "./connection.ts";
import { makeS3Client } from "./s3-client.ts";
import type { S3Settings } from "./s3-settings.ts";
import { S3Storage } from "./s3.ts";
import { pattern, readAll, rejection } from "./testing/collect.ts";

const x = Buffer.from("x");
/** Nobody's, but of the proxy. Without a dot: the server would take what stands before it for a bucket. */
const NAME = "the-store";

describeWithOpenssl("The connection to a store", () => {
  let fauxqs: S3Server | undefined;
  let authority: Authority | undefined;
  const opened: (() => Promise<unknown>)[] = [];

  before(async () => {
    fauxqs = await startFauxqs();
    authority = await makeAuthority();
  });
  after(async () => {
    await fauxqs?.stop();
    await authority?.close();
  });
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });

  const storageAt = (endpoint: string, connection?: Connection, s3: S3Settings = {}) => {
    const credentials = { accessKeyId: "any", secretAccessKey: new Secret("any") };
    const client = makeS3Client({ endpoint, credentials, ...s3 }, connection);
    opened.push(async () => client.destroy());
    const location = { bucket: must(fauxqs).bucket, prefix: "" };
    return new S3Storage({ client, location, clock: systemClock });
  };
  const listen = async (server: Server) => {
    server.listen(0, LOOPBACK);
    await once(server, "listening");
    opened.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    return portOf(server);
  };
  /** A TLS server for these names; behind it `answer`, by default fauxqs. Its port. */
  const tls = async (
    names: readonly string[],
    how: { days?: number; answer?: RequestListener } = {},
  ) => {
    const certificate = await must(authority).issue(names, how.days);
    return listen(createTlsServer(certificate, how.answer ?? toFauxqs));
  };
  const toFauxqs = (request: IncomingMessage, response: ServerResponse) => {
    const { hostname, port } = new URL(must(fauxqs).endpoint);
    const { method, url: path, headers } = request;
    const forwarded = sendRequest({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(forwarded);
  };
  const proxied = async (options?: ForwardProxyOptions): Promise<ForwardProxy> => {
    const proxy = await startForwardProxy(options);
    opened.push(() => proxy.stop());
    return proxy;
  };
  const expectWrong = async (storage: S3Storage, reason: string, advice: string) => {
    const failed = await rejection(storage.put("a", x));
    expect(failed).to.include({ kind: "wrongConfiguration" });
    expect(failed).to.have.nested.property("detail.reason", reason);
    expect(failed).to.have.property("message").that.includes(advice);
  };

  describe("by TLS", () => {
    it("is trusted with the bundle of the authority, and only with it", async () => {
      const port = await tls([`IP:${LOOPBACK}`]);
      const endpoint = `https://${LOOPBACK}:${port}`;
      const { bundle } = must(authority);
      await expectWrong(storageAt(endpoint), "CertificateUntrusted", "connection.caBundle");
      const other = await makeAuthority();
      opened.push(() => other.close());
      const untrusted = storageAt(endpoint, { caBundle: other.bundle });
      await expectWrong(untrusted, "CertificateUntrusted", "connection.caBundle");
      const storage = storageAt(endpoint, { caBundle: `# ours\n${other.bundle}\n${bundle}` });
      await storage.put("tls", pattern(100_000));
      expect((await readAll(storage, "tls")).equals(pattern(100_000))).to.equal(true);
    });

    it("is refused when the certificate is for another name", async () => {
      const endpoint = `https://${LOOPBACK}:${await tls([`DNS:${NAME}`])}`;
      const storage = storageAt(endpoint, { caBundle: must(authority).bundle });
      await expectWrong(storage, "CertificateUntrusted", "name that its certificate is for");
    });

    it("is refused when the certificate is over", async () => {
      const endpoint = `https://${LOOPBACK}:${await tls([`IP:${LOOPBACK}`], { days: -1 })}`;
      const storage = storageAt(endpoint, { caBundle: must(authority).bundle });
      await expectWrong(storage, "CertificateUntrusted", "must be renewed");
    });

    it("still trusts the authorities of the system beside the bundle", () => {
      const { https } = makeAgents({ caBundle: must(authority).bundle }, 1);
      expect(https.options.ca).to.have.length.greaterThan(100);
    });

    for (const [title, caBundle, why] of [
      ["nothing in it", "", "holds no certificate"],
      [
        "a key in it",
        "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----",
        "holds no certificate",
      ],
      [
        "a broken certificate",
        "-----BEGIN CERTIFICATE-----\nMIIx\n-----END CERTIFICATE-----",
        "certificate 1",
      ],
    ] as const) {
      it(`refuses a bundle with ${title}, and says what to put there`, () => {
        expect(() => storageAt("https://s3.example", { caBundle }))
          .to.throw(TerminalError, why)
          .with.property("message")
          .that.includes("put there the certificates");
      });
    }
  });

  describe("by a proxy", () => {
    const login = { user: "back@up", password: new Secret("p:ss/word") };

    it("goes through it by whole URLs for http", async () => {
      const proxy = await proxied();
      const { port } = new URL(must(fauxqs).endpoint);
      const storage = storageAt(`http://${NAME}:${port}`, { proxy: { url: proxy.url } });
      await storage.put("by proxy", x);
      expect(await readAll(storage, "by proxy")).to.deep.equal(x);
      const place = `http://${NAME}:${port}/${must(fauxqs).bucket}/by%20proxy`;
      expect(proxy.asked).to.deep.equal([
        `PUT ${place}?x-id=PutObject`,
        `GET ${place}?x-id=GetObject`,
      ]);
    });

    it("goes through it by one tunnel for https, used again and again", async () => {
      const proxy = await proxied();
      const port = await tls([`DNS:${NAME}`]);
      const { bundle: caBundle } = must(authority);
      const storage = storageAt(`https://${NAME}:${port}`, { caBundle, proxy: { url: proxy.url } });
      for (let i = 0; i < 10; i += 1) await storage.put(`tunnel${i}`, x);
      expect(proxy.asked).to.deep.equal([`CONNECT ${NAME}:${port}`]);
      await Promise.all(Array.from({ length: 20 }, (_, i) => storage.put(`tunnel${i}`, x)));
      expect(proxy.asked.length).to.be.within(2, 21);
    });

    it("looks at the certificate of the store, not of the proxy", async () => {
      const proxy = await proxied();
      const port = await tls(["DNS:another.example"]);
      const { bundle: caBundle } = must(authority);
      const storage = storageAt(`https://${NAME}:${port}`, { caBundle, proxy: { url: proxy.url } });
      await expectWrong(storage, "CertificateUntrusted", "name that its certificate is for");
    });

    it("shows user and password to it, and says when they are wrong or missing", async () => {
      const proxy = await proxied({ login: `${login.user}:${login.password.reveal()}` });
      const { bundle: caBundle } = must(authority);
      const { port } = new URL(must(fauxqs).endpoint);
      const endpoints = [`http://${NAME}:${port}`, `https://${NAME}:${await tls([`DNS:${NAME}`])}`];
      for (const endpoint of endpoints) {
        const { url } = proxy;
        await storageAt(endpoint, { caBundle, proxy: { url, credentials: login } }).put("a", x);
        const wrong = { user: login.user, password: new Secret("guessed-wrong") };
        for (const credentials of [undefined, wrong]) {
          const storage = storageAt(endpoint, { caBundle, proxy: { url, credentials } });
          await expectWrong(storage, "ProxyRefused", "connection.proxy");
          const failed = await rejection(storage.put("a", x));
          expect(JSON.stringify(failed) + String(failed)).to.not.match(/guessed|p:ss|p%3Ass/);
        }
      }
    });

    it("leaves it out for hosts that are reached without it, and for this pod's own", async () => {
      const proxy = await proxied();
      const { endpoint } = must(fauxqs);
      await storageAt(endpoint, { proxy: { url: proxy.url } }).put("own", x);
      const { port } = new URL(endpoint);
      const noProxy = [".internal.example", NAME];
      for (const host of [NAME, "s3.internal.example"]) {
        const direct = storageAt(`http://${host}:${port}`, { proxy: { url: proxy.url, noProxy } });
        const failed = await rejection(direct.put("a", x));
        expect(failed).to.have.nested.property("detail.reason", "EndpointUnreachable");
      }
      expect(proxy.asked).to.deep.equal([]);
    });

    it("says that nobody is there, of the proxy or behind it", async () => {
      const proxy = await proxied();
      const behind = storageAt(`https://${NAME}:1`, { proxy: { url: proxy.url } });
      const none = storageAt(`http://${NAME}`, { proxy: { url: `http://${LOOPBACK}:1` } });
      for (const storage of [behind, none]) {
        const failed = await rejection(storage.put("a", x));
        expect(failed).to.include({ kind: "unavailable" });
        expect(failed).to.have.nested.property("detail.reason", "EndpointUnreachable");
      }
    });

    it("waits no longer than told for a proxy that opens no way", async () => {
      const proxy = await proxied({ mute: true });
      const way = { connectTimeoutMs: 200, proxy: { url: proxy.url } };
      const failed = await rejection(storageAt(`https://${NAME}`, way).put("a", x));
      expect(failed).to.include({ kind: "timeout" });
      expect(failed).to.have.nested.property("detail.reason", "EndpointUnreachable");
    });

    it("ends a request in a tunnel when it is aborted, and the tunnel with it", async () => {
      const proxy = await proxied();
      const arrived = Promise.withResolvers<void>();
      const port = await tls([`DNS:${NAME}`], { answer: () => arrived.resolve() });
      const { bundle: caBundle } = must(authority);
      const storage = storageAt(`https://${NAME}:${port}`, { caBundle, proxy: { url: proxy.url } });
      const stop = new AbortController();
      const put = rejection(storage.put("a", x, { signal: stop.signal }));
      await arrived.promise;
      expect(proxy.tunnels).to.equal(1);
      const reason = new Error("enough");
      stop.abort(reason);
      expect(await put).to.equal(reason);
      const deadline = performance.now() + 30_000;
      while (proxy.tunnels > 0) {
        expect(performance.now(), "the tunnel's end").to.be.lessThan(deadline);
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
      }
    });
  });

  it("is also the way to STS", async () => {
    const proxy = await proxied();
    const port = await tls(["DNS:the-sts", `DNS:${NAME}`], {
      answer: (request, response) => {
        if (request.headers.host?.startsWith("the-sts") !== true) toFauxqs(request, response);
        else response.end(SESSION);
      },
    });
    const { bundle: caBundle } = must(authority);
    const role = {
      arn: "arn:aws:iam::123456789012:role/backup",
      stsEndpoint: `https://the-sts:${port}`,
    };
    const way = { caBundle, proxy: { url: proxy.url } };
    await storageAt(`https://${NAME}:${port}`, way, { role }).put("a", x);
    expect(proxy.asked).to.deep.equal([`CONNECT the-sts:${port}`, `CONNECT ${NAME}:${port}`]);
    const untrusted = storageAt(`https://${NAME}:${port}`, { proxy: way.proxy }, { role });
    const failed = await rejection(untrusted.put("a", x));
    expect(failed).to.have.nested.property("detail.reason", "CertificateUntrusted");
    expect(failed).to.have.property("message").that.includes("taking on the role");
  });

  describe("to something else", () => {
    for (const [title, answer] of [
      [
        "a page to log in at",
        (_: IncomingMessage, response: ServerResponse) => {
          response.writeHead(200, { "content-type": "text/html" }).end("<html>log in</html>");
        },
      ],
      [
        "a way to such a page",
        (_: IncomingMessage, response: ServerResponse) => {
          response.writeHead(302, { location: "/login" }).end();
        },
      ],
      [
        "a web server that wants TLS",
        (_: IncomingMessage, response: ServerResponse) => {
          response.writeHead(400, { "content-type": "text/html; charset=utf-8" });
          response.end("<html>The plain HTTP request was sent to HTTPS port</html>");
        },
      ],
    ] as const) {
      it(`tells ${title}: WrongEndpoint`, async () => {
        const port = await listen(createServer(answer));
        await expectWrong(
          storageAt(`http://${LOOPBACK}:${port}`),
          "WrongEndpoint",
          "does not speak S3",
        );
      });
    }
  });
});

const SESSION = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAANY</AccessKeyId><SecretAccessKey>any</SecretAccessKey><SessionToken>any</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
