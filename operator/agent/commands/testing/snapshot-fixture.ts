// A small snapshot as StarRocks leaves it, with knobs for what releases do differently: two tables, one
// of them with primary-key tablets, four tablets, eleven files. The order of keys in `__info` is that
// of the FE (a Java HashMap's).
import { createHash } from "node:crypto";
import type { SnapshotLayout, StagingLayout } from "../../../broker/layout.ts";
import { RepositoryLayout, TABLET_MANIFEST } from "../../../broker/layout.ts";
import { ManualClock } from "../../../testing/manual-clock.ts";
import type { Storage } from "../../../storage/storage.ts";
import { collect } from "../../../storage/testing/collect.ts";
import type { MemoryStorage } from "../../../storage/testing/memory.ts";
import type { ManifestFile } from "../../manifest-list.ts";
import { readManifestList } from "../../manifest-list.ts";
import { readManifest } from "../../manifest.ts";
import type { CommandDeps } from "../command.ts";
import { writeStagingNote } from "../staging-note.ts";
import { RecordingLog } from "./recording-log.ts";

export const UID = "6d7f5c0e-0000-4000-8000-000000000001";
export const OTHER_UID = "6d7f5c0e-0000-4000-8000-00000000beef";
export const ATTEMPT = "attempt-1";
export const TIMESTAMP = "2026-01-31-04-05-06-789";

export const layout = new RepositoryLayout("__starrocks_repository_nightly");

export interface FixtureOptions {
  readonly label?: string;
  /** Fill the lists of `__info`, as up to 3.3. */
  readonly lists?: boolean;
  /** Write `__starrocks_snapshot_manifest` into every tablet, as 4.2. */
  readonly tabletManifests?: boolean;
  /** Put all tablets under subPartitions, as newer releases do. */
  readonly subPartitions?: boolean;
  /** Owner in the staging note; null: no note. */
  readonly owner?: string | null;
}

export interface Fixture {
  readonly label: string;
  readonly snapshot: SnapshotLayout;
  readonly staging: StagingLayout;
  readonly infoKey: string;
  readonly metaKey: string;
  /** Key of a tablet's file by its plain name. */
  fileKey(tablet: string, name: string): string;
}

interface Tablet {
  readonly id: string;
  readonly folder: string;
  readonly files: readonly string[];
}

const ORDERS = "__ss_content/__db_11001/__tbl_11010/__part_11009/__idx_11011";
const USERS = "__ss_content/__db_11001/__tbl_11030/__part_11029/__idx_11031";

const TABLETS: readonly Tablet[] = [
  { id: "11012", folder: ORDERS, files: ["11012.hdr", "02000a_0.dat", "02000a_1.dat"] },
  { id: "11013", folder: ORDERS, files: ["11013.hdr", "02000b_0.dat"] },
  { id: "11032", folder: USERS, files: ["meta", "02000c_0.dat", "02000c_0.upt"] },
  { id: "11033", folder: USERS, files: ["meta", "02000d_0.dat", "02000d_0.del"] },
];

export function md5(content: string | Buffer): string {
  return createHash("md5").update(content).digest("hex");
}

/** What a file of the fixture contains: the same for the same name. */
export function contentOf(tablet: string, name: string): string {
  return `content of ${name} in ${tablet}\n`;
}

