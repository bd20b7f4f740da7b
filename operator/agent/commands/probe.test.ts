import { expect } from "chai";
import { collect } from "../../storage/testing/collect.ts";
import type { Fault } from "../../storage/testing/faulty.ts";
import { makeFaulty } from "../../storage/testing/faulty.ts";
import { MemoryStorage } from "../../storage/testing/memory.ts";
import { StorageError } from "../../storage/errors.ts";
import { runProbe } from "./probe.ts";
import { makeDeps } from "./testing/snapshot-fixture.ts";

const FOLDER = "__starrocks_repository_nightly";
const PALO = "__palo_repository_nightly";
const OPTIONS = { repositoryName: "nightly", readOnly: false };

function s3(): MemoryStorage {
  return new MemoryStorage({ location: "s3://bucket/backups" });
}

describe("runProbe", () => {
  it("makes __repo_info as the FE does, and leaves nothing else", async () => {
    const storage = s3();
    const outcome = await runProbe(makeDeps(storage), OPTIONS);
    expect(outcome).to.deep.include({ exitCode: 0, reason: "Probed" });
    expect(outcome.detail).to.deep.equal({
      folder: FOLDER,
      folders: [],
      readOnly: false,
      repoInfo: "created",
      storedName: "nightly",
    });
    expect(storage.keys()).to.deep.equal([`${FOLDER}/__repo_info`]);
    expect(storage.content(`${FOLDER}/__repo_info`)?.toString()).to.equal(
      '{"name":"nightly","create_time":"2023-11-15 06:13:20"}',
    );
    expect(await collect(storage.listUploads(""))).to.deep.equal([]);
  });

  it("never writes over a __repo_info, and says whose name is in it", async () => {
    const storage = s3();
    const content = '{"name":"other","create_time":"2020-01-01 00:00:00"}';
    await storage.put(`${FOLDER}/__repo_info`, Buffer.from(content));
    const deps = makeDeps(storage);
    const outcome = await runProbe(deps, OPTIONS);
    expect(outcome.detail).to.deep.include({ repoInfo: "present", storedName: "other" });
    expect(storage.content(`${FOLDER}/__repo_info`)?.toString()).to.equal(content);
    expect(deps.log.fieldsOf("__repo_info carries another name")).to.have.length(1);
  });

  it("removes what a probe that died an hour ago has left, and nothing of one that may still run", async () => {
    const storage = s3();
    const stagings = `${FOLDER}/__k8s_staging`;
    const left = async (folder: string) => {
      await storage.put(`${stagings}/${folder}/data/written`, Buffer.from("x"));
      await storage.upload(`${stagings}/${folder}/data/uploaded`);
    };
    const deps = makeDeps(storage);
    await left(`probe-${deps.clock.now()}-young`);
    await left(`probe-${deps.clock.now() - 3_600_001}-old`);
    await left("attempt-1");
    await runProbe(deps, OPTIONS);
    const uploads = (await collect(storage.listUploads(""))).map(({ key }) => key);
    for (const keys of [uploads, storage.keys().filter((key) => key.startsWith(stagings))]) {
      expect(keys.map((key) => key.split("/")[2])).to.have.members([
        "attempt-1",
        `probe-${deps.clock.now()}-young`,
      ]);
    }
  });

  it("is content when another one makes __repo_info at the same time", async () => {
    const storage = s3();
    const faulty = makeFaulty(storage);
    faulty.inject({ operation: "put", key: "__repo_info", kind: "alreadyExists" });
    const outcome = await runProbe(makeDeps(faulty.storage), OPTIONS);
    expect(outcome.detail).to.deep.include({ repoInfo: "present" });
  });

  it("read-only lists and reads alone", async () => {
    const storage = s3();
    const faulty = makeFaulty(storage);
    const outcome = await runProbe(makeDeps(faulty.storage), { ...OPTIONS, readOnly: true });
    expect(outcome.detail).to.deep.include({ repoInfo: "absent", readOnly: true });
    const operations = new Set(faulty.calls.map((call) => call.operation));
    expect([...operations].sort()).to.deep.equal(["list", "read"]);
  });

  const folders: readonly [string, readonly string[], string, string][] = [
    ["neither folder", [], FOLDER, "can be read and written"],
    ["the new folder", [FOLDER], FOLDER, "can be read and written"],
    ["the old folder", [PALO], PALO, "can be read and written"],
    ["both folders", [FOLDER, PALO], PALO, "both folders"],
  ];
  for (const [name, present, folder, message] of folders) {
    it(`with ${name} works in ${folder}`, async () => {
      const storage = s3();
      for (const f of present) await storage.put(`${f}/__ss_x/file`, Buffer.from("x"));
      const outcome = await runProbe(makeDeps(storage), OPTIONS);
      expect(outcome.detail).to.deep.include({ folder, folders: present });
      expect(outcome.message).to.include(message);
      expect(storage.keys().filter((key) => key.endsWith("__repo_info"))).to.deep.equal([
        `${folder}/__repo_info`,
      ]);
    });
  }

  it("does not take the leftovers of a killed probe for a repository", async () => {
    const storage = s3();
    await storage.put(`${PALO}/__k8s_staging/probe-1/data/written`, Buffer.from("x"));
    const outcome = await runProbe(makeDeps(storage), OPTIONS);
    expect(outcome.detail).to.deep.include({ folder: FOLDER, folders: [] });
  });

  const missing: readonly [Fault, string, string][] = [
    [{ operation: "list", kind: "accessDenied" }, "list", "s3:ListBucket"],
    [{ operation: "put", kind: "accessDenied" }, "write", "s3:PutObject"],
    [{ operation: "stat", kind: "accessDenied" }, "stat", "s3:GetObject"],
    [{ operation: "read", kind: "accessDenied" }, "ranged read", "s3:GetObject"],
    [{ operation: "upload", kind: "accessDenied" }, "multipart upload", "s3:PutObject"],
    [{ operation: "upload.part", kind: "accessDenied" }, "multipart upload", "s3:PutObject"],
    [
      { operation: "upload.abort", kind: "accessDenied" },
      "abort of a multipart upload",
      "s3:AbortMultipartUpload",
    ],
    [{ operation: "move", kind: "accessDenied" }, "rename", "s3:GetObject, s3:PutObject"],
    [{ operation: "deleteMany", kind: "accessDenied" }, "delete", "s3:DeleteObject"],
    [{ operation: "list", kind: "noSuchBucket" }, "list", "the bucket of s3://bucket/backups"],
    [{ operation: "list", kind: "wrongConfiguration" }, "list", "s3.endpoint, s3.region"],
    [{ operation: "list", kind: "wrongCredentials" }, "list", "credentialsSecret"],
  ];
  for (const [fault, step, words] of missing) {
    it(`tells of ${fault.kind} at ${fault.operation} and cleans up`, async () => {
      const storage = s3();
      const faulty = makeFaulty(storage);
      faulty.inject(fault);
      const outcome = await runProbe(makeDeps(faulty.storage), OPTIONS);
      expect(outcome.exitCode).to.equal(42);
      expect(outcome.detail).to.deep.equal({ step });
      expect(outcome.message).to.include(`the step "${step}" failed`).and.to.include(words);
      expect(storage.keys()).to.deep.equal([]);
      expect(await collect(storage.listUploads(""))).to.deep.equal([]);
    });
  }

  it("says that a place which takes no writes may be meant so", async () => {
    const words = "set readOnly: true";
    const storage = s3();
    const detail = { operation: "put", key: "k", reason: "StoreReadOnly" } as const;
    storage.put = () => Promise.reject(new StorageError("unavailable", "safe mode is on", detail));
    const outcome = await runProbe(makeDeps(storage), OPTIONS);
    expect(outcome).to.deep.include({ exitCode: 1, reason: "StoreReadOnly" });
    expect(outcome.message).to.include("safe mode is on").and.to.include(words);
    for (const [operation, isSaid] of [
      ["put", true],
      ["deleteMany", true],
      ["list", false],
    ] as const) {
      const faulty = makeFaulty(s3());
      faulty.inject({ operation, kind: "accessDenied" });
      const { message } = await runProbe(makeDeps(faulty.storage), OPTIONS);
      expect(message.includes(words), operation).to.equal(isSaid);
    }
  });

  it("names the rights in the words of the store", async () => {
    for (const [location, right] of [
      ["gs://bucket/x", "storage.objects.list"],
      ["webhdfs://namenode:9870/x", "read permission on it"],
    ] as const) {
      const faulty = makeFaulty(new MemoryStorage({ location }));
      faulty.inject({ operation: "list", kind: "accessDenied" });
      expect((await runProbe(makeDeps(faulty.storage), OPTIONS)).message).to.include(right);
    }
  });

  it("fails with exit 1 when nobody answers, at any call, and cleans up what it can", async () => {
    for (let nth = 1; nth <= 3; nth += 1) {
      const storage = s3();
      const faulty = makeFaulty(storage);
      faulty.inject({ operation: "stat", kind: "timeout", nth });
      expect((await runProbe(makeDeps(faulty.storage), OPTIONS)).exitCode).to.equal(1);
      expect(storage.keys()).to.deep.equal([]);
    }
  });

  it("still says what failed when the clean-up fails too", async () => {
    const faulty = makeFaulty(s3());
    faulty.inject({ operation: "deleteMany", kind: "accessDenied", times: 9 });
    const deps = makeDeps(faulty.storage);
    const outcome = await runProbe(deps, OPTIONS);
    expect(outcome.detail).to.deep.equal({ step: "delete" });
    expect(deps.log.fieldsOf("could not clean up after the probe")).to.have.length(1);
  });

  it("finds a store that does not show what was written", async () => {
    const storage = s3();
    storage.stat = async () => undefined;
    const outcome = await runProbe(makeDeps(storage), OPTIONS);
    expect(outcome).to.deep.include({ exitCode: 1, reason: "StoreMisbehaves" });
    expect(storage.keys()).to.deep.equal([]);
  });
});
