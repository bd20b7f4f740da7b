// Writes one message of the binary protocol as a list of chunks, ready for one gathered write.
// Binary values go into that list as they are: neither copied nor joined, so they must not change
// until the list has been written.
import { STRICT_VERSION, WIRE, WIRE_TYPE_OF } from "./codec-wire.ts";
import type { MessageHeader, StructValues } from "./codec-reader.ts";
import { isFixed } from "./protocol.ts";
import type { FixedType, NamedField, StructType, VariableType, WireType } from "./protocol.ts";

const INITIAL_BYTES = 256;
const I32_MAX = 0x7fff_ffff;

/** Writes one message; make a new one for the next. */
export class FrameWriter {
  readonly #chunks: Uint8Array[] = [];
  readonly #payload: readonly Uint8Array[];
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  /** Where the bytes begin that are in no chunk yet, and where they end. */
  #start = 0;
  #end = 0;

  /** `payload`: what stands in the place of the payload field, which no struct's value holds. */
  constructor(payload: readonly Uint8Array[] = []) {
    this.#payload = payload;
  }

  /** A strict header. */
  header(header: MessageHeader): void {
    this.#int32((STRICT_VERSION << 16) | header.type);
    this.#string(header.name);
    this.#int32(header.seqId);
  }

  /** Throws a TypeError when a required field is missing or a value does not fit its type. */
  struct(type: StructType, values: StructValues): void {
    for (const field of type.inOrder) this.#field(type, field, values[field.name]);
    this.#byte(WIRE.STOP);
  }

  /** The message so far. Nothing may be written after it. */
  finish(): readonly Uint8Array[] {
    this.#flush();
    return this.#chunks;
  }

  #field(type: StructType, field: NamedField, value: unknown): void {
    if (value === undefined && field.type.kind !== "payload") {
      if (field.required) throw new TypeError(`${type.name}.${field.name} is missing`);
      return;
    }
    this.#byte(WIRE_TYPE_OF[field.type.kind]);
    this.#int16(field.id);
    this.#value(field.type, value);
  }

  #value(type: WireType, value: unknown): void {
    if (isFixed(type)) this.#fixed(type, value);
    else this.#variable(type, value);
  }

  #fixed(type: FixedType, value: unknown): void {
    switch (type.kind) {
      case "bool":
        return this.#byte(value === true ? 1 : 0);
      case "i32":
      case "enum":
        return this.#int32(value as number);
      case "i64":
        return this.#int64(value as bigint);
    }
  }

  #variable(type: VariableType, value: unknown): void {
    switch (type.kind) {
      case "string":
        return this.#string(value as string);
      case "stringMap":
        return this.#stringMap(value as ReadonlyMap<string, string>);
      case "list":
        return this.#list(type.item, value as readonly unknown[]);
      case "struct":
        return this.struct(type, value as StructValues);
      case "chunks":
        return this.#binary(value as readonly Uint8Array[]);
      case "payload":
        return this.#binary(this.#payload);
    }
  }

  #stringMap(entries: ReadonlyMap<string, string>): void {
    this.#byte(WIRE.STRING);
    this.#byte(WIRE.STRING);
    this.#int32(entries.size);
    for (const [key, value] of entries) {
      this.#string(key);
      this.#string(value);
    }
  }

  #list(item: WireType, items: readonly unknown[]): void {
    this.#byte(WIRE_TYPE_OF[item.kind]);
    this.#int32(items.length);
    for (const value of items) this.#value(item, value);
  }

  #binary(chunks: readonly Uint8Array[]): void {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (length > I32_MAX) throw new TypeError(`${length} bytes do not fit one binary value`);
    this.#int32(length);
    this.#flush();
    for (const chunk of chunks) {
      if (chunk.length > 0) this.#chunks.push(chunk);
    }
  }

  #string(value: string): void {
    const length = Buffer.byteLength(value, "utf8");
    this.#int32(length);
    this.#reserve(length);
    this.#end += this.#buffer.write(value, this.#end, "utf8");
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#end = this.#buffer.writeUInt8(value, this.#end);
  }

  #int16(value: number): void {
    this.#reserve(2);
    this.#end = this.#buffer.writeInt16BE(value, this.#end);
  }

  #int32(value: number): void {
    this.#reserve(4);
    this.#end = this.#buffer.writeInt32BE(value, this.#end);
  }

  #int64(value: bigint): void {
    this.#reserve(8);
    this.#end = this.#buffer.writeBigInt64BE(value, this.#end);
  }

  /** Makes room, doubling: a listing of many files is copied a few times, not once per row. */
  #reserve(count: number): void {
    if (this.#end + count <= this.#buffer.length) return;
    const pending = this.#buffer.subarray(this.#start, this.#end);
    const grown = Buffer.allocUnsafe(Math.max(INITIAL_BYTES, 2 * (pending.length + count)));
    this.#end = pending.copy(grown);
    this.#start = 0;
    this.#buffer = grown;
  }

  #flush(): void {
    if (this.#end > this.#start) this.#chunks.push(this.#buffer.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
