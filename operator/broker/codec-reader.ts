// Reads one message of the binary protocol from a ByteQueue, in steps: a step that lacks bytes yields
// how many must be there before it can go on, and goes on where it stopped. Nothing is read twice, so
// a message that comes in byte by byte costs no more than one that comes whole.
//
// Two kinds of wrong: bytes that cannot be a message throw `MalformedError`; a message that can be
// read to its end but does not fit its descriptor is read to its end, and `problem` says why.
//
// A payload is not read: the reader stops in front of its bytes. Whoever took exactly `payload` bytes
// from the queue then reads `tail`.
import { isUtf8 } from "node:buffer";

import { assertNever, must } from "../assert.ts";
import type { ByteQueue } from "./byte-queue.ts";
import { MalformedError, STRICT_VERSION, WIRE, WIRE_TYPE_OF } from "./codec-wire.ts";
import type { CodecLimits } from "./codec-wire.ts";
import { isFixed } from "./protocol.ts";
import type { FixedType, NamedField, StructType, VariableType, WireType } from "./protocol.ts";

/** Yields the bytes it lacks (in all, not more), returns what it read. Resume when they are there. */
export type Steps<T> = Generator<number, T, undefined>;

export interface MessageHeader {
  readonly name: string;
  readonly type: number;
  readonly seqId: number;
}

export type StructValues = Record<string, unknown>;

const NAME_BYTES_MAX = 256;
const IDENTIFIER = /^[\w.:]+$/;

/** Sizes of the types that have one. */
const FIXED_BYTES: ReadonlyMap<number, number> = new Map([
  [WIRE.BOOL, 1],
  [WIRE.BYTE, 1],
  [WIRE.DOUBLE, 8],
  [WIRE.I16, 2],
  [WIRE.I32, 4],
  [WIRE.I64, 8],
  [WIRE.UUID, 16],
]);

const NOT_THERE = Symbol("not there");

/** Reads one message; make a new one for the next. */
export class FrameReader {
  readonly #queue: ByteQueue;
  readonly #limits: CodecLimits;
  #budgetBytes: number;
  #problem: string | undefined;
  #payload: number | undefined;
  /** Structs that were open when the payload was met. */
  #openStructs = 0;

  constructor(queue: ByteQueue, limits: CodecLimits) {
    this.#queue = queue;
    this.#limits = limits;
    this.#budgetBytes = limits.frameBytesMax;
  }

  /** Why the message, though readable, is not what its descriptor says; the first reason. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Length of the payload in front of which the reader stopped. */
  get payload(): number | undefined {
    return this.#payload;
  }

