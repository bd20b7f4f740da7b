import { expect } from "chai";
import { podLike } from "./testing/objects.ts";
import { parseFieldSelector, parseLabelSelector } from "./selectors.ts";
import { StatusError } from "./status.ts";

describe("label selectors", () => {
  const labels = { app: "web", tier: "front" };
  const cases: readonly (readonly [selector: string, matches: boolean])[] = [
    ["", true],
    ["app=web", true],
    ["app==web,tier=front", true],
    ["app=web,tier=back", false],
    ["app!=web", false],
    ["missing!=x", true],
    ["app in (web, api)", true],
    ["app notin (web,api)", false],
    ["missing notin (web)", true],
    ["app", true],
    ["!app", false],
    ["!missing,app in (web)", true],
  ];
  for (const [selector, matches] of cases) {
    it(`${matches ? "takes" : "leaves"} ${selector || "everything"}`, () => {
      expect(parseLabelSelector(selector)(labels)).to.equal(matches);
    });
  }

  it("refuses what it cannot read", () => {
    expect(() => parseLabelSelector("a=b c")).to.throw(StatusError, "unable to parse");
  });
});

describe("field selectors", () => {
  const pod = podLike({ status: { phase: "Running" }, spec: { nodeName: "n" } });
  const fields = ["metadata.name", "status.phase", "spec.nodeName", "status.podIP"];

  it("compare fields, absent ones as empty", () => {
    const matches = (text: string): boolean => parseFieldSelector(text, fields)(pod);
    expect(matches("status.phase=Running,spec.nodeName=n")).to.equal(true);
    expect(matches("status.phase!=Running")).to.equal(false);
    expect(matches("status.podIP=")).to.equal(true);
    expect(matches("metadata.name=other")).to.equal(false);
  });

  it("refuse fields the kind is not indexed by", () => {
    expect(() => parseFieldSelector("spec.hostname=x", fields)).to.throw(
      "field label not supported: spec.hostname",
    );
  });
});
