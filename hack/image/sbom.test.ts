// The bill of materials, from what npm and dpkg say; and that the lockfile pins what it names.
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NODE } from "./contents.ts";
import { ROOT } from "./fill.ts";
import { debianMaterials, nodeMaterials, sbomOf, type SpdxPackage } from "./sbom.ts";

const CONTROL = `Package: libstdc++6
Source: gcc-14
Version: 14.2.0-19+b1
Architecture: arm64
Description: GNU Standard C++ Library v3
`;
const ABOUT = { version: "1.2.3", digest: "sha256:abc", createdSeconds: 0 };

const purlOf = ({ externalRefs }: SpdxPackage): string | undefined =>
  externalRefs?.[0]?.referenceLocator;

describe("the bill of materials", () => {
  const document = sbomOf([debianMaterials([CONTROL]), nodeMaterials("arm64")], ABOUT);

  it("names packages as scanners know them", () => {
    expect(document.packages.map(purlOf)).to.deep.equal([
      "pkg:oci/starrocks-backup@sha256%3Aabc",
      "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19%2Bb1?arch=arm64&distro=debian-13",
      `pkg:generic/node@${NODE.version}`,
    ]);
  });

  it("has identifiers as SPDX allows them, each once, and relations between those alone", () => {
    const ids = document.packages.map(({ SPDXID }) => SPDXID);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const id of ids) expect(id).to.match(/^SPDXRef-[A-Za-z0-9.-]+$/);
    for (const { spdxElementId, relatedSpdxElement } of document.relationships) {
      expect(["SPDXRef-DOCUMENT", ...ids]).to.include(spdxElementId);
      expect(ids).to.include(relatedSpdxElement);
    }
  });

  it("is the same each time", () => {
    expect(sbomOf([debianMaterials([CONTROL]), nodeMaterials("arm64")], ABOUT)).to.deep.equal(
      document,
    );
    expect(document["creationInfo"]).to.deep.include({ created: "1970-01-01T00:00:00Z" });
  });
});

describe("package-lock.json", () => {
  it("has the digest of every package of the image", () => {
    const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
      packages: Record<string, { readonly dev?: boolean; readonly integrity?: string }>;
    };
    const unchecked = Object.entries(lock.packages).filter(
      ([path, { dev, integrity }]) => path !== "" && dev !== true && integrity === undefined,
    );
    expect(unchecked.map(([path]) => path)).to.deep.equal([]);
  });
});
