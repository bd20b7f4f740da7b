// The broker service on Apache Thrift's own Node library, as the other party for our codec. The
// structs below are written down from the IDL a second time, in another notation, and nothing here
// imports our descriptors: a wrong field id on our side cannot be wrong here in the same way.
//
// Values have the shape of ours (bigint, Map), except that binary data is one Buffer.
import thrift from "thrift";
import type { Connection, Thrift, TProtocol, TTransport } from "thrift";

type Values = Record<string, unknown>;
type Callback = (error: Error | null, result?: unknown) => void;

/** `id:type name`, `?` behind an optional one; `[T]` is a list. */
const STRUCTS: Readonly<Record<string, string>> = {
  TBrokerOperationStatus: "1:enum statusCode, 2:string message?",
  TBrokerFileStatus: "1:string path, 2:bool isDir, 3:i64 size, 4:bool isSplitable",
  TBrokerFD: "1:i64 high, 2:i64 low",
  TBrokerListResponse: "1:TBrokerOperationStatus opStatus, 2:[TBrokerFileStatus] files?",
  TBrokerOpenReaderResponse: "1:TBrokerOperationStatus opStatus, 2:TBrokerFD fd?, 3:i64 size?",
  TBrokerReadResponse: "1:TBrokerOperationStatus opStatus, 2:binary data?",
  TBrokerOpenWriterResponse: "1:TBrokerOperationStatus opStatus, 2:TBrokerFD fd?",
  TBrokerCheckPathExistResponse: "1:TBrokerOperationStatus opStatus, 2:bool isPathExist",
  TBrokerListPathRequest:
    "1:enum version, 2:string path, 3:bool isRecursive, 4:map properties, 5:bool fileNameOnly?",
  TBrokerDeletePathRequest: "1:enum version, 2:string path, 3:map properties",
  TBrokerRenamePathRequest: "1:enum version, 2:string srcPath, 3:string destPath, 4:map properties",
  TBrokerCheckPathExistRequest: "1:enum version, 2:string path, 3:map properties",
  TBrokerOpenReaderRequest:
    "1:enum version, 2:string path, 3:i64 startOffset, 4:string clientId, 5:map properties",
  TBrokerPReadRequest: "1:enum version, 2:TBrokerFD fd, 3:i64 offset, 4:i64 length",
  TBrokerSeekRequest: "1:enum version, 2:TBrokerFD fd, 3:i64 offset",
  TBrokerCloseReaderRequest: "1:enum version, 2:TBrokerFD fd",
  TBrokerOpenWriterRequest:
    "1:enum version, 2:string path, 3:enum openMode, 4:string clientId, 5:map properties",
  TBrokerPWriteRequest: "1:enum version, 2:TBrokerFD fd, 3:i64 offset, 4:binary data",
  TBrokerCloseWriterRequest: "1:enum version, 2:TBrokerFD fd",
  TBrokerPingBrokerRequest: "1:enum version, 2:string clientId",
};

const SERVICE: Readonly<Record<string, readonly [request: string, response: string]>> = {
  listPath: ["TBrokerListPathRequest", "TBrokerListResponse"],
  deletePath: ["TBrokerDeletePathRequest", "TBrokerOperationStatus"],
  renamePath: ["TBrokerRenamePathRequest", "TBrokerOperationStatus"],
  checkPathExist: ["TBrokerCheckPathExistRequest", "TBrokerCheckPathExistResponse"],
  openReader: ["TBrokerOpenReaderRequest", "TBrokerOpenReaderResponse"],
  pread: ["TBrokerPReadRequest", "TBrokerReadResponse"],
  seek: ["TBrokerSeekRequest", "TBrokerOperationStatus"],
  closeReader: ["TBrokerCloseReaderRequest", "TBrokerOperationStatus"],
  openWriter: ["TBrokerOpenWriterRequest", "TBrokerOpenWriterResponse"],
  pwrite: ["TBrokerPWriteRequest", "TBrokerOperationStatus"],
  closeWriter: ["TBrokerCloseWriterRequest", "TBrokerOperationStatus"],
  ping: ["TBrokerPingBrokerRequest", "TBrokerOperationStatus"],
};

const { Type, MessageType } = thrift.Thrift;

const TYPE_NUMBERS: Readonly<Record<string, Thrift.Type>> = {
  bool: Type.BOOL,
  enum: Type.I32,
  i64: Type.I64,
  string: Type.STRING,
  binary: Type.STRING,
  map: Type.MAP,
};

interface PeerField {
  readonly id: number;
  readonly type: string;
  readonly name: string;
}

