// Chance against the codec, reproducible: a failure names its seed. Whatever the bytes, the outcome is
// calls, a wait for more bytes, or a MalformedError; no other error, no endless work, and no wait for
// more memory than the limits allow.
import { expect } from "chai";

import { ByteQueue } from "./byte-queue.ts";
import { decodeReply } from "./codec.ts";
import { ApplicationError, CALL_LIMITS, MalformedError } from "./codec-wire.ts";
import { CallDecoder } from "./testing/call-decoder.ts";
import { FRAMES } from "./testing/frames.ts";
import { SAMPLES } from "./testing/samples.ts";
import { SeededRandom } from "./testing/seeded-random.ts";

const HEADERS = SAMPLES.map(({ method }) => {
  const call = Buffer.from(FRAMES[method].call, "hex");
  return call.subarray(0, 12 + method.length);
});
const CALLS = SAMPLES.map(({ method }) => Buffer.from(FRAMES[method].call, "hex"));
const REPLIES = SAMPLES.map(({ method }) => ({ method, ...FRAMES[method] }));
const HOSTILE = [-1, -(2 ** 31), 2 ** 31 - 1, 0, 1, 65_536, 65_537, 2 ** 20, 2 ** 26 + 1];

/** One of the changes that a broken or hostile peer makes, at a random place. */
const MUTATIONS: readonly ((bytes: Buffer, random: SeededRandom) => Buffer)[] = [
  (bytes, random) => {
    const flipped = Buffer.from(bytes);
    const at = random.below(bytes.length);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
    return flipped;
  },
  (bytes, random) => {
    const overwritten = Buffer.from(bytes);
    overwritten.writeInt32BE(random.pick(HOSTILE), random.below(bytes.length - 3));
    return overwritten;
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => {
    const [from, to] = [random.below(bytes.length), random.below(bytes.length)];
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    const added = random.bytes(1 + random.below(8));
    return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
  },
];

function mutated(bytes: Buffer, random: SeededRandom): Buffer {
  let result = bytes;
  for (let left = 1 + random.below(3); left > 0 && result.length > 4; left -= 1) {
    result = random.pick(MUTATIONS)(result, random);
  }
  return result;
}

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
