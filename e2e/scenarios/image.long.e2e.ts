// The very image: its programs in its root filesystem, whole backups and restores by its agents, and that both ways
// of building it give the same files, in any folder.
import { expect } from "chai";
import { execFileSync, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildImage, type Built } from "../../hack/image/build.ts";
import { LAYERS } from "../../hack/image/contents.ts";
import { readDockerfile, valuesOf } from "../../hack/image/dockerfile.ts";
import { ROOT } from "../../hack/image/fill.ts";
import { packLayer, walk } from "../../hack/image/layer.ts";
import type { SpdxDocument } from "../../hack/image/sbom.ts";
import { must } from "../../operator/assert.ts";
import { describeUnless } from "../describe-unless.ts";
import { inImage, missingForImages, unpackImage } from "./image-root.ts";
import { thereAndBack } from "./there-and-back.ts";

const missing = missingForImages();
const BUILD_MS = 600_000;

describeUnless(missing && `it needs ${missing}`, "REQUIRE_KUBERNETES", "the image", () => {
  let dir = "";
  let root = "";
  let built: Built;
  let layers: readonly string[] = [];

  before(async function () {
    this.timeout(BUILD_MS);
    built = await buildImage();
    dir = await mkdtemp(join(tmpdir(), "image-root-"));
    root = join(dir, "root");
    layers = await unpackImage(built.archive, root);
  });

  after(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  function run(program: "operator" | "agent" | "node", ...args: readonly string[]) {
    const [first, ...words] = inImage(root, program);
    return spawnSync(must(first), [...words, ...args], { env: {}, encoding: "utf8" });
  }

  for (const program of ["operator", "agent"] as const) {
    it(`runs the ${program}`, () => {
      const { status, stdout, stderr } = run(program, "--help");
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
      expect(stdout).to.contain("--log-level");
    });
  }

  it("says who it is, finds hosts, knows certificate authorities and time zones", () => {
    const asked = `
        const { userInfo } = require("node:os");
        require("node:dns").lookup("localhost", (error) => console.log(JSON.stringify({
          user: userInfo().username,
          home: require("node:os").homedir(),
          found: error === null,
          authorities: require("node:tls").rootCertificates.length > 100,
          time: new Date(0).toLocaleString("en-GB", { timeZone: "Asia/Tokyo" }),
        })))`;
    // As a kubelet does; an image has none.
    execFileSync("cp", ["/etc/hosts", join(root, "etc/hosts")]);
    const { stdout, stderr } = run("node", "-e", asked);
    expect(stderr).to.equal("");
    expect(JSON.parse(stdout)).to.deep.equal({
      user: "nonroot",
      home: "/home/nonroot",
      found: true,
      authorities: true,
      time: "01/01/1970, 09:00:00",
    });
  });

  it("may write nothing", () => {
    const { stdout } = run(
      "node",
      "-p",
      `["/app/x", "/tmp/x", "/home/nonroot/x"].map((path) => {
          try { fs.writeFileSync(path, ""); return path; } catch (error) { return error.code; }
        }).join()`,
    );
    expect(stdout.trim()).to.equal("EROFS,EROFS,EROFS");
  });

  it("has one program, and nothing else that starts", async () => {
    const paths = await walk(root);
    const programs = paths.filter((path) => /(^|\/)s?bin\//.test(path));
    expect(programs.filter((path) => !path.startsWith("app/node_modules/"))).to.deep.equal([
      "usr/local/bin/node",
    ]);
    expect(paths.filter((path) => /\.(ts|map)$|\.test\./.test(path))).to.deep.equal([]);
  });

  it("has the bill of materials of what is there", async () => {
    const sbom = JSON.parse(await readFile(must(built.sboms[0]), "utf8")) as SpdxDocument;
    const told = sbom.packages.map(({ name, versionInfo }) => `${name}@${versionInfo}`);
    const manifests = (await walk(join(root, "app/node_modules"))).filter((path) =>
      /(^|node_modules\/)(@[^/]+\/)?[^/@]+\/package\.json$/.test(path),
    );
    const there = await Promise.all(
      manifests.map(async (path) => {
        const text = await readFile(join(root, "app/node_modules", path), "utf8");
        const { name, version } = JSON.parse(text) as Readonly<Record<string, string>>;
        return `${name}@${version}`;
      }),
    );
    const debian = await walk(join(root, "var/lib/dpkg/status.d"));
    expect(there.length).to.be.greaterThan(100);
    expect(there.filter((one) => !told.includes(one))).to.deep.equal([]);
    expect(told.length).to.equal(new Set(there).size + debian.length + 3);
    for (const name of debian) expect(told.join(" ")).to.contain(` ${name}@`);
  });

  it("is the same, built elsewhere by the Dockerfile's steps", async function () {
    this.timeout(BUILD_MS);
    const elsewhere = join(dir, "src");
    await mkdir(elsewhere);
    const text = await readFile(join(ROOT, "images/operator/Dockerfile"), "utf8");
    const [stage = []] = readDockerfile(text);
    for (const value of valuesOf(stage, "COPY")) {
      for (const path of value.split(" ").slice(0, -1)) {
        await cp(join(ROOT, path), join(elsewhere, basename(path)), { recursive: true });
      }
    }
    // In the place of `npm ci`: the development packages are not in the image.
    await symlink(join(ROOT, "node_modules"), join(elsewhere, "node_modules"));
    const command = must(valuesOf(stage, "RUN").at(-1)).replace("/rootfs", join(dir, "rootfs"));
    const TARGETARCH = process.arch === "arm64" ? "arm64" : "amd64";
    execFileSync("sh", ["-c", `umask 077; ${command}`], {
      cwd: elsewhere,
      env: { ...process.env, TARGETARCH },
    });
    const again = [];
    for (const { name } of LAYERS) {
      again.push((await packLayer(join(dir, "rootfs", name), join(dir, `${name}.gz`))).digest);
    }
    expect(again).to.deep.equal(layers);
  });

  describe("its agents", () => {
    thereAndBack({ program: (own) => inImage(root, "agent", own) });
  });
});
