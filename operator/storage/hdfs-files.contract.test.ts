// Renaming and removing, against a small fake, because no server breaks off on request. Above all: replacing a file
// through a gateway that cannot (HttpFS renames, but onto nothing) never loses the object that stood there, whoever
// comes in between and whichever answer does not arrive.
import { expect } from "chai";
import { systemClock } from "../clock.ts";
import type { Agents } from "./connection.ts";
import { makeAgents } from "./connection.ts";
import { HdfsClient } from "./hdfs-client.ts";
import { nameNodesOf, parseHdfsLocation } from "./hdfs-location.ts";
import { HdfsStorage } from "./hdfs.ts";
import { collect, rejection } from "./testing/collect.ts";
import { FakeWebHdfs, json, refuse } from "./testing/fake-webhdfs.ts";

/** What becomes of a request: `lost` does nothing, `unheard` does it and does not answer. */
type Fate = "answered" | "lost" | "unheard";

describe("files of HDFS", () => {
  let hdfs: FakeWebHdfs;
  let agents: Agents;

  beforeEach(async () => {
    hdfs = new FakeWebHdfs();
    agents = makeAgents({}, 4);
    await hdfs.start();
  });
  afterEach(async () => {
    agents.http.destroy();
    await hdfs.stop();
  });

  const open = (): HdfsStorage => {
    const location = parseHdfsLocation("hdfs://ns1/backup");
    const client = new HdfsClient({
      nameNodes: nameNodesOf(location, [hdfs.nameNode]),
      settings: { user: "eve" },
      agents,
      clock: systemClock,
      timeouts: { connectMs: 20_000, nameNodeMs: 20_000, requestMs: 20_000, stallMs: 20_000 },
      origin: "hdfs://ns1",
    });
    return new HdfsStorage({ client, location, clock: systemClock });
  };

  it("asks no more than it must of a file that it moves or deletes", async () => {
    for (const [name, run, wanted] of [
      ["its own folder", () => open().move("c/x", "c/y"), ["GETFILESTATUS", "RENAME"]],
      ["another", () => open().move("c/y", "b/x"), ["GETFILESTATUS", "RENAME", "DELETE"]],
      ["nowhere", () => open().delete("b/x"), ["DELETE", "DELETE"]],
    ] as const) {
      if (name === "its own folder") hdfs.store("/backup/c/x", Buffer.from("x"));
      const before = hdfs.operations.length;
      await run();
      expect(hdfs.operations.slice(before), `to ${name}`).to.deep.equal(wanted);
    }
  });

  it("calls no file lost whose folder others take away all the time", async () => {
    hdfs.store("/backup/from", Buffer.from("x"));
    hdfs.say = (seen, response) => {
      if (seen.op === "RENAME") refuse(response, "FileNotFoundException", 404);
      return seen.op === "RENAME";
    };
    expect(await rejection(open().move("from", "c/to"))).to.include({ kind: "unavailable" });
    expect(hdfs.files.has("/backup/from")).to.equal(true);
  });

  it("takes away each folder that many deletions have emptied", async () => {
    for (const path of ["/backup/c/x", "/backup/cd"]) hdfs.store(path, Buffer.from("x"));
    await open().deleteMany(["c/x", "cd"]);
    const removed = hdfs.seen.filter(({ op }) => op === "DELETE").map(({ path }) => path);
    expect(removed).to.have.members(["/backup/c/x", "/backup/cd", "/backup/c"]);
  });

  describe("through a gateway that cannot replace", () => {
    const from = "/backup/from";
    const to = "/backup/to";

    /** Answers a RENAME as one without options does. */
    const rename = (path: string, destination: string): boolean => {
      const file = hdfs.files.get(path);
      if (file === undefined || hdfs.files.has(destination)) return false;
      hdfs.files.delete(path);
      hdfs.files.set(destination, file);
      return true;
    };

    /** Runs `first` before the n-th request that changes something is answered. */
    const httpFs = (n: number, first: () => Fate): void => {
      let changes = 0;
      hdfs.say = (seen, response) => {
        if (seen.op !== "RENAME" && seen.op !== "DELETE") return false;
        changes += 1;
        const fate = changes === n ? first() : "answered";
        if (fate === "lost") response.destroy();
        if (fate === "lost" || seen.op === "DELETE") return fate === "lost";
        const boolean = rename(seen.path, seen.query.get("destination") ?? "");
        if (fate === "unheard") response.destroy();
        else json(response, { boolean });
        return true;
      };
    };

    beforeEach(() => {
      hdfs.store(from, Buffer.from("content"));
      hdfs.store(to, Buffer.from("content"));
    });

    it("replaces in a move, and leaves nothing beside it", async () => {
      httpFs(0, () => "answered");
      await open().move("from", "to");
      expect([...hdfs.files.keys()]).to.deep.equal([to]);
    });

    // Two agents that finish one intent: whatever the other does in between, the object is there.
    for (const n of [1, 2, 3, 4]) {
      it(`keeps the object when another's move comes before change ${n} of its own`, async () => {
        httpFs(n, () => {
          if (hdfs.files.has(from)) {
            hdfs.files.delete(to);
            rename(from, to);
          }
          return "answered";
        });
        await open().move("from", "to");
        expect(hdfs.files.get(to)?.body.toString()).to.equal("content");
        // What was put aside may stay beside it: sweeps find it.
        expect(await collect(open().list(""))).to.have.length(1);
      });

      for (const fate of ["lost", "unheard"] as const) {
        it(`keeps the older object or the newer one when change ${n} is ${fate}`, async () => {
          httpFs(n, () => fate);
          await open()
            .put("to", Buffer.from("newer"))
            .catch(() => undefined);
          expect(hdfs.files.get(to)?.body.toString()).to.be.oneOf(["content", "newer"]);
        });
      }
    }
  });
});
