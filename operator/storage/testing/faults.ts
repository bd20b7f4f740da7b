// Everything that can go wrong between us and a store, done to every request that a driver makes: each call must end
// well after retries, or in the right kind, with nothing half-written and no upload left that a sweep does not
// find. For any driver behind a harming proxy; the server behind it should be a real one.
import { expect } from "chai";
import { setImmediate } from "node:timers/promises";
import type { StoreRequest } from "../../../e2e/servers/dialect.ts";
import type { ProxyFault, RandomHarm } from "../../../e2e/servers/fault-script.ts";
import { must } from "../../assert.ts";
import type { StorageErrorKind } from "../errors.ts";
import { StorageError } from "../errors.ts";
import { forEachParallel } from "../parallel.ts";
import type { Storage } from "../storage.ts";
import { collect, pattern, readAll, rejection } from "./collect.ts";
import {
  FAULTED_CALLS,
  PART_BYTES,
  uploadParts,
  writes,
  type FaultedCallName,
} from "./faults-calls.ts";
import {
  fits,
  ofABadHour,
  passingHarms,
  stands,
  type FaultedRequest,
  type Refusals,
} from "./faults-harms.ts";

/** The part of a harming proxy that tests use. */
export interface FaultInjector<R extends StoreRequest> {
  readonly requests: readonly R[];
  readonly harmed: number;
  inject(fault: ProxyFault<R>): void;
  harmAtRandom(random: RandomHarm): void;
  heal(): void;
}

