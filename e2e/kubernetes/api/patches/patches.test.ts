import { expect } from "chai";
import { StatusError } from "../status.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import { strategicMergePatch } from "./strategic-merge.ts";

describe("merge patch", () => {
  it("merges maps, removes by null, replaces lists", () => {
    const target = { a: { b: 1, c: 2 }, list: [1, 2], gone: true };
    const patch = { a: { c: null, d: 3 }, list: [3], gone: null };
    expect(mergePatch(target, patch)).to.deep.equal({ a: { b: 1, d: 3 }, list: [3] });
  });
});

describe("JSON patch", () => {
  const target = { a: { b: [1, 2] }, "x/y": 1 };
  const cases: readonly (readonly [name: string, patch: object[], result: unknown])[] = [
    [
      "adds in the middle",
      [{ op: "add", path: "/a/b/1", value: 9 }],
      { a: { b: [1, 9, 2] }, "x/y": 1 },
    ],
    ["appends", [{ op: "add", path: "/a/b/-", value: 9 }], { a: { b: [1, 2, 9] }, "x/y": 1 }],
    ["removes", [{ op: "remove", path: "/a" }], { "x/y": 1 }],
    [
      "replaces, escaped",
      [{ op: "replace", path: "/x~1y", value: 2 }],
      { a: { b: [1, 2] }, "x/y": 2 },
    ],
    ["moves", [{ op: "move", from: "/a/b/0", path: "/c" }], { a: { b: [2] }, "x/y": 1, c: 1 }],
    [
      "copies",
      [{ op: "copy", from: "/a/b", path: "/c" }],
      { a: { b: [1, 2] }, "x/y": 1, c: [1, 2] },
    ],
    ["tests and goes on", [{ op: "test", path: "/a/b", value: [1, 2] }], target],
  ];
  for (const [name, patch, result] of cases) {
    it(name, () => expect(jsonPatch(target, patch)).to.deep.equal(result));
  }

  it("refuses the whole patch when a test fails or a path is not there", () => {
    const failing = [
      { op: "add", path: "/n", value: 1 },
      { op: "test", path: "/a/b/0", value: 7 },
    ];
    expect(() => jsonPatch(target, failing)).to.throw(StatusError, "failed");
    expect(() => jsonPatch(target, [{ op: "remove", path: "/no" }])).to.throw(
      StatusError,
      "nonexistent",
    );
    expect(() => jsonPatch(target, [{ op: "add", path: "/a/b/7", value: 1 }])).to.throw(
      "invalid index",
    );
  });
});

describe("strategic merge patch", () => {
  const target = {
    containers: [
      { name: "a", image: "1", env: [{ name: "X", value: "1" }] },
      { name: "b", image: "1" },
    ],
    tolerations: [{ key: "k" }],
    finalizers: ["one", "two"],
  };

  it("merges lists by their key, and lists inside them", () => {
    const patch = { containers: [{ name: "a", image: "2", env: [{ name: "Y", value: "2" }] }] };
    expect(strategicMergePatch(target, patch)).to.deep.include({
      containers: [
        {
          name: "a",
          image: "2",
          env: [
            { name: "X", value: "1" },
            { name: "Y", value: "2" },
          ],
        },
        { name: "b", image: "1" },
      ],
    });
  });

  it("replaces lists without a key", () => {
    const patched = strategicMergePatch(target, { tolerations: [{ key: "other" }] });
    expect(patched).to.deep.include({ tolerations: [{ key: "other" }] });
  });

  it("follows $patch, $setElementOrder and $deleteFromPrimitiveList", () => {
    const patch = {
      containers: [
        { name: "a", $patch: "delete" },
        { name: "c", image: "3" },
      ],
      "$setElementOrder/containers": [{ name: "c" }, { name: "b" }],
      "$deleteFromPrimitiveList/finalizers": ["one"],
    };
    expect(strategicMergePatch(target, patch)).to.deep.include({
      containers: [
        { name: "c", image: "3" },
        { name: "b", image: "1" },
      ],
      finalizers: ["two"],
    });
  });

  it("tells the ports of a Service from those of a container", () => {
    const service = { ports: [{ port: 80, targetPort: 1 }] };
    const patch = {
      ports: [
        { port: 80, targetPort: 2 },
        { port: 81, targetPort: 3 },
      ],
    };
    expect(strategicMergePatch(service, patch)).to.deep.equal({
      ports: [
        { port: 80, targetPort: 2 },
        { port: 81, targetPort: 3 },
      ],
    });
  });
});
