// The structs of FileBrokerService.thrift (byte-identical from 2.5 to main 2026-04), written down by
// hand as tables and spoken with Apache's own protocol class. Nothing here comes from the product's
// codec: the stand-in is meant to disagree with it when it is wrong.
import thrift from "thrift";

const { Thrift, Int64 } = thrift;
const { Type } = Thrift;

export type Protocol = InstanceType<typeof thrift.TBinaryProtocol>;

type FieldType = "i32" | "i64" | "fd" | "bool" | "string" | "binary" | "map" | Struct | ListOf;

interface ListOf {
  readonly listOf: Struct;
}

interface Field {
  readonly id: number;
  readonly name: string;
  readonly type: FieldType;
  readonly optional?: true;
}

export interface Struct {
  readonly name: string;
  readonly fields: readonly Field[];
}

type FieldRow = readonly [id: number, name: string, type: FieldType, optional?: "optional"];

function struct(name: string, ...rows: readonly FieldRow[]): Struct {
  const fields = rows.map(([id, fieldName, type, optional]) => ({
    id,
    name: fieldName,
    type,
    ...(optional === undefined ? {} : { optional: true as const }),
  }));
  return { name, fields };
}

const STATUS = struct(
  "TBrokerOperationStatus",
  [1, "statusCode", "i32"],
  [2, "message", "string", "optional"],
);
const FILE_STATUS = struct(
  "TBrokerFileStatus",
  [1, "path", "string"],
  [2, "isDir", "bool"],
  [3, "size", "i64"],
  [4, "isSplitable", "bool"],
);
const FD = struct("TBrokerFD", [1, "high", "fd"], [2, "low", "fd"]);

const VERSION: FieldRow = [1, "version", "i32"];

function response(name: string, ...rows: readonly FieldRow[]): Struct {
  return struct(name, [1, "opStatus", STATUS], ...rows);
}

/** Every method: its argument's struct and what it answers. */
export const METHODS = {
  listPath: {
    request: struct(
      "TBrokerListPathRequest",
      VERSION,
      [2, "path", "string"],
      [3, "isRecursive", "bool"],
      [4, "properties", "map"],
      [5, "fileNameOnly", "bool", "optional"],
    ),
    response: response("TBrokerListResponse", [2, "files", { listOf: FILE_STATUS }, "optional"]),
  },
  deletePath: {
    request: struct(
      "TBrokerDeletePathRequest",
      VERSION,
      [2, "path", "string"],
      [3, "properties", "map"],
    ),
    response: STATUS,
  },
  renamePath: {
    request: struct(
      "TBrokerRenamePathRequest",
      VERSION,
      [2, "srcPath", "string"],
      [3, "destPath", "string"],
      [4, "properties", "map"],
    ),
    response: STATUS,
  },
  checkPathExist: {
    request: struct(
      "TBrokerCheckPathExistRequest",
      VERSION,
      [2, "path", "string"],
      [3, "properties", "map"],
    ),
    response: response("TBrokerCheckPathExistResponse", [2, "isPathExist", "bool"]),
  },
  openReader: {
    request: struct(
      "TBrokerOpenReaderRequest",
      VERSION,
      [2, "path", "string"],
      [3, "startOffset", "i64"],
      [4, "clientId", "string"],
      [5, "properties", "map"],
    ),
    response: response(
      "TBrokerOpenReaderResponse",
      [2, "fd", FD, "optional"],
      [3, "size", "i64", "optional"],
    ),
  },
  pread: {
    request: struct(
      "TBrokerPReadRequest",
      VERSION,
      [2, "fd", FD],
      [3, "offset", "i64"],
      [4, "length", "i64"],
    ),
    response: response("TBrokerReadResponse", [2, "data", "binary", "optional"]),
  },
  closeReader: {
    request: struct("TBrokerCloseReaderRequest", VERSION, [2, "fd", FD]),
    response: STATUS,
  },
  openWriter: {
    request: struct(
      "TBrokerOpenWriterRequest",
      VERSION,
      [2, "path", "string"],
      [3, "openMode", "i32"],
      [4, "clientId", "string"],
      [5, "properties", "map"],
    ),
    response: response("TBrokerOpenWriterResponse", [2, "fd", FD, "optional"]),
  },
  pwrite: {
    request: struct(
      "TBrokerPWriteRequest",
      VERSION,
      [2, "fd", FD],
      [3, "offset", "i64"],
      [4, "data", "binary"],
    ),
    response: STATUS,
  },
  closeWriter: {
    request: struct("TBrokerCloseWriterRequest", VERSION, [2, "fd", FD]),
    response: STATUS,
  },
  ping: {
    request: struct("TBrokerPingBrokerRequest", VERSION, [2, "clientId", "string"]),
    response: STATUS,
  },
} as const satisfies Record<string, { request: Struct; response: Struct }>;

export type MethodName = keyof typeof METHODS;

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}

export interface BrokerFd {
  readonly high: bigint;
  readonly low: bigint;
}

export interface OperationStatus {
  readonly statusCode: number;
  readonly message?: string;
}

export interface FileStatus {
  readonly path: string;
  readonly isDir: boolean;
  readonly size: number;
  readonly isSplitable: boolean;
}

export type BrokerProperties = Readonly<Record<string, string>>;