export interface FaultyStore<R extends StoreRequest> {
  readonly proxy: FaultInjector<R>;
  /** A storage behind the proxy, retrying without long pauses. What stands still is given up after this. */
  storage(limitMs: number): Storage;
  /** What the server itself holds that no listing of objects shows: uploads, temporary files. */
  unfinished(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface FaultTable<R extends StoreRequest> {
  /** Every request that the driver makes. */
  readonly requests: Readonly<Partial<Record<R["operation"], FaultedRequest>>>;
  readonly refusals: Refusals;
}

/** Far more than a busy machine needs: a request given up in vain leaves an upload that nobody knows. */
const PATIENT_MS = 30_000;
/** Where something does stand still; the rest of the call must be done in that, too. */
const BRISK_MS = 4000;

export function storageFaults<R extends StoreRequest>(
  name: string,
  table: FaultTable<R>,
  open: () => Promise<FaultyStore<R>>,
): void {
  describe(`${name}, with faults`, () => {
    let store: FaultyStore<R> | undefined;
    let tests = 0;

    before(async () => {
      store = await open();
    });
    after(async () => {
      await store?.close();
    });

    const trial = (limitMs = PATIENT_MS): Trial<R> => {
      tests += 1;
      return new Trial(must(store), `f${tests}/x`, limitMs);
    };
    const requests = Object.entries(table.requests) as [R["operation"], FaultedRequest][];
    describePassing(trial, requests, table.refusals);
    describeLasting(trial, requests, table.refusals);
    describePages(trial, requests);
    describeWriters(trial, table.refusals);
  });
}

/** One test's work: a key of its own, the proxy without faults. */
class Trial<R extends StoreRequest> {
  readonly key: string;
  readonly storage: Storage;
  readonly proxy: FaultInjector<R>;
  readonly #store: FaultyStore<R>;

  constructor(store: FaultyStore<R>, key: string, limitMs: number) {
    this.#store = store;
    this.key = key;
    this.proxy = store.proxy;
    this.storage = store.storage(limitMs);
    store.proxy.heal();
  }

  call(name: FaultedCallName): Promise<void> {
    return FAULTED_CALLS[name](this.storage, this.key);
  }

  /** How many uploads are left; afterwards none is, where a sweep can find them. */
  async sweep(): Promise<number> {
    this.proxy.heal();
    const { storage } = this;
    // A store that cannot list them lets go of them by itself.
    if (!storage.capabilities.uploadsListed) return 0;
    const left = await collect(storage.listUploads(""));
    for (const upload of left) await storage.abortUpload(upload);
    expect(await this.#store.unfinished(), "what no sweep finds").to.deep.equal([]);
    return left.length;
  }

  /** The call's failure, and that it left nothing visible. */
  async failure(name: FaultedCallName): Promise<StorageErrorKind> {
    const failed = await rejection(this.call(name));
    if (!(failed instanceof StorageError)) throw failed;
    this.proxy.heal();
    if (writes(name)) expect(await this.storage.stat(this.key), "is visible").to.equal(undefined);
    return failed.kind;
  }
}

type MakeTrial<R extends StoreRequest> = (limitMs?: number) => Trial<R>;
type Requests<R extends StoreRequest> = readonly [R["operation"], FaultedRequest][];

function describePassing<R extends StoreRequest>(
  makeTrial: MakeTrial<R>,
  requests: Requests<R>,
  refusals: Refusals,
): void {
  for (const [operation, request] of requests) {
    for (const [what, harm] of Object.entries(passingHarms(refusals))) {
      if (!fits(request, harm)) continue;
      it(`ends well when ${operation} ${what}`, async () => {
        const trial = makeTrial(stands(harm) ? BRISK_MS : PATIENT_MS);
        trial.proxy.inject({ operation, harm });
        await trial.call(request.call);
        expect(trial.proxy.harmed).to.equal(1);
        const isUnknown = request.begins === true && /loseAnswer|cutDown|shortenDown/.test(harm.do);
        const { uploadsListed } = trial.storage.capabilities;
        expect(await trial.sweep(), "uploads left").to.equal(isUnknown && uploadsListed ? 1 : 0);
      });
    }
  }
}

function describeLasting<R extends StoreRequest>(
  makeTrial: MakeTrial<R>,
  requests: Requests<R>,
  { internal, throttled, denied }: Refusals,
): void {
  for (const [operation, request] of requests) {
    // What the call can do without changes nothing.
    if (request.isSpared === true) continue;
    it(`fails at once and writes nothing when ${operation} is denied`, async () => {
      const trial = makeTrial();
      trial.proxy.inject({ operation, times: Infinity, harm: denied });
      const failed = await rejection(trial.call(request.call));
      const asked = trial.proxy.requests.filter((one) => one.operation === operation).length;
      expect(failed).to.include({ kind: "accessDenied" });
      expect(asked, "tries").to.be.within(1, request.most ?? 1);
      const left = await trial.sweep();
      const { uploadsListed } = trial.storage.capabilities;
      expect(left, "uploads left").to.equal(request.ends === true && uploadsListed ? 1 : 0);
      if (writes(request.call)) {
        expect(await trial.storage.stat(trial.key)).to.equal(undefined);
      }
    });
    if (request.sends === "checkedLate") {
      it(`completes nothing when ${operation} is damaged on its way`, async () => {
        const trial = makeTrial();
        trial.proxy.inject({ operation, harm: { do: "damageUp" } });
        expect(await trial.failure(request.call)).to.equal("badDigest");
        expect(await trial.sweep(), "uploads left").to.equal(0);
      });
    }
    for (const [what, harm, kind] of [
      ["always fails", internal, "unavailable"],
      ["is always asked to slow down", throttled, "throttled"],
    ] as const) {
      it(`fails in the end and writes nothing when ${operation} ${what}`, async () => {
        const trial = makeTrial();
        trial.proxy.inject({ operation, times: Infinity, harm });
        expect(await trial.failure(request.call)).to.equal(kind);
        await trial.sweep();
      });
    }
  }
}

/** Whoever answers in the store's place, with a status that says all is well. */
function describePages<R extends StoreRequest>(
  makeTrial: MakeTrial<R>,
  requests: Requests<R>,
): void {
  for (const [operation, request] of requests) {
    if (request.saysNothing === true || request.isSpared === true) continue;
    it(`is not deceived when ${operation} is answered a page with status 200`, async () => {
      const trial = makeTrial();
      trial.proxy.inject({ operation, times: Infinity, harm: { do: "page", status: 200 } });
      expect(await trial.failure(request.call)).not.to.equal("notFound");
      await trial.sweep();
    });
  }
}

function describeWriters<R extends StoreRequest>(
  makeTrial: MakeTrial<R>,
  refusals: Refusals,
): void {
  const harms = ofABadHour(passingHarms(refusals));

  it("leaves nothing of an upload that is given up in the middle of a part", async () => {
    const trial = makeTrial();
    const { proxy, storage, key } = trial;
    const stop = new AbortController();
    const reason = new Error("given up");
    proxy.inject({ kind: "part", harm: { do: "wait", beforeMs: 300, afterMs: 0 } });
    const upload = await storage.upload(key);
    const part = rejection(upload.part(pattern(PART_BYTES), { signal: stop.signal }));
    while (proxy.harmed === 0) await setImmediate();
    stop.abort(reason);
    expect(await part).to.equal(reason);
    await upload.abort();
    expect(await storage.stat(key)).to.equal(undefined);
    expect(await trial.sweep(), "uploads left").to.equal(0);
  });

  it("leaves one whole content of those that several write under one key", async () => {
    const trial = makeTrial();
    const { storage, key } = trial;
    trial.proxy.harmAtRandom({ seed: 4, rate: 0.1, harms });
    const contents = [1, 2, 3].map((seed) => pattern(PART_BYTES + 1000 * seed, seed));
    await forEachParallel(contents, 3, (content) =>
      uploadParts(storage, key, [content.subarray(0, PART_BYTES), content.subarray(PART_BYTES)]),
    );
    trial.proxy.heal();
    const got = await readAll(storage, key);
    expect(contents.filter((content) => content.equals(got))).to.have.length(1);
    await trial.sweep();
  });

  for (const seed of [1, 2, 3]) {
    it(`keeps every object right in a bad hour (seed ${seed})`, async () => {
      const trial = makeTrial();
      const { storage, key, proxy } = trial;
      proxy.harmAtRandom({ seed, rate: 0.15, harms });
      const numbers = Array.from({ length: 40 }, (_, i) => i);
      await forEachParallel(numbers, 16, (i) => write(storage, key, i));
      await forEachParallel(numbers, 16, async (i) => {
        const got = await readAll(storage, `${key}${i}`);
        expect(got.equals(contentOf(i)), `object ${i}`).to.equal(true);
      });
      expect(proxy.harmed).to.be.greaterThan(10);
      await trial.sweep();
      expect(await collect(storage.list(key))).to.have.length(40);
    });
  }
}

function contentOf(i: number): Buffer {
  return pattern(i % 4 === 0 ? PART_BYTES + 1 + i : 10_000 + i, i + 1);
}

/** Writes the ith object by one of the ways there are. */
async function write(storage: Storage, key: string, i: number): Promise<void> {
  const body = contentOf(i);
  const staged = i % 2 === 0 ? `${key}${i}` : `staged${key}${i}`;
  if (body.length > PART_BYTES) {
    await uploadParts(storage, staged, [body.subarray(0, PART_BYTES), body.subarray(PART_BYTES)]);
  } else {
    await storage.put(staged, body, { ifAbsent: true });
  }
  if (staged !== `${key}${i}`) await storage.move(staged, `${key}${i}`, { size: body.length });
}
