// Wrong settings through the whole operator: one of each storage, as a person sees it in the Repository. What heals by
// itself is tried again, what needs a hand stalls, and a hand is enough. All others: wrong-settings.e2e.ts.
import { expect } from "chai";
import { must } from "../../operator/assert.ts";
import type { Repository } from "../../operator/api/repository.generated.ts";
import type { KubernetesObject } from "../../operator/runtime/api.ts";
import { NAMESPACE, World } from "../world.ts";
import { GCS_ROWS } from "./wrong-settings-gcs.ts";
import { HDFS_ROWS } from "./wrong-settings-hdfs.ts";
import { S3_ROWS } from "./wrong-settings-s3.ts";
import type { Setting, WrongSetting } from "./wrong-settings.ts";

const CHOSEN: readonly (readonly [kind: string, rows: readonly WrongSetting[], name: string])[] = [
  ["s3", S3_ROWS, "the region is another"],
  ["s3", S3_ROWS, "the clock is wrong"],
  ["gcs", GCS_ROWS, "the bucket does not exist"],
  ["hdfs", HDFS_ROWS, "every NameNode is a standby"],
];

describe("a Repository with a wrong setting", () => {
  let world: World;
  const endings: (() => Promise<unknown>)[] = [];

  before(async () => {
    world = await World.start();
    world.startOperator();
  });

  after(async () => {
    for (const stop of endings) await stop();
    await world.stop();
  });

  CHOSEN.forEach(([kind, rows, what], i) => {
    const row = must(
      rows.find(({ name }) => name === what),
      what,
    );
    it(`tells that ${what} (${kind}): ${row.reason}`, async () => {
      const name = `wrong-${i}`;
      const setting = await row.arrange((stop) => endings.push(stop));
      await world.apply(secretOf(name, setting), made(world, name, setting));
      const told = await world.until<Repository>("Repository", name, (repository) =>
        hasReason(repository, "StorageReady", row.reason),
      );
      const heals = row.exitCode === 1;
      expect(condition(told, "StorageReady")).to.include({ status: "False" });
      expect(condition(told, "StorageReady")?.message).to.match(row.says);
      expect(condition(told, "Ready")).to.include({ status: "False", reason: row.reason });
      expect(condition(told, "Stalled")?.status === "True", "Stalled").to.equal(!heals);
      expect(condition(told, "Reconciling")?.status === "True", "Reconciling").to.equal(heals);
    });
  });

  it("is ready when somebody has corrected it", async () => {
    const repository = world.repository({}, "corrected");
    const { s3 } = specOf(repository);
    const row = must(S3_ROWS.find(({ name }) => name === "the region is another"));
    const { spec } = await row.arrange((stop) => endings.push(stop));
    await world.apply({ ...repository, spec: { ...specOf(repository), s3: spec["s3"] } } as Made);
    await world.until<Repository>("Repository", "corrected", (wrong) =>
      hasReason(wrong, "StorageReady", "WrongRegion"),
    );
    await world.patch("Repository", "corrected", { spec: { s3 } });
    await world.until<Repository>("Repository", "corrected", (r) => r.status?.phase === "READY");
  });
});

function condition(repository: Repository, type: string) {
  return repository.status?.conditions?.find((one) => one.type === type);
}

function hasReason(repository: Repository, type: string, reason: string): boolean {
  return condition(repository, type)?.reason === reason;
}

type Made = KubernetesObject & { readonly spec: unknown };

function specOf(object: KubernetesObject): Repository["spec"] {
  return (object as unknown as Repository).spec;
}

function made(world: World, name: string, { spec, files }: Setting): KubernetesObject {
  const { cluster } = specOf(world.repository());
  const hasSecret = files !== undefined && Object.keys(files).length > 0;
  const credentialsSecret = hasSecret ? { credentialsSecret: { name } } : {};
  const object = world.repository({}, name);
  return { ...object, spec: { ...spec, ...credentialsSecret, cluster } } as KubernetesObject;
}

function secretOf(name: string, { files = {} }: Setting): KubernetesObject {
  const stringData = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path.replace("credentials/", ""), text]),
  );
  const metadata = { name, namespace: NAMESPACE };
  return { apiVersion: "v1", kind: "Secret", metadata, stringData } as KubernetesObject;
}
