// Before a NameNode and a DataNode of a few lines each: what leads from one to the other, and harm to bodies that
// nobody must miss by their length.
import { expect } from "chai";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { collect } from "./harms.ts";
import { HarmingProxy } from "./harming-proxy.ts";
import { HdfsDialect, type HdfsFaultRequest } from "./hdfs-dialect.ts";
import { LOOPBACK, portOf } from "./loopback.ts";

const CONTENT = "0123456789";

describe("HarmingProxy", () => {
  let servers: Server[] = [];
  let proxy: HarmingProxy<HdfsFaultRequest>;
  let nameNode = "";
  let stored = "";

  const serve = async (listener: Parameters<typeof createServer>[1]): Promise<string> => {
    const server = createServer(listener).listen(0, LOOPBACK);
    await once(server, "listening");
    servers.push(server);
    return `http://${LOOPBACK}:${portOf(server)}`;
  };

  beforeEach(async () => {
    const dataNode = await serve((request, response) => {
      void collect(request).then((body) => {
        stored = body.toString();
        response.end(CONTENT);
      });
    });
    const real = await serve((request, response) => {
      const Location = `${dataNode}${request.url ?? ""}&namenoderpcaddress=nn`;
      if (request.url?.includes("noredirect") === true) response.end(JSON.stringify({ Location }));
      else response.writeHead(307, { location: Location }).end();
    });
    proxy = new HarmingProxy(new HdfsDialect());
    nameNode = await proxy.through(`${real}/webhdfs/v1`);
  });
  afterEach(async () => {
    await proxy.stop();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    servers = [];
  });

  const ask = async (query: string): Promise<string> => {
    const answer = await fetch(`${nameNode}/a?${query}&noredirect=true`);
    return ((await answer.json()) as { readonly Location: string }).Location;
  };

  it("stands before a server that an answer leads to, by its body or by a redirect", async () => {
    expect(await (await fetch(await ask("op=OPEN"))).text()).to.equal(CONTENT);
    expect(await (await fetch(`${nameNode}/a?op=OPEN`)).text()).to.equal(CONTENT);
    expect(proxy.requests.map(({ operation }) => operation)).to.deep.equal([
      "OPEN",
      "OPEN of bytes",
      "OPEN",
      "OPEN of bytes",
    ]);
  });

  it("does harm by kind, in the words of the store", async () => {
    const refusal = { status: 403, code: "StandbyException" };
    proxy.inject({ kind: "read", harm: { do: "refuse", ...refusal } });
    const answer = await fetch(await ask("op=OPEN"));
    expect(answer.status).to.equal(403);
    expect(await answer.json()).to.have.nested.property(
      "RemoteException.exception",
      "StandbyException",
    );
    expect(proxy.harmed).to.equal(1);
  });

  it("takes the end off bodies, and their length with it", async () => {
    const url = await ask("op=CREATE");
    proxy.inject({ kind: "put", harm: { do: "shortenUp", bytes: 3 } });
    await (await fetch(url, { method: "PUT", body: CONTENT })).text();
    expect(stored).to.equal(CONTENT.slice(0, -3));
    proxy.inject({ kind: "read", harm: { do: "shortenDown", bytes: 4 } });
    const answer = await fetch(await ask("op=OPEN"));
    expect(answer.headers.get("content-length")).to.equal("6");
    expect(await answer.text()).to.equal(CONTENT.slice(0, -4));
  });
});
