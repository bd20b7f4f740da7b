// Google's S3 interface (storage.googleapis.com with HMAC keys), EMULATED: a proxy before a whole S3 server
// that refuses what Google documents as missing, with the answers that its users report. Nothing of it was
// tried on Google's own service. Refused: DeleteObjects, UploadPartCopy, If-None-Match on writes,
// checksums other than Content-MD5, and bodies in AWS' chunks. A copy may have any size.
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, createServer, request as sendRequest } from "node:http";
import { LOOPBACK, portOf } from "./loopback.ts";
import type { S3Operation, S3Request } from "./s3-request.ts";
import { readS3Request } from "./s3-request.ts";
import type { S3Server } from "./s3-server.ts";

export interface GoogleS3 extends S3Server {
  /** Every request that came, also those refused, in order. */
  readonly operations: S3Operation[];
}

/** Starts one on a port of its own. Stopping it stops the server behind it too. */
export async function startGoogleS3(upstream: S3Server): Promise<GoogleS3> {
  const { hostname, port } = new URL(upstream.endpoint);
  const agent = new Agent({ keepAlive: true });
  const operations: S3Operation[] = [];
  const server = createServer((request, response) => {
    const about = readS3Request(request);
    operations.push(about.operation);
    request.on("error", () => response.destroy());
    const missing = lackingFor(about, request);
    if (missing !== undefined) {
      request.resume();
      request.on("end", () => {
        response.writeHead(missing.status, { "content-type": "application/xml" });
        response.end(
          `<Error><Code>${missing.code}</Code><Message>${missing.message}</Message></Error>`,
        );
      });
      return;
    }
    const { method, url: path, headers } = request;
    const forwarded = sendRequest({ hostname, port, method, path, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    response.on("close", () => forwarded.destroy());
    request.pipe(forwarded);
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  return {
    ...upstream,
    endpoint: `http://${LOOPBACK}:${portOf(server)}`,
    operations,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      agent.destroy();
      await upstream.stop();
    },
  };
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

function lackingFor({ operation }: S3Request, { headers }: IncomingMessage): Refusal | undefined {
  const lacking = (status: number, what: string): Refusal => ({
    status,
    code: "NotImplemented",
    message: `A header or query you provided requested a function that is not implemented: ${what}`,
  });
  if (operation === "DeleteObjects") return lacking(400, "POST ?delete");
  if (operation === "UploadPartCopy") return lacking(501, "x-amz-copy-source");
  if (headers["if-none-match"] !== undefined) return lacking(501, "If-None-Match");
  const checksum = Object.keys(headers).find((name) =>
    /^x-amz-(checksum|sdk-checksum|trailer)/.test(name),
  );
  const chunked = headers["content-encoding"] === "aws-chunked";
  if (checksum === undefined && !chunked) return undefined;
  return { status: 400, code: "InvalidArgument", message: checksum ?? "aws-chunked" };
}
