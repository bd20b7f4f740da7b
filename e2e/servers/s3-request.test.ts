import { expect } from "chai";
import type { IncomingMessage } from "node:http";
import { readS3Request } from "./s3-request.ts";

describe("readS3Request", () => {
  for (const [method, url, operation] of [
    ["PUT", "/b/k", "PutObject"],
    ["PUT", "/b/k?x-id=CopyObject", "CopyObject"],
    ["PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"],
    ["PUT", "/b/k?partNumber=1&uploadId=u&x-id=UploadPartCopy", "UploadPartCopy"],
    ["POST", "/b/k?uploads=", "CreateMultipartUpload"],
    ["POST", "/b/k?uploadId=u", "CompleteMultipartUpload"],
    ["DELETE", "/b/k?uploadId=u", "AbortMultipartUpload"],
    ["DELETE", "/b/k", "DeleteObject"],
    ["GET", "/b/k", "GetObject"],
    ["HEAD", "/b/k", "HeadObject"],
    ["HEAD", "/b", "HeadBucket"],
    ["POST", "/b?delete=", "DeleteObjects"],
    ["GET", "/b/?list-type=2&prefix=k", "ListObjectsV2"],
    ["GET", "/b?uploads=", "ListMultipartUploads"],
    ["GET", "/", "Other"],
    ["PATCH", "/b/k", "Other"],
  ] as const) {
    it(`takes ${method} ${url} for ${operation}`, () => {
      const headers = operation.includes("Copy") ? { "x-amz-copy-source": "b/x" } : {};
      const request = { method, url, headers } as unknown as IncomingMessage;
      expect(readS3Request(request).operation).to.equal(operation);
    });
  }

  it("decodes the key and keeps its slashes", () => {
    const request = { method: "GET", url: "/b/a%20b/%C3%BC%3F/c", headers: {} };
    const { bucket, key } = readS3Request(request as unknown as IncomingMessage);
    expect([bucket, key]).to.deep.equal(["b", "a b/ü?/c"]);
  });
});
