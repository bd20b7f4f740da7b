import { expect } from "chai";
import { serviceNameOf } from "./dns.ts";

describe("names of Services", () => {
  for (const host of ["a.b.svc", "a.b.svc.cluster.local", "a.b.svc.cluster.local.", "A.b.SVC"]) {
    it(`are understood as ${host}`, () => {
      expect(serviceNameOf(host)).to.deep.equal({ namespace: "b", name: "a" });
    });
  }
  for (const host of ["a", "a.b", "a.b.svc.example.org", "x.a.b.svc", "127.0.0.1"]) {
    it(`are not ${host}`, () => {
      expect(serviceNameOf(host)).to.equal(undefined);
    });
  }
});
