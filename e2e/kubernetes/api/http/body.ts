// The body of a request: JSON or YAML, of bounded size.
import type { IncomingMessage } from "node:http";
import { parse } from "yaml";
import { StatusError, badRequest } from "../status.ts";

/** What the real server takes (--max-resource-write-bytes). */
const BODY_BYTES_MAX = 3 * 1024 * 1024;

/** Undefined when there is none. Throws StatusError 413, 415 or 400. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return text === "" ? undefined : parseBody(text, contentType(request));
}

export function contentType(request: IncomingMessage): string {
  const [type = ""] = (request.headers["content-type"] ?? "application/json").split(";");
  return type.trim();
}

function parseBody(text: string, type: string): unknown {
  if (type.includes("protobuf") || type.includes("cbor")) throw unsupportedMedia(type);
  try {
    // YAML holds JSON; JSON.parse is only the faster and stricter one.
    return type.includes("yaml") ? (parse(text) as unknown) : (JSON.parse(text) as unknown);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

export function unsupportedMedia(type: string): StatusError {
  const accepted =
    "application/json, application/yaml, application/json-patch+json, application/merge-patch+json, " +
    "application/strategic-merge-patch+json (built-in kinds), application/apply-patch+yaml";
  const message = `the body of the request was in an unknown format (${type}) - accepted media types include: ${accepted}`;
  return new StatusError(415, "UnsupportedMediaType", message);
}

function tooLarge(): StatusError {
  const message = `Request entity too large: limit is ${BODY_BYTES_MAX}`;
  return new StatusError(413, "RequestEntityTooLarge", message);
}
