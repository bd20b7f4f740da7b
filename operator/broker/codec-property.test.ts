// What holds of any bytes at all, whoever wrote them: the codec's answer does not depend on how they were cut,
// and what it accepts is a message, which means that it can be written again and reads as the same. Every
// case has a seed; `FUZZ_SEED=<n>` begins elsewhere.
import { expect } from "chai";
import { encodeCall } from "./codec.ts";
import type { AcceptedCall } from "./codec.ts";
import { MalformedError } from "./codec-wire.ts";
import { CallDecoder } from "./testing/call-decoder.ts";
import type { DecodedCall } from "./testing/call-decoder.ts";
import { FRAMES } from "./testing/frames.ts";
import { hostileCall, METHOD_NAMES } from "./testing/hostile-calls.ts";
import { mutated } from "./testing/mutations.ts";
import { SeededRandom } from "./testing/seeded-random.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const RECORDED = METHOD_NAMES.map((method) => Buffer.from(FRAMES[method].call, "hex"));

interface Outcome {
  readonly calls: readonly object[];
  /** `waiting` for more bytes, or why none can follow. */
  readonly end: string;
}

/** What comes of bytes that arrive in these pieces. */
function outcomeOf(pieces: readonly Buffer[]): Outcome {
  const decoder = new CallDecoder();
  const calls = (): object[] => decoder.calls.map(comparable);
  try {
    for (const piece of pieces) decoder.push(piece);
    return { calls: calls(), end: "waiting" };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { calls: calls(), end: error.message };
  }
}

function comparable({ call, payload }: DecodedCall): object {
  return { ...call, payload: payload?.toString("latin1") };
}

/** A few hundred bytes as a hostile peer may send them: one or two calls, changed in structure or in bytes. */
function hostileBytes(random: SeededRandom): Buffer {
  const calls = Array.from({ length: 1 + random.below(2) }, () =>
    random.below(3) === 0
      ? mutated(random.pick(RECORDED), random)
      : hostileCall({ random, oneIn: 25, text: () => random.pick(["a/b", "é", "x".repeat(30)]) }),
  );
  return Buffer.concat(calls);
}

function forSeeds(count: number, run: (random: SeededRandom) => void): void {
  for (let seed = SEED; seed < SEED + count; seed += 1) {
    try {
      run(new SeededRandom(seed));
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed}`, { cause: error });
    }
  }
}

describe("the codec, for any bytes", () => {
  it("gives the same, split at every position, and byte by byte", () => {
    forSeeds(120, (random) => {
      const bytes = hostileBytes(random);
      const whole = outcomeOf([bytes]);
      const trickled = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
      expect(outcomeOf(trickled)).to.deep.equal(whole);
      const step = Math.max(1, Math.floor(bytes.length / 400));
      for (let at = 1; at < bytes.length; at += step) {
        expect(outcomeOf([bytes.subarray(0, at), bytes.subarray(at)])).to.deep.equal(whole);
      }
    });
  });

  it("accepts only what reads as the same when it is written again", () => {
    const seen = { accepted: 0, refused: 0, malformed: 0 };
    const why = new Set<string>();
    forSeeds(6000, (random) => {
      const decoder = new CallDecoder();
      try {
        decoder.push(hostileBytes(random));
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        seen.malformed += 1;
        why.add(error.message);
      }
      for (const decoded of decoder.calls) {
        const { call } = decoded;
        seen[call.kind] += 1;
        if (call.kind === "accepted") expectStable(decoded, call);
      }
    });
    // Each way out was taken often, or the generator says nothing.
    expect(seen.accepted).to.be.above(500);
    expect(seen.refused).to.be.above(500);
    expect(seen.malformed).to.be.above(500);
    for (const limit of ["nested deeper than", "a message of more than", "of length"]) {
      expect(
        [...why].some((message) => message.includes(limit)),
        limit,
      ).to.equal(true);
    }
  });

  it("accepts calls of every method, and refuses some of each", () => {
    const accepted = new Set<string>();
    const refused = new Set<string>();
    forSeeds(3000, (random) => {
      const decoder = new CallDecoder();
      try {
        decoder.push(hostileCall({ random, oneIn: 40, text: () => "a/b" }));
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
      }
      for (const { call } of decoder.calls) {
        if (call.kind === "accepted") accepted.add(call.method);
        else refused.add(call.name);
      }
    });
    expect([...accepted]).to.have.members([...METHOD_NAMES]);
    expect([...refused]).to.include.members([...METHOD_NAMES]);
  });
});

/** Written again it is one message, which reads as the same, and is written as the same bytes. */
function expectStable({ payload }: DecodedCall, call: AcceptedCall): void {
  const encode = (request: AcceptedCall["request"]): Buffer =>
    Buffer.concat(
      encodeCall(call.method, call.seqId, request as never, payload === undefined ? [] : [payload]),
    );
  const bytes = encode(call.request);
  const decoder = new CallDecoder();
  decoder.push(bytes);
  expect(decoder.queue.length).to.equal(0);
  const [again] = decoder.calls;
  if (again?.call.kind !== "accepted") throw new Error("what was accepted once is refused");
  expect(comparable(again)).to.deep.equal(comparable({ call, payload }));
  expect(encode(again.call.request).equals(bytes)).to.equal(true);
}