  /** The message's header, strict or old-style. */
  *header(): Steps<MessageHeader> {
    if (this.#claim(4)) yield 4;
    const word = this.#queue.readInt32();
    if (word >= 0) return yield* this.#oldHeader(word);
    if (word >>> 16 !== STRICT_VERSION) throw new MalformedError("not a thrift binary message");
    if (this.#claim(4)) yield 4;
    const name = yield* this.#name(this.#queue.readInt32());
    if (this.#claim(4)) yield 4;
    return { name, type: word & 0xff, seqId: this.#queue.readInt32() };
  }

  /** Name first and no version: what TBinaryProtocol writes when not strict. */
  *#oldHeader(nameLength: number): Steps<MessageHeader> {
    const name = yield* this.#name(nameLength);
    if (this.#claim(5)) yield 5;
    return { name, type: this.#queue.readByte(), seqId: this.#queue.readInt32() };
  }

  *#name(length: number): Steps<string> {
    if (length <= 0 || length > NAME_BYTES_MAX) {
      throw new MalformedError(`not a thrift binary message: a method name of ${length} bytes`);
    }
    if (this.#claim(length)) yield length;
    const name = this.#queue.take(length).toString("latin1");
    // An old-style header begins with a length, as does a frame of TFramedTransport.
    if (!IDENTIFIER.test(name)) throw new MalformedError("not an unframed thrift binary message");
    return name;
  }

  /**
   * A struct's fields by name. A field of an unknown id or another type than its descriptor's is
   * skipped, as generated code does; a required one that is missing is a `problem`.
   */
  *struct(type: StructType): Steps<StructValues> {
    const values: StructValues = {};
    this.#openStructs += 1;
    for (;;) {
      const { wireType, id } = yield* this.#field();
      if (wireType === WIRE.STOP) break;
      const field = type.byId.get(id);
      if (field === undefined || WIRE_TYPE_OF[field.type.kind] !== wireType) {
        yield* this.#skip(wireType, this.#openStructs);
        continue;
      }
      const value = yield* this.#value(field.type, `${type.name}.${field.name}`);
      if (value !== NOT_THERE) values[field.name] = value;
      if (this.#payload !== undefined) {
        this.#requireFields(type, values);
        return values;
      }
    }
    this.#openStructs -= 1;
    this.#requireFields(type, values);
    return values;
  }

  /** A struct of which nothing is wanted. */
  *skipStruct(): Steps<void> {
    yield* this.#skip(WIRE.STRUCT, 0);
  }

  /** What follows the payload: the rest of every struct that was open. Known fields cannot be there. */
  *tail(): Steps<void> {
    for (; this.#openStructs > 0; this.#openStructs -= 1) {
      yield* this.#skipFields(this.#openStructs);
    }
  }

  *#field(): Steps<{ wireType: number; id: number }> {
    if (this.#claim(1)) yield 1;
    const wireType = this.#queue.readByte();
    if (wireType === WIRE.STOP) return { wireType, id: 0 };
    if (this.#claim(2)) yield 2;
    return { wireType, id: this.#queue.readInt16() };
  }

  *#value(type: WireType, what: string): Steps<unknown> {
    if (!isFixed(type)) return yield* this.#variable(type, what);
    const count = must(FIXED_BYTES.get(WIRE_TYPE_OF[type.kind]));
    if (this.#claim(count)) yield count;
    return this.#fixed(type, what);
  }

  #fixed(type: FixedType, what: string): unknown {
    switch (type.kind) {
      case "bool":
        return this.#queue.readByte() !== 0;
      case "i32":
        return this.#queue.readInt32();
      case "i64":
        return this.#queue.readInt64();
      case "enum":
        return this.#enumerated(type.codes, type.name, what);
      default:
        return assertNever(type);
    }
  }

  *#variable(type: VariableType, what: string): Steps<unknown> {
    switch (type.kind) {
      case "string":
        return yield* this.#string(what);
      case "stringMap":
        return yield* this.#stringMap(what);
      case "list":
        return yield* this.#list(type.item, what);
      case "struct":
        return yield* this.struct(type);
      case "chunks":
        return yield* this.#chunks(what);
      case "payload":
        this.#payload = yield* this.#payloadLength(what);
        return NOT_THERE;
      default:
        return assertNever(type);
    }
  }

  #enumerated(codes: ReadonlySet<number>, name: string, what: string): unknown {
    const code = this.#queue.readInt32();
    if (codes.has(code)) return code;
    this.#reject(`${what} is ${code}, which is no ${name}`);
    return NOT_THERE;
  }

  *#string(what: string): Steps<string> {
    const length = yield* this.#length(this.#limits.stringBytesMax, `${what}: a string`);
    if (this.#claim(length)) yield length;
    const bytes = this.#queue.take(length);
    // A replacement character would make one name of two: paths become keys.
    if (!isUtf8(bytes)) this.#reject(`${what} is not UTF-8`);
    return bytes.toString("utf8");
  }

  *#stringMap(what: string): Steps<unknown> {
    if (this.#claim(2)) yield 2;
    const keyType = this.#queue.readByte();
    const valueType = this.#queue.readByte();
    const count = yield* this.#length(this.#limits.mapEntriesMax, `${what}: a map`);
    const entries = new Map<string, string>();
    if (count > 0 && (keyType !== WIRE.STRING || valueType !== WIRE.STRING)) {
      yield* this.#skipItems([keyType, valueType], count, this.#openStructs + 1);
      this.#reject(`${what} is not a map of strings`);
      return NOT_THERE;
    }
    for (let left = count; left > 0; left -= 1) {
      const key = yield* this.#string(what);
      entries.set(key, yield* this.#string(what));
    }
    return entries;
  }

  *#list(item: WireType, what: string): Steps<unknown> {
    if (this.#claim(1)) yield 1;
    const itemType = this.#queue.readByte();
    const count = yield* this.#length(this.#limits.listItemsMax, `${what}: a list`);
    if (count > 0 && itemType !== WIRE_TYPE_OF[item.kind]) {
      yield* this.#skipItems([itemType], count, this.#openStructs + 1);
      this.#reject(`${what} has items of another type`);
      return NOT_THERE;
    }
    const items: unknown[] = [];
    while (items.length < count) items.push(yield* this.#value(item, what));
    return items;
  }

  /** Bytes as the chunks in which they lie in the queue; none for an empty value. */
  *#chunks(what: string): Steps<readonly Buffer[]> {
    const length = yield* this.#payloadLength(what);
    if (this.#queue.length < length) yield length;
    const chunks: Buffer[] = [];
    for (let left = length; left > 0;) {
      const chunk = this.#queue.takeChunk(left);
      chunks.push(chunk);
      left -= chunk.length;
    }
    return chunks;
  }

  *#payloadLength(what: string): Steps<number> {
    return yield* this.#length(this.#limits.payloadBytesMax, `${what}: data`);
  }

  /** A length or count, checked before anything is done with it. */
  *#length(max: number, what: string): Steps<number> {
    if (this.#claim(4)) yield 4;
    const length = this.#queue.readInt32();
    if (length < 0 || length > max) {
      throw new MalformedError(`${what} of length ${length}, at most ${max} allowed`);
    }
    return length;
  }

  *#skip(wireType: number, depth: number): Steps<void> {
    const fixed = FIXED_BYTES.get(wireType);
    if (fixed !== undefined) return yield* this.#skipBytes(fixed);
    if (depth >= this.#limits.nestingMax) {
      throw new MalformedError(`values nested deeper than ${this.#limits.nestingMax}`);
    }
    switch (wireType) {
      case WIRE.STRING:
        return yield* this.#skipString();
      case WIRE.STRUCT:
        return yield* this.#skipFields(depth + 1);
      case WIRE.MAP:
      case WIRE.LIST:
      case WIRE.SET:
        return yield* this.#skipContainer(wireType, depth + 1);
      default:
        throw new MalformedError(`a value of type ${wireType}, which does not exist`);
    }
  }

  *#skipBytes(count: number): Steps<void> {
    if (this.#claim(count)) yield count;
    this.#queue.skip(count);
  }

  *#skipString(): Steps<void> {
    yield* this.#skipBytes(yield* this.#length(this.#limits.stringBytesMax, "a skipped string"));
  }

  *#skipFields(depth: number): Steps<void> {
    for (;;) {
      const { wireType } = yield* this.#field();
      if (wireType === WIRE.STOP) return;
      yield* this.#skip(wireType, depth);
    }
  }

  *#skipContainer(wireType: number, depth: number): Steps<void> {
    const types: number[] = [];
    for (let left = wireType === WIRE.MAP ? 2 : 1; left > 0; left -= 1) {
      if (this.#claim(1)) yield 1;
      types.push(this.#queue.readByte());
    }
    const max = wireType === WIRE.MAP ? this.#limits.mapEntriesMax : this.#limits.listItemsMax;
    yield* this.#skipItems(types, yield* this.#length(max, "a skipped container"), depth);
  }

  *#skipItems(wireTypes: readonly number[], count: number, depth: number): Steps<void> {
    for (let left = count; left > 0; left -= 1) {
      for (const wireType of wireTypes) yield* this.#skip(wireType, depth);
    }
  }

  #requireFields(type: StructType, values: StructValues): void {
    const missing = type.inOrder.find((field) => this.#isMissing(field, values));
    if (missing !== undefined) this.#reject(`${type.name}.${missing.name} is missing`);
  }

  #isMissing(field: NamedField, values: StructValues): boolean {
    if (!field.required) return false;
    if (field.type.kind === "payload") return this.#payload === undefined;
    return values[field.name] === undefined;
  }

  #reject(problem: string): void {
    this.#problem ??= problem;
  }

  /** Takes bytes off the message's budget; true when they have not all arrived. */
  #claim(count: number): boolean {
    this.#budgetBytes -= count;
    if (this.#budgetBytes < 0) {
      throw new MalformedError(`a message of more than ${this.#limits.frameBytesMax} bytes`);
    }
    return this.#queue.length < count;
  }
}
