import { expect } from "chai";
import { BrokerError } from "./broker-error.ts";
import { parsePath } from "./place.ts";
import { ASKED, MOUNT, SNAPSHOT, TABLET } from "./testing/service-fixture.ts";

describe("parsePath", () => {
  const taken = [
    `${TABLET}/0200000674c309e1d9_0.dat.part`,
    `${SNAPSHOT}/__info_2026-01-02-03-04-05-678.9b74c9897bac770ffc029102a200c5de`,
    `${MOUNT.location}//__starrocks_repository_k8s_j1//__ss_s1/__meta.part`,
    `${ASKED}/__ss_*`,
    `${ASKED}/__ss_a-label/__info_*`,
  ];
  for (const path of taken) {
    it(`takes ${path}`, () => expect(() => parsePath(MOUNT, path)).not.to.throw());
  }

  const odd = [
    "..",
    ".",
    "%2e%2e",
    "..%2f",
    "a\\b",
    "..\u0000",
    "x\u0001",
    "x\ny",
    "\u2024\u2024",
    "．．",
    "a b",
    "a?b",
    "a#b",
    "a*b",
    "é",
    "🦀",
    "x\u202ey",
    "{a,b}",
    "[.]",
    "a;b",
    "a'b",
    'a"b',
  ];
  for (const segment of odd) {
    it(`refuses ${JSON.stringify(segment)}, which StarRocks does not write`, () => {
      for (const path of [`${SNAPSHOT}/${segment}/x.part`, `${ASKED}/__ss_s1${segment}/../*`]) {
        expect(() => parsePath(MOUNT, path)).to.throw(BrokerError, "is none that StarRocks writes");
      }
    });
  }
});
