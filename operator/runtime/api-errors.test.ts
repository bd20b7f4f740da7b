import { expect } from "chai";
import { apiErrorFrom, apiErrorFromEvent } from "./api-errors.ts";

const status = (fields: object) => JSON.stringify({ kind: "Status", ...fields });

interface Case {
  readonly name: string;
  readonly status: number;
  readonly text: string;
  readonly reason: string;
  readonly message: string;
}

const cases: readonly Case[] = [
  {
    name: "takes reason and message of a Status",
    status: 409,
    text: status({ reason: "AlreadyExists", message: 'leases "a" already exists' }),
    reason: "AlreadyExists",
    message: 'create x: leases "a" already exists',
  },
  {
    name: "knows a Status for an object that is not there",
    status: 404,
    text: status({ reason: "NotFound", message: "not found" }),
    reason: "NotFound",
    message: "create x: not found",
  },
  {
    name: "tells a kind the server does not serve from an object that is not there",
    status: 404,
    text: "404 page not found\n",
    reason: "UnknownResource",
    message: "create x: 404 page not found",
  },
  {
    name: "calls every 410 Expired",
    status: 410,
    text: status({ reason: "Gone", message: "too old" }),
    reason: "Expired",
    message: "create x: too old",
  },
  {
    name: "goes by the code when a proxy answers",
    status: 503,
    text: "<html>no upstream</html>",
    reason: "ServiceUnavailable",
    message: "create x: <html>no upstream</html>",
  },
  {
    name: "says the code when there is nothing else",
    status: 502,
    text: "",
    reason: "InternalError",
    message: "create x: HTTP status 502",
  },
  {
    name: "shows no credentials of a URL",
    status: 500,
    text: status({ message: "webhook https://u:p@h/x?token=secret failed" }),
    reason: "InternalError",
    message: "create x: webhook https://***@h/x?*** failed",
  },
];

describe("apiErrorFrom", () => {
  for (const { name, text, reason, message, ...answer } of cases) {
    it(name, () => {
      const error = apiErrorFrom(answer, text, "create x");
      expect(error).to.include({ status: answer.status, reason, message });
    });
  }

  it("bounds what it repeats", () => {
    const error = apiErrorFrom({ status: 500 }, "x".repeat(1_000_000), "create x");
    expect(error.message.length).to.be.below(2100);
  });

  it("reads how long to wait, within reason", () => {
    const waits = ["2", "100000", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", undefined].map(
      (retryAfter) => apiErrorFrom({ status: 429, retryAfter }, "", "create x").retryAfterMs,
    );
    expect(waits).to.deep.equal([2000, 60_000, undefined, undefined, undefined]);
  });
});

describe("apiErrorFromEvent", () => {
  it("reads the Status inside of a watch", () => {
    const object = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
    const error = apiErrorFromEvent(object, "watch leases");
    expect(error).to.include({ status: 410, reason: "Expired", message: "watch leases: too old" });
  });

  it("makes an error of anything", () => {
    expect(apiErrorFromEvent(undefined, "watch leases")).to.include({ status: 500 });
  });
});