function fieldsOf(struct: string): readonly PeerField[] {
  return (STRUCTS[struct] ?? "").split(", ").map((text) => {
    const [, id = "", type = "", name = ""] = /^(\d+):(\S+) (\w+)\??$/.exec(text) ?? [];
    return { id: Number(id), type, name };
  });
}

function typeNumber(type: string): Thrift.Type {
  return TYPE_NUMBERS[type] ?? (type.startsWith("[") ? Type.LIST : Type.STRUCT);
}

function writeValue(out: TProtocol, type: string, value: unknown): void {
  if (type === "bool") out.writeBool(value as boolean);
  else if (type === "enum") out.writeI32(value as number);
  else if (type === "i64") out.writeI64(int64(value as bigint));
  else if (type === "string") out.writeString(value as string);
  else if (type === "binary") out.writeBinary(value as Buffer);
  else if (type === "map") writeMap(out, value as ReadonlyMap<string, string>);
  else if (type.startsWith("[")) writeList(out, type.slice(1, -1), value as readonly unknown[]);
  else writeStruct(out, type, value as Values);
}

function int64(value: bigint): InstanceType<typeof thrift.Int64> {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return new thrift.Int64(bytes);
}

function writeMap(out: TProtocol, entries: ReadonlyMap<string, string>): void {
  out.writeMapBegin(Type.STRING, Type.STRING, entries.size);
  for (const [key, value] of entries) {
    out.writeString(key);
    out.writeString(value);
  }
  out.writeMapEnd();
}

function writeList(out: TProtocol, item: string, values: readonly unknown[]): void {
  out.writeListBegin(typeNumber(item), values.length);
  for (const value of values) writeValue(out, item, value);
  out.writeListEnd();
}

function writeStruct(out: TProtocol, struct: string, values: Values): void {
  out.writeStructBegin(struct);
  for (const { id, type, name } of fieldsOf(struct)) {
    if (values[name] === undefined) continue;
    out.writeFieldBegin(name, typeNumber(type), id);
    writeValue(out, type, values[name]);
    out.writeFieldEnd();
  }
  out.writeFieldStop();
  out.writeStructEnd();
}

function readValue(input: TProtocol, type: string): unknown {
  if (type === "bool") return input.readBool();
  if (type === "enum") return input.readI32();
  if (type === "i64") return input.readI64().buffer.readBigInt64BE();
  if (type === "string") return input.readString();
  if (type === "binary") return Buffer.from(input.readBinary());
  if (type === "map") return readMap(input);
  if (type.startsWith("[")) return readList(input, type.slice(1, -1));
  return readStruct(input, type);
}

function readMap(input: TProtocol): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (let left = input.readMapBegin().size; left > 0; left -= 1) {
    const key = input.readString();
    entries.set(key, input.readString());
  }
  return entries;
}

function readList(input: TProtocol, item: string): readonly unknown[] {
  return Array.from({ length: input.readListBegin().size }, () => readValue(input, item));
}

function readStruct(input: TProtocol, struct: string): Values {
  return readFields(input, (id) => fieldsOf(struct).find((field) => field.id === id));
}

function readFields(input: TProtocol, fieldOf: (id: number) => PeerField | undefined): Values {
  const values: Values = {};
  for (;;) {
    const { ftype, fid } = input.readFieldBegin();
    if (ftype === Type.STOP) return values;
    const field = fieldOf(fid);
    if (field === undefined) input.skip(ftype);
    else values[field.name] = readValue(input, field.type);
  }
}

/** Writes a struct that holds one struct, as arguments and results of a method are. */
function writeWrapped(out: TProtocol, id: number, struct: string, values: Values): void {
  out.writeStructBegin("wrapped");
  out.writeFieldBegin("wrapped", Type.STRUCT, id);
  writeStruct(out, struct, values);
  out.writeFieldEnd();
  out.writeFieldStop();
  out.writeStructEnd();
}

function readWrapped(input: TProtocol, id: number, struct: string): Values {
  const field = { id, type: struct, name: "wrapped" };
  const { wrapped } = readFields(input, (found) => (found === id ? field : undefined));
  return wrapped as Values;
}

function writeCall(out: TProtocol, method: string, seqId: number, request: Values): void {
  out.writeMessageBegin(method, MessageType.CALL, seqId);
  writeWrapped(out, 1, SERVICE[method]?.[0] ?? "", request);
  out.writeMessageEnd();
  out.flush();
}

function writeReply(out: TProtocol, method: string, seqId: number, response: Values): void {
  out.writeMessageBegin(method, MessageType.REPLY, seqId);
  writeWrapped(out, 0, SERVICE[method]?.[1] ?? "", response);
  out.writeMessageEnd();
  out.flush();
}

