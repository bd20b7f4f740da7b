import { expect } from "chai";
import { sessionName } from "./s3-credentials.ts";

describe("sessionName", () => {
  for (const [host, name] of [
    ["b-1a2b3c4d-1-node7", "starrocks-backup-b-1a2b3c4d-1-node7"],
    ["odd host/ü", "starrocks-backup-odd-host--"],
    ["n".repeat(100), `starrocks-backup-${"n".repeat(47)}`],
  ] as const) {
    it(`tells whose session it is, in letters that STS takes: ${host.slice(0, 20)}`, () => {
      expect(sessionName(host))
        .to.equal(name)
        .and.match(/^[\w+=,.@-]{2,64}$/);
    });
  }
});
