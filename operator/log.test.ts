import { Writable } from "node:stream";
import { expect } from "chai";
import { createLog } from "./log.ts";
import { Secret } from "./secret.ts";

function linesOf(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  let text = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  write(createLog("info", stream));
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("createLog", () => {
  it("writes nothing that a terminal would obey, and loses nothing of it", () => {
    let text = "";
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    const hostile = "a\u001b[2J\u009b31m\n{}\u2028\u202eb\u007f";
    createLog("info", stream).info("said", { hostile });
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    expect(text.slice(0, -1)).to.not.match(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
    expect(JSON.parse(text)).to.include({ hostile });
  });

  it("writes one JSON object a line, with the fields of its child", () => {
    const lines = linesOf((log) => {
      log.child({ label: "s1" }).info("sealed", { files: 3 });
      log.debug("not at this level");
    });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ level: "info", message: "sealed", label: "s1", files: 3 });
  });

  it("cuts user info and query strings out of URLs, at any depth, and shows no Secret", () => {
    const url = "https://user:pass@host/key?X-Amz-Signature=abc";
    const [line] = linesOf((log) => {
      log.warn(`GET ${url} failed`, { deep: { list: [{ url }] }, key: new Secret("hidden") });
    });
    const text = JSON.stringify(line);
    for (const secret of ["pass", "abc", "hidden"]) expect(text).to.not.contain(secret);
    expect(text).to.contain("https://***@host/key?***");
  });
});
