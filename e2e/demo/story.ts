// The demo as a list of steps, which reads as the story that it tells. Each step ends with what a person
// should have seen, or rejects with what was not as it should be.
import { LABELS, MANAGED_BY } from "../../operator/api/group.ts";
import type { Backup } from "../../operator/api/backup.generated.ts";
import type { Restore } from "../../operator/api/restore.generated.ts";
import { must } from "../../operator/assert.ts";
import { repositoryFolder } from "../../operator/controllers/names.ts";
import { JOBS, PODS, SERVICES } from "../../operator/runtime/objects.ts";
import { describeTables, SHOP } from "./data.ts";
import { killAgentAndOperator } from "./disturb.ts";
import { leftInKubernetes, leftInS3, leftInStarRocks, type Leftovers } from "./leftovers.ts";
import type { Name, Stage } from "./stage.ts";

export interface Step {
  readonly title: string;
  readonly play: (stage: Stage) => Promise<void>;
}

export interface StoryOptions {
  readonly kill: boolean;
}

const LOST = "orders";
const COPY = "orders_restored";
const ELSEWHERE = "shop_restored";

const BACKUP: Name<Backup> = { kind: "Backup", name: "shop" };
/** Oldest first: on database shop the second one waits for the first. */
const RESTORES: readonly (Name<Restore> & { readonly file: string })[] = [
  { kind: "Restore", name: "shop-orders-again", file: "restore.yaml" },
  { kind: "Restore", name: "shop-orders-beside", file: "restore-as.yaml" },
  { kind: "Restore", name: "shop-elsewhere", file: "restore-other-database.yaml" },
];

/** Bytes a second that each agent may move: slow enough to be watched. */
const UPLOAD = { bandwidth: "3Mi" } as const;
/** One replica, as the tables have. */
const DOWNLOAD = { bandwidth: "5Mi", replicationNum: 1 } as const;
/** The Repository's own checks come and go; they are no leftovers. */
const CLEAN_AFTER_MS = 60_000;

export function story({ kill }: StoryOptions): readonly Step[] {
  return [
    { title: "A Kubernetes, a StarRocks, an S3 store and the operator", play: introduce },
    { title: "A place for backups: the Repository", play: makeRepository },
    { title: "A Backup of database shop", play: kill ? backUpAndKill : backUp },
    { title: "A table is lost", play: loseTable },
    { title: "Three Restores at once, on two slots", play: restore },
    { title: "Is it the same?", play: compare },
    { title: "What is left", play: lookAround },
  ];
}

async function introduce(stage: Stage): Promise<void> {
  const { world } = stage;
  const { kubernetes, starrocks, s3 } = world;
  stage.good(`Kubernetes at ${kubernetes.url}, nodes ${kubernetes.nodeNames.join(", ")}`);
  const { host, port } = starrocks.mysql;
  stage.good(`StarRocks stand-in: FE at ${host}:${port}, a BE on each node`);
  await starrocks.createDatabase(SHOP);
  for (const line of describeTables(SHOP.tables)) stage.tell(`    ${line}`);
  for (const { name } of SHOP.tables) {
    stage.digests.set(name, await starrocks.digest(SHOP.name, name));
  }
  stage.good(`S3 server at ${s3.endpoint}, bucket ${s3.bucket}`);
  stage.startOperator();
  stage.good("the operator, a process of its own; agents run as pods on the nodes");
}

async function makeRepository(stage: Stage): Promise<void> {
  await stage.apply("00-namespace.yaml");
  await stage.apply("01-secrets.yaml");
  await stage.apply("repository.yaml");
  await stage.untilReady("prod");
}

async function backUp(stage: Stage): Promise<void> {
  await stage.apply("backup.yaml", UPLOAD);
  await stage.untilFinished([BACKUP]);
}

async function backUpAndKill(stage: Stage): Promise<void> {
  await stage.apply("backup.yaml", UPLOAD);
  const [finished] = await Promise.all([
    stage.untilFinished([BACKUP]),
    killAgentAndOperator(stage, BACKUP.name),
  ]);
  const { status } = must(finished[0]);
  if (status?.attempt !== 1 || (status.attempts ?? []).length > 0) {
    throw new Error("the Backup needed another attempt: it did not survive");
  }
  stage.good("in its first attempt: nothing was begun anew");
}

async function loseTable(stage: Stage): Promise<void> {
  await stage.sql(`DROP TABLE ${SHOP.name}.${LOST} FORCE`);
  const tables = (await stage.sql(`SHOW TABLES FROM ${SHOP.name}`)).flatMap((row) =>
    Object.values(row),
  );
  stage.tell(`  ${tables.join(", ")}`);
  if (tables.includes(LOST)) throw new Error(`table ${LOST} is still there`);
}

async function restore(stage: Stage): Promise<void> {
  for (const { file } of RESTORES) {
    await stage.apply(file, DOWNLOAD);
    // Age decides whose turn it is, and Kubernetes tells it in seconds.
    await stage.pause(1_000);
  }
  await stage.untilFinished(RESTORES);
}

async function compare(stage: Stage): Promise<void> {
  const pairs = [
    ...SHOP.tables.map(({ name }) => ({ original: name, db: SHOP.name, table: name })),
    { original: LOST, db: SHOP.name, table: COPY },
    ...SHOP.tables.map(({ name }) => ({ original: name, db: ELSEWHERE, table: name })),
  ];
  for (const { original, db, table } of pairs) {
    const digest = await stage.world.starrocks.digest(db, table);
    if (digest !== stage.digests.get(original)) {
      throw new Error(`${db}.${table} is not what ${SHOP.name}.${original} was`);
    }
    stage.good(`${db}.${table} holds what ${SHOP.name}.${original} held (${digest.slice(0, 12)}…)`);
  }
}

async function lookAround(stage: Stage): Promise<void> {
  const deadline = Date.now() + CLEAN_AFTER_MS;
  let places = await leftEverywhere(stage);
  await stage.until(async () => {
    places = await leftEverywhere(stage);
    return Date.now() > deadline || places.every(({ left }) => left.unwanted.length === 0);
  });
  for (const { place, left } of places) {
    if (left.unwanted.length > 0) {
      throw new Error(`left behind in ${place}: ${left.unwanted.join(", ")}`);
    }
    const [first = "", ...rest] = left.kept;
    stage.good(`${place}: ${first}`);
    for (const line of rest) stage.tell(`  ${line}`);
  }
}

async function leftEverywhere(
  stage: Stage,
): Promise<readonly { readonly place: string; readonly left: Leftovers }[]> {
  const { world } = stage;
  const { client } = world.kubernetes;
  const ours = { labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` };
  const [jobs, pods, slots, backup] = await Promise.all([
    client.list(JOBS, ours),
    client.list(PODS, ours),
    client.list(SERVICES, ours),
    world.get<Backup>("Backup", BACKUP.name),
  ]);
  const kubernetes = { jobs: jobs.items, pods: pods.items, slots: slots.items };
  const starrocks = {
    brokers: await world.sql("SHOW BROKER"),
    repositories: await world.sql("SHOW REPOSITORIES"),
    violations: world.starrocks.violations,
  };
  const s3 = {
    keys: await world.keys(),
    openUploads: world.s3.openUploads(),
    folder: `starrocks/${repositoryFolder("prod")}/`,
    snapshots: [must(backup?.status?.snapshot?.name, "the snapshot's name")],
  };
  return [
    { place: "Kubernetes", left: leftInKubernetes(kubernetes) },
    { place: "StarRocks", left: leftInStarRocks(starrocks) },
    { place: "S3", left: leftInS3(s3) },
  ];
}
