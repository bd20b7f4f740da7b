// What goes wrong around a Backup in any Kubernetes: a node without power, an API server that begins anew, an operator that
// is killed. The Backup ends as it should, and what it made restores equal.
import { expect } from "chai";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import type { AnyWorld } from "../any-world.ts";
import { isOver } from "./is-over.ts";

const MIB = 1024 * 1024;
const DATABASE = "harbour";

/** A table on all BEs; at the least bandwidth its transfer takes a quarter of a minute, or so many times that. */
export async function harbour(world: AnyWorld, times = 1, name = DATABASE): Promise<void> {
  const table = { name: "ships", tablets: 6, segmentBytes: [times * 8 * MIB], replicationNum: 1 };
  await world.starrocks.createDatabase({ name, tables: [table] });
}

/** A Backup of {@link harbour}, or of what `more` says, that has just begun to upload. */
export async function uploading(world: AnyWorld, name: string, more: object = {}): Promise<Backup> {
  const spec = { repository: "prod", database: DATABASE, tables: [{ name: "ships" }] };
  await world.apply(world.resource("Backup", name, { ...spec, bandwidth: "1Mi", ...more }));
  const uploads = (b: Backup): boolean => b.status?.phase === "UPLOADING" || isOver(b);
  const backup = await world.until<Backup>("Backup", name, uploads);
  expect(backup.status?.phase, backup.status?.message).to.equal("UPLOADING");
  return backup;
}

/** From here on it is not held up any more. */
export async function hurry(world: AnyWorld, name: string): Promise<void> {
  await world.patch("Backup", name, { spec: { bandwidth: "200Mi" } });
}

/** The Backup ends well, and what it made restores equal. */
export async function endsWell(world: AnyWorld, name: string, of = DATABASE): Promise<Backup> {
  const backup = await world.until<Backup>("Backup", name, isOver);
  expect(backup.status?.phase, backup.status?.message).to.equal("FINISHED");
  const as = name.replaceAll("-", "_");
  const spec = { repository: "prod", source: { backup: name }, tables: [{ name: "ships", as }] };
  await world.apply(world.resource("Restore", name, spec));
  const { status } = await world.until<Restore>("Restore", name, isOver);
  expect(status?.phase, status?.message).to.equal("FINISHED");
  const digest = await world.starrocks.digest(of, "ships");
  expect(await world.starrocks.digest(of, as)).to.equal(digest);
  return backup;
}

/** Tests of the `describe` that calls it, after {@link harbour}. */
export function misfortunes(world: () => AnyWorld): void {
  afterEach(async () => {
    expect(await world().untilNothingIsLeft(), "left behind").to.deep.equal([]);
    expect(world().starrocks.violations, "what a real StarRocks would not survive").to.deep.equal(
      [],
    );
  });

  it("goes on when the API server begins anew in the middle of a Backup", async () => {
    await uploading(world(), "api-server");
    await world().restartApiServer();
    const { status } = await endsWell(world(), "api-server");
    expect(status?.attempt, "the attempt went on").to.equal(1);
  });

  it("goes on when the operator is killed without a word", async () => {
    await uploading(world(), "killed");
    await world().replaceOperator("killed");
    const { status } = await endsWell(world(), "killed");
    expect(status?.attempt, "the attempt went on").to.equal(1);
  });

  it("tells of a node that lost its power in UPLOADING, and ends when it is back", async () => {
    const lost = must(world().nodeNames.at(-1));
    await uploading(world(), "node", { retry: { maxAttempts: 3, backoff: "1s" } });
    await world().loseNode(lost);
    const told = (b: Backup): boolean =>
      /BE \S+ is not alive/.test(b.status?.message ?? "") &&
      (b.status?.message ?? "").includes(`agent of node ${lost}`);
    const { status } = await world().until<Backup>("Backup", "node", told);
    expect(status?.phase).to.equal("UPLOADING");
    await world().regainNode(lost);
    await hurry(world(), "node");
    await endsWell(world(), "node");
  });
}
