// Chance against the codec, reproducible: a failure names its seed. Whatever the bytes, the outcome is
// calls, a wait for more bytes, or a MalformedError; no other error, no endless work, and no wait for
// more memory than the limits allow.
import { expect } from "chai";

import { ByteQueue } from "./byte-queue.ts";
import { decodeReply } from "./codec.ts";
import { ApplicationError, CALL_LIMITS, MalformedError } from "./codec-wire.ts";
import { CallDecoder } from "./testing/call-decoder.ts";
import { FRAMES } from "./testing/frames.ts";
import { mutated } from "./testing/mutations.ts";
import { SAMPLES } from "./testing/samples.ts";
import { SeededRandom } from "./testing/seeded-random.ts";

const HEADERS = SAMPLES.map(({ method }) => {
  const call = Buffer.from(FRAMES[method].call, "hex");
  return call.subarray(0, 12 + method.length);
});
const CALLS = SAMPLES.map(({ method }) => Buffer.from(FRAMES[method].call, "hex"));
const REPLIES = SAMPLES.map(({ method }) => ({ method, ...FRAMES[method] }));

/** Feeds the bytes in random pieces and checks what holds for any bytes. */
function feed(bytes: Buffer, random: SeededRandom): "malformed" | "readable" {
  const decoder = new CallDecoder();
  try {
    for (let at = 0; at < bytes.length;) {
      const size = random.pick([1, 3, 50, 1000]);
      decoder.push(bytes.subarray(at, at + size));
      at += size;
    }
    return "readable";
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return "malformed";
  } finally {
    expect(decoder.resumptions).to.be.at.most(bytes.length + 1);
    expect(decoder.neededMax).to.be.at.most(CALL_LIMITS.stringBytesMax);
  }
}

/** Runs a case for many seeds; says which one failed. */
function forSeeds(count: number, run: (random: SeededRandom) => void): void {
  for (let seed = 1; seed <= count; seed += 1) {
    try {
      run(new SeededRandom(seed));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

describe("decodeCall under fuzzing", () => {
  it("survives random bytes", () => {
    let malformed = 0;
    forSeeds(2000, (random) => {
      if (feed(random.bytes(random.below(200)), random) === "malformed") malformed += 1;
    });
    expect(malformed).to.be.above(1000);
  });

  it("survives random bytes behind a good header", () => {
    forSeeds(4000, (random) => {
      feed(Buffer.concat([random.pick(HEADERS), random.bytes(random.below(200))]), random);
    });
  });

  it("survives changed calls, with good ones before and behind them", () => {
    const outcomes = { malformed: 0, readable: 0 };
    forSeeds(6000, (random) => {
      const changed = mutated(random.pick(CALLS), random);
      const bytes = Buffer.concat([random.pick(CALLS), changed, random.pick(CALLS)]);
      outcomes[feed(bytes, random)] += 1;
    });
    // Both ways out were taken often, or the changes are too tame or too wild to say anything.
    expect(outcomes.malformed).to.be.above(500);
    expect(outcomes.readable).to.be.above(500);
  });

  it("waits for the rest of every call that is cut short", () => {
    for (const bytes of CALLS) {
      for (let end = 0; end < bytes.length; end += 1) {
        const decoder = new CallDecoder();
        decoder.push(bytes.subarray(0, end));
        expect(decoder.calls).to.deep.equal([]);
      }
    }
  });
});

describe("decodeReply under fuzzing", () => {
  it("survives changed answers", () => {
    forSeeds(4000, (random) => {
      const { method, seqId, reply } = random.pick(REPLIES);
      const queue = new ByteQueue();
      queue.push(Buffer.from(mutated(Buffer.from(reply, "hex"), random)));
      try {
        const step = decodeReply(queue, method, seqId).next();
        if (step.done !== true) expect(step.value).to.be.above(queue.length);
      } catch (error) {
        if (!(error instanceof MalformedError || error instanceof ApplicationError)) throw error;
      }
    });
  });
});
