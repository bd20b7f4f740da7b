// The image's bill of materials, SPDX 2.3: Debian's packages, Node, and npm's own word on the npm packages. The same
// layers give the same bytes: no clock, no random namespace. https://spdx.github.io/spdx-spec/v2.3/
import { run } from "./command.ts";
import { DEBIAN, NODE, PLATFORMS, TITLE, type Architecture } from "./contents.ts";

export interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly downloadLocation: string;
  readonly filesAnalyzed: boolean;
  readonly licenseDeclared: string;
  readonly externalRefs?: readonly {
    readonly referenceCategory: string;
    readonly referenceType: string;
    readonly referenceLocator: string;
  }[];
  readonly checksums?: readonly { readonly algorithm: string; readonly checksumValue: string }[];
  readonly [other: string]: unknown;
}

export interface SpdxRelationship {
  readonly spdxElementId: string;
  readonly relationshipType: string;
  readonly relatedSpdxElement: string;
}

/** What one layer holds. */
export interface Materials {
  readonly packages: readonly SpdxPackage[];
  readonly relationships: readonly SpdxRelationship[];
}

export const NOTHING: Materials = { packages: [], relationships: [] };

export interface SpdxDocument extends Materials {
  readonly spdxVersion: string;
  readonly [other: string]: unknown;
}

const DOCUMENT = "SPDXRef-DOCUMENT";
const IMAGE = "SPDXRef-Image";

/** Of one platform. `digest` is the image's manifest, of which it speaks. */
export function sbomOf(
  materials: readonly Materials[],
  image: { version: string; digest: string; createdSeconds: number },
): SpdxDocument {
  const packages = materials.flatMap((one) => one.packages);
  const whole: SpdxPackage = {
    SPDXID: IMAGE,
    name: TITLE,
    versionInfo: image.version,
    primaryPackagePurpose: "CONTAINER",
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseDeclared: "NOASSERTION",
    ...packageUrl(`pkg:oci/${TITLE}@${encodeURIComponent(image.digest)}`),
  };
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: DOCUMENT,
    name: `${TITLE}-${image.version}`,
    documentNamespace: `https://spdx.org/spdxdocs/${TITLE}-${image.version}-${image.digest.replace(":", "-")}`,
    creationInfo: {
      created: new Date(image.createdSeconds * 1000).toISOString().replace(".000", ""),
      creators: [`Tool: ${TITLE}-image-${image.version}`],
    },
    packages: [whole, ...packages],
    relationships: [
      relationship(DOCUMENT, "DESCRIBES", IMAGE),
      ...packages.map(({ SPDXID }) => relationship(IMAGE, "CONTAINS", SPDXID)),
      ...materials.flatMap((one) => one.relationships),
    ],
  };
}

/** `controls`: what `dpkg-deb --field` says of each. Their licences are the copyright files in the image. */
export function debianMaterials(controls: readonly string[]): Materials {
  const packages = controls.map((control) => {
    const field = (name: string): string =>
      new RegExp(`^${name}: (.*)$`, "m").exec(control)?.[1] ?? "";
    const [name, version] = [field("Package"), field("Version")];
    const query = `arch=${field("Architecture")}&distro=debian-${DEBIAN.version}`;
    return {
      SPDXID: idOf("Debian", name, version),
      name,
      versionInfo: version,
      supplier: "Organization: Debian",
      downloadLocation: "NOASSERTION",
      filesAnalyzed: false,
      licenseDeclared: "NOASSERTION",
      ...packageUrl(
        `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${query}`,
      ),
    };
  });
  return { packages, relationships: [] };
}

export function nodeMaterials(architecture: Architecture): Materials {
  const { nodePackage, nodeIntegrity } = PLATFORMS[architecture];
  const digest = Buffer.from(nodeIntegrity.replace("sha512-", ""), "base64").toString("hex");
  const node: SpdxPackage = {
    SPDXID: idOf("Node", "node", NODE.version),
    name: "node",
    versionInfo: NODE.version,
    packageFileName: `${nodePackage}-${NODE.version}.tgz`,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseDeclared: "MIT",
    checksums: [{ algorithm: "SHA512", checksumValue: digest }],
    ...packageUrl(`pkg:generic/node@${NODE.version}`),
  };
  return { packages: [node], relationships: [] };
}

/**
 * Of what is installed in `folder`, whose package.json has no other dependencies: npm's `--omit=dev` leaves out
 * what the product shares with the tests.
 */
export async function npmMaterials(folder: string): Promise<Materials> {
  const said = JSON.parse(await run("npm", ["sbom", "--sbom-format=spdx"], folder)) as Materials;
  return {
    packages: said.packages.map((one) => ({
      ...one,
      SPDXID: legal(one.SPDXID),
      // It names the registry that somebody's npm is set to.
      downloadLocation: "NOASSERTION",
    })),
    relationships: said.relationships
      .filter(({ relationshipType }) => relationshipType !== "DESCRIBES")
      .map(({ spdxElementId, relationshipType, relatedSpdxElement }) =>
        relationship(legal(spdxElementId), relationshipType, legal(relatedSpdxElement)),
      ),
  };
}

function relationship(from: string, type: string, to: string): SpdxRelationship {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
}

function packageUrl(locator: string): Pick<SpdxPackage, "externalRefs"> {
  const reference = { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl" };
  return { externalRefs: [{ ...reference, referenceLocator: locator }] };
}

function idOf(...words: readonly string[]): string {
  return legal(`SPDXRef-${words.join("-")}`);
}

/** Letters, digits, "." and "-" are all that an identifier may have; npm does not see to it. */
function legal(id: string): string {
  return id.replace(/[^A-Za-z0-9.-]/g, "-");
}
