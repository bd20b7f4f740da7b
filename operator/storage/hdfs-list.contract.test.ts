// Listings of HDFS in the order of keys, from pages in the order of a NameNode: names that differ in what sorts
// otherwise there (characters beyond ASCII, folders beside files), in all pages' sizes.
import { expect } from "chai";
import { systemClock } from "../clock.ts";
import type { Agents } from "./connection.ts";
import { makeAgents } from "./connection.ts";
import { HdfsClient } from "./hdfs-client.ts";
import { nameNodesOf, parseHdfsLocation } from "./hdfs-location.ts";
import { temporaryKey } from "./hdfs-temporary.ts";
import { HdfsStorage } from "./hdfs.ts";
import { compareKeys } from "./key.ts";
import type { ListEntry, ListOptions } from "./storage.ts";
import { collect } from "./testing/collect.ts";
import { FakeWebHdfs } from "./testing/fake-webhdfs.ts";

const NAMES = [
  " y",
  "-x",
  "!z",
  "a",
  "a-b",
  "a.b",
  "a0",
  "aü",
  "aüa",
  "aü-",
  "b",
  "B",
  "ü",
  "ü/x",
  "ü-",
  "名",
  "~",
  "\u{1F600}",
  "\uFF5E",
];
/** Every name as a file or as a folder of two, by turns. */
const KEYS = NAMES.flatMap((name, i) =>
  i % 3 === 0 ? [`${name}.d/${name}`, `${name}.d/in/${name}`, `${name}.d`.slice(0, -1)] : [name],
);
const IDS = ["00000000000000ff", "ff00000000000000"];

describe("HDFS listings", () => {
  let hdfs: FakeWebHdfs;
  let agents: Agents;

  before(async () => {
    hdfs = new FakeWebHdfs();
    agents = makeAgents({}, 16);
    await hdfs.start();
    for (const key of KEYS) {
      hdfs.store(`/r/${key}`, Buffer.from(key));
      for (const id of IDS) hdfs.store(`/r/${temporaryKey(key, id)}`, Buffer.from("half"));
    }
    hdfs.store(`/r/${temporaryKey("unfinished/alone", "0123456789abcdef")}`, Buffer.from("half"));
  });
  after(async () => {
    agents.http.destroy();
    await hdfs.stop();
  });

  const open = () => {
    const location = parseHdfsLocation("hdfs://ns1/r");
    const timeouts = { connectMs: 20_000, nameNodeMs: 20_000, requestMs: 20_000, stallMs: 20_000 };
    const nameNodes = nameNodesOf(location, [hdfs.nameNode]);
    const origin = "hdfs://ns1";
    const client = new HdfsClient({
      nameNodes,
      settings: {},
      agents,
      clock: systemClock,
      timeouts,
      origin,
    });
    return new HdfsStorage({ client, location, clock: systemClock });
  };
  const nameOf = (row: ListEntry) => (row.kind === "object" ? row.key : row.prefix);
  const listed = async (prefix: string, options: ListOptions = {}) =>
    (await collect(open().list(prefix, options))).map(nameOf);

  /** What a listing must give, told from all keys. */
  const wanted = (prefix: string, { folded = false, startAfter = "" }: ListOptions) => {
    const rows = KEYS.filter((key) => key.startsWith(prefix)).map((key) => {
      const slash = key.indexOf("/", prefix.length);
      return folded && slash >= 0 ? key.slice(0, slash + 1) : key;
    });
    return [...new Set(rows)].filter((row) => compareKeys(row, startAfter) > 0).sort(compareKeys);
  };

  for (const pageRows of [1, 2, 7, 1000]) {
    it(`are in order and whole, by pages of ${pageRows}`, async () => {
      hdfs.pageRows = pageRows;
      for (const prefix of ["", "a", "aü", "a.d/", "ü", "nobody"]) {
        for (const folded of [false, true]) {
          const options = { folded };
          expect(await listed(prefix, options), prefix).to.deep.equal(wanted(prefix, options));
        }
      }
    });
  }

  it("begin after any key", async () => {
    hdfs.pageRows = 3;
    for (const startAfter of [...KEYS, "a.d/", "a.d/in", "zzz"]) {
      for (const folded of [false, true]) {
        const options = { folded, startAfter };
        expect(await listed("", options), startAfter).to.deep.equal(wanted("", options));
      }
    }
  });

  it("of files being written are in the order of their keys", async () => {
    for (const pageRows of [1, 2, 1000]) {
      hdfs.pageRows = pageRows;
      const found = await collect(open().listUploads(""));
      const keys = found.map(({ key }) => key);
      const all = [...KEYS, "unfinished/alone"].sort(compareKeys);
      expect([...new Set(keys)]).to.deep.equal(all);
      expect(keys).to.have.length(2 * KEYS.length + 1);
    }
    const below = await collect(open().listUploads("a.d/i"));
    expect(new Set(below.map(({ key }) => key))).to.deep.equal(new Set(["a.d/in/a"]));
  });
});
