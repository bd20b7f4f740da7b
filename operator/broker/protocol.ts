// The broker protocol as data: TFileBrokerService with its structs, enums and methods, exactly as in
// gensrc/thrift/FileBrokerService.thrift (byte-identical from StarRocks 2.5 to main of April 2026).
// The codec walks these descriptors; the TypeScript types are derived from the same ones, so that
// what is read, what is written and what is typed cannot drift apart.
//
// Two fields are special. `data` of a pwrite is a payload: it is streamed past the codec and no part
// of the request's type. `data` of a pread's answer is a list of chunks, written without joining.

/** TBrokerOperationStatusCode. */
export const BROKER_STATUS = {
  OK: 0,
  END_OF_FILE: 301,
  NOT_AUTHORIZED: 401,
  DUPLICATE_REQUEST: 402,
  INVALID_INPUT_OFFSET: 403,
  INVALID_INPUT_FILE_PATH: 404,
  INVALID_ARGUMENT: 405,
  FILE_NOT_FOUND: 501,
  TARGET_STORAGE_SERVICE_ERROR: 502,
  OPERATION_NOT_SUPPORTED: 503,
} as const;
export type BrokerStatusCode = (typeof BROKER_STATUS)[keyof typeof BROKER_STATUS];

/** TBrokerVersion. */
export const BROKER_VERSION = { VERSION_ONE: 1 } as const;
export type BrokerVersion = (typeof BROKER_VERSION)[keyof typeof BROKER_VERSION];

/** TBrokerOpenMode. APPEND is the only one, and means create or overwrite (BrokerUtil, all versions). */
export const BROKER_OPEN_MODE = { APPEND: 1 } as const;
export type BrokerOpenMode = (typeof BROKER_OPEN_MODE)[keyof typeof BROKER_OPEN_MODE];

type EnumValues = Readonly<Record<string, number>>;

export interface EnumType<V extends EnumValues = EnumValues> {
  readonly kind: "enum";
  readonly name: string;
  readonly values: V;
  readonly codes: ReadonlySet<number>;
}

export interface ListType<T extends WireType = WireType> {
  readonly kind: "list";
  readonly item: T;
}

export interface StructType<F extends Fields = Fields> {
  readonly kind: "struct";
  /** As in the IDL; error messages name it. */
  readonly name: string;
  readonly fields: F;
  /** The same fields in the order in which they are written. */
  readonly inOrder: readonly NamedField[];
  readonly byId: ReadonlyMap<number, NamedField>;
}

interface Plain<K extends string> {
  readonly kind: K;
}

/** Types that take the same number of bytes always. */
export type FixedType = Plain<"bool"> | Plain<"i32"> | Plain<"i64"> | EnumType;

/** Types that carry a length, a count or an end. */
export type VariableType =
  Plain<"string"> | Plain<"stringMap"> | Plain<"chunks"> | Plain<"payload"> | ListType | StructType;

/** Every type that occurs in the protocol. */
export type WireType = FixedType | VariableType;

export interface Field<T extends WireType = WireType, R extends boolean = boolean> {
  readonly id: number;
  readonly type: T;
  readonly required: R;
}

export interface NamedField extends Field {
  readonly name: string;
}

type Fields = Readonly<Record<string, Field>>;

/** The TypeScript value of a type on the wire. */
type ValueOf<T> = T extends { kind: "bool" }
  ? boolean
  : T extends { kind: "i32" }
    ? number
    : T extends { kind: "i64" }
      ? bigint
      : T extends { kind: "string" }
        ? string
        : T extends { kind: "stringMap" }
          ? ReadonlyMap<string, string>
          : T extends { kind: "chunks" }
            ? readonly Uint8Array[]
            : T extends { kind: "enum"; values: infer V }
              ? V[keyof V]
              : T extends { kind: "list"; item: infer I }
                ? readonly ValueOf<I>[]
                : T extends { kind: "struct"; fields: infer F }
                  ? StructValue<F>
                  : never;

/** Names of the fields that are `R`equired or not; a payload is part of no struct's value. */
type NamesOf<F, R extends boolean> = {
  [N in keyof F]: F[N] extends { required: R; type: infer T }
    ? T extends { kind: "payload" }
      ? never
      : N
    : never;
}[keyof F];

type StructValue<F> = Flat<
  { readonly [N in NamesOf<F, true>]: FieldValue<F[N]> } & {
    readonly [N in NamesOf<F, false>]?: FieldValue<F[N]> | undefined;
  }
