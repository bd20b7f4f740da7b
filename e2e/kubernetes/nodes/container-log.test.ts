import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { expect } from "chai";
import { ContainerLog } from "./container-log.ts";

describe("a container's log", () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "log-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("is written as the kubelet reads it", async () => {
    const log = new ContainerLog(join(dir, "0.log"));
    await log.capture("stdout", Readable.from([Buffer.from("one\ntw"), Buffer.from("o\nrest")]));
    const file = await readFile(join(dir, "0.log"), "utf8");
    const lines = file.split("\n").map((l) => l.replace(/^\S+Z /, ""));
    expect(lines).to.deep.equal(["stdout F one", "stdout F two", "stdout F rest", ""]);
  });

  it("is read whole, by its last lines, or cut", async () => {
    const log = new ContainerLog(join(dir, "0.log"));
    await log.capture("stdout", Readable.from([Buffer.from("one\ntwo\nthree\n")]));
    expect(await log.text()).to.equal("one\ntwo\nthree\n");
    expect(await log.text({ tailLines: 2 })).to.equal("two\nthree\n");
    expect(await log.text({ tailLines: 0 })).to.equal("");
    expect(await log.text({ limitBytes: 5 })).to.equal("one\nt");
    expect(await log.text({ sinceTime: "2999-01-01T00:00:00Z" })).to.equal("");
    expect(await log.text({ sinceSeconds: 3600, tailLines: 1 })).to.equal("three\n");
    expect(await log.text({ timestamps: true })).to.match(/^\d{4}-\S+Z one\n/);
  });

  it("keeps the end of what was printed", async () => {
    const log = new ContainerLog(join(dir, "0.log"), 1000);
    for (let i = 0; i < 100; i += 1) {
      await log.capture("stdout", Readable.from([Buffer.from(`line ${i} ${"x".repeat(20)}\n`)]));
    }
    const { size } = await stat(join(dir, "0.log"));
    expect(size).to.be.below(1001);
    const text = await log.text();
    expect(text).to.match(/line 99 x+\n$/);
    expect(text).not.to.contain("line 50 ");
  });

  it("puts a long line together again", async () => {
    const log = new ContainerLog(join(dir, "0.log"));
    const long = "y".repeat(40_000);
    await log.capture("stdout", Readable.from([Buffer.from(`before\n${long}\nafter\n`)]));
    expect(await log.text()).to.equal(`before\n${long}\nafter\n`);
    expect(await log.text({ tailLines: 2 })).to.equal(`${long}\nafter\n`);
  });

  it("is followed until it is closed, without a gap", async () => {
    const log = new ContainerLog(join(dir, "0.log"));
    const output = new PassThrough();
    const captured = log.capture("stdout", output);
    output.write("one\n");
    const chunks: string[] = [];
    const following = (async () => {
      for await (const chunk of log.read({ follow: true })) {
        chunks.push(chunk.toString());
        if (chunks.join("") === "one\n") output.end("two\nthree\n");
      }
    })();
    await captured;
    await log.close();
    await following;
    expect(chunks.join("")).to.equal("one\ntwo\nthree\n");
  });

  it("is whole at once when it was closed before it was followed", async () => {
    const log = new ContainerLog(join(dir, "0.log"));
    await log.capture("stderr", Readable.from([Buffer.from("end\n")]));
    await log.close();
    const chunks: Buffer[] = [];
    for await (const chunk of log.read({ follow: true })) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).to.equal("end\n");
  });
});