/** `version` is filled in by the caller of {@link writeStruct}. */
export interface Requests {
  listPath: {
    path: string;
    isRecursive: boolean;
    properties: BrokerProperties;
    fileNameOnly?: boolean;
  };
  deletePath: { path: string; properties: BrokerProperties };
  renamePath: { srcPath: string; destPath: string; properties: BrokerProperties };
  checkPathExist: { path: string; properties: BrokerProperties };
  openReader: { path: string; startOffset: number; clientId: string; properties: BrokerProperties };
  pread: { fd: BrokerFd; offset: number; length: number };
  closeReader: { fd: BrokerFd };
  openWriter: { path: string; openMode: number; clientId: string; properties: BrokerProperties };
  pwrite: { fd: BrokerFd; offset: number; data: Buffer };
  closeWriter: { fd: BrokerFd };
  ping: { clientId: string };
}

export interface Responses {
  listPath: { opStatus: OperationStatus; files?: readonly FileStatus[] };
  deletePath: OperationStatus;
  renamePath: OperationStatus;
  checkPathExist: { opStatus: OperationStatus; isPathExist: boolean };
  openReader: { opStatus: OperationStatus; fd?: BrokerFd; size?: number };
  pread: { opStatus: OperationStatus; data?: Buffer };
  closeReader: OperationStatus;
  openWriter: { opStatus: OperationStatus; fd?: BrokerFd };
  pwrite: OperationStatus;
  closeWriter: OperationStatus;
  ping: OperationStatus;
}

/** A struct that lacks a required field or carries one of another type. */
export class ProtocolProblem extends Error {
  override readonly name = "ProtocolProblem" as const;
}

type WireType = (typeof Type)[keyof typeof Type];

const WIRE_TYPES = {
  i32: Type.I32,
  i64: Type.I64,
  fd: Type.I64,
  bool: Type.BOOL,
  string: Type.STRING,
  binary: Type.STRING,
  map: Type.MAP,
} as const;

function wireType(type: FieldType): WireType {
  if (typeof type === "string") return WIRE_TYPES[type];
  return "listOf" in type ? Type.LIST : Type.STRUCT;
}

export function writeStruct(out: Protocol, spec: Struct, value: object): void {
  const values = value as Readonly<Record<string, unknown>>;
  out.writeStructBegin(spec.name);
  for (const field of spec.fields) {
    const v = values[field.name];
    if (v === undefined) continue;
    out.writeFieldBegin(field.name, wireType(field.type), field.id);
    writeValue(out, field.type, v);
    out.writeFieldEnd();
  }
  out.writeFieldStop();
  out.writeStructEnd();
}

const WRITERS: Readonly<Record<string, (out: Protocol, v: unknown) => void>> = {
  i32: (out, v) => out.writeI32(v as number),
  i64: (out, v) => out.writeI64(v as number),
  fd: (out, v) => out.writeI64(int64Of(v as bigint)),
  bool: (out, v) => out.writeBool(v as boolean),
  string: (out, v) => out.writeString(v as string),
  binary: (out, v) => out.writeBinary(v as Buffer),
  map: (out, v) => writeMap(out, v as BrokerProperties),
};

function writeValue(out: Protocol, type: FieldType, value: unknown): void {
  if (typeof type === "string") {
    WRITERS[type]?.(out, value);
    return;
  }
  if (!("listOf" in type)) {
    writeStruct(out, type, value as object);
    return;
  }
  const items = value as readonly object[];
  out.writeListBegin(Type.STRUCT, items.length);
  for (const item of items) writeStruct(out, type.listOf, item);
  out.writeListEnd();
}

function writeMap(out: Protocol, map: BrokerProperties): void {
  const entries = Object.entries(map);
  out.writeMapBegin(Type.STRING, Type.STRING, entries.length);
  for (const [key, value] of entries) {
    out.writeString(key);
    out.writeString(value);
  }
  out.writeMapEnd();
}

/** Reads a struct; skips fields it does not know; throws {@link ProtocolProblem} for a missing one. */
export function readStruct(input: Protocol, spec: Struct): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  input.readStructBegin();
  for (;;) {
    const { ftype, fid } = input.readFieldBegin();
    if (ftype === Type.STOP) break;
    const field = spec.fields.find((f) => f.id === fid && wireType(f.type) === ftype);
    if (field === undefined) input.skip(ftype);
    else found[field.name] = readValue(input, field.type);
    input.readFieldEnd();
  }
  input.readStructEnd();
  for (const field of spec.fields) {
    if (field.optional === undefined && found[field.name] === undefined) {
      throw new ProtocolProblem(
        `Required field '${field.name}' was not found in serialized data! Struct: ${spec.name}`,
      );
    }
  }
  return found;
}

const READERS: Readonly<Record<string, (input: Protocol) => unknown>> = {
  i32: (input) => input.readI32(),
  i64: (input) => Number(bigintOf(input.readI64())),
  fd: (input) => bigintOf(input.readI64()),
  bool: (input) => input.readBool(),
  string: (input) => input.readString(),
  binary: (input) => input.readBinary(),
  map: readMap,
};

function readValue(input: Protocol, type: FieldType): unknown {
  if (typeof type === "string") return READERS[type]?.(input);
  if (!("listOf" in type)) return readStruct(input, type);
  const { size } = input.readListBegin();
  const items: unknown[] = [];
  for (let i = 0; i < size; i += 1) items.push(readStruct(input, type.listOf));
  input.readListEnd();
  return items;
}

function readMap(input: Protocol): BrokerProperties {
  const { size } = input.readMapBegin();
  const map: Record<string, string> = {};
  for (let i = 0; i < size; i += 1) {
    const key = input.readString();
    map[key] = input.readString();
  }
  input.readMapEnd();
  return map;
}

function int64Of(value: bigint): InstanceType<typeof Int64> {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(value);
  return new Int64(buffer);
}

function bigintOf(value: InstanceType<typeof Int64>): bigint {
  return value.buffer.readBigInt64BE(value.offset);
}
