// One call of every method with its answer, as StarRocks makes them during a backup and a restore:
// paths, ids and offsets are shaped like recorded ones, numbers are chosen to show lost bits.
import type { MethodName, RequestOf, ResponseOf } from "../protocol.ts";

export interface Sample<M extends MethodName> {
  readonly method: M;
  readonly request: RequestOf<M>;
  /** Data of a pwrite, which is no part of its request. */
  readonly payload?: Buffer;
  readonly response: ResponseOf<M>;
}

export type AnySample = { [M in MethodName]: Sample<M> }[MethodName];

const R = "backup://mount/__starrocks_repository_k8s_0f3a9c21_0";
const TABLET = `${R}/__ss_nightly_5d1e77aa/__ss_content/__db_10006/__tbl_10015/__part_10009/__idx_10016/__10019`;
const SEGMENT = `${TABLET}/02000674c309e1d900000000000000003adbcc00981f6bed_0.dat`;
const MD5 = "9b74c9897bac770ffc029102a200c5de";
const properties = new Map([["token", "5f1d-ü-€"]]);
const version = 1;
const OK = { statusCode: 0 } as const;
/** Both halves beyond 2^53, one negative: numbers would lose bits, unsigned reading the sign. */
const fd = { high: -0x0123_4567_89ab_cdefn, low: 0x7fff_ffff_ffff_fffen };

export const SAMPLES: readonly AnySample[] = [
  {
    method: "listPath",
    request: { version, path: `${TABLET}/*`, isRecursive: false, properties, fileNameOnly: true },
    response: {
      opStatus: OK,
      files: [
        { path: `10019.hdr.${MD5}`, isDir: false, size: 4_097n, isSplitable: true },
        { path: "__ss_nightly_5d1e77aa", isDir: true, size: -1n, isSplitable: false },
      ],
    },
  },
  {
    method: "deletePath",
    request: { version, path: `${R}/__ss_nightly_5d1e77aa/__meta.part`, properties },
    response: OK,
  },
  {
    method: "renamePath",
    request: { version, srcPath: `${SEGMENT}.part`, destPath: `${SEGMENT}.${MD5}`, properties },
    response: { statusCode: 502, message: "the staged bytes carry another md5" },
  },
  {
    method: "checkPathExist",
    request: { version, path: `${SEGMENT}.part`, properties },
    response: { opStatus: OK, isPathExist: false },
  },
  {
    method: "openReader",
    request: {
      version,
      path: `${SEGMENT}.${MD5}`,
      startOffset: 0n,
      clientId: "127.0.0.11:9060",
      properties: new Map(),
    },
    response: { opStatus: OK, fd, size: 2n ** 40n + 1n },
  },
  {
    method: "pread",
    request: { version, fd, offset: 2n ** 33n + 5n, length: 1_048_576n },
    response: { opStatus: OK, data: [Buffer.from("the bytes of a segment")] },
  },
  {
    method: "seek",
    request: { version, fd, offset: 17n },
    response: { statusCode: 503, message: "seek is not supported" },
  },
  { method: "closeReader", request: { version, fd }, response: OK },
  {
    method: "openWriter",
    request: {
      version,
      path: `${SEGMENT}.part`,
      openMode: 1,
      clientId: "127.0.0.12:9060",
      properties,
    },
    response: { opStatus: OK, fd },
  },
  {
    method: "pwrite",
    request: { version, fd, offset: 1_048_576n },
    payload: Buffer.from("\u0000\u0001payload, not text\u00ff", "latin1"),
    response: OK,
  },
  { method: "closeWriter", request: { version, fd }, response: OK },
  { method: "ping", request: { version, clientId: "127.0.0.1" }, response: OK },
];
