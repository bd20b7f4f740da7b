// Which mirrors the image's packages are got from.
import { expect } from "chai";
import { mirrorsOf } from "./debian.ts";

const ARCHIVE = [
  "'http://mirror.example/debian/dists/trixie/InRelease' mirror.example_debian_dists_trixie_InRelease 0 ",
  "'http://mirror.example/debian/dists/trixie-updates/InRelease' mirror.example_debian_dists_trixie-updates_InRelease 0 ",
  "'http://mirror.example/debian/dists/trixie/main/binary-amd64/Packages.xz' mirror.example_debian_Packages 0 ",
];
const SECURITY =
  "'http://mirror.example/security/dists/bookworm-security/main/binary-amd64/Packages.xz' mirror.example_Packages 0 ";

describe("mirrorsOf", () => {
  it("finds Debian's archives among what apt would ask for", () => {
    const others = [
      "'http://mirror.example/tools/dists/stable-tools/main/binary-amd64/Packages.xz' tools 0 ",
      "'http://mirror.example/engine/dists/trixie/InRelease' engine 0 ",
      "'http://mirror.example/engine/dists/trixie/stable/binary-amd64/Packages.xz' engine 0 ",
    ];
    expect(mirrorsOf([...others, ...ARCHIVE, SECURITY, ""].join("\n"))).to.deep.equal({
      archive: "http://mirror.example/debian",
      security: "http://mirror.example/security",
    });
  });

  it("takes no slash at the end of a mirror along", () => {
    const uris = [...ARCHIVE, SECURITY].join("\n").replaceAll("/dists/", "//dists/");
    expect(mirrorsOf(uris).archive).to.equal("http://mirror.example/debian");
  });

  it("says where to look when there is none", () => {
    expect(() => mirrorsOf(SECURITY)).to.throw("look at /etc/apt");
    expect(() => mirrorsOf(ARCHIVE.join("\n"))).to.throw("-security");
    expect(() => mirrorsOf("")).to.throw("look at /etc/apt");
  });
});
