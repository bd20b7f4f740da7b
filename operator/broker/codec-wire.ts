// What reader and writer of the binary protocol share: type numbers, limits, and the two ways in
// which bytes can be wrong. TBinaryProtocol, unframed; both StarRocks sides write strict headers.

/** Type numbers on the wire (TType). */
export const WIRE = {
  STOP: 0,
  BOOL: 2,
  BYTE: 3,
  DOUBLE: 4,
  I16: 6,
  I32: 8,
  I64: 10,
  STRING: 11,
  STRUCT: 12,
  MAP: 13,
  SET: 14,
  LIST: 15,
  UUID: 16,
} as const;

/** TMessageType. */
export const MESSAGE = { CALL: 1, REPLY: 2, EXCEPTION: 3, ONEWAY: 4 } as const;

/** A strict header begins with this version in its upper half and the message type below. */
export const STRICT_VERSION = 0x8001;

/** TApplicationExceptionType, as far as used. */
export const APPLICATION_ERROR = {
  UNKNOWN: 0,
  UNKNOWN_METHOD: 1,
  INTERNAL_ERROR: 6,
  PROTOCOL_ERROR: 7,
} as const;
export type ApplicationErrorCode = (typeof APPLICATION_ERROR)[keyof typeof APPLICATION_ERROR];

/** The type number of each kind of descriptor. */
export const WIRE_TYPE_OF = {
  bool: WIRE.BOOL,
  i32: WIRE.I32,
  i64: WIRE.I64,
  enum: WIRE.I32,
  string: WIRE.STRING,
  chunks: WIRE.STRING,
  payload: WIRE.STRING,
  stringMap: WIRE.MAP,
  list: WIRE.LIST,
  struct: WIRE.STRUCT,
} as const;

/** Bounds on what a peer may send. Beyond any of them the bytes count as malformed. */
export interface CodecLimits {
  /** One message without its payload. Bytes. */
  readonly frameBytesMax: number;
  /** One string, known or skipped. Bytes. */
  readonly stringBytesMax: number;
  readonly mapEntriesMax: number;
  readonly listItemsMax: number;
  /** Data of a pwrite or of a pread's answer. Bytes. */
  readonly payloadBytesMax: number;
  /** How deep structs, maps and lists may lie in each other. */
  readonly nestingMax: number;
}

/**
 * For calls. A BE writes 4 MiB at a time by default, but an operator can raise that
 * (`upload_buffer_size`, 3.4+), hence 64 MiB of payload, which is never held here. All else is: whoever connects
 * can leave a message half said on every connection, before any token was asked for. StarRocks' largest call,
 * two paths and a token, has less than 2 KiB.
 */
export const CALL_LIMITS: CodecLimits = {
  frameBytesMax: 16 << 10,
  stringBytesMax: 8 << 10,
  mapEntriesMax: 64,
  listItemsMax: 1024,
  payloadBytesMax: 64 << 20,
  nestingMax: 16,
};

/** For answers, which a client reads: a listing of a large folder has hundreds of thousands of rows. */
export const REPLY_LIMITS: CodecLimits = {
  ...CALL_LIMITS,
  frameBytesMax: 256 << 20,
  stringBytesMax: 64 << 10,
  listItemsMax: 1 << 22,
};

/** Bytes that make no sense, or too much of it. Nothing after them can be read: close the connection. */
export class MalformedError extends Error {
  override readonly name = "MalformedError" as const;
}

/** A TApplicationException that the other side answered with. */
export class ApplicationError extends Error {
  override readonly name = "ApplicationError" as const;
  /** One of `APPLICATION_ERROR`, or another number of thrift's. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
