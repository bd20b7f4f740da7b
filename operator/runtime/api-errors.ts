// Classifies what an API server answers: a metav1.Status where there is one, else the status code. The only
// place that looks into those answers.
import { redact } from "../log.ts";
import { ApiError } from "./api.ts";
import { isRecord } from "./merge-patch.ts";

/** metav1.StatusReason of answers that carry none: proxies and load balancers answer too. */
const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Expired",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};
const MESSAGE_CHARS_MAX = 2000;
const RETRY_AFTER_SECONDS_MAX = 60;

/**
 * `what` names the request for a person. A 404 with a Status is `NotFound`: the object is not there. One
 * without is `UnknownResource`: the server does not serve the kind at all. They must not be mixed up, or a
 * missing CRD would look like a deleted object.
 */
export function apiErrorFrom(
  answer: { readonly status: number; readonly retryAfter?: string | undefined },
  text: string,
  what: string,
): ApiError {
  const body = parseStatus(text);
  const status = answer.status;
  const message = typeof body?.["message"] === "string" ? body["message"] : text.trim();
  const told = redact(message === "" ? `HTTP status ${status}` : message);
  const retryAfterMs = parseRetryAfter(answer.retryAfter);
  const said = told.slice(0, MESSAGE_CHARS_MAX);
  return new ApiError(status, reasonOf(status, body), `${what}: ${said}`, retryAfterMs);
}

/** The object of an ERROR event of a watch: a Status that comes inside of a stream. */
export function apiErrorFromEvent(object: unknown, what: string): ApiError {
  const code = isRecord(object) && typeof object["code"] === "number" ? object["code"] : 500;
  return apiErrorFrom({ status: code }, JSON.stringify(object ?? {}), what);
}

function parseStatus(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && value["kind"] === "Status" ? value : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(status: number, body: Record<string, unknown> | undefined): string {
  // `Gone` and `Expired` are both 410, and mean the same to a watch.
  if (status === 410) return "Expired";
  if (status === 404) return body === undefined ? "UnknownResource" : "NotFound";
  const reason = body?.["reason"];
  if (typeof reason === "string" && reason !== "") return reason;
  return REASONS[status] ?? (status >= 500 ? "InternalError" : "Unknown");
}

function parseRetryAfter(value: string | undefined): number | undefined {
  const seconds = Number(value);
  if (value === undefined || !Number.isFinite(seconds) || seconds < 0) return undefined;
  return Math.min(seconds, RETRY_AFTER_SECONDS_MAX) * 1000;
}
