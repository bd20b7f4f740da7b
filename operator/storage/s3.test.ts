// The S3 driver's own ways, without a server: what it sends over TLS, and how it copies in parts.
import type { S3Client } from "@aws-sdk/client-s3";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { PassThrough, Readable } from "node:stream";
import { Secret } from "../secret.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { withLayer } from "./layer.ts";
import type { S3Settings } from "./s3-settings.ts";
import { makeS3Client } from "./s3-client.ts";
import { writtenAs } from "./s3-written.ts";
import { S3Storage } from "./s3.ts";
import { collect, readAll, rejection } from "./testing/collect.ts";

const credentials = {
  accessKeyId: "AKID",
  secretAccessKey: new Secret("hunter2"),
  sessionToken: new Secret("session"),
};

interface Sent {
  readonly protocol: string;
  readonly hostname: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

/** Lets nothing out: each signed request is given to `answer`, whose result is the output. */
function intercept(client: S3Client, answer: (request: Sent) => Promise<object>): void {
  client.middlewareStack.add(
    () => async (args) => {
      const output = await answer(args.request as Sent);
      return { output: { $metadata: {}, ...output } as never, response: {} };
    },
    { step: "finalizeRequest", priority: "low", name: "intercept" },
  );
}

async function sentFor({
  bucket = "back_ups",
  ...options
}: S3Settings & { readonly bucket?: string }): Promise<Sent> {
  const client = makeS3Client({ ...options, credentials });
  const sent: Sent[] = [];
  intercept(client, async (request) => {
    sent.push(request);
    return { ETag: '"e"' };
  });
  const put = { Bucket: bucket, Key: "a b", Body: Buffer.from("x") };
  await client.send(new PutObjectCommand(put));
  client.destroy();
  const [only] = sent;
  if (only === undefined || sent.length > 1) throw new Error(`${sent.length} requests`);
  return only;
}

describe("makeS3Client", () => {
  it("signs the body over http and leaves it unsigned over https, with CRC32 in both", async () => {
    const plain = await sentFor({ endpoint: "http://s3.example:9000" });
    expect(plain.headers["x-amz-content-sha256"]).to.match(/^[0-9a-f]{64}$/);
    const secure = await sentFor({ endpoint: "https://s3.example:9000" });
    expect(secure.headers["x-amz-content-sha256"]).to.equal("UNSIGNED-PAYLOAD");
    const aws = await sentFor({ region: "eu-west-3" });
    expect(aws.headers["x-amz-content-sha256"]).to.equal("UNSIGNED-PAYLOAD");
    for (const { headers } of [plain, secure, aws]) {
      expect(headers["x-amz-checksum-crc32"]).to.equal("jNwWgw==");
    }
  });

  it("leaves checksums out for stores that do not know them", async () => {
    const sent = await sentFor({ endpoint: "http://s3.example", checksumMode: "whenRequired" });
    const names = Object.keys(sent.headers).filter((name) => /checksum|crc/.test(name));
    expect(names).to.deep.equal([]);
  });

  it("addresses buckets by path when an endpoint is given, and as told", async () => {
    const endpoint = "http://s3.example";
    expect(await sentFor({ endpoint })).to.include({
      hostname: "s3.example",
      path: "/back_ups/a%20b",
    });
    const byName = await sentFor({ endpoint, forcePathStyle: false, bucket: "backups" });
    expect(byName).to.include({ hostname: "backups.s3.example", path: "/a%20b" });
  });

  it("takes a bucket with an underscore on AWS itself", async () => {
    const sent = await sentFor({ region: "eu-west-3" });
    expect(`${sent.hostname}${sent.path}`).to.equal("s3.eu-west-3.amazonaws.com/back_ups/a%20b");
  });

  for (const bucket of ["backups.example", "back_ups"]) {
    it(`addresses ${bucket} by path where a certificate would not fit its name`, async () => {
      const endpoint = "https://s3.example";
      const named = await sentFor({ endpoint, forcePathStyle: false, bucket });
      expect(`${named.hostname}${named.path}`).to.equal(`s3.example/${bucket}/a%20b`);
      const aws = await sentFor({ region: "eu-west-3", bucket });
      expect(`${aws.hostname}${aws.path}`).to.equal(`s3.eu-west-3.amazonaws.com/${bucket}/a%20b`);
    });
  }

  it("sends the session token and never the secret", async () => {
    const { headers } = await sentFor({ endpoint: "https://s3.example" });
    expect(headers["x-amz-security-token"]).to.equal("session");
    expect(JSON.stringify(headers)).to.not.include("hunter2");
    expect(headers["authorization"]).to.include("AKID");
  });

  it("does not wait for the store's consent before a body", async () => {
    const { headers } = await sentFor({ endpoint: "http://s3.example" });
    expect(headers).to.not.have.any.keys("expect", "Expect");
  });
});

describe("S3Storage with storage class, encryption and tags", () => {
  const WRITTEN = {
    "x-amz-storage-class": "STANDARD_IA",
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-3:1:key/k",
    "x-amz-server-side-encryption-bucket-key-enabled": "true",
    "x-amz-tagging": "team=data",
  };
  const SETTINGS: S3Settings = {
    storageClass: "STANDARD_IA",
    encryption: {
      algorithm: "aws:kms",
      kmsKeyId: "arn:aws:kms:eu-west-3:1:key/k",
      bucketKey: true,
    },
    tags: { team: "data" },
  };

  /** What each request says of the object, by the names of {@link WRITTEN} and of directives. */
  const saidBy = async (settings: S3Settings, call: (storage: S3Storage) => Promise<unknown>) => {
    const client = makeS3Client({ endpoint: "http://s3.example", credentials });
    const said: Record<string, string>[] = [];
    intercept(client, async ({ headers }) => {
      const names = Object.keys(headers).filter((name) =>
        /^x-amz-(storage-class|server-side|tagging)/.test(name),
      );
      said.push(Object.fromEntries(names.map((name) => [name, headers[name] ?? ""])));
      return {
        ETag: '"e"',
        UploadId: "u",
        ContentLength: 10,
        CopyObjectResult: { ETag: '"e"' },
        CopyPartResult: { ETag: '"e"' },
      };
    });
    const location = { bucket: "backups", prefix: "" };
    const copyLimits = { singleBytesMax: 5, partBytes: 5 };
    const clock = new ManualClock();
    const written = writtenAs(settings);
    await call(new S3Storage({ client, location, clock, copyLimits, written }));
    return said;
  };
  const upload = async (storage: S3Storage) => {
    const begun = await storage.upload("a");
    await begun.part(Buffer.from("x"));
    await begun.complete();
  };

  it("says them with a put", async () => {
    const put = (storage: S3Storage) => storage.put("a", Buffer.from("x"));
    expect(await saidBy(SETTINGS, put)).to.deep.equal([WRITTEN]);
  });

  it("says them where an upload begins and not with its parts, where S3 refuses them", async () => {
    expect(await saidBy(SETTINGS, upload)).to.deep.equal([WRITTEN, {}, {}]);
  });

  it("says them with a copy, which takes none of them from its source", async () => {
    const copy = (storage: S3Storage) => storage.copy("a", "b", { size: 3 });
    const replaced = { ...WRITTEN, "x-amz-tagging-directive": "REPLACE" };
    expect(await saidBy(SETTINGS, copy)).to.deep.equal([replaced]);
  });

  it("says them where a copy in parts begins", async () => {
    const copy = (storage: S3Storage) => storage.copy("a", "b", { size: 10 });
    const [head, create, ...rest] = await saidBy(SETTINGS, copy);
    expect([head, create]).to.deep.equal([{}, WRITTEN]);
    expect(rest).to.deep.equal([{}, {}, {}]);
  });

  it("leaves the class off what is temporary, until it is moved", async () => {
    const { "x-amz-storage-class": _, ...withoutClass } = WRITTEN;
    const replaced = { ...WRITTEN, "x-amz-tagging-directive": "REPLACE" };
    const said = await saidBy(SETTINGS, async (storage) => {
      const layered = withLayer(storage, { call: (_call, next) => next() });
      await layered.put("a", Buffer.from("x"), { temporary: true });
      await layered.move("a", "b", { size: 1 });
      await layered.upload("a", { temporary: true });
    });
    expect(said).to.deep.equal([withoutClass, replaced, {}, withoutClass]);
  });

  it("leaves all of it to the bucket where nothing was set", async () => {
    const copy = (storage: S3Storage) => storage.copy("a", "b", { size: 3 });
    expect(await saidBy({}, copy)).to.deep.equal([{}]);
    expect(await saidBy({}, upload)).to.deep.equal([{}, {}, {}]);
  });

  for (const algorithm of ["AES256", "aws:kms:dsse"] as const) {
    it(`says ${algorithm} without a key`, async () => {
      const put = (storage: S3Storage) => storage.put("a", Buffer.from("x"));
      const [said] = await saidBy({ encryption: { algorithm } }, put);
      expect(said).to.deep.equal({ "x-amz-server-side-encryption": algorithm });
    });
  }
});

describe("S3Storage", () => {
  const given = (answer: (request: Sent) => Promise<object>) => {
    const client = makeS3Client({ endpoint: "http://s3.example", credentials });
    intercept(client, answer);
    const clock = new ManualClock();
    const location = { bucket: "backups", prefix: "p/" };
    const timeouts = { requestMs: 5_000, slowRequestMs: 50_000, stallMs: 1_000 };
    return { clock, storage: new S3Storage({ client, location, clock, timeouts }) };
  };
  const never = () => new Promise<object>(() => {});
  const key = (name: string) => ({ Key: `p/${name}`, Size: 1, ETag: '"e"' });

  it("gives a request that gets no answer up after its time", async () => {
    const { storage, clock } = given(never);
    const put = rejection(storage.put("a", Buffer.from("x")));
    await clock.advance(4_999);
    expect(clock.pending).to.equal(1);
    await clock.advance(1);
    expect(await put).to.include({ kind: "timeout" });
    expect(await put)
      .to.have.property("message")
      .that.includes("s3://backups/p/a");
    expect(clock.pending).to.equal(0);
  });

  it("sorts a page, drops what comes twice and leaves folder markers out", async () => {
    const pages = [
      {
        Contents: [key("b"), key("dir/"), key("a")],
        CommonPrefixes: [{ Prefix: "p/ab/" }],
        IsTruncated: true,
        NextContinuationToken: "2",
      },
      { Contents: [key("b"), key("c")], CommonPrefixes: [{ Prefix: "p/ab/" }] },
    ];
    const { storage } = given(async () => pages.shift() ?? {});
    const rows = await collect(storage.list("", { folded: true }));
    const names = rows.map((row) => (row.kind === "object" ? row.key : row.prefix));
    expect(names).to.deep.equal(["a", "ab/", "b", "c"]);
  });

  for (const NextContinuationToken of [undefined, "", "1"]) {
    it(`takes no listing for whole that goes on at ${NextContinuationToken ?? "nowhere"}`, async () => {
      const page = { Contents: [key("a")], IsTruncated: true, NextContinuationToken };
      const { storage } = given(async () => page);
      const failed = await rejection(collect(storage.list("")));
      expect(failed).to.include({ kind: "wrongConfiguration" });
    });
  }

  it("names the first key that could not be deleted", async () => {
    const { storage } = given(async () => ({
      Errors: [
        { Key: "p/gone", Code: "NoSuchKey" },
        { Key: "p/b", Code: "AccessDenied", Message: "no" },
      ],
    }));
    const failed = await rejection(storage.deleteMany(["a", "gone", "b"]));
    expect(failed).to.include({ kind: "accessDenied" }).and.nested.include({ "detail.key": "b" });
  });

  it("makes no empty object of parts whose copying a store did not heed, but copies at once", async () => {
    const client = makeS3Client({ endpoint: "http://s3.example", credentials });
    const sent: string[] = [];
    intercept(client, async ({ query, headers }) => {
      const part = query["partNumber"] === undefined ? "" : " part";
      const copy = headers["x-amz-copy-source"] === undefined ? "" : " copy";
      sent.push(`${query["x-id"] ?? "begin"}${part}${copy}`);
      const ETag = '"e"';
      return { ETag, UploadId: "u", ContentLength: 10, CopyObjectResult: { ETag } };
    });
    const location = { bucket: "backups", prefix: "" };
    const copyLimits = { singleBytesMax: 5, partBytes: 5, parallel: 1 };
    const storage = new S3Storage({ client, location, clock: new ManualClock(), copyLimits });
    await storage.copy("a", "b", { size: 10 });
    expect(sent).to.deep.equal([
      "begin",
      "begin",
      "UploadPartCopy part copy",
      "AbortMultipartUpload",
      "CopyObject copy",
    ]);
  });

  it("refuses an answer without an ETag instead of inventing one", async () => {
    const { storage } = given(async () => ({}));
    expect(await rejection(storage.put("a", Buffer.from("x")))).to.include({ kind: "unavailable" });
    expect(await rejection(storage.upload("a"))).to.include({ kind: "unavailable" });
  });

  for (const [title, output] of [
    ["the whole object", { ContentLength: 100 }],
    ["another range", { ContentLength: 10, ContentRange: "bytes 0-9/100" }],
  ] as const) {
    it(`refuses ${title} where a range was asked for`, async () => {
      const Body = Readable.from([Buffer.alloc(100)]);
      const { storage } = given(async () => ({ ...output, ETag: '"e"', Body }));
      const failed = await rejection(storage.read("a", { start: 50, length: 10 }));
      expect(failed).to.include({ kind: "wrongConfiguration" });
      expect(Body.destroyed).to.equal(true);
    });
  }

  it("refuses another object than was asked for, also of a store that does not know conditions", async () => {
    for (const [options, ContentLength] of [
      [{ etag: "old" }, 3],
      [{ etag: "old", length: 0 }, 3],
    ] as const) {
      const { storage } = given(async () => ({
        ETag: '"e"',
        ContentLength,
        Body: Readable.from([Buffer.from("abc")]),
      }));
      expect(await rejection(storage.read("a", options))).to.include({ kind: "changed" });
      expect(await readAll(storage, "a", { ...options, etag: "e" })).to.have.length(
        "length" in options ? 0 : 3,
      );
    }
  });

  it("hands no more bytes out than the head of the answer said", async () => {
    const { storage } = given(async () => ({
      ETag: '"e"',
      ContentRange: "bytes 5-7/100",
      Body: Readable.from([Buffer.from("abcd")]),
    }));
    const { body } = await storage.read("a", { start: 5, length: 3 });
    const failed = await rejection(collect(body));
    expect(failed).to.have.property("message").that.includes("more than 3 bytes");
  });

  describe("with a body that comes slowly", () => {
    const opened = async () => {
      const Body = new PassThrough();
      const output = { ContentLength: 100, ETag: '"e"', Body };
      const { storage, clock } = given(async () => output);
      const { body } = await storage.read("a");
      return { Body, clock, chunks: body[Symbol.asyncIterator]() };
    };

    it("ends it when a chunk is waited for too long", async () => {
      const { Body, clock, chunks } = await opened();
      const waiting = rejection(chunks.next());
      await clock.advance(2_000);
      expect(await waiting).to.include({ kind: "timeout" });
      expect(Body.destroyed).to.equal(true);
      expect(clock.pending).to.equal(0);
    });

    it("goes on as long as chunks come", async () => {
      const { Body, clock, chunks } = await opened();
      for (let i = 0; i < 100; i += 1) {
        const next = chunks.next();
        await clock.advance(900);
        Body.write(Buffer.from("x"));
        expect((await next).value).to.deep.equal(Buffer.from("x"));
      }
      Body.end();
      expect(await chunks.next()).to.include({ done: true });
      expect(clock.pending).to.equal(0);
    });

    it("does not count time in which nobody asks for more", async () => {
      const { Body, clock, chunks } = await opened();
      Body.write(Buffer.alloc(50));
      await chunks.next();
      await clock.advance(3_600_000);
      expect(Body.destroyed).to.equal(false);
      Body.end(Buffer.alloc(50));
      expect((await chunks.next()).value).to.have.length(50);
      await chunks.return?.();
      expect(clock.pending).to.equal(0);
    });

    it("takes an early end for a failure", async () => {
      const { Body, chunks } = await opened();
      Body.end(Buffer.alloc(99));
      await chunks.next();
      const failed = await rejection(chunks.next());
      expect(failed).to.include({ kind: "unavailable" });
      expect(failed).to.have.property("message").that.includes("99 of 100 bytes");
    });
  });

  it("lists open uploads page by page", async () => {
    const row = (name: string) => ({ Key: `p/${name}`, UploadId: name, Initiated: new Date(7) });
    const pages = [
      {
        Uploads: [row("a"), row("b")],
        IsTruncated: true,
        NextKeyMarker: "p/b",
        NextUploadIdMarker: "b",
      },
      { Uploads: [row("c")] },
    ];
    const queries: unknown[] = [];
    const { storage } = given(async ({ query }) => {
      queries.push([query["key-marker"], query["upload-id-marker"]]);
      return pages.shift() ?? {};
    });
    expect(await collect(storage.listUploads(""))).to.deep.equal(
      ["a", "b", "c"].map((name) => ({ key: name, uploadId: name, initiatedMs: 7 })),
    );
    expect(queries).to.deep.equal([
      [undefined, undefined],
      ["p/b", "b"],
    ]);
  });
});
