// Calls and answers of the broker service as bytes: the only place where descriptors, reader and
// writer meet. The server decodes calls and encodes answers, a client the other way round; both sides
// live here so that one test can hold them against another implementation.
//
// Decoding is in steps (codec-reader.ts). A pwrite's data is never decoded: `payload` says how many of
// the next bytes in the queue it is, and `tail` reads what follows once these were taken.
import type { ByteQueue } from "./byte-queue.ts";
import {
  APPLICATION_ERROR,
  ApplicationError,
  CALL_LIMITS,
  MalformedError,
  MESSAGE,
  REPLY_LIMITS,
} from "./codec-wire.ts";
import type { ApplicationErrorCode, CodecLimits } from "./codec-wire.ts";
import { FrameReader } from "./codec-reader.ts";
import type { Steps, StructValues } from "./codec-reader.ts";
import { FrameWriter } from "./codec-writer.ts";
import { APPLICATION_EXCEPTION, isMethodName, METHODS } from "./protocol.ts";
import type { MethodName, RequestOf, ResponseOf } from "./protocol.ts";

/** Data that lies in the queue behind a call; what follows can be read when it has been taken. */
export interface PendingPayload {
  readonly length: number;
  readonly tail: Steps<void>;
}

interface CallBase {
  /** To be repeated in the answer. */
  readonly seqId: number;
  readonly payload: PendingPayload | undefined;
}

/** A call that fits its descriptor. */
export type AcceptedCall = {
  [M in MethodName]: CallBase & {
    readonly kind: "accepted";
    readonly method: M;
    readonly request: RequestOf<M>;
  };
}[MethodName];

/** A call that was read to its end (but for a payload) and can only be answered with an exception. */
export interface RefusedCall extends CallBase {
  readonly kind: "refused";
  /** The method's name as the caller wrote it. */
  readonly name: string;
  readonly code: ApplicationErrorCode;
  readonly message: string;
}

export type IncomingCall = AcceptedCall | RefusedCall;

/** Reads one call. Throws {@link MalformedError} when no further call can be read after it. */
export function* decodeCall(
  queue: ByteQueue,
  limits: CodecLimits = CALL_LIMITS,
): Steps<IncomingCall> {
  const reader = new FrameReader(queue, limits);
  const { name, type, seqId } = yield* reader.header();
  if (type !== MESSAGE.CALL) throw new MalformedError(`message type ${type}, which is no call`);
  if (!isMethodName(name)) {
    yield* reader.skipStruct();
    const message = `unknown method ${JSON.stringify(name)}`;
    const code = APPLICATION_ERROR.UNKNOWN_METHOD;
    return { kind: "refused", name, seqId, code, message, payload: undefined };
  }
  const { request } = yield* reader.struct(METHODS[name].args);
  const payload =
    reader.payload === undefined ? undefined : { length: reader.payload, tail: reader.tail() };
  if (reader.problem !== undefined) {
    const code = APPLICATION_ERROR.PROTOCOL_ERROR;
    return { kind: "refused", name, seqId, code, message: reader.problem, payload };
  }
  return { kind: "accepted", method: name, seqId, request, payload } as AcceptedCall;
}

/** A call as chunks to be written. `payload` is a pwrite's data; it is not copied. */
export function encodeCall<M extends MethodName>(
  method: M,
  seqId: number,
  request: RequestOf<M>,
  payload: readonly Uint8Array[] = [],
): readonly Uint8Array[] {
  const writer = new FrameWriter(payload);
  writer.header({ name: method, type: MESSAGE.CALL, seqId });
  writer.struct(METHODS[method].args, { request });
  return writer.finish();
}

/** An answer as chunks to be written; a pread's data is not copied. Throws when it cannot be one. */
export function encodeReply<M extends MethodName>(
  method: M,
  seqId: number,
  response: ResponseOf<M>,
): readonly Uint8Array[] {
  const writer = new FrameWriter();
  writer.header({ name: method, type: MESSAGE.REPLY, seqId });
  writer.struct(METHODS[method].result, { success: response });
  return writer.finish();
}

/** A TApplicationException as the answer to a call of any name. */
export function encodeException(
  name: string,
  seqId: number,
  code: ApplicationErrorCode,
  message: string,
): readonly Uint8Array[] {
  const writer = new FrameWriter();
  writer.header({ name, type: MESSAGE.EXCEPTION, seqId });
  writer.struct(APPLICATION_EXCEPTION, { message, type: code });
  return writer.finish();
}

/**
 * Reads the answer to a call. Throws {@link ApplicationError} when it is an exception, and
 * {@link MalformedError} when it is no answer to this call: the connection is of no use any more.
 */
export function* decodeReply<M extends MethodName>(
  queue: ByteQueue,
  method: M,
  seqId: number,
  limits: CodecLimits = REPLY_LIMITS,
): Steps<ResponseOf<M>> {
  const reader = new FrameReader(queue, limits);
  const header = yield* reader.header();
  if (header.seqId !== seqId || header.name !== method) {
    throw new MalformedError(`${header.name} ${header.seqId} answered to ${method} ${seqId}`);
  }
  if (header.type === MESSAGE.EXCEPTION) {
    throw applicationError(yield* reader.struct(APPLICATION_EXCEPTION));
  }
  if (header.type !== MESSAGE.REPLY) {
    throw new MalformedError(`message type ${header.type}, which is no answer`);
  }
  const { success } = yield* reader.struct(METHODS[method].result);
  if (reader.problem !== undefined) throw new MalformedError(reader.problem);
  return success as ResponseOf<M>;
}

function applicationError({ message, type }: StructValues): ApplicationError {
  return new ApplicationError(
    typeof type === "number" ? type : APPLICATION_ERROR.UNKNOWN,
    typeof message === "string" ? message : "no message",
  );
}
