// With recipes of a shell's few words instead of builds: what counts is what users see in the folder meanwhile and
// afterwards.
import { expect } from "chai";
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { install } from "./install.ts";
import { getServers, parse } from "./main.ts";
import { RECIPES, type Recipe, type Tool } from "./recipes.ts";

const COMMAND = fileURLToPath(new URL("../servers.ts", import.meta.url));
/** Far from what a busy machine needs, and from a build's own limit. */
const HANGS_MS = 300_000;

const SHELL: Tool = {
  title: "a shell",
  atLeast: "1.2",
  command: ["echo", "v1.10"],
  version: /v(.+)/,
};

describe("npm run servers", () => {
  let root = "";
  let lines: string[] = [];
  const tell = (line: string) => lines.push(line);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "servers-"));
    lines = [];
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const recipe = (script: string, other: Partial<Recipe> = {}): Recipe => ({
    name: "versitygw",
    version: "v1",
    tools: [SHELL],
    steps: (folder) => [{ command: ["sh", "-c", script], environment: { FOLDER: folder } }],
    link: "bin/versitygw",
    target: "versitygw",
    minutes: 1,
    ...other,
  });
  const GOOD = 'echo "$$" >"$FOLDER/versitygw"';
  const content = () => readFileSync(join(root, "bin/versitygw"), "utf8");

  it("installs once", async () => {
    expect(await install(recipe(GOOD), root, tell)).to.deep.equal({ kind: "installed" });
    const first = content();
    expect(await install(recipe(GOOD), root, tell)).to.deep.equal({ kind: "there", byHand: false });
    expect(content()).to.equal(first);
  });

  it("replaces another version, and removes it", async () => {
    await install(recipe("echo one >$FOLDER/versitygw"), root, tell);
    await install(recipe("echo two >$FOLDER/versitygw", { version: "v2" }), root, tell);
    expect(content()).to.equal("two\n");
    expect(readdirSync(join(root, "installs"))).to.deep.equal([`versitygw-v2.${process.pid}`]);
  });

  it("leaves what was put there by hand", async () => {
    mkdirSync(join(root, "bin"));
    writeFileSync(join(root, "bin/versitygw"), "mine");
    expect(await install(recipe(GOOD), root, tell)).to.deep.equal({ kind: "there", byHand: true });
    expect(content()).to.equal("mine");
  });

  it("shows nothing of an installation that failed, and says what it said", async () => {
    const script = `${GOOD}; echo the disk is on fire >&2; exit 3`;
    const outcome = await install(recipe(script), root, tell);
    expect(outcome.kind === "missing" && outcome.why).to.match(
      /ended with 3\nthe disk is on fire$/,
    );
    expect(existsSync(join(root, "bin/versitygw"))).to.equal(false);
    expect(readdirSync(join(root, "installs"))).to.deep.equal([]);
  });

  it("shows nothing while it works, and begins anew after a run that was killed", async () => {
    const half = join(root, "installs/versitygw-v1.999999999");
    mkdirSync(half, { recursive: true });
    writeFileSync(join(half, "versitygw"), "half");
    const script = `test ! -e ${root}/bin/versitygw && ${GOOD}`;
    expect(await install(recipe(script), root, tell)).to.deep.equal({ kind: "installed" });
    expect(content()).not.to.equal("half");
    expect(existsSync(half)).to.equal(false);
  });

  it("installs anew what a link shows that is gone", async () => {
    await install(recipe(GOOD), root, tell);
    rmSync(join(root, "installs"), { recursive: true });
    expect(await install(recipe(GOOD), root, tell)).to.deep.equal({ kind: "installed" });
    expect(content()).not.to.equal("");
  });

  for (const [title, command, why] of [
    ["is missing", ["no-such-program-anywhere"], /needs a shell, 1\.2 or newer.* is missing/],
    ["is too old", ["echo", "v1.1"], /needs a shell, 1\.2 or newer.* this one is 1\.1/],
    ["does not say its version", ["echo", "?"], /unknown version/],
  ] as const) {
    it(`names a toolchain that ${title}, and still gets the rest`, async () => {
      const poor = recipe(GOOD, {
        name: "moto",
        link: "moto",
        tools: [{ ...SHELL, command }],
      });
      const asked = { recipes: [poor, recipe(GOOD)], isRequired: false };
      expect(await getServers(asked, root, tell)).to.equal(true);
      expect(lines.join("\n")).to.match(why).and.to.contain("MISSING: moto");
      expect(existsSync(join(root, "bin/versitygw"))).to.equal(true);
      expect(await getServers({ ...asked, isRequired: true }, root, tell)).to.equal(false);
    });
  }

  it("ends where there is no toolchain at all, with what is missing", async () => {
    const env = { PATH: root, STORAGE_SERVERS_DIR: root };
    const options = { env, timeout: HANGS_MS };
    const { stdout } = await promisify(execFile)(process.execPath, [COMMAND], options);
    expect(stdout).to.match(/^MISSING: versitygw, .*moto, hadoop; their tests will be skipped$/m);
  });
});

describe("what npm run servers is asked for", () => {
  const names = (...args: string[]) => parse(args, RECIPES)?.recipes.map(({ name }) => name);

  it("is all but what is only on request", () => {
    expect(names()).to.deep.equal([
      "versitygw",
      "fake-gcs-server",
      "gitops-judge",
      "moto",
      "hadoop",
    ]);
    expect(parse([], RECIPES)?.isRequired).to.equal(false);
    expect(parse(["--require"], RECIPES)?.isRequired).to.equal(true);
  });

  it("is what is named, and must then be there", () => {
    expect(names("minio", "moto")).to.deep.equal(["minio", "moto"]);
    expect(parse(["moto"], RECIPES)?.isRequired).to.equal(true);
  });

  it("is nothing when a name is wrong", () => {
    expect(parse(["motto"], RECIPES)).to.equal(undefined);
  });
});
