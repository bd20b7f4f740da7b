// Storage that refuses, fills up, or loses files, seen through the whole operator: the status of the job says what
// the storage said, what heals goes on by itself, and a table that was to be overwritten is as it was before.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import type { ProxyFault } from "../servers/fault-script.ts";
import { NAMESPACE, World, resource } from "../world.ts";
import { isOver } from "./is-over.ts";

const KIB = 1024;
const ALWAYS = 1_000_000;
const TABLES = [{ name: "orders", tablets: 6, segmentBytes: [200 * KIB], replicationNum: 1 }];
const CONTENT = "/__ss_content/";

type Job = Backup | Restore;

describe("the operator with a storage that fails", () => {
  let world: World;
  let digest: string;

  before(async () => {
    world = await World.start();
    world.startOperator();
    await world.starrocks.createDatabase({ name: "shop", tables: TABLES });
    digest = await world.starrocks.digest("shop", "orders");
    await world.apply(world.repository());
    await world.until<Repository>("Repository", "prod", (r) => r.status?.phase === "READY");
    await world.apply(resource("Backup", "source", { repository: "prod", database: "shop" }));
    await endsAs("Backup", "source", "FINISHED");
  });

  after(async () => {
    await world.stop();
  });

  afterEach(async () => {
    world.starrocks.statementLog.before = undefined;
    world.s3.heal();
    expect(await world.untilNothingIsLeft(), "left behind").to.deep.equal([]);
    expect(world.starrocks.violations, "what a real StarRocks would not survive").to.deep.equal([]);
  });

  const endsAs = async (kind: Job["kind"], name: string, phase: string): Promise<Job> => {
    const job = await world.until<Job>(kind, name, isOver, 150_000);
    expect(job.status?.phase, `${kind} ${name}: ${job.status?.message}`).to.equal(phase);
    return job;
  };
  /** From the moment the statement is sent: after all checks. */
  const harmFrom = (statement: RegExp, fault: ProxyFault): void => {
    world.starrocks.statementLog.before = async (_user, sql) => {
      if (!statement.test(sql)) return;
      world.starrocks.statementLog.before = undefined;
      world.s3.inject(fault);
      await Promise.resolve();
    };
  };

  const REFUSALS: readonly (readonly [what: string, status: number, code: string, says: RegExp])[] =
    [
      ["denies writing", 403, "AccessDenied", /AccessDenied/],
      ["is full", 507, "InsufficientStorage", /full|InsufficientStorage/],
      ["asks to slow down", 503, "SlowDown", /SlowDown|slow/i],
    ];
  for (const [what, status, code, says] of REFUSALS) {
    it(`that ${what}: it is told, and goes on when that is over`, async () => {
      const name = code.toLowerCase();
      const harm = { do: "refuse", status, code } as const;
      harmFrom(/^BACKUP/, { key: CONTENT, times: ALWAYS, harm });
      await world.apply(resource("Backup", name, { repository: "prod", database: "shop" }));
      await world.until<Backup>(
        "Backup",
        name,
        (b) => b.status?.reason === "NoProgress" && says.test(b.status.message ?? ""),
      );
      world.s3.heal();
      const job = await endsAs("Backup", name, "FINISHED");
      expect(job.status).to.include({ attempt: 1 });
    });
  }

  it("that takes the key no longer: a new Secret is enough, while the job runs", async () => {
    const secret = await world.secret(NAMESPACE, "s3-credentials");
    const harm = { do: "refuse", status: 400, code: "ExpiredToken" } as const;
    const signer = secret["accessKeyId"] ?? "";
    harmFrom(/^BACKUP/, { signer, times: ALWAYS, harm });
    await world.apply(resource("Backup", "renewed", { repository: "prod", database: "shop" }));
    await world.until<Backup>("Backup", "renewed", (b) =>
      /ExpiredToken|expired/i.test(b.status?.message ?? ""),
    );
    await world.apply(secretOf({ ...secret, accessKeyId: "renewed" }));
    const job = await endsAs("Backup", "renewed", "FINISHED");
    expect(job.status).to.include({ attempt: 1 });
    await world.apply(secretOf(secret));
  });

  const DAMAGES: readonly (readonly [what: string, fault: ProxyFault, says: RegExp])[] = [
    [
      "gives other bytes",
      { operation: "GetObject", key: ".dat.", times: ALWAYS, harm: { do: "damageDown" } },
      /invalid md5/,
    ],
    [
      "loses a file",
      {
        operation: "ListObjectsV2",
        times: ALWAYS,
        harm: { do: "hideRows", keys: [".dat."] },
      },
      /has changed since it was sealed/,
    ],
  ];
  for (const [what, fault, says] of DAMAGES) {
    it(`that ${what} while a table is to be overwritten: it stays as it was`, async () => {
      const name = what.replaceAll(" ", "-");
      harmFrom(/^RESTORE/, fault);
      await world.apply(
        resource("Restore", name, {
          repository: "prod",
          source: { backup: "source" },
          existing: "Overwrite",
          overwriteTables: ["orders"],
        }),
      );
      const { status } = (await endsAs("Restore", name, "FAILED")) as Restore;
      expect(status?.reason).to.equal("SnapshotDamaged");
      expect(status?.message).to.match(says);
      expect(status?.targetState).to.match(/orders/);
      expect(await world.starrocks.digest("shop", "orders"), "the old data").to.equal(digest);
    });
  }
});

function secretOf(data: Readonly<Record<string, string>>): KubernetesObject {
  const encode = ([key, text]: [string, string]) => [key, Buffer.from(text).toString("base64")];
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s3-credentials", namespace: NAMESPACE },
    data: Object.fromEntries(Object.entries(data).map(encode)) as Record<string, string>,
  } as KubernetesObject;
}
