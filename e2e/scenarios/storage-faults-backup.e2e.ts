// Every fault of a store × every request that agents make while StarRocks backs up through them: the backup
// ends well, is sealed, each file holds what its name says, and nothing else is left. What only a person can
// mend is told where a person looks (TaskErrMsg), and once it is mended the same backup goes on.
//
// STORAGE_FAULTS=all takes each fault (CI), else a few by chance; STORAGE_SEED repeats a choice.
import { expect } from "chai";
import { runVerify } from "../../operator/agent/commands/verify.ts";
import { makeDeps } from "../../operator/agent/commands/testing/snapshot-fixture.ts";
import { RepositoryLayout } from "../../operator/broker/layout.ts";
import type { S3Operation } from "../servers/s3-request.ts";
import { DataPath } from "./data-path.ts";
import { chosen } from "./storage-choice.ts";
import { FAULTS, canSuffer, type Fault } from "./storage-faults.ts";
import { storageAt } from "./storage-work.ts";

const MIB = 1024 * 1024;
const layout = new RepositoryLayout("__starrocks_repository_prod");

describe("a backup on a failing store", () => {
  let path: DataPath;
  let requests: readonly S3Operation[] = [];
  let backups = 0;

  before(async () => {
    path = await DataPath.start({
      starrocks: { speed: 60, backends: 2, backendWorkers: 2 },
      limits: { partMiB: 5, memoryMiB: 64 },
    });
    await path.starrocks.createDatabase({
      name: "shop",
      tables: [{ name: "t", partitions: ["p1"], tablets: 2, segmentBytes: [6 * MIB, 30_000, 1] }],
    });
    await path.backUp("shop", "good", ["t"]);
    requests = [...new Set(path.s3.requests.map(({ operation }) => operation))];
  });

  after(async () => {
    await path.stop();
  });

  afterEach(async () => {
    path.s3.heal();
    await path.place.renewCredentials({ accessKeyId: "any" });
    await path.clear("shop");
  });

  const passing = FAULTS.filter(({ heals, lies }) => heals && lies !== true);
  const pairs = passing.flatMap((one, i) => (i % 2 === 0 ? [[one, passing[i + 1] ?? one]] : []));
  const few = chosen(pairs, "backup", 1);
  for (const faults of few.rows) {
    const names = faults.map(({ name }) => name).join(" and ");
    it(`ends well with ${names} at every kind of request (${few.note})`, async () => {
      const label = await begun();
      for (const [i, fault] of faults.entries()) {
        for (const operation of requests.filter((o) => canSuffer(o, fault))) {
          path.s3.inject({ operation, nth: i * 3 + 1, harm: fault.harm });
        }
      }
      await path.backup("shop", label, ["t"]);
      expect((await path.untilEnded("BACKUP", "shop")).state).to.equal("FINISHED");
      expect(path.s3.harmed, "requests that suffered").to.be.greaterThan(1);
      await requireWhole(label);
    });
  }

  const standing = FAULTS.filter(({ heals }) => !heals);
  const one = chosen(standing, "standing", 1);
  for (const fault of one.rows) {
    it(`tells of ${fault.name}, and goes on once it is mended (${one.note})`, async () => {
      await tellsAndGoesOn(fault, async () => path.s3.heal());
    });
  }

  it("takes up renewed credentials while it runs", async () => {
    const expired = FAULTS.find(({ reason }) => reason === "CredentialsExpired");
    if (expired === undefined) throw new Error("there is no such fault");
    await tellsAndGoesOn(
      expired,
      async () => await path.place.renewCredentials({ accessKeyId: "renewed" }),
      "any",
    );
  });

  /** Agents and the broker of another backup; returns its label. */
  async function begun(): Promise<string> {
    backups += 1;
    const label = `b${backups}`;
    await path.mount("backup", label);
    path.s3.heal();
    return label;
  }

  async function tellsAndGoesOn(
    fault: Fault,
    mend: () => Promise<void>,
    signer?: string,
  ): Promise<void> {
    const label = await begun();
    for (const operation of ["PutObject", "CreateMultipartUpload", "UploadPart"] as const) {
      const who = signer === undefined ? {} : { signer };
      path.s3.inject({ operation, times: Infinity, harm: fault.harm, ...who });
    }
    await path.backup("shop", label, ["t"]);
    let told = "";
    const end = await path.untilEnded("BACKUP", "shop", async (row) => {
      const error = row["TaskErrMsg"] ?? "";
      if (told !== "" || !fault.told.test(error)) return;
      told = error;
      await mend();
    });
    expect([end.state, told]).to.satisfy(
      ([state, text]: string[]) => state === "FINISHED" && text !== "",
    );
    await requireWhole(label);
  }

  async function requireWhole(label: string): Promise<void> {
    await path.unmount();
    const sealed = await path.seal(label);
    expect(sealed.code, JSON.stringify(sealed.termination)).to.equal(0);
    path.s3.heal();
    const deps = { ...makeDeps(storageAt(path.s3, "prod")), layout };
    const verified = await runVerify(deps, { label, mode: "checksums" });
    expect(verified.exitCode, verified.message).to.equal(0);
    expect(await path.litter()).to.deep.equal([]);
    expect(path.starrocks.violations).to.deep.equal([]);
  }
});
