// Listings by pages, of stores that lead on and of those that lead nowhere.
import { expect } from "chai";
import { GcsIdentities } from "../../e2e/servers/gcs-identity.ts";
import { systemClock } from "../clock.ts";
import { Secret } from "../secret.ts";
import { GcsClient } from "./gcs-client.ts";
import { GcsStorage } from "./gcs.ts";
import type { Paging } from "./paging.ts";
import { pagesOf, rowsInOrder } from "./paging.ts";
import { makeS3Client } from "./s3-client.ts";
import { S3Storage } from "./s3.ts";
import type { ListEntry, Storage } from "./storage.ts";
import { collect, rejection } from "./testing/collect.ts";
import { ScriptedHttp } from "./testing/scripted-http.ts";

const TOKEN_HOLDER = new GcsIdentities().addAccount();

interface Page {
  readonly rows: readonly string[];
  readonly next?: string;
}

function paging(pages: Readonly<Record<string, Page>>): Paging<Page> & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    ask: async (place = "first") => {
      asked.push(place);
      return pages[place] ?? { rows: [] };
    },
    next: (page) => page.next,
    operation: "list",
    key: "f/",
    place: "s3://b/p",
    advice: "take another store",
  };
}

describe("pagesOf", () => {
  it("follows the places that the store says, and ends where it says none", async () => {
    const three = paging({
      first: { rows: ["a"], next: "2" },
      2: { rows: ["b"], next: "3" },
      3: { rows: ["c"] },
    });
    const pages = await collect(pagesOf(three));
    expect(pages.flatMap((page) => page.rows)).to.deep.equal(["a", "b", "c"]);
    expect(three.asked).to.deep.equal(["first", "2", "3"]);
  });

  for (const [how, next] of [
    ["does not say where it goes on", ""],
    ["says the same place again", "2"],
  ] as const) {
    it(`ends with what to do where the store ${how}`, async () => {
      const lost = paging({ first: { rows: ["a"], next: "2" }, 2: { rows: ["b"], next } });
      const error = await rejection(collect(pagesOf(lost)));
      expect(error).to.include({ kind: "wrongConfiguration" });
      expect(String(error)).to.match(
        /list of s3:\/\/b\/p\/f\/: the store says that there is more, but not where; take another store$/,
      );
      expect(lost.asked).to.deep.equal(["first", "2"]);
    });
  }
});

describe("rowsInOrder", () => {
  const object = (key: string): ListEntry => ({ kind: "object", key, size: 1, etag: "e" });
  const names = async (pages: readonly (readonly string[])[], startAfter?: string) => {
    const given = pages.map((keys) => keys.map(object));
    async function* each() {
      yield* given;
    }
    const rows = await collect(rowsInOrder(each(), startAfter === undefined ? {} : { startAfter }));
    return rows.map((row) => (row.kind === "object" ? row.key : row.prefix));
  };

  it("sorts each page by bytes, and says a row once that two pages have", async () => {
    expect(
      await names([
        ["b", "B", "a"],
        ["b", "c"],
      ]),
    ).to.deep.equal(["B", "a", "b", "c"]);
  });

  it("begins behind startAfter, also where the store begins at it", async () => {
    expect(await names([["a", "b", "c"]], "b")).to.deep.equal(["c"]);
  });
});

describe("a listing of a store that leads nowhere ends", () => {
  const servers: { stop: () => unknown }[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  const scripted = async (body: object | string, headers = {}): Promise<ScriptedHttp> => {
    const http = await ScriptedHttp.start();
    servers.push(http);
    http.answer = () => ({ body, headers });
    return http;
  };

  const gcs = async (body: object): Promise<Storage> => {
    const { endpoint } = await scripted(body);
    const credentials = async () => new Secret(TOKEN_HOLDER);
    const client = new GcsClient({ endpoint, credentials, maxSockets: 1, clock: systemClock });
    servers.push({ stop: () => client.destroy() });
    const location = { bucket: "backups", prefix: "" };
    return new GcsStorage({ client, location, clock: systemClock });
  };

  it("GCS: the same page token again", async () => {
    const storage = await gcs({ items: [], nextPageToken: "again" });
    expect(await rejection(collect(storage.list("")))).to.include({ kind: "wrongConfiguration" });
  });

  it("GCS: an empty page token is the end", async () => {
    const storage = await gcs({ items: [], nextPageToken: "" });
    expect(await collect(storage.list(""))).to.deep.equal([]);
  });

  for (const [how, markers] of [
    ["no markers", ""],
    [
      "the same markers again",
      "<NextKeyMarker>b</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker>",
    ],
  ] as const) {
    it(`S3 uploads: ${how}`, async () => {
      const xml = `<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>${markers}</ListMultipartUploadsResult>`;
      const http = await scripted(xml, { "content-type": "application/xml" });
      const credentials = { accessKeyId: "AKID", secretAccessKey: new Secret("hunter2") };
      const client = makeS3Client({ endpoint: http.endpoint, forcePathStyle: true, credentials });
      servers.push({ stop: () => client.destroy() });
      const location = { bucket: "backups", prefix: "" };
      const storage = new S3Storage({ client, location, clock: systemClock });
      expect(await rejection(collect(storage.listUploads("")))).to.include({
        kind: "wrongConfiguration",
      });
    });
  }
});