>;

type FieldValue<F> = F extends { type: infer T } ? ValueOf<T> : never;

/** Shows an intersection as one object type, in messages and editors. */
type Flat<T> = { [K in keyof T]: T[K] } & {};

const FIXED_KINDS: ReadonlySet<string> = new Set(["bool", "i32", "i64", "enum"]);

const BOOL = { kind: "bool" } as const;
const I32 = { kind: "i32" } as const;
const I64 = { kind: "i64" } as const;
const STRING = { kind: "string" } as const;
const STRING_MAP = { kind: "stringMap" } as const;
const CHUNKS = { kind: "chunks" } as const;
const PAYLOAD = { kind: "payload" } as const;

const STATUS_CODE = enumeration("TBrokerOperationStatusCode", BROKER_STATUS);
const VERSION = enumeration("TBrokerVersion", BROKER_VERSION);
const OPEN_MODE = enumeration("TBrokerOpenMode", BROKER_OPEN_MODE);

const OPERATION_STATUS = struct("TBrokerOperationStatus", {
  statusCode: required(1, STATUS_CODE),
  message: optional(2, STRING),
});

const FILE_STATUS = struct("TBrokerFileStatus", {
  path: required(1, STRING),
  isDir: required(2, BOOL),
  size: required(3, I64),
  isSplitable: required(4, BOOL),
});

const FD = struct("TBrokerFD", { high: required(1, I64), low: required(2, I64) });

const LIST_RESPONSE = struct("TBrokerListResponse", {
  opStatus: required(1, OPERATION_STATUS),
  files: optional(2, listOf(FILE_STATUS)),
});

const OPEN_READER_RESPONSE = struct("TBrokerOpenReaderResponse", {
  opStatus: required(1, OPERATION_STATUS),
  fd: optional(2, FD),
  size: optional(3, I64),
});

const READ_RESPONSE = struct("TBrokerReadResponse", {
  opStatus: required(1, OPERATION_STATUS),
  data: optional(2, CHUNKS),
});

const OPEN_WRITER_RESPONSE = struct("TBrokerOpenWriterResponse", {
  opStatus: required(1, OPERATION_STATUS),
  fd: optional(2, FD),
});

const CHECK_PATH_EXIST_RESPONSE = struct("TBrokerCheckPathExistResponse", {
  opStatus: required(1, OPERATION_STATUS),
  isPathExist: required(2, BOOL),
});

const LIST_PATH_REQUEST = struct("TBrokerListPathRequest", {
  version: required(1, VERSION),
  path: required(2, STRING),
  isRecursive: required(3, BOOL),
  properties: required(4, STRING_MAP),
  fileNameOnly: optional(5, BOOL),
});

const DELETE_PATH_REQUEST = struct("TBrokerDeletePathRequest", {
  version: required(1, VERSION),
  path: required(2, STRING),
  properties: required(3, STRING_MAP),
});

const RENAME_PATH_REQUEST = struct("TBrokerRenamePathRequest", {
  version: required(1, VERSION),
  srcPath: required(2, STRING),
  destPath: required(3, STRING),
  properties: required(4, STRING_MAP),
});

const CHECK_PATH_EXIST_REQUEST = struct("TBrokerCheckPathExistRequest", {
  version: required(1, VERSION),
  path: required(2, STRING),
  properties: required(3, STRING_MAP),
});

const OPEN_READER_REQUEST = struct("TBrokerOpenReaderRequest", {
  version: required(1, VERSION),
  path: required(2, STRING),
  startOffset: required(3, I64),
  clientId: required(4, STRING),
  properties: required(5, STRING_MAP),
});

const PREAD_REQUEST = struct("TBrokerPReadRequest", {
  version: required(1, VERSION),
  fd: required(2, FD),
  offset: required(3, I64),
  length: required(4, I64),
});

const SEEK_REQUEST = struct("TBrokerSeekRequest", {
  version: required(1, VERSION),
  fd: required(2, FD),
  offset: required(3, I64),
});

const CLOSE_READER_REQUEST = struct("TBrokerCloseReaderRequest", {
  version: required(1, VERSION),
  fd: required(2, FD),
});

const OPEN_WRITER_REQUEST = struct("TBrokerOpenWriterRequest", {
  version: required(1, VERSION),
  path: required(2, STRING),
  openMode: required(3, OPEN_MODE),
  clientId: required(4, STRING),
  properties: required(5, STRING_MAP),
});

