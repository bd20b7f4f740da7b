// Everything that can go wrong between us and a store, done to every request the driver makes: each
// call must end well after retries, or in the right kind, with nothing half-written and no upload left.
import { expect } from "chai";
import type { FaultProxy } from "../../e2e/servers/fault-proxy.ts";
import { startFaultProxy } from "../../e2e/servers/fault-proxy.ts";
import type { Harm } from "../../e2e/servers/fault-script.ts";
import { startFauxqs } from "../../e2e/servers/fauxqs.ts";
import type { S3Operation } from "../../e2e/servers/s3-request.ts";
import { describeWith } from "../../e2e/servers/installed.ts";
import type { S3Server } from "../../e2e/servers/s3-server.ts";
import { startVersitygw } from "../../e2e/servers/versitygw.ts";
import { must } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { Secret } from "../secret.ts";
import { openStorage } from "./open.ts";
import { forEachParallel } from "./parallel.ts";
import type { Timeouts } from "./s3-bucket.ts";
import type { Storage } from "./storage.ts";
import { collect, pattern, readAll, rejection } from "./testing/collect.ts";

const MIB = 1024 * 1024;
const SMALL = pattern(3000, 3);
const LARGE = pattern(6 * MIB, 6);

/** One S3 request each, by way of a call of the contract that checks its own result. */
const CALLS: Readonly<Record<Exclude<S3Operation, "Other">, Step>> = {
  PutObject: async (storage, key) => {
    await storage.put(key, SMALL, { ifAbsent: true });
    expect((await readAll(storage, key)).equals(SMALL)).to.equal(true);
  },
  GetObject: async (storage, key) => {
    await storage.put(key, LARGE);
    const got = await readAll(storage, key, { start: 100, length: 5 * MIB });
    expect(got.equals(LARGE.subarray(100, 100 + 5 * MIB))).to.equal(true);
  },
  HeadObject: async (storage, key) => {
    await storage.put(key, SMALL);
    expect(await storage.stat(key)).to.include({ size: SMALL.length });
  },
  HeadBucket: async (storage, key) => {
    expect(await storage.stat(key)).to.equal(undefined);
  },
  DeleteObject: async (storage, key) => {
    await storage.put(key, SMALL);
    await storage.delete(key);
    expect(await collect(storage.list(key))).to.deep.equal([]);
  },
  DeleteObjects: async (storage, key) => {
    await storage.put(key, SMALL);
    await storage.deleteMany([key]);
    expect(await collect(storage.list(key))).to.deep.equal([]);
  },
  CopyObject: async (storage, key) => {
    await storage.put(`${key}from`, SMALL);
    await storage.move(`${key}from`, key);
    expect((await readAll(storage, key)).equals(SMALL)).to.equal(true);
    expect(await storage.stat(`${key}from`)).to.equal(undefined);
  },
  UploadPartCopy: async (storage, key) => {
    await storage.put(`${key}from`, LARGE);
    await storage.copy(`${key}from`, key);
    expect((await readAll(storage, key)).equals(LARGE)).to.equal(true);
  },
  CreateMultipartUpload: uploadOnce,
  UploadPart: uploadOnce,
  CompleteMultipartUpload: uploadOnce,
  AbortMultipartUpload: async (storage, key) => {
    const upload = await storage.upload(key);
    await upload.part(SMALL);
    await upload.abort();
    expect(await storage.stat(key)).to.equal(undefined);
  },
  ListObjectsV2: async (storage, key) => {
    await storage.put(key, SMALL);
    expect(await collect(storage.list(key))).to.have.length(1);
  },
  ListMultipartUploads: async (storage, key) => {
    const upload = await storage.upload(key);
    const found = await collect(storage.listUploads(key));
    expect(found.map((other) => other.uploadId)).to.deep.equal([upload.state().uploadId]);
    await upload.abort();
  },
};

type Step = (storage: Storage, key: string) => Promise<void>;

async function uploadOnce(storage: Storage, key: string): Promise<void> {
  const upload = await storage.upload(key);
  try {
    await Promise.all([upload.part(LARGE), upload.part(SMALL)]);
    await upload.complete();
  } catch (error) {
    await upload.abort();
    throw error;
  }
  const whole = await readAll(storage, key);
  expect(whole.equals(Buffer.concat([LARGE, SMALL]))).to.equal(true);
}

