import { expect } from "chai";
import type { S3Operation, S3Request } from "./s3-request.ts";
import { UploadAccount } from "./upload-account.ts";

function request(
  operation: S3Operation,
  key: string,
  query: Record<string, string> = {},
): S3Request {
  return {
    operation,
    kind: "other",
    bucket: "b",
    key,
    query: new URLSearchParams(query),
    signer: "",
  };
}

describe("UploadAccount", () => {
  const begin = (account: UploadAccount, key: string, uploadId: string) =>
    account.watch(request("CreateMultipartUpload", key), 200, `<UploadId>${uploadId}</UploadId>`);
  const ids = (account: UploadAccount) => account.open().map((upload) => upload.uploadId);

  it("knows what was begun and neither completed nor aborted, in key order", () => {
    const account = new UploadAccount();
    for (const [key, id] of [
      ["c", "d"],
      ["b", "a"],
      ["a", "b"],
      ["d", "c"],
    ] as const) {
      begin(account, key, id);
    }
    account.watch(request("CompleteMultipartUpload", "c", { uploadId: "d" }), 200, "<Result/>");
    account.watch(request("AbortMultipartUpload", "d", { uploadId: "c" }), 204, "");
    expect(ids(account)).to.deep.equal(["b", "a"]);
  });

  it("does not believe a completion that failed, also inside a good answer", () => {
    const account = new UploadAccount();
    begin(account, "a", "1");
    const complete = request("CompleteMultipartUpload", "a", { uploadId: "1" });
    account.watch(complete, 500, "");
    account.watch(complete, 200, "<Error><Code>InternalError</Code></Error>");
    expect(ids(account)).to.deep.equal(["1"]);
  });

  it("lists page by page, also where several uploads have one key", () => {
    const account = new UploadAccount();
    for (const id of ["1", "2", "3", "4", "5"]) begin(account, id < "4" ? "p/a&b" : "p/c", id);
    begin(account, "q", "6");
    const seen: string[] = [];
    let markers: Record<string, string> = {};
    for (let page = 0; page < 9; page += 1) {
      const query = { prefix: "p/", "max-uploads": "2", ...markers };
      const xml = account.listing(request("ListMultipartUploads", "", query));
      seen.push(...[...xml.matchAll(/<UploadId>(.)<\/UploadId>/g)].map((found) => found[1] ?? ""));
      if (xml.includes("<IsTruncated>false</IsTruncated>")) break;
      const value = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(xml)?.[1] ?? "";
      markers = {
        "key-marker": value("NextKeyMarker").replace("&#38;", "&"),
        "upload-id-marker": value("NextUploadIdMarker"),
      };
    }
    expect(seen).to.deep.equal(["1", "2", "3", "4", "5"]);
  });
});