const PWRITE_REQUEST = struct("TBrokerPWriteRequest", {
  version: required(1, VERSION),
  fd: required(2, FD),
  offset: required(3, I64),
  data: required(4, PAYLOAD),
});

const CLOSE_WRITER_REQUEST = struct("TBrokerCloseWriterRequest", {
  version: required(1, VERSION),
  fd: required(2, FD),
});

const PING_REQUEST = struct("TBrokerPingBrokerRequest", {
  version: required(1, VERSION),
  clientId: required(2, STRING),
});

/** Thrift's own answer to a call that could not be served, on every method. */
export const APPLICATION_EXCEPTION = struct("TApplicationException", {
  message: optional(1, STRING),
  type: optional(2, I32),
});

/** The service. Every method takes one argument, `request`, as field 1, and answers in field 0. */
export const METHODS = {
  listPath: method("listPath", LIST_PATH_REQUEST, LIST_RESPONSE),
  deletePath: method("deletePath", DELETE_PATH_REQUEST, OPERATION_STATUS),
  renamePath: method("renamePath", RENAME_PATH_REQUEST, OPERATION_STATUS),
  checkPathExist: method("checkPathExist", CHECK_PATH_EXIST_REQUEST, CHECK_PATH_EXIST_RESPONSE),
  openReader: method("openReader", OPEN_READER_REQUEST, OPEN_READER_RESPONSE),
  pread: method("pread", PREAD_REQUEST, READ_RESPONSE),
  seek: method("seek", SEEK_REQUEST, OPERATION_STATUS),
  closeReader: method("closeReader", CLOSE_READER_REQUEST, OPERATION_STATUS),
  openWriter: method("openWriter", OPEN_WRITER_REQUEST, OPEN_WRITER_RESPONSE),
  pwrite: method("pwrite", PWRITE_REQUEST, OPERATION_STATUS),
  closeWriter: method("closeWriter", CLOSE_WRITER_REQUEST, OPERATION_STATUS),
  ping: method("ping", PING_REQUEST, OPERATION_STATUS),
} as const;

export type MethodName = keyof typeof METHODS;
/** What a method is asked with. That of pwrite is without its data, which is streamed. */
export type RequestOf<M extends MethodName> = ValueOf<(typeof METHODS)[M]["request"]>;
/** What a method answers with. */
export type ResponseOf<M extends MethodName> = ValueOf<(typeof METHODS)[M]["response"]>;

export type OperationStatus = ValueOf<typeof OPERATION_STATUS>;
export type FileStatus = ValueOf<typeof FILE_STATUS>;
export type BrokerFd = ValueOf<typeof FD>;
export type ListResponse = ValueOf<typeof LIST_RESPONSE>;
export type OpenReaderResponse = ValueOf<typeof OPEN_READER_RESPONSE>;
export type ReadResponse = ValueOf<typeof READ_RESPONSE>;
export type OpenWriterResponse = ValueOf<typeof OPEN_WRITER_RESPONSE>;
export type CheckPathExistResponse = ValueOf<typeof CHECK_PATH_EXIST_RESPONSE>;

/** Whether the service has a method of this name. */
export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}

/** Tells the two families of types apart. */
export function isFixed(type: WireType): type is FixedType {
  return FIXED_KINDS.has(type.kind);
}

function enumeration<const V extends EnumValues>(name: string, values: V): EnumType<V> {
  return { kind: "enum", name, values, codes: new Set(Object.values(values)) };
}

function listOf<T extends WireType>(item: T): ListType<T> {
  return { kind: "list", item };
}

function required<T extends WireType>(id: number, type: T): Field<T, true> {
  return { id, type, required: true };
}

function optional<T extends WireType>(id: number, type: T): Field<T, false> {
  return { id, type, required: false };
}

function struct<F extends Fields>(name: string, fields: F): StructType<F> {
  const inOrder = Object.entries(fields).map(([name, field]) => ({ name, ...field }));
  return { kind: "struct", name, fields, inOrder, byId: new Map(inOrder.map((f) => [f.id, f])) };
}

function method<Q extends StructType, A extends StructType>(name: string, request: Q, response: A) {
  return {
    request,
    response,
    args: struct(`${name}_args`, { request: required(1, request) }),
    result: struct(`${name}_result`, { success: required(0, response) }),
  };
}
