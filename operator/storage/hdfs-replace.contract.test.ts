// Replacing a file through a gateway that cannot (HttpFS renames, but onto nothing): the object that stood there is
// never lost, whoever comes in between and whichever answer does not arrive. Against a small fake, because no server
// breaks off on request.
import { expect } from "chai";
import { systemClock } from "../clock.ts";
import type { Agents } from "./connection.ts";
import { makeAgents } from "./connection.ts";
import { HdfsClient } from "./hdfs-client.ts";
import { nameNodesOf, parseHdfsLocation } from "./hdfs-location.ts";
import { HdfsStorage } from "./hdfs.ts";
import { collect } from "./testing/collect.ts";
import { FakeWebHdfs, json } from "./testing/fake-webhdfs.ts";

/** What becomes of a request: `lost` does nothing, `unheard` does it and does not answer. */
type Fate = "answered" | "lost" | "unheard";

describe("an HDFS gateway that cannot replace", () => {
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
