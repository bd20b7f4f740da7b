// Faults that a test puts before the server, its account of requests, and logs that come from elsewhere.
import { expect } from "chai";
import { pods } from "../kinds/pods.ts";
import type { Fields } from "../object.ts";
import type { ApiServer } from "../server.ts";
import { startApiServer } from "../server.ts";
import { thingDefinition } from "../testing/cluster.ts";
import { MAPS, THINGS, caller } from "../testing/http.ts";
import type { PodLogOptions } from "./pod-logs.ts";

describe("API server", () => {
  let server: ApiServer;
  beforeEach(async () => {
    server = await startApiServer({ crds: [thingDefinition()] });
  });
  afterEach(() => server.stop());
  const { call } = caller(() => server.url);

  describe("faults", () => {
    it("refuse, reset, or answer instead, before anything is done", async () => {
      for (const fault of ["refuse", "reset"] as const) {
        server.faults.before = () => fault;
        expect(
          await call("POST", MAPS, { metadata: { name: "a" } }).catch(() => "broken"),
        ).to.equal("broken");
      }
      server.faults.before = ({ verb }) =>
        verb === "create"
          ? { status: 429, reason: "TooManyRequests", message: "later" }
          : undefined;
      const { code, body } = await call("POST", MAPS, { metadata: { name: "a" } });
      expect([code, body["reason"], body["message"]]).to.deep.equal([
        429,
        "TooManyRequests",
        "later",
      ]);
      expect((await call("GET", `${MAPS}/a`)).code).to.equal(404);
    });

    it("hang until the client has enough", async () => {
      server.faults.before = () => "hang";
      const outcome = await fetch(server.url + MAPS, { signal: AbortSignal.timeout(100) }).catch(
        (e: Error) => e.name,
      );
      expect(outcome).to.equal("TimeoutError");
    });

    it("lose the answer of what was done", async () => {
      server.faults.after = ({ name, verb }) =>
        verb === "create" && name === undefined ? "reset" : undefined;
      expect(await call("POST", MAPS, { metadata: { name: "a" } }).catch(() => "broken")).to.equal(
        "broken",
      );
      expect((await call("GET", `${MAPS}/a`)).code).to.equal(200);
    });

    it("leave an account of requests", async () => {
      await call("GET", `${MAPS}?limit=1`);
      await call(
        "PATCH",
        `${THINGS}/t/status`,
        {},
        { "content-type": "application/merge-patch+json" },
      );
      expect(server.requests.at(-2)).to.deep.include({
        method: "GET",
        verb: "list",
        resource: "configmaps",
        query: "?limit=1",
        userAgent: "tester/1",
        namespace: "default",
      });
      expect(server.requests.at(-1)).to.deep.include({
        verb: "patch",
        resource: "things",
        name: "t",
        subresource: "status",
      });
    });
  });

  describe("logs", () => {
    const asked: PodLogOptions[] = [];
    beforeEach(() => {
      const spec = {
        nodeName: "n",
        containers: [
          { name: "a", image: "x" },
          { name: "b", image: "x" },
        ],
      };
      server.registry.create(pods, "default", { metadata: { name: "p" }, spec });
      asked.splice(0);
      server.podLogs = (_namespace, _name, options) => {
        asked.push(options);
        return options.container === "a" ? stream() : undefined;
      };
    });
    async function* stream(): AsyncGenerator<Buffer> {
      yield Buffer.from("one\n");
      yield Buffer.from("two\n");
    }
    const log = (query: string) =>
      fetch(`${server.url}/api/v1/namespaces/default/pods/p/log?${query}`);

    it("come from the nodes, as asked for", async () => {
      const response = await log(
        "container=a&tailLines=5&limitBytes=100&follow=true&timestamps=true&sinceSeconds=9",
      );
      expect(await response.text()).to.equal("one\ntwo\n");
      expect(asked).to.deep.equal([
        {
          container: "a",
          follow: true,
          previous: false,
          timestamps: true,
          tailLines: 5,
          limitBytes: 100,
          sinceSeconds: 9,
        },
      ]);
    });

    it("say why there are none", async () => {
      const message = async (query: string) =>
        ((await (await log(query)).json()) as Fields)["message"];
      expect(await message("")).to.contain(
        "a container name must be specified for pod p, choose one of: [a b]",
      );
      expect(await message("container=z")).to.contain("container z is not valid for pod p");
      expect(await message("container=b")).to.contain(
        'container "b" in pod "p" is waiting to start: ContainerCreating',
      );
      expect(await message("container=b&previous=true")).to.contain(
        "previous terminated container",
      );
    });
  });
});