/** What heals when it is tried again. */
const PASSING: Readonly<Record<string, Harm>> = {
  "is answered 500 InternalError": { do: "refuse", status: 500, code: "InternalError" },
  "is answered 503 SlowDown": {
    do: "refuse",
    status: 503,
    code: "SlowDown",
    headers: { "retry-after": "0" },
  },
  "is answered 429": { do: "refuse", status: 429, code: "TooManyRequests" },
  "is answered a page by a load balancer": { do: "page", status: 502 },
  "is cut off while it is sent": { do: "resetUp", afterBytes: 2000 },
  "is done, and the answer is an error": { do: "loseAnswer", how: "error" },
  "is done, and the answer is lost": { do: "loseAnswer", how: "reset" },
  "has its answer reset": { do: "cutDown", how: "reset", afterBytes: 20 },
  "has its answer cut short": { do: "cutDown", how: "end", afterBytes: 20 },
  "has its answer stand still": { do: "cutDown", how: "stall", afterBytes: 20 },
  "has an error inside a good answer": { do: "errorInside", code: "InternalError" },
  "is damaged on its way": { do: "damageUp" },
};

const DENIED: Harm = { do: "refuse", status: 403, code: "AccessDenied" };

/** Whether a harm can be done to an operation, and can be noticed. */
function fits(operation: S3Operation, harm: Harm, verifies: boolean): boolean {
  if (harm.do === "cutDown") {
    return !NO_BODY.includes(operation) && (harm.how !== "stall" || STALLED.includes(operation));
  }
  if (harm.do === "errorInside") return AT_LENGTH.includes(operation);
  return harm.do !== "damageUp" || (verifies && BODIES.includes(operation));
}

const BODIES: readonly S3Operation[] = ["PutObject", "UploadPart"];
/** What a store works on for so long that it answers before it knows. */
const AT_LENGTH: readonly S3Operation[] = [
  "CompleteMultipartUpload",
  "CopyObject",
  "UploadPartCopy",
];
/** One code for all and a second's wait each: some are enough. */
const STALLED: readonly S3Operation[] = ["GetObject", "CompleteMultipartUpload", "ListObjectsV2"];
/** Answers without a body. */
const NO_BODY: readonly S3Operation[] = [
  ...BODIES,
  "HeadObject",
  "HeadBucket",
  "DeleteObject",
  "AbortMultipartUpload",
];

/** Far more than a busy machine needs: a request given up in vain leaves an upload that nobody knows. */
const PATIENT: Timeouts = { requestMs: 30_000, slowRequestMs: 30_000, stallMs: 30_000 };
/** Where something does stand still. */
const BRISK: Timeouts = { requestMs: 2_000, slowRequestMs: 2_000, stallMs: 500 };

