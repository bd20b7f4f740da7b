import { expect } from "chai";
import type { IncomingMessage } from "node:http";
import { readHdfsRequest } from "./hdfs-request.ts";

describe("readHdfsRequest", () => {
  for (const [method, url, operation, role] of [
    ["PUT", "/webhdfs/v1/a?op=CREATE&noredirect=true", "CREATE", "nameNode"],
    ["PUT", "/webhdfs/v1/a?op=CREATE&namenoderpcaddress=h:9820", "CREATE", "dataNode"],
    ["GET", "/webhdfs/v1/a?op=open", "OPEN", "nameNode"],
    ["POST", "/gateway/x/webhdfs/v1/a?op=APPEND&data=true", "APPEND", "dataNode"],
    ["GET", "/jmx?op=OPEN", "", "nameNode"],
  ] as const) {
    it(`takes ${method} ${url} for ${operation || "nothing"} to a ${role}`, () => {
      const request = readHdfsRequest({ method, url } as IncomingMessage);
      expect(request).to.include({ method, operation, role });
    });
  }

  it("decodes the path and tells the user", () => {
    const url = "/webhdfs/v1/a%20b/%C3%BC%3F?op=OPEN&user.name=eve";
    const request = readHdfsRequest({ method: "GET", url } as IncomingMessage);
    expect(request).to.include({ path: "/a b/ü?", user: "eve" });
  });
});