interface FrameOptions {
  /** Whether the header carries a version. */
  readonly strict?: boolean;
}

/** A call's bytes as Thrift's library writes them. */
export function thriftCall(
  method: string,
  seqId: number,
  request: object,
  { strict = true }: FrameOptions = {},
): Buffer {
  return written(strict, (out) => writeCall(out, method, seqId, request as Values));
}

/** An answer's bytes as Thrift's library writes them. */
export function thriftReply(method: string, seqId: number, response: object): Buffer {
  return written(true, (out) => writeReply(out, method, seqId, response as Values));
}

function written(strict: boolean, write: (out: TProtocol) => void): Buffer {
  const parts: Buffer[] = [];
  const transport = new thrift.TBufferedTransport(undefined, (bytes) => {
    if (bytes !== undefined) parts.push(bytes);
  });
  write(new thrift.TBinaryProtocol(transport, false, strict));
  return Buffer.concat(parts);
}

/** Shaped as generated clients are: the library calls `recv_<method>` by name. */
class PeerStub {
  readonly _reqs: Record<number, Callback> = {};
  readonly #out: TProtocol;
  #seqId = 0;

  constructor(output: TTransport, protocol: new (transport: TTransport) => TProtocol) {
    this.#out = new protocol(output);
    for (const [method, [, response]] of Object.entries(SERVICE)) {
      const receive = (input: TProtocol, type: Thrift.MessageType, seqId: number) => {
        this.#receive(input, type, { seqId, response });
      };
      Object.assign(this, { [`recv_${method}`]: receive });
    }
  }

  call(method: string, request: Values): Promise<Values> {
    this.#seqId += 1;
    const seqId = this.#seqId;
    return new Promise((resolve, reject) => {
      this._reqs[seqId] = (error, result) => {
        if (error === null) resolve(result as Values);
        else reject(error);
      };
      writeCall(this.#out, method, seqId, request);
    });
  }

  #receive(
    input: TProtocol,
    type: Thrift.MessageType,
    call: { seqId: number; response: string },
  ): void {
    const callback = this._reqs[call.seqId];
    if (type !== MessageType.EXCEPTION) {
      callback?.(null, readWrapped(input, 0, call.response));
      return;
    }
    const exception = new thrift.Thrift.TApplicationException();
    exception.read(input);
    callback?.(exception);
  }
}

/** A client on Thrift's library. Values of a pwrite's request include `data`. */
export class ThriftClient {
  readonly #connection: Connection;
  readonly #stub: PeerStub;

  constructor(host: string, port: number, { strict = true }: FrameOptions = {}) {
    class Protocol extends thrift.TBinaryProtocol {
      constructor(transport: TTransport) {
        super(transport, false, strict);
      }
    }
    this.#connection = thrift.createConnection(host, port, {
      transport: thrift.TBufferedTransport,
      protocol: Protocol,
    });
    this.#stub = thrift.createClient(PeerStub, this.#connection);
  }

  call(method: string, request: object): Promise<Values> {
    return this.#stub.call(method, request as Values);
  }

  close(): void {
    this.#connection.end();
  }
}

/** What a server on Thrift's library answers with; a rejection becomes an exception of type 6. */
export type ThriftHandler = (method: string, request: Values) => Promise<object>;

/** A server on Thrift's library. Call `listen` on it. */
export function thriftServer(handler: ThriftHandler): ReturnType<typeof thrift.createServer> {
  class Processor {
    process(input: TProtocol, output: TProtocol): void {
      const { fname, rseqid } = input.readMessageBegin();
      const request = readWrapped(input, 1, SERVICE[fname]?.[0] ?? "");
      input.readMessageEnd();
      handler(fname, request).then(
        (response) => writeReply(output, fname, rseqid, response as Values),
        (error: Error) => {
          const { INTERNAL_ERROR } = thrift.Thrift.TApplicationExceptionType;
          output.writeMessageBegin(fname, MessageType.EXCEPTION, rseqid);
          const exception = new thrift.Thrift.TApplicationException(INTERNAL_ERROR, error.message);
          // The library (0.24) keeps the code in `type` and writes `code`.
          Object.assign(exception, { code: INTERNAL_ERROR }).write(output);
          output.writeMessageEnd();
          output.flush();
        },
      );
    }
  }
  return thrift.createServer(
    Processor,
    {},
    {
      transport: thrift.TBufferedTransport,
      protocol: thrift.TBinaryProtocol,
    },
  );
}
