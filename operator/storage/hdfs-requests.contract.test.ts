// What the HDFS client asks, of whom, with which credentials, and what it makes of answers that no cluster gives
// on request: against a small fake. Nothing that a server says but a kept promise may look like one.
import { expect } from "chai";
import type { ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import { must } from "../assert.ts";
import { systemClock, type Clock } from "../clock.ts";
import { Secret } from "../secret.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import type { Agents } from "./connection.ts";
import { makeAgents } from "./connection.ts";
import type { StorageReason } from "./errors.ts";
import { StorageError } from "./errors.ts";
import type { HdfsTimeouts } from "./hdfs-client.ts";
import { HdfsClient } from "./hdfs-client.ts";
import { nameNodesOf, parseHdfsLocation } from "./hdfs-location.ts";
import type { HdfsSettings } from "./hdfs-settings.ts";
import { HdfsStorage } from "./hdfs.ts";
import { pattern, readAll, rejection } from "./testing/collect.ts";
import type { Say, Seen } from "./testing/fake-webhdfs.ts";
import { FakeWebHdfs, json, refuse } from "./testing/fake-webhdfs.ts";

const NOBODY = "http://127.0.0.1:1";
const TOKEN = "Token-That-Nobody-May-See";
const PASSWORD = "Password-That-Nobody-May-See";

describe("HDFS requests", () => {
  let hdfs: FakeWebHdfs;
  let agents: Agents;

  beforeEach(async () => {
    hdfs = new FakeWebHdfs();
    agents = makeAgents({}, 16);
    await hdfs.start();
  });
  afterEach(async () => {
    agents.http.destroy();
    await hdfs.stop();
  });

  const open = (
    settings: HdfsSettings = {},
    timeouts: Partial<HdfsTimeouts> = {},
    clock: Clock = systemClock,
  ) => {
    const location = parseHdfsLocation("hdfs://ns1/backup");
    const patient = { connectMs: 20_000, nameNodeMs: 20_000, requestMs: 20_000, stallMs: 20_000 };
    const client = new HdfsClient({
      nameNodes: nameNodesOf(location, settings.nameNodes ?? [hdfs.nameNode]),
      settings: { user: "eve", ...settings },
      agents,
      clock,
      timeouts: { ...patient, ...timeouts },
      origin: "hdfs://ns1",
    });
    return new HdfsStorage({ client, location, clock });
  };

  /** Says something else once, to one kind of request. */
  const once = (role: Seen["role"], op: string, say: (response: ServerResponse) => void): Say => {
    let said = false;
    return (seen, response, request) => {
      if (said || seen.role !== role || seen.op !== op) return false;
      said = true;
      request.resume();
      say(response);
      return true;
    };
  };

  const failed = async (promise: Promise<unknown>): Promise<StorageError> => {
    const error = await rejection(promise);
    expect(error, String(error)).to.be.instanceOf(StorageError);
    return error as StorageError;
  };

  const written = () => [...hdfs.files.keys()];

  it("puts a file by four questions, and asks each with the user's name", async () => {
    const info = await open().put("a b/ü", Buffer.from("x"));
    expect(hdfs.operations).to.deep.equal(["CREATE", "CREATE*", "GETFILESTATUS", "RENAME"]);
    expect(hdfs.seen[0]?.path).to.match(/^\/backup\/a b\/\._k8s[0-9a-f]{16}_ü$/);
    expect(hdfs.seen[3]?.query.get("destination")).to.equal("/backup/a b/ü");
    expect(hdfs.seen.map(({ query }) => query.get("user.name"))).to.deep.equal(
      Array(4).fill("eve"),
    );
    expect(info).to.include({ key: "a b/ü", size: 1 });
    expect(written()).to.deep.equal(["/backup/a b/ü"]);
  });

  describe("takes for stored only what the DataNode calls created and has the right length", () => {
    for (const [title, say, kind] of [
      ["200 for 201", (r) => r.writeHead(200).end(), "wrongConfiguration"],
      ["409", (r) => r.writeHead(409).end(), "unknown"],
      ["429", (r) => r.writeHead(429, { "retry-after": "3" }).end(), "throttled"],
      ["502 with a page", (r) => r.writeHead(502).end("<html>bad</html>"), "unavailable"],
      ["503", (r) => r.writeHead(503).end(), "unavailable"],
      ["a connection that ends", (r) => r.destroy(), "unavailable"],
      ["201 of a file that is not there", (r) => r.writeHead(201).end(), "notFound"],
    ] as const satisfies readonly (readonly [string, (r: ServerResponse) => void, string])[]) {
      it(`not ${title}`, async () => {
        hdfs.say = once("dataNode", "CREATE", say);
        expect(await failed(open().put("x", Buffer.from("body")))).to.include({ kind });
        expect(written()).to.deep.equal([]);
        expect(hdfs.operations).to.include("DELETE").and.not.include("RENAME");
      });
    }

    it("not half a file", async () => {
      hdfs.say = (seen, response) => {
        if (seen.op !== "GETFILESTATUS") return false;
        const half = { type: "FILE", length: 2, modificationTime: 1, fileId: 1, pathSuffix: "" };
        json(response, { FileStatus: half });
        return true;
      };
      const error = await failed(open().put("x", Buffer.from("body")));
      expect(error).to.include({ kind: "unavailable" });
      expect(error.message).to.include("2 of 4 bytes");
      expect(hdfs.operations).to.not.include("RENAME");
    });
  });

  describe("a NameNode that is none", () => {
    for (const [title, say, reason] of [
      ["an empty answer", (r) => r.end(), "WrongEndpoint"],
      ["a page", (r) => r.end("<html>hello</html>"), "WrongEndpoint"],
      ["a login", (r) => r.writeHead(302, { location: "/login" }).end(), "WrongEndpoint"],
      [
        "a redirect to nowhere",
        (r) => r.writeHead(307, { location: "x:y" }).end(),
        "WrongEndpoint",
      ],
      [
        "Kerberos",
        (r) => r.writeHead(401, { "www-authenticate": "Negotiate" }).end(),
        "WrongCredentials",
      ],
    ] as const satisfies readonly (readonly [
      string,
      (r: ServerResponse) => void,
      StorageReason,
    ])[]) {
      it(`is told by ${title}`, async () => {
        hdfs.say = once("nameNode", "CREATE", say);
        const error = await failed(open().put("x", Buffer.from("body")));
        expect(error.detail.reason, error.message).to.equal(reason);
        expect(written()).to.deep.equal([]);
      });
    }

    it("is told from an empty folder", async () => {
      hdfs.say = once("nameNode", "LISTSTATUS_BATCH", (r) => r.end("<html>hello</html>"));
      const rows = open().list("")[Symbol.asyncIterator]();
      expect((await failed(rows.next())).detail.reason).to.equal("WrongEndpoint");
    });
  });

  describe("credentials", () => {
    const basic = async () =>
      ({ kind: "basic", user: "eve", password: new Secret(PASSWORD) }) as const;
    const token = async () => ({ kind: "token", token: new Secret(TOKEN) }) as const;

    it("of a gateway go to it alone, not to the DataNode it names", async () => {
      await open({ credentials: basic }).put("x", Buffer.from("x"));
      await readAll(open({ credentials: basic }), "x");
      const pair = Buffer.from(`eve:${PASSWORD}`).toString("base64");
      for (const { role, headers } of hdfs.seen) {
        const wanted = role === "nameNode" ? `Basic ${pair}` : undefined;
        expect(headers.authorization).to.equal(wanted);
        expect(headers.cookie).to.equal(undefined);
      }
      expect(hdfs.operations).to.include.members(["CREATE*", "OPEN*"]);
    });

    it("of a token stand in the question in place of the user, and in no error", async () => {
      const storage = open({ credentials: token });
      await storage.put("x", Buffer.from("x"));
      for (const { query } of hdfs.seen) {
        expect([query.get("delegation"), query.get("user.name")]).to.deep.equal([TOKEN, null]);
      }
      hdfs.say = once("nameNode", "GETFILESTATUS", (r) => refuse(r, "InvalidToken"));
      const expired = await failed(storage.stat("x"));
      expect(expired.detail.reason).to.equal("CredentialsExpired");
      hdfs.say = once("dataNode", "OPEN", (r) => r.destroy());
      const broken = await failed(storage.read("x"));
      const nobody = await failed(open({ credentials: token, nameNodes: [NOBODY] }).stat("x"));
      for (const error of [expired, broken, nobody]) {
        expect(JSON.stringify([error.message, error.stack, error.detail])).to.not.include(TOKEN);
        expect(error.cause).to.equal(undefined);
      }
    });
  });

  describe("several NameNodes", () => {
    it("are asked in turn, and the one that answered first of all the next time", async () => {
      const storage = open({ nameNodes: [NOBODY, hdfs.nameNode] });
      await storage.put("x", Buffer.from("x"));
      expect(await storage.stat("x")).to.include({ size: 1 });
      const other = new FakeWebHdfs();
      await other.start();
      other.say = (_seen, response) => {
        refuse(response, "StandbyException");
        return true;
      };
      const both = open({ nameNodes: [other.nameNode, hdfs.nameNode] });
      expect(await both.stat("x")).to.include({ size: 1 });
      expect(await both.stat("x")).to.include({ size: 1 });
      expect(other.operations).to.deep.equal(["GETFILESTATUS"]);
      await other.stop();
    });

    it("are asked in turn when one is silent", async () => {
      const silent = new FakeWebHdfs();
      await silent.start();
      silent.say = () => true;
      hdfs.store("/backup/x", Buffer.from("x"));
      // Of the one that answers nothing must pass, however busy the machine is.
      const clock = new ManualClock();
      const nameNodes = [silent.nameNode, hdfs.nameNode];
      const stat = open({ nameNodes }, { nameNodeMs: 100 }, clock).stat("x");
      while (silent.seen.length === 0) await setImmediate();
      await clock.advance(100);
      expect(await stat).to.include({ size: 1 });
      await silent.stop();
    });

    it("of which none answers are all named", async () => {
      const error = await failed(open({ nameNodes: [NOBODY, "http://127.0.0.1:2"] }).stat("x"));
      expect(error).to.include({ kind: "unavailable" });
      expect(error.detail.reason).to.equal("EndpointUnreachable");
      expect(error.message).to.include("127.0.0.1:1").and.include("127.0.0.1:2");
    });

    it("of which one says no are not asked further", async () => {
      hdfs.say = once("nameNode", "GETFILESTATUS", (r) => refuse(r, "AccessControlException"));
      const storage = open({ nameNodes: [hdfs.nameNode, hdfs.nameNode] });
      expect(await failed(storage.stat("x"))).to.include({ kind: "accessDenied" });
      expect(hdfs.operations).to.deep.equal(["GETFILESTATUS"]);
    });

    it("make no second file of a standby's redirect", async () => {
      hdfs.say = once("dataNode", "CREATE", (r) => refuse(r, "StandbyException"));
      await open({ nameNodes: [hdfs.nameNode, hdfs.nameNode] }).put("x", Buffer.from("x"));
      expect(hdfs.operations.filter((op) => op === "CREATE*")).to.have.length(2);
      expect(written()).to.deep.equal(["/backup/x"]);
    });

    for (const ifAbsent of [false, true]) {
      it(`do a rename whose answer was lost once${ifAbsent ? ", also where it may not replace" : ""}`, async () => {
        hdfs.say = (seen, response) => {
          if (seen.op !== "RENAME") return false;
          hdfs.say = () => false;
          const file = hdfs.files.get(seen.path);
          hdfs.files.delete(seen.path);
          if (file) hdfs.files.set(seen.query.get("destination") ?? "", file);
          response.destroy();
          return true;
        };
        const storage = open({ nameNodes: [hdfs.nameNode, hdfs.nameNode] });
        const info = await storage.put("x", Buffer.from("mine"), { ifAbsent });
        expect(await storage.stat("x")).to.deep.equal(info);
        expect(hdfs.operations.filter((op) => op === "RENAME")).to.have.length(2);
      });
    }
  });

  describe("a body", () => {
    const body = pattern(100_000);
    beforeEach(() => hdfs.store("/backup/x", body));

    for (const [title, say] of [
      [
        "ends before its length",
        (r) =>
          r
            .writeHead(200, { "content-length": 100_000, connection: "close" })
            .end(body.subarray(1)),
      ],
      ["is shorter than was asked", (r) => r.end(body.subarray(1))],
      ["is longer than was asked", (r) => r.end(Buffer.concat([body, body]))],
      ["breaks off", (r) => r.write(body.subarray(1), () => r.destroy())],
    ] as const satisfies readonly (readonly [string, (r: ServerResponse) => void])[]) {
      it(`that ${title} is an error`, async () => {
        hdfs.say = once("dataNode", "OPEN", say);
        expect(await failed(readAll(open(), "x"))).to.include({ kind: "unavailable" });
      });
    }

    it("that stands still is one too", async () => {
      hdfs.say = once("dataNode", "OPEN", (r) => r.write(body.subarray(1)));
      const storage = open({}, { stallMs: 50 });
      expect(await failed(readAll(storage, "x"))).to.include({ kind: "timeout" });
    });

    it("that is a page with a wrong status is no content", async () => {
      hdfs.say = once("dataNode", "OPEN", (r) => r.writeHead(503).end("<html>busy</html>"));
      expect(await failed(open().read("x"))).to.include({ kind: "unavailable" });
    });

    it("is taken from a gateway that sends it at once, or by a redirect", async () => {
      hdfs.say = once("nameNode", "OPEN", (r) =>
        r.setHeader("content-type", "application/octet-stream").end(body),
      );
      expect((await readAll(open(), "x")).equals(body)).to.equal(true);
      const location = `${hdfs.dataNode}/webhdfs/v1/backup/x?op=OPEN&offset=0&length=100000`;
      hdfs.say = once("nameNode", "OPEN", (r) => r.writeHead(307, { location }).end());
      expect((await readAll(open(), "x")).equals(body)).to.equal(true);
    });
  });

  it("an abort ends the connection on which bytes are sent", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    hdfs.say = (seen, _response, request) => {
      if (seen.role !== "dataNode") return false;
      request.once("data", () => stop.abort(reason));
      return true;
    };
    const put = open().put("x", pattern(8_000_000), { signal: stop.signal });
    expect(await rejection(put)).to.equal(reason);
    const sent = hdfs.seen.find(({ role }) => role === "dataNode");
    await must(sent).ended;
    expect(sent).to.include({ broken: true });
    expect(hdfs.operations.at(-1)).to.not.equal("RENAME");
  });

  describe("a part", () => {
    it("whose answer was lost is cut away and sent anew, whatever arrived of it", async () => {
      for (const arrived of ["all", "half", "nothing"]) {
        const upload = await open().upload("x");
        await upload.part(Buffer.from("first,"));
        hdfs.say = once("dataNode", "APPEND", (response) => {
          const [path = ""] = written().filter((name) => name.endsWith("_x"));
          const parts = { all: "first,second", half: "first,sec", nothing: "first," };
          hdfs.store(path, Buffer.from(parts[arrived as keyof typeof parts]));
          response.destroy();
        });
        await failed(upload.part(Buffer.from("second")));
        await upload.part(Buffer.from("SECOND"), { number: 2 });
        await upload.complete();
        expect(hdfs.files.get("/backup/x")?.body.toString()).to.equal("first,SECOND");
      }
    });

    it("is not sent while HDFS is still cutting", async () => {
      const upload = await open().upload("x");
      hdfs.say = once("dataNode", "APPEND", (response) => {
        hdfs.store(written()[0] ?? "", Buffer.from("rubbish"));
        response.destroy();
      });
      await failed(upload.part(Buffer.from("good")));
      hdfs.say = once("nameNode", "TRUNCATE", (response) => json(response, { boolean: false }));
      await upload.part(Buffer.from("good"), { number: 1 });
      await upload.complete();
      expect(hdfs.operations.filter((op) => op === "TRUNCATE")).to.have.length(2);
      expect(hdfs.files.get("/backup/x")?.body.toString()).to.equal("good");
    });

    it("that is stored twice over, as another's, makes no object", async () => {
      const upload = await open().upload("x");
      await upload.part(Buffer.from("good"));
      hdfs.store(written()[0] ?? "", Buffer.from("good and more"));
      expect(await failed(upload.complete())).to.include({ kind: "changed" });
      expect(hdfs.files.has("/backup/x")).to.equal(false);
    });
  });

  it("a move makes the folder that it needs", async () => {
    hdfs.store("/backup/from", Buffer.from("x"));
    hdfs.say = once("nameNode", "RENAME", (r) => refuse(r, "FileNotFoundException", 404));
    await open().move("from", "deep/to");
    expect(hdfs.operations).to.include("MKDIRS");
    expect(hdfs.files.has("/backup/deep/to")).to.equal(true);
  });

  it("a folder that is not empty is left, and one that cannot be made is said", async () => {
    hdfs.store("/backup/a/x", Buffer.from("x"));
    hdfs.say = (seen, response) => {
      if (seen.op !== "DELETE" || seen.path !== "/backup/a") return false;
      refuse(response, "PathIsNotEmptyDirectoryException");
      return true;
    };
    await open().delete("a/x");
    expect(written()).to.deep.equal([]);
    hdfs.store("/backup/from", Buffer.from("x"));
    hdfs.say = (seen, response) => {
      if (seen.op === "RENAME") refuse(response, "FileNotFoundException", 404);
      else if (seen.op === "MKDIRS") json(response, { boolean: false });
      else return false;
      return true;
    };
    expect(await failed(open().move("from", "b/to"))).to.include({ kind: "wrongConfiguration" });
  });
});
