import { mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { AtomicWriter, type Payload } from "./atomic-writer.ts";

describe("a volume's files", () => {
  let dir: string;
  let writer: AtomicWriter;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "volume-"));
    writer = new AtomicWriter(dir);
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("lie behind links that change together", async () => {
    await writer.write(files({ a: "1", "deep/b": "2" }));
    expect(await readlink(join(dir, "a"))).to.equal("..data/a");
    expect(await readlink(join(dir, "deep"))).to.equal("..data/deep");
    const before = await readlink(join(dir, "..data"));
    await writer.write(files({ a: "3", c: "4" }));
    expect(await readlink(join(dir, "..data"))).not.to.equal(before);
    expect(await readFile(join(dir, "a"), "utf8")).to.equal("3");
    expect(await readFile(join(dir, "c"), "utf8")).to.equal("4");
    const names = (await readdir(dir)).filter((n) => !n.startsWith("..2")).sort();
    expect(names).to.deep.equal(["..data", "a", "c"]);
    expect((await readdir(dir)).filter((n) => n.startsWith("..2"))).to.have.length(1);
  });

  it("are not written again when nothing changed", async () => {
    expect(await writer.write(files({ a: "1" }))).to.equal(true);
    const link = await readlink(join(dir, "..data"));
    expect(await writer.write(files({ a: "1" }))).to.equal(false);
    expect(await readlink(join(dir, "..data"))).to.equal(link);
  });

  it("have the mode that was asked for", async () => {
    await writer.write(new Map([["key", { content: Buffer.from("x"), mode: 0o400 }]]));
    expect((await stat(join(dir, "key"))).mode & 0o777).to.equal(0o400);
  });

  for (const path of ["../out", "/etc/passwd", "..hidden", ""]) {
    it(`cannot be called ${JSON.stringify(path)}`, async () => {
      const error = await writer.write(files({ [path]: "x" })).catch((e: unknown) => String(e));
      expect(error).to.contain("a volume's file cannot be called");
    });
  }
});

function files(contents: Readonly<Record<string, string>>): Payload {
  return new Map(
    Object.entries(contents).map(([path, text]) => [
      path,
      { content: Buffer.from(text), mode: 0o644 },
    ]),
  );
}
