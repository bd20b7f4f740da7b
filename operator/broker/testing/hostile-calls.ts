// Calls as a broken or hostile peer writes them: a walk over the protocol's own descriptors that at any place
// may do something else than the descriptor says. What comes out reaches deeper than changed bytes do: most of
// it is a message that can be read to its end, wrong in one or two places.
import { assertNever } from "../../assert.ts";
import { WIRE, WIRE_TYPE_OF } from "../codec-wire.ts";
import { isFixed, METHODS } from "../protocol.ts";
import type {
  FixedType,
  MethodName,
  NamedField,
  StructType,
  VariableType,
  WireType,
} from "../protocol.ts";
import type { SeededRandom } from "./seeded-random.ts";

export const METHOD_NAMES = Object.keys(METHODS) as readonly MethodName[];

/** Around every cap of the codec, and around those of 32 bits. */
const LENGTHS: readonly number[] = [
  -1,
  -(2 ** 31),
  2 ** 31 - 1,
  2 ** 31 - 8,
  63,
  64,
  65,
  1023,
  1024,
  1025,
  8_192,
  8_193,
  16_384,
  16_385,
  65_537,
  2 ** 20,
  2 ** 20 + 1,
  2 ** 26,
  2 ** 26 + 1,
];
const INTEGERS: readonly bigint[] = [
  0n,
  1n,
  -1n,
  2n ** 31n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const STRINGS: readonly string[] = [
  "",
  "x",
  "\u0000",
  "a\nb",
  "../..",
  "\u202e",
  "e\u0301",
  "🦀",
  "__proto__",
  "constructor",
  "token",
  "x".repeat(127),
  "y".repeat(4096),
  "z".repeat(70_000),
  "%n%s",
  "\u001b[2J",
];
/** Every number of a type, those that thrift knows and those that it does not. */
const WIRE_TYPES = [...Object.values(WIRE), 1, 5, 7, 9, 17, 127, 255];

/** Where the walk may go astray, and how often: `oneIn` 20 damages a ping now and then, a rename mostly. */
export interface HostileOptions {
  readonly random: SeededRandom;
  readonly oneIn: number;
  /** What strings say; by the field's name, absent: anything. */
  readonly text?: (field: string) => string;
  /** Data that a pwrite brings at the most. Bytes. */
  readonly payloadBytesMax?: number;
}

/** One call of a random or the given method. */
export function hostileCall(options: HostileOptions, method?: MethodName): Buffer {
  const name = method ?? options.random.pick(METHOD_NAMES);
  return new HostileWriter(options).call(name);
}

class HostileWriter {
  readonly #random: SeededRandom;
  readonly #options: HostileOptions;
  readonly #chunks: Buffer[] = [];

  constructor(options: HostileOptions) {
    this.#options = options;
    this.#random = options.random;
  }

  call(method: MethodName): Buffer {
    this.#header(method);
    this.#struct(METHODS[method].args);
    return Buffer.concat(this.#chunks);
  }

  #header(method: MethodName): void {
    const name = this.#astray() ? this.#random.pick(["pong", "", "x".repeat(300), "a b"]) : method;
    const type = this.#astray() ? this.#random.pick([0, 2, 3, 4, 255]) : 1;
    if (this.#random.below(6) === 0) {
      this.#text(name);
      this.#byte(type);
    } else {
      this.#int32(((this.#astray() ? 0x8002 : 0x8001) << 16) | type);
      this.#text(name);
    }
    this.#int32(this.#random.below(2 ** 31));
  }

  #struct(type: StructType): void {
    for (const field of this.#shuffled(type.inOrder)) this.#field(field);
    if (this.#astray()) this.#unknownField();
    if (!this.#astray()) this.#byte(WIRE.STOP);
  }

  /** Usually in order, as every generated client writes them. */
  #shuffled(fields: readonly NamedField[]): readonly NamedField[] {
    if (!this.#astray() || fields.length < 2) return fields;
    const at = this.#random.below(fields.length);
    return [...fields.slice(at), ...fields.slice(0, at)];
  }

  #field(field: NamedField): void {
    if (this.#astray()) this.#unknownField();
    if (this.#astray()) return;
    const twice = this.#astray();
    for (let left = twice ? 2 : 1; left > 0; left -= 1) this.#fieldOnce(field);
  }

  #fieldOnce(field: NamedField): void {
    const id = this.#astray() ? this.#random.pick([-1, 0, 2, 7, 32_767, -32_768]) : field.id;
    const wireType = WIRE_TYPE_OF[field.type.kind];
    if (this.#astray()) {
      const other = this.#random.pick(WIRE_TYPES);
      this.#byte(other);
      this.#int16(id);
      this.#anything(other, 0);
      return;
    }
    this.#byte(wireType);
    this.#int16(id);
    this.#value(field.type, field.name);
  }

  #unknownField(): void {
    const kind = this.#random.below(6);
    if (kind === 0) return this.#deepField();
    if (kind === 1) return this.#largeFields();
    const wireType = this.#random.pick(WIRE_TYPES);
    this.#byte(wireType);
    this.#int16(100 + this.#random.below(100));
    this.#anything(wireType, 0);
  }

  /** Lists in lists, about as many as may be. */
  #deepField(): void {
    this.#byte(WIRE.LIST);
    this.#int16(99);
    for (let left = 12 + this.#random.below(8); left > 0; left -= 1) {
      this.#byte(WIRE.LIST);
      this.#int32(1);
    }
    this.#byte(WIRE.BOOL);
    this.#int32(0);
  }

  /** Strings that are allowed one by one. */
  #largeFields(): void {
    for (let left = 1 + this.#random.below(3); left > 0; left -= 1) {
      this.#byte(WIRE.STRING);
      this.#int16(98);
      this.#text("w".repeat(7000));
    }
  }

  #value(type: WireType, name: string): void {
    if (isFixed(type)) this.#fixed(type);
    else this.#variable(type, name);
  }

  #fixed(type: FixedType): void {
    switch (type.kind) {
      case "bool":
        return this.#byte(this.#random.pick([0, 1, 2, 255]));
      case "i32":
        return this.#int32(this.#random.pick(LENGTHS));
      case "enum":
        return this.#int32(this.#astray() ? this.#random.pick(LENGTHS) : 1);
      case "i64":
        return this.#int64(this.#random.pick(INTEGERS));
      default:
        return assertNever(type);
    }
  }

  #variable(type: VariableType, name: string): void {
    switch (type.kind) {
      case "string":
        return this.#string(name);
      case "stringMap":
        return this.#map(name);
      case "struct":
        return this.#struct(type);
      case "list":
      case "chunks":
      case "payload":
        return this.#payload();
      default:
        return assertNever(type);
    }
  }

  #string(name: string): void {
    if (this.#astray()) return this.#liesAboutItsLength();
    const said = this.#options.text?.(name) ?? this.#random.pick(STRINGS);
    const bytes = this.#astray() ? this.#random.bytes(1 + this.#random.below(20)) : said;
    this.#text(bytes);
  }

  #liesAboutItsLength(): void {
    this.#int32(this.#random.pick(LENGTHS));
    this.#raw(this.#random.bytes(this.#random.below(40)));
  }

  #map(name: string): void {
    const isOdd = this.#astray();
    const keyType = isOdd ? this.#random.pick(WIRE_TYPES) : WIRE.STRING;
    const valueType = isOdd ? this.#random.pick(WIRE_TYPES) : WIRE.STRING;
    const count = this.#astray() ? 60 + this.#random.below(10) : this.#random.below(4);
    this.#byte(keyType);
    this.#byte(valueType);
    this.#int32(this.#astray() ? this.#random.pick([...LENGTHS, 1_000_000]) : count);
    for (let left = count; left > 0; left -= 1) {
      if (isOdd) {
        this.#anything(keyType, 0);
        this.#anything(valueType, 0);
      } else {
        this.#text(this.#random.pick(["token", "user", "__proto__", `${left}`]));
        this.#string(name);
      }
    }
  }

  #payload(): void {
    const max = this.#options.payloadBytesMax ?? 64;
    const length = this.#random.below(max + 1);
    this.#int32(this.#astray() ? this.#random.pick(LENGTHS) : length);
    this.#raw(Buffer.alloc(length, 0x70));
  }

  /** A value of any type, valid or not, nested deeper than allowed now and then. */
  #anything(wireType: number, depth: number): void {
    const inner = (): number => this.#random.pick(WIRE_TYPES);
    const count = depth > 40 ? 0 : this.#random.pick([0, 1, 1, 2, 3]);
    switch (wireType) {
      case WIRE.STRING:
        return this.#string("");
      case WIRE.STRUCT:
        for (let left = count; left > 0; left -= 1) {
          const type = this.#random.below(2) === 0 ? WIRE.STRUCT : inner();
          this.#byte(type);
          this.#int16(left);
          this.#anything(type, depth + 1);
        }
        return this.#byte(WIRE.STOP);
      case WIRE.MAP:
      case WIRE.LIST:
      case WIRE.SET:
        return this.#container(wireType, count, depth);
      default:
        this.#raw(Buffer.alloc(this.#random.pick([1, 2, 4, 8, 16])));
    }
  }

  #container(wireType: number, count: number, depth: number): void {
    const types = [this.#random.pick(WIRE_TYPES), this.#random.pick(WIRE_TYPES)].slice(
      wireType === WIRE.MAP ? 0 : 1,
    );
    for (const type of types) this.#byte(type);
    this.#int32(this.#astray() ? this.#random.pick(LENGTHS) : count);
    for (let left = count; left > 0; left -= 1) {
      for (const type of types) this.#anything(type, depth + 1);
    }
  }

  #astray(): boolean {
    return this.#random.below(this.#options.oneIn) === 0;
  }

  #text(text: string | Buffer): void {
    const bytes = Buffer.from(text);
    this.#int32(bytes.length);
    this.#raw(bytes);
  }

  #byte(value: number): void {
    this.#raw(Buffer.from([value & 255]));
  }

  #int16(value: number): void {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(value);
    this.#raw(bytes);
  }

  #int32(value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value | 0);
    this.#raw(bytes);
  }

  #int64(value: bigint): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    this.#raw(bytes);
  }

  #raw(bytes: Buffer): void {
    this.#chunks.push(bytes);
  }
}
