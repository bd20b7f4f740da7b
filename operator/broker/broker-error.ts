// What a broker call answers when it fails: a status code of the protocol and a sentence that reaches
// the person through StarRocks (in `SHOW BACKUP`'s TaskErrMsg or the statement's error). No secrets.
import { describeError, printable } from "../errors.ts";
import { redact } from "../log.ts";
import { isStorageError, type StorageErrorKind } from "../storage/errors.ts";
import { BROKER_STATUS, type BrokerStatusCode, type OperationStatus } from "./protocol.ts";

const MESSAGE_CHARS_MAX = 2000;

export class BrokerError extends Error {
  override readonly name = "BrokerError" as const;
  readonly status: BrokerStatusCode;

  constructor(status: BrokerStatusCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The descriptor is not open here: opened by another agent, or expired. */
export class UnknownDescriptorError extends BrokerError {
  constructor() {
    super(
      BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
      "this agent did not open that descriptor, or it expired: the agent was replaced meanwhile, or the file " +
        "was idle for too long; StarRocks sends the tablet again by itself",
    );
  }
}

/** The call could not be finished in the time that its caller waits. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError" as const;

  constructor(limitMs: number) {
    super(`not done within ${limitMs} ms; StarRocks repeats it by itself`);
  }
}

/**
 * How storage failures look to StarRocks. The BE maps 401 to a permission error and 404/501 to
 * NotFound (fs_broker.cpp `to_status`), so only a missing object may say FILE_NOT_FOUND.
 */
const STATUS_OF_STORAGE = {
  notFound: BROKER_STATUS.FILE_NOT_FOUND,
  alreadyExists: BROKER_STATUS.DUPLICATE_REQUEST,
  changed: BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
  invalidRange: BROKER_STATUS.INVALID_INPUT_OFFSET,
  accessDenied: BROKER_STATUS.NOT_AUTHORIZED,
  wrongCredentials: BROKER_STATUS.NOT_AUTHORIZED,
  noSuchBucket: BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
  wrongConfiguration: BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
  full: BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
  badDigest: BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
  throttled: BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
  unavailable: BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
  timeout: BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
  unknown: BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR,
} as const satisfies Record<StorageErrorKind, BrokerStatusCode>;

/** Any error as the status of an answer. */
export function statusOf(error: unknown): OperationStatus {
  return { statusCode: statusCodeOf(error), message: redact(messageOf(error)) };
}

/**
 * What is told of an error, here and in the log. It repeats what the caller asked for, which may be as long as a
 * message: the log of an agent is read by its end, and StarRocks keeps the text of every task.
 */
export function messageOf(error: unknown): string {
  const text = describeError(error);
  return printable(text.length > MESSAGE_CHARS_MAX ? `${text.slice(0, MESSAGE_CHARS_MAX)}…` : text);
}

function statusCodeOf(error: unknown): BrokerStatusCode {
  if (error instanceof BrokerError) return error.status;
  if (isStorageError(error)) return STATUS_OF_STORAGE[error.kind];
  return BROKER_STATUS.TARGET_STORAGE_SERVICE_ERROR;
}
