import { createHash } from "node:crypto";
import { expect } from "chai";
import { rejection } from "../storage/testing/collect.ts";
import {
  SnapshotInfoError,
  parseInfoName,
  peekDatabase,
  readSnapshotInfo,
} from "./snapshot-info.ts";
import type { SnapshotInfo } from "./snapshot-info.ts";
import { ExpectedTablets, addName, emptySum, sameSum } from "./snapshot-info-tablets.ts";

const MD5 = "0123456789abcdef0123456789abcdef";

/** As the FE writes it: the order of keys is that of a Java HashMap. */
const INFO = {
  database: "shop",
  meta_version: 92,
  backup_time: 1767225600123,
  name: "snap_a",
  starrocks_meta_version: 4,
  backup_result: "succeed",
  id: 11001,
  backup_objects: {
    bestellungen_ü_名: {
      partitions: {
        p1: {
          indexes: {
            orders: {
              schema_hash: 12345,
              tablets_order: ["11012", "11013"],
              id: 11011,
              tablets: { "11012": ["11012.hdr", "a.dat"], "11013": [] },
            },
          },
          id: 11009,
          version_hash: 0,
          version: 7,
          subPartitions: {
            "11020": {
              indexes: {
                orders: { id: 11021, tablets: { "11022": [] }, tablets_order: ["11022"] },
              },
              id: 11020,
              version: 3,
            },
          },
        },
        p2: { indexes: { orders: { id: 11011, tablets: { "11032": [] } } }, id: 11029, version: 1 },
      },
      autoIncrementId: 101,
      id: 11010,
    },
    a_view: { partitions: {}, id: 11050 },
  },
};

