// A StarRocks user with the least rights, and with each of them missing: the status must say what to GRANT.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { MINIMAL_PRIVILEGES, type User } from "../starrocks/privileges.ts";
import { NAMESPACE, World, resource } from "../world.ts";
import { isOver } from "./is-over.ts";

const PASSWORD = "only-for-this-test";
/** Without it the user still sees nodes: NODE does as well. */
const RIGHTS = MINIMAL_PRIVILEGES.filter((right) => right !== "OPERATE");

const OVERWRITE = { existing: "Overwrite", overwriteTables: ["orders"] };

describe("the operator with few rights in StarRocks", () => {
  let world: World;
  /** By name: Repositories of other users read it, too. */
  let source: object;

  before(async () => {
    world = await World.start({ starrocks: { users: users() } });
    world.startOperator();
    await world.starrocks.createDatabase({
      name: "shop",
      tables: [{ name: "orders", tablets: 2, replicationNum: 1 }],
    });
    await useUser("least");
    const made = { repository: "least", database: "shop" };
    const { status } = await finished<Backup>("Backup", "source", made);
    source = { snapshot: must(status?.snapshot) };
  });

  after(async () => {
    await world.stop();
  });

  afterEach(async () => {
    expect(await world.untilNothingIsLeft(), "left behind").to.deep.equal([]);
    const seen = JSON.stringify(await world.objects(NAMESPACE)) + world.operatorLines.join("\n");
    expect(seen.includes(PASSWORD), "the password shows somewhere").to.equal(false);
  });

  /** A Repository, all at one place, that works as this user. */
  const useUser = async (user: string, mountUser?: string): Promise<void> => {
    const names = [user, mountUser].flatMap((name) => (name === undefined ? [] : [name]));
    await world.apply(...names.map(secretOf));
    const { cluster } = (world.repository() as Repository).spec;
    await world.apply(
      world.repository(
        {
          repositoryName: "prod",
          concurrency: 1,
          cluster: {
            ...cluster,
            credentialsSecret: { name: user },
            ...(mountUser === undefined ? {} : { mountCredentialsSecret: { name: mountUser } }),
          },
        },
        user,
      ),
    );
    await world.until<Repository>("Repository", user, (r) => r.status?.phase === "READY");
  };
  const ended = async <T extends Backup | Restore>(
    kind: T["kind"],
    name: string,
    spec: object,
  ): Promise<T> => {
    await world.apply(resource(kind, name, spec));
    return await world.until<T>(kind, name, isOver);
  };
  const finished = async <T extends Backup | Restore>(
    kind: T["kind"],
    name: string,
    spec: object,
  ): Promise<T> => {
    const job = await ended<T>(kind, name, spec);
    expect(job.status?.phase, `${kind} ${name}: ${job.status?.message}`).to.equal("FINISHED");
    return job;
  };

  it("does all its work with them", async () => {
    await finished<Restore>("Restore", "copy", { repository: "least", source, database: "copy" });
    await finished<Restore>("Restore", "over", {
      repository: "least",
      source,
      database: "shop",
      ...OVERWRITE,
    });
  });

  it("mounts as a user of its own, and needs NODE for nobody else", async () => {
    await useUser("no-node", "mounter");
    await finished<Backup>("Backup", "mounted", { repository: "no-node", database: "shop" });
    await world.delete("Repository", "no-node");
    await world.untilGone("Repository", "no-node");
  });

  const cases: readonly [right: string, kind: "Backup" | "Restore", spec: object, grant: RegExp][] =
    [
      ["NODE", "Backup", {}, /GRANT cluster_admin TO USER 'no-node'@'%'/],
      ["REPOSITORY", "Backup", {}, /GRANT REPOSITORY ON SYSTEM TO USER 'no-repository'@'%'/],
      ["EXPORT", "Backup", {}, /GRANT EXPORT ON .* TO USER 'no-export'@'%'/],
      [
        "CREATE TABLE",
        "Restore",
        OVERWRITE,
        /GRANT CREATE TABLE ON .* TO USER 'no-create-table'@'%'/,
      ],
      ["INSERT", "Restore", OVERWRITE, /GRANT INSERT ON .* TO USER 'no-insert'@'%'/],
    ];
  for (const [right, kind, spec, grant] of cases) {
    it(`names the GRANT when ${right} is missing`, async () => {
      const user = nameWithout(right);
      await useUser(user);
      const what = kind === "Backup" ? { database: "shop" } : { source, database: "shop" };
      const { status } = await ended<Backup | Restore>(kind, user, {
        repository: user,
        ...what,
        ...spec,
      });
      expect(status, JSON.stringify(status)).to.include({
        phase: "FAILED",
        reason: "RightMissing",
      });
      expect(status?.message).to.match(grant);
      await world.delete("Repository", user);
      await world.untilGone("Repository", user);
    });
  }
});

function users(): readonly User[] {
  const without = RIGHTS.map((right) => ({
    name: nameWithout(right),
    password: PASSWORD,
    privileges: MINIMAL_PRIVILEGES.filter((other) => other !== right),
  }));
  return [
    { name: "least", password: PASSWORD, privileges: MINIMAL_PRIVILEGES },
    { name: "mounter", password: PASSWORD, privileges: ["NODE"] },
    ...without,
  ];
}

function nameWithout(right: string): string {
  return `no-${right.toLowerCase().replaceAll(" ", "-")}`;
}

function secretOf(user: string): KubernetesObject {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: user, namespace: NAMESPACE },
    data: { user: encode(user), password: encode(PASSWORD) },
  } as KubernetesObject;
}
