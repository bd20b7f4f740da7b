import { expect } from "chai";
import { TransientError } from "../errors.ts";
import { ApiError } from "./api.ts";
import { retryPauseMs } from "./request-retry.ts";

const socketError = (code: string): Error => {
  const cause = Object.assign(new Error(code), { code });
  return new TransientError("KubernetesUnreachable", "get /x", { cause });
};
const answer = (status: number, retryAfterMs?: number) =>
  new ApiError(status, "Reason", "message", retryAfterMs);

interface Case {
  readonly name: string;
  readonly method: string;
  readonly error: unknown;
  readonly tries?: number;
  readonly pause: number | undefined;
}

const cases: readonly Case[] = [
  {
    name: "repeats a read that was cut off",
    method: "GET",
    error: socketError("ECONNRESET"),
    pause: 100,
  },
  {
    name: "never repeats a write that was cut off",
    method: "PATCH",
    error: socketError("ECONNRESET"),
    pause: undefined,
  },
  {
    name: "repeats a write that never left",
    method: "POST",
    error: socketError("ECONNREFUSED"),
    pause: 100,
  },
  {
    name: "repeats a write whose host was not found",
    method: "POST",
    error: socketError("ENOTFOUND"),
    pause: 100,
  },
  {
    name: "repeats a write that was turned away, when asked to",
    method: "POST",
    error: answer(429, 3000),
    pause: 3000,
  },
  {
    name: "repeats a write that was turned away, in its own time",
    method: "POST",
    error: answer(429),
    pause: 100,
  },
  {
    name: "repeats a read of a server that is not well",
    method: "GET",
    error: answer(503, 1000),
    pause: 1000,
  },
  {
    name: "never repeats a write of a server that is not well",
    method: "DELETE",
    error: answer(503, 1000),
    pause: undefined,
  },
  { name: "takes a no for a no", method: "GET", error: answer(403), pause: undefined },
  {
    name: "takes a conflict for a conflict",
    method: "PATCH",
    error: answer(409),
    pause: undefined,
  },
  { name: "waits longer each time", method: "GET", error: answer(500), tries: 4, pause: 800 },
  { name: "gives up", method: "GET", error: answer(500), tries: 5, pause: undefined },
  {
    name: "does not repeat our own mistakes",
    method: "GET",
    error: new TypeError("x is undefined"),
    pause: undefined,
  },
];

describe("retryPauseMs", () => {
  for (const { name, method, error, tries = 1, pause } of cases) {
    it(name, () => {
      expect(retryPauseMs({ method, error, tries }, () => 1)).to.equal(pause);
    });
  }
});
