import { expect } from "chai";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findServer, requireServer, serversFolder } from "./installed.ts";

describe("findServer", () => {
  const before = { ...process.env };
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "installed-"));
    Object.assign(process.env, {
      STORAGE_SERVERS_DIR: join(folder, "servers"),
      PATH: join(folder, "path"),
      GOPATH: join(folder, "go"),
    });
    delete process.env["GOBIN"];
  });
  afterEach(() => {
    for (const name of ["STORAGE_SERVERS_DIR", "PATH", "GOPATH", "GOBIN"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    rmSync(folder, { recursive: true });
  });

  const program = (path: string, mode = 0o755): string => {
    const whole = join(folder, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, "");
    chmodSync(whole, mode);
    return whole;
  };

  it("finds nothing where nothing is, and says what to type", () => {
    expect(findServer("versitygw")).to.equal(undefined);
    expect(() => requireServer("versitygw")).to.throw("npm run servers -- versitygw");
  });

  it("prefers the servers' folder to PATH, and PATH to Go's own folder", () => {
    const inGo = program("go/bin/versitygw");
    expect(findServer("versitygw")).to.equal(inGo);
    const onPath = program("path/versitygw");
    expect(findServer("versitygw")).to.equal(onPath);
    const inFolder = program("servers/bin/versitygw");
    expect(findServer("versitygw")).to.equal(inFolder);
  });

  it("finds moto by its program's name", () => {
    const onPath = program("path/moto_server");
    expect(findServer("moto")).to.equal(onPath);
  });

  it("takes no file that cannot be run", () => {
    program("servers/bin/minio", 0o644);
    expect(findServer("minio")).to.equal(undefined);
  });

  it("takes Hadoop's jars only where there is a Java to run them", () => {
    program("servers/hadoop/lib/hadoop-hdfs-3.4.2.jar", 0o644);
    expect(findServer("hadoop")).to.equal(undefined);
    program("path/java");
    expect(findServer("hadoop")).to.equal(join(serversFolder(), "hadoop/lib"));
  });

  it("is not told by an empty folder that Hadoop is there", () => {
    program("path/java");
    mkdirSync(join(folder, "servers/hadoop/lib"), { recursive: true });
    expect(findServer("hadoop")).to.equal(undefined);
  });
});
