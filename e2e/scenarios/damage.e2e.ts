// What happens to a sealed snapshot in the store behind everybody's back, and who notices.
import { expect } from "chai";
import { DataPath } from "./data-path.ts";

const MIB = 1024 * 1024;

function flipped(content: Buffer): Buffer {
  const other = Buffer.from(content);
  other.writeUInt8(other.readUInt8(0) ^ 1, 0);
  return other;
}

describe("a snapshot that was damaged in the store", () => {
  let path: DataPath;
  let timestamp = "";
  let files: string[] = [];

  before(async () => {
    path = await DataPath.start();
    await path.starrocks.createDatabase({
      name: "shop",
      tables: [
        { name: "t", partitions: ["p1", "p2"], tablets: 2, segmentBytes: [9 * MIB, 70_000] },
      ],
    });
    timestamp = await path.backUp("shop", "s", ["t"]);
    files = (await path.keys()).filter((key) => key.includes(".dat."));
  });

  after(async () => {
    await path.stop();
  });

  const damages = [
    { kind: "missing", change: (): undefined => undefined },
    { kind: "short", change: (content: Buffer) => content.subarray(1) },
    { kind: "replaced", change: flipped },
  ] as const;
  for (const { kind, change } of damages) {
    it(`is found by verify: ${kind}`, async () => {
      for (const file of files) {
        const content = await path.read(file);
        await path.overwrite(file, change(content));
        const { code, termination } = await path.verify("s", "list");
        await path.overwrite(file, content);
        expect(code, JSON.stringify(termination)).to.equal(43);
        expect(JSON.stringify(termination)).to.contain(file.split("/").at(-1));
      }
    });
  }

  it("is found by verify with checksums where the bytes are wrong, and only there", async () => {
    const [file = "", other = ""] = files;
    const content = await path.read(file);
    await path.overwrite(file, flipped(content));
    const { code, termination } = await path.verify("s", "checksums");
    await path.overwrite(file, content);
    expect(code).to.equal(43);
    expect(JSON.stringify(termination)).to.contain(file.split("/").at(-1));
    expect(JSON.stringify(termination)).to.not.contain(other.split("/").at(-1));
  });

  it("keeps a restore from ending, and StarRocks says which file it is", async () => {
    const [file = ""] = files;
    const content = await path.read(file);
    await path.overwrite(file, flipped(content));
    await path.mount("restore", "s");
    await path.restore("shop", "s", "t AS copy", timestamp);
    let told = "";
    const end = await path.untilEnded("RESTORE", "shop", async (row) => {
      if (told !== "" || !(row["TaskErrMsg"] ?? "").includes("invalid md5")) return;
      told = row["TaskErrMsg"] ?? "";
      await path.sql("CANCEL RESTORE FROM shop");
    });
    await path.unmount();
    await path.overwrite(file, content);
    expect(end.state).to.equal("CANCELLED");
    expect(told).to.contain("invalid md5");
  });

  it("keeps a restore from ending when a file went after it was checked", async () => {
    const [file = ""] = files;
    const content = await path.read(file);
    await path.mount("restore", "s");
    await path.overwrite(file, undefined);
    await path.restore("shop", "s", "t AS partial", timestamp);
    const changed = "has changed since it was sealed";
    let told = "";
    const end = await path.untilEnded("RESTORE", "shop", async (row) => {
      if (told !== "" || !(row["TaskErrMsg"] ?? "").includes(changed)) return;
      told = row["TaskErrMsg"] ?? "";
      await path.sql("CANCEL RESTORE FROM shop");
    });
    await path.unmount();
    await path.overwrite(file, content);
    expect([end.state, told.includes(changed)]).to.deep.equal(["CANCELLED", true]);
  });

  it("is hidden by the seal when it was never whole", async () => {
    await path.mount("backup", "hole");
    await path.backup("shop", "hole", ["t"]);
    expect((await path.untilEnded("BACKUP", "shop")).state).to.equal("FINISHED");
    const header = (await path.keys()).find((k) => k.includes("__ss_hole/") && k.includes(".hdr."));
    await path.overwrite(header ?? "", undefined);
    await path.unmount();
    const sealed = await path.seal("hole");
    expect(sealed.code).to.equal(43);
    const left = (await path.keys()).filter((k) => k.includes("__ss_hole/__info_"));
    expect(left).to.deep.equal([]);
    expect((await path.prune("hole")).code).to.equal(0);
    expect((await path.keys()).filter((k) => k.includes("hole"))).to.deep.equal([]);
  });
});
