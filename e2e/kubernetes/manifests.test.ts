import { expect } from "chai";
import { parseManifests } from "./manifests.ts";

describe("manifests", () => {
  it("are read document by document", () => {
    const text = `
apiVersion: v1
kind: Namespace
metadata: { name: a }
---
# nothing here
---
apiVersion: v1
kind: Secret
metadata: { name: b, namespace: a }
`;
    expect(parseManifests(text).map((o) => o.kind)).to.deep.equal(["Namespace", "Secret"]);
    expect(parseManifests("")).to.deep.equal([]);
  });

  it("must be objects with a name", () => {
    expect(() => parseManifests("kind: Pod\nmetadata: {}")).to.throw(
      "document 1 has no apiVersion",
    );
    expect(() => parseManifests("a: [")).to.throw();
  });
});
