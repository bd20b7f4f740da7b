import { expect } from "chai";
import type { IncomingMessage } from "node:http";
import { readGcsRequest } from "./gcs-request.ts";

describe("readGcsRequest", () => {
  const up = "/upload/storage/v1/b/bu/o";
  const of = "/storage/v1/b/bu/o";
  for (const [method, url, range, operation, kind, key] of [
    ["POST", `${up}?uploadType=multipart&name=a%2Fb`, "", "InsertObject", "put", "a/b"],
    ["POST", `${up}?uploadType=resumable&name=a%2Fb`, "", "BeginUpload", "begin", "a/b"],
    ["PUT", `${up}?name=a&upload_id=1`, "bytes 0-9/*", "UploadChunk", "part", "a"],
    ["PUT", `${up}?name=a&upload_id=1`, "bytes */*", "AskUpload", "other", "a"],
    ["PUT", `${up}?name=a&upload_id=1`, "bytes 0-9/10", "FinishUpload", "complete", "a"],
    ["PUT", `${up}?name=a&upload_id=1`, "bytes */0", "FinishUpload", "complete", "a"],
    ["DELETE", `${up}?name=a&upload_id=1`, "", "CancelUpload", "abort", "a"],
    ["GET", `${of}/a%2Fb?alt=media`, "", "ReadObject", "read", "a/b"],
    ["GET", `${of}/a%2Fb?fields=name`, "", "GetObject", "stat", "a/b"],
    ["GET", `${of}?prefix=a`, "", "ListObjects", "list", ""],
    ["POST", `${of}/a%2Fb/rewriteTo/b/bu/o/c%2Fd`, "", "RewriteObject", "copy", "a/b"],
    ["DELETE", `${of}/p%2541`, "", "DeleteObject", "delete", "p%41"],
    ["GET", "/storage/v1/b/bu", "", "Other", "other", ""],
    ["GET", "/nowhere", "", "Other", "other", ""],
  ] as const) {
    it(`tells ${operation} from ${method} ${url} ${range}`, () => {
      const headers = range === "" ? {} : { "content-range": range };
      const told = readGcsRequest({ method, url, headers } as unknown as IncomingMessage);
      expect(told).to.include({ operation, kind, key });
    });
  }

  it("tells where a rewrite goes", () => {
    const url = `${of}/a%2Fb/rewriteTo/b/bu/o/c%2Fd`;
    const told = readGcsRequest({ method: "POST", url, headers: {} } as IncomingMessage);
    expect(told).to.include({ bucket: "bu", key: "a/b", to: "c/d" });
  });
});