function storageOn(proxy: FaultProxy, conditionalPut: boolean, timeouts: Timeouts): Storage {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = proxy;
  return openStorage(
    {
      location: `s3://${bucket}/faults`,
      connection: { maxSockets: 16 },
      s3: {
        endpoint,
        credentials: { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
        conditionalPut,
        copyLimits: { singleBytesMax: 5 * MIB, partBytes: 5 * MIB },
        timeouts,
      },
      retry: { firstDelayMs: 1, delayMaxMs: 5 },
    },
    { clock: systemClock, random: () => 0.5, log: silentLog },
  );
}

/** `strict`: the server verifies checksums and conditions and lists its uploads itself. */
function faultSuite(name: string, strict: boolean, open: () => Promise<S3Server>): void {
  describe(`S3 with faults, on ${name}`, () => {
    let server: S3Server | undefined;
    let proxy: FaultProxy | undefined;
    let tests = 0;

    before(async () => {
      server = await open();
      proxy = await startFaultProxy(server, { answerListUploads: !strict });
    });
    after(async () => {
      await proxy?.stop();
      await server?.stop();
    });

    const given = (timeouts = PATIENT) => {
      const faults = must(proxy);
      faults.heal();
      tests += 1;
      return { faults, key: `f${tests}/x`, storage: storageOn(faults, strict, timeouts) };
    };
    /** Uploads that a sweep finds; they are what was begun and nobody knows. Aborts them. */
    const sweep = async (storage: Storage): Promise<number> => {
      const open = await collect(storage.listUploads(""));
      for (const upload of open) await storage.abortUpload(upload);
      expect(must(proxy).openUploads()).to.deep.equal([]);
      return open.length;
    };

    for (const [operation, step] of Object.entries(CALLS) as [S3Operation, Step][]) {
      for (const [what, harm] of Object.entries(PASSING)) {
        if (!fits(operation, harm, strict)) continue;
        it(`ends well when ${operation} ${what}`, async () => {
          const stands = harm.do === "cutDown" && harm.how === "stall";
          const { faults, key, storage } = given(stands ? BRISK : PATIENT);
          faults.inject({ operation, harm });
          await step(storage, key);
          expect(faults.harmed).to.equal(1);
          faults.heal();
          const unknown =
            operation === "CreateMultipartUpload" && /loseAnswer|cutDown/.test(harm.do);
          expect(await sweep(storage), "uploads left").to.equal(unknown ? 1 : 0);
        });
      }
    }

    for (const [operation, step] of Object.entries(CALLS) as [S3Operation, Step][]) {
      // A bucket that may not be asked for is there.
      if (operation === "HeadBucket") continue;
      it(`fails at once and writes nothing when ${operation} is denied`, async () => {
        const { faults, key, storage } = given();
        faults.inject({ operation, times: Infinity, harm: DENIED });
        expect(await rejection(step(storage, key))).to.include({ kind: "accessDenied" });
        const asked = faults.requests.filter((request) => request.operation === operation);
        // Two parts run at the same time.
        expect(asked.length, "tries").to.be.lessThan(operation.startsWith("UploadPart") ? 3 : 2);
        faults.heal();
        const kept = ["AbortMultipartUpload", "ListMultipartUploads"].includes(operation);
        expect(await sweep(storage), "uploads left").to.equal(kept ? 1 : 0);
        if (WRITES.includes(operation)) expect(await storage.stat(key)).to.equal(undefined);
      });
    }

    for (const seed of [1, 2, 3]) {
      it(`keeps every object right in a bad hour (seed ${seed})`, async () => {
        const { faults, key, storage } = given();
        const harms = Object.values(PASSING).filter(
          (harm) =>
            !["errorInside", "damageUp"].includes(harm.do) &&
            !(harm.do === "cutDown" && harm.how === "stall"),
        );
        faults.harmAtRandom({ seed, rate: 0.15, harms });
        const numbers = Array.from({ length: 40 }, (_, i) => i);
        await forEachParallel(numbers, 16, (i) => write(storage, key, i));
        await forEachParallel(numbers, 16, async (i) => {
          const got = await readAll(storage, `${key}${i}`);
          expect(got.equals(contentOf(i)), `object ${i}`).to.equal(true);
        });
        expect(faults.harmed).to.be.greaterThan(10);
        faults.heal();
        await sweep(storage);
        expect(await collect(storage.list(key))).to.have.length(40);
      });
    }
  });
}

/** Operations whose refusal must leave nothing under the key. */
const WRITES: readonly S3Operation[] = [
  "PutObject",
  "CopyObject",
  "UploadPartCopy",
  "CreateMultipartUpload",
  "UploadPart",
  "CompleteMultipartUpload",
];

function contentOf(i: number): Buffer {
  return pattern(i % 4 === 0 ? 5 * MIB + i : 10_000 + i, i + 1);
}

/** Writes the ith object by one of the ways there are. */
async function write(storage: Storage, key: string, i: number): Promise<void> {
  const body = contentOf(i);
  const staged = i % 2 === 0 ? `${key}${i}` : `staged${key}${i}`;
  if (body.length > 5 * MIB) {
    const upload = await storage.upload(staged);
    await Promise.all([
      upload.part(body.subarray(0, 5 * MIB)),
      upload.part(body.subarray(5 * MIB)),
    ]);
    await upload.complete();
  } else {
    await storage.put(staged, body, { ifAbsent: true });
  }
  if (staged !== `${key}${i}`) await storage.move(staged, `${key}${i}`, { size: body.length });
}

faultSuite("fauxqs", false, () => startFauxqs());
describeWith("versitygw", "versitygw", () => {
  faultSuite("versitygw", true, () => startVersitygw());
});