export async function makeSnapshot(
  storage: Storage,
  options: FixtureOptions = {},
): Promise<Fixture> {
  const { label = "nightly_6d7f5c0e", owner = UID } = options;
  const snapshot = layout.snapshot(label);
  const staging = layout.staging(ATTEMPT);
  const put = async (path: string, content: string) => {
    await storage.put(`${snapshot.root}/${path}`, Buffer.from(content));
  };
  const keys = new Map<string, string>();
  for (const { id, folder, files } of TABLETS) {
    for (const name of files) {
      const content = contentOf(id, name);
      const path = `${folder}/__${id}/${name}.${md5(content)}`;
      keys.set(`${id}/${name}`, `${snapshot.root}/${path}`);
      await put(path, content);
    }
    if (options.tabletManifests === true) {
      await put(`${folder}/__${id}/${TABLET_MANIFEST}`, `${files.join("\n")}\n`);
    }
  }
  const info = infoContent(label, options);
  const [infoPath, metaPath] = [`__info_${TIMESTAMP}.${md5(info)}`, `__meta.${md5("meta")}`];
  await put(metaPath, "meta");
  await put(infoPath, info);
  if (owner !== null) {
    const createdAt = "2026-01-31T04:05:06.789Z";
    const note = { version: 1, backupUid: owner, label, attempt: ATTEMPT, createdAt } as const;
    await writeStagingNote(storage, staging, note);
  }
  return {
    label,
    snapshot,
    staging,
    infoKey: `${snapshot.root}/${infoPath}`,
    metaKey: `${snapshot.root}/${metaPath}`,
    fileKey: (tablet, name) => keys.get(`${tablet}/${name}`) ?? `no file ${name} in ${tablet}`,
  };
}

export function infoContent(label: string, options: FixtureOptions = {}): string {
  const index = (id: number, tablets: readonly Tablet[]) => ({
    schema_hash: 12345,
    tablets_order: tablets.map((t) => t.id),
    id,
    tablets: Object.fromEntries(tablets.map((t) => [t.id, options.lists === true ? t.files : []])),
  });
  const partition = (id: number, indexes: object) => {
    const sub = { [id]: { indexes, id, version: 3 } };
    const isSub = options.subPartitions === true;
    return {
      indexes: isSub ? {} : indexes,
      id: isSub ? id - 1000 : id,
      version_hash: 0,
      version: 7,
      ...(isSub && { subPartitions: sub }),
    };
  };
  const orders = partition(11009, { orders: index(11011, TABLETS.slice(0, 2)) });
  const users = partition(11029, { users: index(11031, TABLETS.slice(2)) });
  return JSON.stringify({
    database: "shop",
    meta_version: 92,
    backup_time: 1767225600123,
    name: label,
    starrocks_meta_version: 4,
    backup_result: "succeed",
    id: 11001,
    backup_objects: {
      orders: { partitions: { p1: orders }, autoIncrementId: 101, id: 11010 },
      users: { partitions: { users }, id: 11030 },
      a_view: { partitions: {}, id: 11050 },
    },
  });
}

/** Files of the fixture, `__info` and `__meta` included; a tablet's manifest is one more each. */
export const FILES = 13;

export function sealOptions(label: string) {
  return { label, attempt: ATTEMPT, backupUid: UID, timestamp: TIMESTAMP };
}

/** The key of a tablet's folder, without a slash at the end. */
export function folderOf(f: Fixture, tablet: string): string {
  const key = f.fileKey(tablet, tablet.startsWith("1101") ? `${tablet}.hdr` : "meta");
  return key.slice(0, key.lastIndexOf("/"));
}

export function infosOf(storage: MemoryStorage, { snapshot }: Fixture): string[] {
  return storage.keys().filter((key) => key.startsWith(snapshot.infos()));
}

/** What the manifest lists; nothing when there is none. */
export async function manifestFilesOf(
  storage: Storage,
  { snapshot }: Fixture,
): Promise<ManifestFile[]> {
  const summary = await readManifest(storage, snapshot);
  if (summary === undefined) return [];
  return collect(readManifestList(storage, snapshot.manifestFiles(), summary.list));
}

/** Waiting takes no time: for commands that pause between tries. */
class HastyClock extends ManualClock {
  override async sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
  }
}

export interface TestDeps extends CommandDeps {
  readonly log: RecordingLog;
  readonly clock: ManualClock;
  readonly abort: AbortController;
}

export function makeDeps(storage: Storage): TestDeps {
  const abort = new AbortController();
  const clock = new HastyClock();
  return { storage, layout, log: new RecordingLog(), clock, signal: abort.signal, abort };
}
