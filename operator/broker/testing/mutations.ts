// Changes that a broken or hostile peer makes to bytes that were good, at random places.
import type { SeededRandom } from "./seeded-random.ts";

/** As a length or count: around the caps of the codec, and of 32 bits. */
const HOSTILE = [-1, -(2 ** 31), 2 ** 31 - 1, 0, 1, 65_536, 65_537, 2 ** 20, 2 ** 26 + 1];

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

/** One to three of them, one after the other. */
export function mutated(bytes: Buffer, random: SeededRandom): Buffer {
  let result = bytes;
  for (let left = 1 + random.below(3); left > 0 && result.length > 4; left -= 1) {
    result = random.pick(MUTATIONS)(result, random);
  }
  return result;
}
