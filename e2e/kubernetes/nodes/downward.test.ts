import { expect } from "chai";
import { pod } from "../testing/pods.ts";
import { fieldValue, mapText } from "./downward.ts";

const PLACE = { podIP: "127.9.1.10", hostIP: "127.9.1.1" };
const POD = pod(
  { serviceAccountName: "agent" },
  { labels: { app: "x" }, annotations: { "a.io/drain": "true", note: 'say "hi"' } },
);

describe("the downward API", () => {
  const cases = [
    ["metadata.name", "web-1"],
    ["metadata.namespace", "team"],
    ["metadata.uid", "u-1"],
    ["metadata.labels['app']", "x"],
    ["metadata.labels['none']", ""],
    ["metadata.annotations['a.io/drain']", "true"],
    ["metadata.annotations", 'a.io/drain="true"\nnote="say \\"hi\\""'],
    ["metadata.labels", 'app="x"'],
    ["spec.nodeName", "node-a"],
    ["spec.serviceAccountName", "agent"],
    ["status.podIP", "127.9.1.10"],
    ["status.hostIP", "127.9.1.1"],
  ] as const;
  for (const [field, want] of cases) {
    it(`knows ${field}`, () => {
      expect(fieldValue(POD, PLACE, field)).to.equal(want);
    });
  }

  it("refuses what it does not have", () => {
    expect(() => fieldValue(POD, PLACE, "spec.hostNetwork")).to.throw("no field spec.hostNetwork");
  });

  it("quotes as Go does", () => {
    const text = mapText({ b: "tab\tline\nnull\u0000", a: "é 漢 \u00a0\u200b\u{e0001}\\" });
    expect(text).to.equal('a="é 漢 \\u00a0\\u200b\\U000e0001\\\\"\nb="tab\\tline\\nnull\\x00"');
  });

  it("is empty for no annotations", () => {
    expect(mapText(undefined)).to.equal("");
  });
});