async function* chunked(content: string | Buffer, size: number): AsyncIterable<Buffer> {
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function md5(content: string): string {
  return createHash("md5").update(content).digest("hex");
}

function read(value: object | string, chunkBytes = 1_000_000): Promise<SnapshotInfo> {
  const content = typeof value === "string" ? value : JSON.stringify(value);
  return readSnapshotInfo(chunked(content, chunkBytes), md5(content));
}

function places(info: SnapshotInfo): unknown[] {
  return Array.from({ length: info.tablets.size }, (_, i) => info.tablets.placeOf(i));
}

const TABLE = { tableName: "bestellungen_ü_名", table: 11010 };
const PLACES = [
  { ...TABLE, partition: 11009, index: 11011, tablet: 11012 },
  { ...TABLE, partition: 11009, index: 11011, tablet: 11013 },
  { ...TABLE, partition: 11020, index: 11021, tablet: 11022 },
  { ...TABLE, partition: 11029, index: 11011, tablet: 11032 },
];

describe("parseInfoName", () => {
  const cases: readonly [string, string | undefined][] = [
    [`__info_2026-01-31-04-05-06-789.${MD5}`, "2026-01-31-04-05-06-789"],
    ["__info_2026-01-31-04-05-06-789.part", undefined],
    ["__info_2026-01-31-04-05-06-789", undefined],
    [`__info_2026-01-31-04-05-06-789.${MD5.toUpperCase()}`, undefined],
    [`__info_2026-01-31-04-05-06-789.${MD5.slice(1)}`, undefined],
    [`__info_.${MD5}`, undefined],
    [`__info.${MD5}`, undefined],
    [`__info_a.b.${MD5}`, undefined],
    [`__meta.${MD5}`, undefined],
  ];
  for (const [name, timestamp] of cases) {
    it(`${timestamp === undefined ? "refuses" : "takes"} ${name}`, () => {
      const expected = timestamp === undefined ? undefined : { timestamp, md5: MD5 };
      expect(parseInfoName(name)).to.deep.equal(expected);
    });
  }
});

describe("readSnapshotInfo", () => {
  it("gives what the FE wrote, with ids that come after what they belong to", async () => {
    const info = await read(INFO);
    expect(info).to.deep.include({
      name: "snap_a",
      database: "shop",
      databaseId: 11001,
      backupTimeMs: 1767225600123,
      metaVersion: 92,
      starrocksMetaVersion: 4,
    });
    expect(places(info)).to.deep.equal(PLACES);
  });

  it("gives the same however the bytes are cut", async () => {
    for (const size of [1, 2, 3, 7, 64]) {
      expect(places(await read(INFO, size))).to.deep.equal(PLACES);
    }
  });

  it("sums the names of filled lists, and names them on demand", async () => {
    const content = JSON.stringify(INFO);
    const names: [number, string][] = [];
    const info = await readSnapshotInfo(chunked(content, 100), md5(content), {
      onFile: (tablet, name) => names.push([tablet, name]),
    });
    expect(names).to.deep.equal([
      [0, "11012.hdr"],
      [0, "a.dat"],
    ]);
    const sum = emptySum();
    for (const name of ["a.dat", "11012.hdr"]) addName(sum, name);
    expect(info.tablets.filesOf(0)).to.deep.equal(sum);
    expect(info.tablets.filesOf(1)).to.deep.equal(emptySum());
  });

  it("takes a snapshot of functions or of external catalogs, which has no tables", async () => {
    const info = await read({ ...INFO, database: "", id: -1, backup_objects: {} });
    expect(info).to.deep.include({ database: "", databaseId: -1 });
    expect(info.tablets.size).to.equal(0);
  });

  it("skips keys of releases to come, whatever stands under them", async () => {
    const expire = { partitions: { tablets: [{ id: 1 }, [2, null]] }, ok: true };
    const info = await read({ cluster_id: 7, expire, ...INFO, ttl: null, tags: ["x", { id: 3 }] });
    expect(places(info)).to.deep.equal(PLACES);
    expect(info.databaseId).to.equal(11001);
  });

  it("takes tables and partitions whose names are words of the format or of JavaScript", async () => {
    for (const name of ["constructor", "__proto__", "id", "partitions", "tablets", "*"]) {
      const index = `{"id":3,"tablets":{"4":[]}}`;
      const partition = `{"id":2,"indexes":{${JSON.stringify(name)}:${index}}}`;
      const table = `{"partitions":{${JSON.stringify(name)}:${partition}},"id":1}`;
      const objects = `"backup_objects":{${JSON.stringify(name)}:${table}}`;
      const rest = `"id":9,"backup_time":1,"backup_result":"succeed"`;
      const info = await read(`{${objects},${rest}}`);
      expect(places(info)).to.deep.equal([
        { tableName: name, table: 1, partition: 2, index: 3, tablet: 4 },
      ]);
    }
  });

  const json = JSON.stringify(INFO);
  const broken: readonly [string, string, string][] = [
    ["one that is cut off", json.slice(0, -2), "it ends in the middle"],
    ["no JSON", "PK\u0003\u0004", "it is not JSON"],
    ["an array", "[]", "unexpected type"],
    ["a number", "1 ", "it is not a JSON object"],
    ["nothing", "", "it ends in the middle"],
    ["JSON with something behind it", `${json}{}`, "something follows its end"],
    ["one that did not succeed", json.replace("succeed", "failed"), "backup_result"],
    ["a tablet twice", json.replace('"11022":[]', '"11012":[]'), "tablet 11012 is listed twice"],
    ["a table without id", json.replace(',"id":11010', ""), "without id"],
    ["a sub-partition without id", json.replace('"id":11020,', ""), "tablet 11022 of table"],
    ["a tablet id beyond 2^53", json.replaceAll("11022", "9007199254740993"), "2^53"],
    ["a table id beyond 2^53", json.replace("11010", "9007199254740993"), "2^53"],
    ["a tablet that is no number", json.replace('"11022":[]', '"x":[]'), "x is no tablet id"],
    ["tablets as a list", json.replace('{"11022":[]}', "[11022]"), "unexpected type"],
    ["no database id", json.replace('"id":11001,', ""), "id undefined"],
  ];
  for (const [name, content, message] of broken) {
    it(`refuses ${name}, also under a name with its md5`, async () => {
      const error = await rejection(read(content));
      expect(error).to.be.instanceOf(SnapshotInfoError);
      expect((error as Error).message).to.include(message);
    });
  }

  it("refuses content whose md5 is not that of the name, first of all", async () => {
    for (const content of [json, json.slice(0, 40)]) {
      const error = await rejection(readSnapshotInfo(chunked(content, 10), MD5));
      expect(error).to.be.instanceOf(SnapshotInfoError);
      expect((error as Error).message).to.include(`its name says ${MD5}`);
    }
  });

  it("passes a failed read on as it is: that is no damage", async () => {
    const failure = new Error("connection reset");
    async function* failing() {
      yield Buffer.from(json.slice(0, 50));
      throw failure;
    }
    expect(await rejection(readSnapshotInfo(failing(), md5(json)))).to.equal(failure);
  });
});

describe("peekDatabase", () => {
  const json = JSON.stringify(INFO);
  it("finds the database in the first bytes", () => {
    expect(peekDatabase(Buffer.from(json.slice(0, 30)))).to.equal("shop");
  });
  it("gives nothing when it is cut off, or no __info at all", () => {
    expect(peekDatabase(Buffer.from(json.slice(0, 15)))).to.equal(undefined);
    expect(peekDatabase(Buffer.from("\u0000\u0001"))).to.equal(undefined);
  });
});

describe("ExpectedTablets", () => {
  it("finds every id again and no other, also ids beyond 2^32", () => {
    const tablets = new ExpectedTablets();
    const index = tablets.addIndex(tablets.addPartition(tablets.addTable("t")));
    const ids = Array.from({ length: 5000 }, (_, i) => (i % 2 === 0 ? i * 3 : i * 2 ** 37 + 1));
    for (const id of ids) tablets.addTablet(index, id);
    expect(ids.map((id) => tablets.find(id))).to.deep.equal(ids.map((_, i) => i));
    expect(
      ids.map((id) => tablets.find(id + 2)).filter((found) => found !== undefined),
    ).to.deep.equal([]);
  });

  it("tells sets of names apart, in any order", () => {
    const sumOf = (names: readonly string[]) => {
      const sum = emptySum();
      for (const name of names) addName(sum, name);
      return sum;
    };
    const base = sumOf(["a.dat", "b.dat", "c.hdr"]);
    expect(sameSum(base, sumOf(["c.hdr", "a.dat", "b.dat"]))).to.equal(true);
    for (const other of [
      ["a.dat", "b.dat"],
      ["a.dat", "b.dat", "d.hdr"],
      ["a.dat", "a.dat", "c.hdr"],
    ]) {
      expect(sameSum(base, sumOf(other))).to.equal(false);
    }
  });
});
